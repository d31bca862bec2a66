"""Code as models write it: out of its fences, and what they should know of the language.

Knows nothing about interpreters.
"""

from __future__ import annotations

import re

__all__ = ["MODULES", "SUBSET", "code_in"]

MODULES = (
    "asyncio base64 bisect collections copy csv dataclasses datetime decimal functools hashlib itertools json math "
    "random re time typing unicodedata"
)

SUBSET = (
    "The code runs in a small Python: functions, plain classes, dataclasses, comprehensions, try, with, match and "
    f"f-strings work. These modules can be imported: {MODULES.replace(' ', ', ')}. There is no class inheritance, "
    "yield, del, property, file, network or other package."
)
"""For prompts and help texts."""

_FENCE = re.compile(r"^[ \t]*(```+|~~~+)[ \t]*([\w+-]*)[^\n]*\n(.*?)(?:^[ \t]*\1[ \t]*$|\Z)", re.M | re.S)
_PYTHON = ("python", "py", "python3", "repl", "")


def code_in(text: str) -> str:
    """Return the Python code in a reply: its fenced blocks one after another, or all of it where there is no fence.

    Blocks that say they are of another language are left out, unless there are no others.
    """
    blocks = [(found[2].casefold(), found[3]) for found in _FENCE.finditer(text)]
    if not blocks:
        return text.strip().strip("`").strip() if text.strip().startswith("`") else text.strip("\n")
    python = [body for language, body in blocks if language in _PYTHON]
    return "\n".join(body.rstrip("\n") for body in python or [body for _, body in blocks]).strip("\n")
