"""Tools of MCP servers (Model Context Protocol) as `Tool`s.

Knows nothing about agents. A session lives on the event loop it was opened on; calls from other loops and threads are
handed over to it. `MCPTools` opens one on a thread of its own, for programs that have no loop.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack, suppress
from typing import Any, Literal, Self

from core.data.types.arguments import inlined
from core.data.types.tool import Tool, tool_sources
from core.foundation.errors import ConfigurationError, MissingExtraError, ToolError

__all__ = ["MCPTools", "from_mcp_tool"]

ResultMode = Literal["text", "structured"]

_START_SECONDS = 30.0


def from_mcp_tool(session: Any, tool: Any, *, result_mode: ResultMode = "text") -> Tool:
    """Return a tool of an MCP server.

    Args:
        session: An open `mcp.ClientSession`, or anything with `async call_tool(name, arguments=)`.
        tool: An entry of its tool list.
        result_mode: "text" gives the text of the answer, a list of texts where there are several, and the parts as
            they came where there is no text; "structured" gives the answer's data where it has some, else as "text".

    Raises:
        ConfigurationError: There is no such mode.
    """
    if result_mode not in ("text", "structured"):
        raise ConfigurationError(
            f"Unsupported MCP result mode: {result_mode!r}.", hint='Use "text" or "structured".'
        )
    name = str(tool.name)
    schema = inlined(_either(tool, "input_schema", "inputSchema") or {})
    properties: Mapping[str, Any] = schema.get("properties") or {}
    home = _running_loop()

    async def call(**arguments: Any) -> Any:
        answer = await _on(home, session.call_tool(name, arguments=arguments))
        return _result(name, answer, result_mode)

    return Tool(
        call,
        name=name,
        desc=tool.description or "",
        args=dict(properties),
        required=tuple(schema.get("required") or ()),
        has_kwargs=schema.get("additionalProperties") is True,
    )


tool_sources["mcp"] = from_mcp_tool


def _either(item: Any, *names: str) -> Any:
    """Return the first of these attributes that is there: protocol versions spell them differently."""
    return next((value for name in names if (value := getattr(item, name, None)) is not None), None)


def _result(name: str, answer: Any, mode: str) -> Any:
    if not hasattr(answer, "content"):
        raise ToolError(
            f"The MCP tool '{name}' asks for more input ({type(answer).__name__}).",
            hint="Tools that talk back cannot be used by a program.",
        )
    parts: Sequence[Any] = answer.content or ()
    texts = [part.text for part in parts if getattr(part, "type", "text") == "text" and hasattr(part, "text")]
    if _either(answer, "is_error", "isError"):
        said = " ".join(texts) or "no reason given"
        raise ToolError(f"The MCP tool '{name}' failed: {said}", hint="The server reports this.")
    structured = _either(answer, "structured_content", "structuredContent")
    if mode == "structured" and structured is not None:
        return structured
    if texts:
        return texts[0] if len(texts) == 1 else texts
    return list(parts)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


async def _on(home: asyncio.AbstractEventLoop | None, work: Coroutine[Any, Any, Any]) -> Any:
    """Await the work on the loop that owns the session."""
    if home is None or home is _running_loop() or not home.is_running():
        return await work
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, home))


class MCPTools:
    """A connection to an MCP server, kept open on a thread of its own.

        with MCPTools(command="python", args=["weather_server.py"]) as server:
            agent = core.ReAct("question -> answer", tools=server.tools)

    Args:
        command: The program to start; it is spoken to over its standard input and output.
        args: Its arguments.
        env: Its environment; None gives it a safe part of this process's.
        url: The address of a server that runs already (streamable HTTP), instead of a command.
        result_mode: As for `from_mcp_tool`.

    Raises:
        ConfigurationError: Neither or both of command and url.
        MissingExtraError: The extra `mcp` is not installed.
        ToolError: The server could not be reached.
    """

    def __init__(
        self,
        command: str | None = None,
        args: Sequence[str] = (),
        *,
        env: Mapping[str, str] | None = None,
        url: str | None = None,
        result_mode: ResultMode = "text",
    ) -> None:
        if (command is None) == (url is None):
            raise ConfigurationError(
                "An MCP server is started by a command or reached by a url.", hint="Give one of them."
            )
        self.tools: list[Tool] = []
        self._command, self._args, self._env, self._url = command, list(args), env, url
        self._mode: ResultMode = result_mode
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="mcp", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self._ready.result(_START_SECONDS)
        except BaseException as error:
            self.close()
            if isinstance(error, MissingExtraError) or not isinstance(error, Exception):
                raise
            where = self._url or self._command
            raise ToolError(
                f"The MCP server '{where}' could not be reached ({_innermost(error)}).",
                hint="Does it run, and does it speak MCP?",
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and the server where it was started here."""
        with suppress(RuntimeError):  # the loop has ended already
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
        if self._thread.is_alive():
            self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if not self._ready.done():
                self._ready.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Opened and closed by one task, as the library's task groups ask for.
        async with AsyncExitStack() as stack:
            session = await self._opened(stack)
            listed = await session.list_tools()
            self.tools = [from_mcp_tool(session, tool, result_mode=self._mode) for tool in listed.tools]
            self._ready.set_result(None)
            await self._stop.wait()

    async def _opened(self, stack: AsyncExitStack) -> Any:
        try:
            import mcp
            from mcp.client.streamable_http import streamable_http_client
        except ImportError as error:
            raise MissingExtraError("mcp", "mcp", purpose="MCP servers") from error
        if self._url is not None:
            streams = await stack.enter_async_context(streamable_http_client(self._url))
        else:
            env = None if self._env is None else dict(self._env)
            parameters = mcp.StdioServerParameters(command=self._command or "", args=self._args, env=env)
            streams = await stack.enter_async_context(mcp.stdio_client(parameters))
        session = await stack.enter_async_context(mcp.ClientSession(streams[0], streams[1]))
        await session.initialize()
        return session


def _innermost(error: BaseException) -> str:
    """Return what happened, out of the groups that the library wraps it in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
