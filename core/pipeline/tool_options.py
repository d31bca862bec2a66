"""The option `tools` of kinds that call tools: built-in ones, by name.

Knows nothing about single tools or kinds. A program file names tools and nothing else: no code, no import paths.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from core.modules.tools import tools

__all__ = ["ToolNames", "tool_expressions", "tools_of", "uses_retrieval"]

ToolNames: TypeAlias = tuple[Literal[tuple(tools.names())], ...]  # pyright: ignore[reportInvalidTypeForm]
"""Names of the tools that are registered."""


def uses_retrieval(names: Any) -> bool:
    """Whether one of the tools searches the program's corpus; names that do not exist are none."""
    given = names if isinstance(names, (list, tuple)) else ()
    return any(name in tools and _retrieves(name) for name in given)


def _retrieves(name: str) -> bool:
    return bool(tools.entry(name).meta.get("retrieves"))


def tools_of(names: Sequence[str], retriever: Any) -> list[Any]:
    """Return the tools of a step; those that search get the program's retriever, or that of the settings."""
    return [tools.get(name)(rm=retriever) if _retrieves(name) else tools.get(name)() for name in names]


def tool_expressions(names: Sequence[str], retriever: str) -> str:
    """Return the tools as a Python list: names, and the retriever for the tool that searches with it."""
    return f"[{', '.join(retriever if retriever and _retrieves(name) else repr(name) for name in names)}]"
