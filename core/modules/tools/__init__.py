"""Built-in tools by name; the folder is the catalogue.

Knows nothing about agents. A program file names tools by these names alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.data.types.tool import Tool
from core.foundation.registry import Registry

__all__ = ["make_tool", "tools"]

tools: Registry[Callable[..., Tool]] = Registry("tool", "core.modules.tools")
"""All makers of tools by name. With `retrieves=True` in its meta a maker takes the retriever as `rm`."""


def make_tool(name: str, **options: Any) -> Tool:
    """Return the built-in tool of that name.

    Raises:
        UnknownNameError: There is none; the message names the nearest.
    """
    return tools.get(name)(**options)
