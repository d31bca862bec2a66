"""The embedded model as an OpenAI-compatible endpoint, for any client: `workbench serve-lm`.

Knows nothing about how the model answers. aiohttp is imported when a server is made.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from core.foundation.errors import ConfigurationError
from core.lm.embedded.protocol import BadRequest, ChatProtocol, models_body

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["create_app", "running_server", "serve"]

_LARGEST_BODY = 32 * 1024 * 1024
_START_TIMEOUT = 30.0

Handler = Callable[["web.Request"], Awaitable["web.StreamResponse"]]


def create_app(protocol: ChatProtocol | None = None) -> web.Application:
    """Return the application: `/v1/models`, `/v1/chat/completions`, `/v1/embeddings`."""
    from aiohttp import web

    protocol = protocol or ChatProtocol()

    async def models(request: web.Request) -> web.StreamResponse:
        return web.json_response(models_body())

    async def one_model(request: web.Request) -> web.StreamResponse:
        return web.json_response(models_body()["data"][0])

    async def chat(request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if isinstance(body, dict) and body.get("stream"):
            return await _streamed(request, protocol.stream(body))
        return web.json_response(protocol.chat(body), dumps=_dumps)

    async def embeddings(request: web.Request) -> web.StreamResponse:
        return web.json_response(protocol.embeddings(await _body(request)), dumps=_dumps)

    app = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_as_errors()])
    for prefix in ("/v1", ""):
        app.router.add_get(f"{prefix}/models", models)
        app.router.add_get(prefix + "/models/{name:.+}", one_model)
        app.router.add_post(f"{prefix}/chat/completions", chat)
        app.router.add_post(f"{prefix}/embeddings", embeddings)
    return app


def _as_errors() -> Any:
    """Return the middleware that writes every failure as the protocol's JSON error."""
    from aiohttp import web

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except BadRequest as error:
            return web.json_response(error.body(), status=error.status)
        except web.HTTPException as error:
            known = "Known: GET /v1/models, POST /v1/chat/completions, POST /v1/embeddings."
            said = f"{error.reason}: {request.method} {request.path}. {known}"
            body = {"error": {"message": said, "type": "invalid_request_error", "param": None, "code": None}}
            return web.json_response(body, status=error.status)

    return middleware


async def _body(request: web.Request) -> Any:
    raw = await request.read()
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request body is no JSON.", hint="Send UTF-8 JSON.") from error


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _streamed(request: web.Request, chunks: Iterator[dict[str, Any]]) -> web.StreamResponse:
    from aiohttp import web

    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(f"data: {_dumps(chunk)}\n\n".encode())
    await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


async def start(host: str, port: int, protocol: ChatProtocol | None = None) -> tuple[web.AppRunner, int]:
    """Start a server on the running loop; return its runner and the port it got.

    Raises:
        ConfigurationError: The address is taken or not ours.
    """
    from aiohttp import web

    runner = web.AppRunner(create_app(protocol), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise ConfigurationError(
            f"Cannot listen on {host}:{port}: {error.strerror or error}.",
            hint="Choose another port; 0 takes a free one.",
        ) from error
    return runner, int(runner.addresses[0][1])


def serve(
    host: str = "127.0.0.1", port: int = 8321, *, on_ready: Callable[[str], None] | None = None
) -> None:
    """Serve until interrupted.

    Args:
        host: Address to listen on.
        port: 0 takes a free one.
        on_ready: Called with the base URL once it listens.

    Raises:
        ConfigurationError: The address is taken or not ours.
    """

    async def run() -> None:
        runner, got = await start(host, port)
        try:
            if on_ready is not None:
                on_ready(_url(host, got))
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return


def _url(host: str, port: int) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}/v1"


@contextmanager
def running_server(
    host: str = "127.0.0.1", port: int = 0, protocol: ChatProtocol | None = None
) -> Generator[str]:
    """Serve in a thread of its own while the block runs; yields the base URL, `http://127.0.0.1:…/v1`."""
    loop = asyncio.new_event_loop()
    started: list[tuple[web.AppRunner, int]] = []
    failed: list[BaseException] = []
    ready = threading.Event()

    def run() -> None:
        try:
            started.append(loop.run_until_complete(start(host, port, protocol)))
        except BaseException as error:  # told to the thread that waits
            failed.append(error)
        ready.set()
        if started:
            loop.run_forever()
            loop.run_until_complete(started[0][0].cleanup())
        loop.close()

    thread = threading.Thread(target=run, name="embedded-lm-server", daemon=True)
    thread.start()
    ready.wait(_START_TIMEOUT)
    if failed:
        raise failed[0]
    try:
        yield _url(host, started[0][1])
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_START_TIMEOUT)
