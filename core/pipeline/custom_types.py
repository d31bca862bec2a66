"""The custom types that a program file may declare: images, sounds, files, documents, conversations, code.

Knows nothing about steps. The names are a closed list, so a file from a stranger names no class of its choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["CUSTOM_TYPES", "OWN_TYPES", "custom_text", "is_declarable"]

CUSTOM_TYPES = ("Audio", "Code", "Document", "File", "History", "Image", "Reasoning")
_CODE = "Code_"


class _OwnTypes(dict[str, Any]):
    """Types by name, imported when the first of them is asked for."""

    is_closed = True  # a program file names nothing of the code that reads it

    def __missing__(self, name: str) -> Any:
        if name not in CUSTOM_TYPES:
            raise KeyError(name)
        import core.data.types as types

        return getattr(types, name)


# "object" keeps the parser from looking names up in the frames of whoever calls it.
OWN_TYPES: Mapping[str, Any] = _OwnTypes(object=object)
"""For `parse_type` and `parse_shorthand`."""


def is_declarable(shape: Mapping[str, Any]) -> bool:
    """Whether a custom type's shape is that of one of ours."""
    name = str(shape.get("name", ""))
    return shape["kind"] == "custom" and (name in CUSTOM_TYPES or name.startswith(_CODE))


def custom_text(shape: Mapping[str, Any]) -> str:
    """Return how a program file writes a custom type: `Image`, `Code['python']`."""
    name = str(shape["name"])
    return f"Code[{name.removeprefix(_CODE)!r}]" if name.startswith(_CODE) else name
