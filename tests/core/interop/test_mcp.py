"""Tools of a real MCP server in a process of its own: results, failures, loops and threads."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

import core
from core.data.types.tool import Tool
from core.foundation.errors import ConfigurationError, ToolError, ValueCoercionError
from core.interop.mcp import MCPTools, from_mcp_tool

SERVER = Path(__file__).resolve().parents[2] / "fakes" / "mcp_server.py"


@pytest.fixture(scope="module")
def server():
    with MCPTools(command=sys.executable, args=[str(SERVER)]) as running:
        yield {tool.name: tool for tool in running.tools}


def call(tool, **arguments):
    return asyncio.run(tool.acall(**arguments))


def test_names_descriptions_and_schemas(server):
    assert set(server) == {"add", "find", "lines", "picture", "refuse"}
    add = server["add"]
    assert isinstance(add, Tool)
    assert add.desc == "Add two numbers."
    assert add.args["a"] == {"type": "integer"}
    assert add.args["b"]["default"] == 2
    assert add.parameters_schema()["required"] == ["a"]


def test_text_results(server):
    assert call(server["add"], a=1) == "3"
    assert call(server["add"], a="4", b=5) == "9", "arguments are coerced before they are sent"
    assert call(server["lines"], count=2) == ["line 0", "line 1"]
    assert [part.type for part in call(server["picture"])] == ["image"]


def test_structured_results():
    with MCPTools(command=sys.executable, args=[str(SERVER)], result_mode="structured") as running:
        tools = {tool.name: tool for tool in running.tools}
        assert call(tools["add"], a=1) == {"result": 3}
        assert call(tools["find"], names=["b", "a"]) == {"found": ["a", "b"], "exact": False}
        assert [part.type for part in call(tools["picture"])] == ["image"], "no data: as in text mode"


def test_failures_name_the_tool(server):
    with pytest.raises(ToolError, match="'refuse' failed: refused: no") as caught:
        call(server["refuse"], reason="no")
    assert caught.value.hint
    with pytest.raises(ValueCoercionError, match="names"):
        call(server["find"], names=3)


def test_sync_code_may_call_where_it_is_allowed(server):
    with pytest.raises(ConfigurationError, match="async"):
        server["add"](a=1)
    with core.context(allow_tool_async_sync_conversion=True):
        assert server["add"](a=1) == "3"


def test_a_session_of_ones_own():
    from mcp import ClientSession, StdioServerParameters, stdio_client

    async def use():
        parameters = StdioServerParameters(command=sys.executable, args=[str(SERVER)])
        async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            listed = {tool.name: tool for tool in (await session.list_tools()).tools}
            add = Tool.from_mcp_tool(session, listed["add"])
            find = Tool.from_mcp_tool(session, listed["find"], result_mode="structured")
            # From another thread with a loop of its own: handed over to the session's.
            other = asyncio.to_thread(lambda: asyncio.run(add.acall(a=5)))
            return await add.acall(a=1, b=1), await find.acall(names=[]), await other

    assert asyncio.run(use()) == ("2", {"found": [], "exact": False}, "7")


def test_a_server_over_http():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(SERVER), str(port)])
    try:
        _wait_for(port)
        with MCPTools(url=f"http://127.0.0.1:{port}/mcp") as running:
            add = next(tool for tool in running.tools if tool.name == "add")
            assert call(add, a=40) == "42"
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError("the server did not start")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MCPTools(), "command"),
        (lambda: MCPTools(command="a", url="http://127.0.0.1"), "command"),
        (lambda: from_mcp_tool(None, None, result_mode="raw"), "raw"),
    ],
)
def test_what_cannot_work_is_said(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_a_server_that_is_not_there():
    with pytest.raises(ToolError, match="could not be reached"), MCPTools(command="no-such-program-anywhere"):
        pass


def test_a_server_that_asks_back_is_an_error():
    class Session:
        async def call_tool(self, name, arguments):
            return SimpleNamespace(input_requests=[])

    tool = SimpleNamespace(name="ask", description=None, inputSchema={"properties": {}})
    with pytest.raises(ToolError, match="more input"):
        call(from_mcp_tool(Session(), tool))
