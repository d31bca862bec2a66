"""A small MCP server made with the official package: `python mcp_server.py` speaks over standard input and output,
`python mcp_server.py PORT` over HTTP on this machine.

Knows nothing about our client.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from mcp.server import MCPServer
from mcp.types import CallToolResult, ImageContent, TextContent

server = MCPServer("numbers", log_level="CRITICAL")
logging.disable(logging.CRITICAL)


@server.tool()
def add(a: int, b: int = 2) -> int:
    """Add two numbers."""
    return a + b


@server.tool()
def find(names: list[str], exact: bool = False) -> dict[str, Any]:
    """Find names."""
    return {"found": sorted(names), "exact": exact}


@server.tool()
def lines(count: int) -> list[str]:
    """Give lines."""
    return [f"line {number}" for number in range(count)]


@server.tool()
def picture() -> CallToolResult:
    """Give a picture."""
    return CallToolResult(content=[ImageContent(type="image", data="aGk=", mime_type="image/png")])


@server.tool()
def refuse(reason: str) -> CallToolResult:
    """Always fails."""
    return CallToolResult(content=[TextContent(type="text", text=f"refused: {reason}")], is_error=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]))
    else:
        server.run("stdio")
