"""The input of an image, a sound or a file: uploaded here, or named by its web address.

Knows nothing about programs. What it gives is JSON data of the type; nothing is fetched for it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.data.types import Audio, File, Image
from core.foundation.errors import DataError
from workbench.components.errors import show_error, verbatim

__all__ = ["is_media", "media_input"]

_ENDINGS = {
    "Image": ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tiff"],
    "Audio": ["wav", "mp3", "ogg", "flac", "m4a"],
    "File": None,
}


def is_media(kind: str) -> bool:
    """Whether a field's type is an image, a sound, a file, or a list of them."""
    return _media_of(kind) is not None


def _media_of(kind: str) -> str | None:
    plain = kind.replace(" ", "")
    for around in ("list[", "Optional["):
        plain = plain.removeprefix(around)
    plain = plain.rstrip("]").partition("|")[0]
    return plain if plain in _ENDINGS else None


def media_input(name: str, kind: str, *, before: Any, key: str, help: str | None = None) -> Any:
    """Draw the input; return JSON data of the type, a list of it for lists; None where nothing was given.

    Args:
        before: The value of a row of data, which stands until something is uploaded.
    """
    media, several = _media_of(kind) or "File", kind.replace(" ", "").startswith("list[")
    given = st.file_uploader(
        verbatim(name), type=_ENDINGS[media], accept_multiple_files=True, key=f"{key}_upload", help=help
    )
    address = ""
    if media == "Image":
        address = st.text_input("or its web address", key=f"{key}_url", placeholder="https://…").strip()
    try:
        found = [_data_of(media, item.getvalue(), item.name) for item in given or ()]
        found += [Image(address).model_dump()] if address else []
    except DataError as error:
        show_error(error)
        return None
    if not found:
        _shown(media, before)
        return [] if before is None and several else before
    _shown(media, found)
    return found if several else found[0]


def _data_of(media: str, content: bytes, name: str) -> dict[str, Any]:
    if media == "Image":
        return Image(content).model_dump()
    if media == "Audio":
        ending = name.rpartition(".")[2].lower()
        return Audio(data=content, audio_format=ending).model_dump()
    return File.from_bytes(content, filename=name).model_dump(exclude_none=True)


def _shown(media: str, value: Any) -> None:
    """Draw pictures that are here; an address is named, not fetched."""
    for item in value if isinstance(value, list) else [value]:
        url = item.get("url", "") if isinstance(item, dict) else item if isinstance(item, str) else ""
        if media == "Image" and url.startswith("data:image/"):
            st.image(url, width=160)
        elif url:
            st.caption(verbatim(url[:120]))
