"""Where code comes from, and what its text or, where it has none, its bytecode says.

Knows nothing about fingerprints. Three origins: the user's own code, this project's, and that of libraries, which a
resumed search takes as they are.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import sys
import textwrap
from collections.abc import Container, Iterator
from pathlib import PurePath
from types import CodeType
from typing import Any

__all__ = [
    "CORE",
    "LIBRARY",
    "OWN",
    "codes",
    "compiled",
    "globals_in",
    "is_standard",
    "origin",
    "parsed",
    "text_of",
]

OWN, CORE, LIBRARY = "own", "core", "library"

_INSTALLED = frozenset({"site-packages", "dist-packages"})
_LOADING = frozenset({"LOAD_GLOBAL", "LOAD_NAME"})


def origin(module: str, own: Container[str] = ()) -> str:
    """Return `OWN`, `CORE` or `LIBRARY`.

    Args:
        module: Name of the module that the code is in.
        own: Top-level packages that count as the user's own, wherever they are installed.
    """
    top = module.partition(".")[0]
    if top == "core":
        return CORE
    if is_standard(top):
        return LIBRARY
    if top in own:
        return OWN
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return OWN if _INSTALLED.isdisjoint(PurePath(file).parts) else LIBRARY


def is_standard(module: str) -> bool:
    """Return whether a module is Python's own, or of what only makes classes: pydantic."""
    top = module.partition(".")[0]
    return not top or top in {"builtins", "pydantic"} or top in sys.stdlib_module_names


@functools.lru_cache(maxsize=1024)
def text_of(named: Any) -> str:
    """Return the source text of a class or of the code of a function; empty where there is none."""
    try:
        return inspect.getsource(named)
    except (OSError, TypeError, SyntaxError, IndexError):
        return ""


def parsed(named: Any) -> ast.stmt | None:
    """Return the statement that defines a class or a function; None where its source is not one."""
    try:
        body = ast.parse(textwrap.dedent(text_of(named))).body
    except SyntaxError:  # a lambda amid an expression
        return None
    return body[0] if body else None


def codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those inside it: of inner functions, of comprehensions."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes(constant)


def globals_in(code: CodeType) -> list[str]:
    """Return the names of globals that some code reads, sorted."""
    return sorted(
        {
            str(step.argval)
            for part in codes(code)
            for step in dis.get_instructions(part)
            if step.opname in _LOADING
        }
    )


def compiled(code: CodeType) -> list[Any]:
    """Return the instructions, names and constants of some code as data: tells two lambdas on one line apart.

    Neither files nor lines are in it; another version of Python compiles otherwise.
    """
    constants = [_constant(constant) for constant in code.co_consts]
    names = [*code.co_names, "", *code.co_varnames, "", *code.co_freevars]
    counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & 0x0C]
    return [code.co_code.hex(), constants, names, counts]


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return compiled(value)
    if isinstance(value, tuple):
        return [_constant(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(repr(item) for item in value)
    return f"{type(value).__name__} {value!r}"
