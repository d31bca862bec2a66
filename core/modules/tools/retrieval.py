"""The tool `search`: passages for a query, from any retriever.

Knows nothing about how passages are found.
"""

from __future__ import annotations

from typing import Any

from core.data.types.tool import Tool
from core.modules.retrieve import Retrieve
from core.modules.tools import tools

__all__ = ["retrieval"]


@tools.register("retrieval", summary="Finds the passages of the corpus that fit a query.", retrieves=True)
def retrieval(rm: Any = None, k: int = 3) -> Tool:
    """Return a tool that searches.

    Args:
        rm: A retriever, or a `Retrieve`; None takes the one in the settings.
        k: How many passages it gives.
    """
    retrieve = rm if isinstance(rm, Retrieve) else Retrieve(k=k, rm=rm)

    def search(query: str) -> list[str]:
        """Find the passages that fit a query best."""
        return retrieve(query).passages

    return Tool(search, arg_desc={"query": "what to look for, in a few words"})
