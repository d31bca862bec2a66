"""Models: which one forms start with, connections to endpoints, a test of each.

Knows nothing about how models are called. A key is never typed in here: a connection names the variable it is in.
"""

from __future__ import annotations

import streamlit as st

from workbench import state
from workbench.components.errors import verbatim
from workbench.services import models, preferences
from workbench.services.models import Connection
from workbench.services.workspace import Workspace

__all__ = ["models_panel"]


def models_panel(ws: Workspace) -> None:
    """Draw the default model, the list, and the form of a new connection."""
    known = {model.name: model for model in models.list_models(ws)}
    names = list(known)

    def chosen() -> None:
        preferences.set_default_model(ws, st.session_state["settings_default"])

    st.selectbox(
        "Model that everything starts with",
        names,
        index=names.index(state.model_name()),
        key="settings_default",
        on_change=chosen,
        help="Each run can still choose another.",
    )
    for model in known.values():
        _card(ws, model)
    with st.expander("Connect a model", icon=":material/add_link:", expanded=len(known) == 1):
        _form(ws)


def _card(ws: Workspace, model: Connection) -> None:
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{verbatim(model.name)}**")
            if model.name == state.model_name():
                st.badge("default", color="primary")
            if model.embedded:
                st.badge("built in", color="gray")
            elif not model.key_set:
                st.badge(f"{model.key_env} is not set", color="orange", icon=":material/key_off:")
            st.space("stretch")
            test = st.button("Test", icon=":material/network_check:", key=f"test_{model.name}")
            if not model.embedded and st.button("Remove", icon=":material/delete:", key=f"remove_{model.id}"):
                models.delete_connection(ws, model.id)
                st.rerun()
        st.caption(models.EMBEDDED_NOTE if model.embedded else f"{verbatim(model.model)} {_place(model)}")
        if test:
            with st.spinner("Asking …"):
                result = models.test_connection(ws, model.name)
            if result.ok:
                st.success(f"It answered in {1000 * result.latency:.0f} ms: {verbatim(result.reply[:200])}")
            else:
                st.error(verbatim(result.error), icon=":material/error:")
                if result.hint:
                    st.caption(f":material/lightbulb: {verbatim(result.hint)}")


def _place(model: Connection) -> str:
    kind = model.options.get("model_type", "chat")
    where = f"at {verbatim(model.base_url)}" if model.base_url else "on this machine"
    return where if kind == "chat" else f"{where}, {models.API_KINDS[kind].lower()}"


def _form(ws: Workspace) -> None:
    st.caption(
        "Any OpenAI-compatible endpoint: hosted, or your own (Ollama, vLLM, LM Studio, llama.cpp). "
        "The key stays in an environment variable; only the variable's name is kept. A checkpoint on this machine: "
        "`local/` and its folder as the model, no URL."
    )
    with st.form("settings_connection", border=False):
        with st.grid(2):
            name = st.text_input("Name", placeholder="my-model")
            model = st.text_input("Model", placeholder="the name that the endpoint knows")
            base_url = st.text_input("Base URL", placeholder="http://127.0.0.1:11434/v1")
            key_env = st.text_input("Variable with the key", placeholder="OPENAI_API_KEY, or empty")
            kind = st.selectbox(
                "Requests",
                list(models.API_KINDS),
                format_func=models.API_KINDS.__getitem__,
                help="What the endpoint takes. Chat completions, unless its documentation says otherwise.",
            )
            embedding = st.text_input(
                "Embedding model",
                placeholder="the endpoint's, or empty",
                help="For steps that retrieve by meaning. Empty: the embedded model, which knows spelling alone.",
            )
        if st.form_submit_button("Connect", type="primary", icon=":material/link:"):
            options = {} if kind == "chat" else {"model_type": kind}
            if embedding.strip():
                options["embedding_model"] = embedding.strip()
            made = models.save_connection(
                ws, name or model, base_url, model, key_env.strip() or None, options=options
            )
            st.toast(
                f"Connected {verbatim(made.name)}. Test it before the first run.", icon=":material/check:"
            )
            st.rerun()
