"""Short random names for stored things, safe in a link.

Knows nothing about what is named. Names are looked up as bound values and never become paths.
"""

from __future__ import annotations

import re
import secrets

__all__ = ["ID_LENGTH", "is_id", "new_id"]

ID_LENGTH = 10
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # without i l o u: nothing to misread, no words
_SHAPE = re.compile(f"[{_ALPHABET}]{{{ID_LENGTH}}}")


def new_id() -> str:
    """Return a fresh name of 50 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(ID_LENGTH))


def is_id(text: object) -> bool:
    """True where `text` could be a name made by `new_id`."""
    return isinstance(text, str) and _SHAPE.fullmatch(text) is not None
