"""The forms in which a program can be taken away, each with a preview and a download.

Knows nothing about the formats.
"""

from __future__ import annotations

import io
import zipfile

import streamlit as st

from core.foundation.errors import ExportError
from workbench import state
from workbench.components.errors import show_error
from workbench.services import export
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

__all__ = ["export_view"]

_TITLES = {
    "python_script": ("Python script", "code"),
    "state_json": ("State JSON", "data_object"),
    "messages": ("Messages", "forum"),
}
_LANGUAGES = {
    "py": "python",
    "json": "json",
    "md": "markdown",
    "txt": None,
    "jsonl": "json",
    "ts": "typescript",
}
_PREVIEW = 40_000


def export_view(ws: Workspace, version: Version) -> None:
    """Draw the kinds of export; the chosen one with its files."""
    kinds = {kind.name: kind for kind in export.export_kinds()}
    order = sorted(kinds, key=lambda name: list(_TITLES).index(name) if name in _TITLES else len(_TITLES))
    chosen = st.segmented_control(
        "As",
        order,
        default=order[0],
        required=True,
        format_func=lambda name: _TITLES.get(name, (name.replace("_", " "), ""))[0],
        key="export_kind",
    )
    name = chosen or order[0]
    st.caption(kinds[name].summary)
    try:
        files = export.export_version(ws, version.id, name, model=state.model_name())
    except ExportError as error:
        show_error(error)
        if name == "python_script":
            st.caption("As state JSON it can be taken away too; it runs wherever `core` is installed.")
        return
    with st.container(horizontal=True):
        for filename, data in files:
            st.download_button(
                filename, data=data, file_name=filename, icon=":material/download:", type="primary",
                key=f"export_{filename}", on_click="ignore",
            )  # fmt: skip
        if len(files) > 1:
            st.download_button(
                "All as ZIP", data=_zipped(files), file_name=f"{version.spec['name']}_{name}.zip",
                icon=":material/folder_zip:", key="export_zip", on_click="ignore",
            )  # fmt: skip
    if name == "python_script":
        _how_to_run(files[0][0], version)
    for filename, data in files:
        text = data.decode("utf-8", "replace")
        st.caption(f"{filename} · {len(data):,} bytes")
        st.code(
            text[:_PREVIEW], language=_LANGUAGES.get(filename.rpartition(".")[2]), height=420, wrap_lines=True
        )
        if len(text) > _PREVIEW:
            st.caption("The preview ends here; the download is whole.")


def _how_to_run(filename: str, version: Version) -> None:
    inputs = " ".join(f'--input {field["name"]}="…"' for field in version.spec["inputs"])
    st.markdown(
        "It needs Python and an OpenAI-compatible endpoint, nothing else. For a first try, the embedded model:"
    )
    st.code(
        f"workbench serve-lm --port 8001 &\n"
        f"python {filename} --base-url http://127.0.0.1:8001/v1 --model in-context {inputs}",
        language="bash",
    )


def _zipped(files: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for filename, data in files:
            archive.writestr(filename, data)
    return buffer.getvalue()
