"""The forms of a step that fetches passages: one before a new step, and one of a program that is there.

Knows nothing about how passages are found.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from workbench.components.errors import readable_errors, verbatim
from workbench.components.params_form import options_form, params_form
from workbench.components.step_sources import step_sources
from workbench.services import datasets
from workbench.services.searching import passages_in, passages_of_table, with_search
from workbench.services.step_kinds import searching_kinds

__all__ = ["edit_search", "search_before"]

_FILES = ["txt", "csv", "tsv", "jsonl", "json", "parquet", "xlsx"]


def search_before(spec: dict[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the form of a search before the one step of `spec` (as JSON data); return the program with it, if wanted."""
    kinds = searching_kinds()
    # A query is more often a text than a list of them.
    inputs = sorted(spec["inputs"], key=lambda item: str(item.get("type", "")).startswith("list["))
    texts = [item["name"] for item in inputs]
    with st.expander("Search in passages first", icon=":material/manage_search:", key=f"{key}_box"):
        kind = st.selectbox(
            "Search",
            ["", *kinds],
            format_func=lambda name: kinds[name].title if name else "–",
            key=f"{key}_kind",
            help="\n".join(f"- {found.title}: {found.summary}" for found in kinds.values()),
        )
        if not kind or not texts:
            return spec
        with st.grid(2, min_column_width=180):
            query = st.selectbox("What it searches with", texts, key=f"{key}_query")
            options = params_form(kinds[kind].parameters, key=f"{key}_{kind}")
        passages = _passages(f"{key}_passages")
    return with_search(spec, kind, query or texts[0], passages, options)


def edit_search(spec: Mapping[str, Any], step: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Draw the form of a step that searches; return the program with it as the form has it."""
    kinds = searching_kinds()
    names = [*kinds, *([] if step["kind"] in kinds else [step["kind"]])]
    kind = st.selectbox(
        "How it searches",
        names,
        index=names.index(step["kind"]),
        format_func=lambda name: kinds[name].title if name in kinds else name,
        key=f"{key}_kind",
    )
    made = {**step, "kind": kind}
    if kind in kinds:
        st.caption(verbatim(kinds[kind].summary))
        known = step.get("options") or {}
        made["options"] = options_form(kinds[kind].parameters, key=f"{key}_{kind}", values=known)
    made["inputs"] = step_sources(spec, made, key=f"{key}_sources")
    steps = [made if item["name"] == step["name"] else item for item in spec["steps"]]
    with st.expander("Other passages", icon=":material/library_books:"):
        passages = _passages(f"{key}_passages")
    return {**spec, "steps": steps, **({"corpus": passages} if passages else {})}


def _passages(key: str) -> list[str]:
    """Draw the inputs of passages; return what is in them."""
    text = st.text_area("Passages, one a line", key=f"{key}_text", height=120)
    upload = st.file_uploader(
        "or a file of them",
        type=_FILES,
        key=f"{key}_file",
        help="One passage a line (txt) or a row (tables).",
    )
    found = passages_in(text)
    with readable_errors():
        if upload is not None and upload.name.casefold().endswith(".txt"):
            found += passages_in(upload.getvalue().decode("utf-8", "replace"))
        elif upload is not None:
            found += passages_of_table(datasets.read_table(upload.getvalue(), upload.name))
    if found:
        st.caption(f"{len(found):,} passages; the first: {verbatim(found[0][:200])}")
    return found
