"""Signatures that a module makes of the one it was given: with further fields, under another task.

Knows nothing about modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.foundation.errors import SignatureError
from core.signature import make_signature

__all__ = ["extended", "names_of", "refuse_fields"]


def extended(signature: Any, inputs: Mapping[str, Any], outputs: Mapping[str, Any], instructions: str) -> Any:
    """Return a signature of the inputs of `signature` and further ones, and of these outputs.

    Args:
        inputs, outputs: {name: (type, InputField() or OutputField())}.
    """
    own = {name: (field.annotation, field) for name, field in signature.input_fields.items()}
    return make_signature({**own, **inputs, **outputs}, instructions)


def names_of(fields: Iterable[str]) -> str:
    """Return field names as they stand in a sentence."""
    return ", ".join(f"`{name}`" for name in fields)


def refuse_fields(signature: Any, names: Iterable[str], module: str) -> None:
    """Refuse a signature that has fields of the names that a module needs for its own.

    Raises:
        SignatureError: It has one.
    """
    for name in names:
        if name in signature.fields:
            raise SignatureError(
                f"{module} has a field '{name}' of its own.", hint="Call the signature's otherwise."
            )
