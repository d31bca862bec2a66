"""Which names fields may have, and a usable name for any title.

Knows nothing about where a name stands.
"""

from __future__ import annotations

import keyword
import unicodedata

__all__ = ["Fault", "identifier_near", "name_fault"]

# Names that a program's own source needs: a field or step of that name would hide them there.
_RESERVED = ("self", "cls", "core", "merge_lists")

Fault = tuple[str, str] | None
"""A message and a hint; None where the name is fine."""


def name_fault(name: str) -> Fault:
    """Return why `name` cannot name a field, an input or an output."""
    if not name:
        return "The name is empty.", "Give it one, for example 'question'."
    if keyword.iskeyword(name):
        return f"'{name}' is a word of Python.", f"Write '{name}_' or another name."
    if not name.isidentifier():
        near = identifier_near(name)
        return f"'{name}' is no name: letters, digits and underscores only, no digit first.", f"Try '{near}'."
    if name != unicodedata.normalize("NFKC", name):
        return f"'{name}' has look-alike characters.", f"Write '{unicodedata.normalize('NFKC', name)}'."
    if name.startswith(("_", "dspy_")):
        return f"'{name}' starts like an internal name.", "Let it start with a letter."
    if name in _RESERVED:
        return f"'{name}' is needed by the program's own code.", "Choose another name."
    return None


def identifier_near(name: str) -> str:
    """Return a usable name that resembles `name`: "Customer message" gives "customer_message"."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    made = "_".join("".join(c if f"a{c}".isidentifier() else " " for c in plain).split()).strip("_")
    if not made.isidentifier() or made.startswith("dspy_"):
        made = f"field_{made}".rstrip("_")
    return f"{made}_" if keyword.iskeyword(made) or made in _RESERVED else made
