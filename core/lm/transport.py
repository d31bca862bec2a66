"""JSON over HTTP on the I/O loop, on pooled connections that stay open.

Knows nothing about language models beyond the errors it raises. No cap on connections: limits are
`core.lm.limits`'. Redirects are never followed: they would carry the key to wherever they point.
"""

from __future__ import annotations

import asyncio
import atexit
import gc
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from core.foundation.errors import LMTimeoutError, LMTransportError
from core.lm.loop_state import loop_state
from core.lm.sse import EventReader

__all__ = ["TIMEOUT", "Answer", "get", "load_client", "post", "post_for_events"]

TIMEOUT = 600.0
"""Seconds for one attempt, from sending to the last byte; a model may think for minutes."""

CONNECT_TIMEOUT = 15.0
KEEP_ALIVE = 30.0

_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class Answer:
    """A whole HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def _session() -> Any:
    """Return the running loop's session, made on first use."""
    state = loop_state()
    if state.session is None or state.session.closed:
        import aiohttp

        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE, ttl_dns_cache=60)
        state.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
            skip_auto_headers=("User-Agent",),
            trust_env=False,
        )
        atexit.register(_close, asyncio.get_running_loop(), state.session)
    return state.session


def _close(loop: asyncio.AbstractEventLoop, session: Any) -> None:
    """Close the connections in order when the process ends."""
    if loop.is_running() and not session.closed:
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(session.close(), loop).result(timeout=1)


def load_client() -> None:
    """Import `aiohttp`, 0.1 s the first time: where a model is made, so that its first call does not wait for it.

    In the caller's own thread: a process that forks while another thread imports leaves its child a lock that nobody
    ever opens. What an import makes stays, so the garbage collector waits until it is over and goes through it once;
    left to itself it would do so in the midst of the first calls.
    """
    if "aiohttp" in sys.modules:
        return
    collecting = gc.isenabled()
    gc.disable()
    try:
        importlib.import_module("aiohttp")
    finally:
        if collecting:
            gc.enable()
            gc.collect()


async def post(url: str, payload: Any, headers: Mapping[str, str], *, seconds: float, model: str) -> Answer:
    """Send JSON and return the whole answer, whatever its status.

    Raises:
        LMTimeoutError: It was not there within `seconds`.
        LMTransportError: The endpoint could not be reached, or hung up.
    """
    return await _send("POST", url, _bytes(payload), headers, seconds, model)


async def post_for_events(
    url: str,
    payload: Any,
    headers: Mapping[str, str],
    *,
    seconds: float,
    model: str,
    take: Callable[[str], None],
) -> Answer | None:
    """Send JSON and hand the data of each server-sent event to `take` as it arrives.

    What `take` raises closes the connection and is raised here, as is a cancellation.

    Returns:
        None after events; the whole answer where the endpoint did not stream, whatever its status.

    Raises:
        LMTimeoutError: The last byte was not there within `seconds`.
        LMTransportError: The endpoint could not be reached, or hung up.
    """
    import aiohttp

    reader = EventReader()
    try:
        async with _session().request(
            "POST",
            url,
            data=_bytes(payload),
            headers=headers,
            timeout=_limits(seconds),
            allow_redirects=False,
        ) as response:
            if response.status != 200 or "event-stream" not in response.content_type:
                return Answer(response.status, response.headers, await response.read())
            async for piece in response.content.iter_any():
                for data in reader.feed(piece):
                    take(data)
            for data in reader.close():
                take(data)
            return None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise _failure(error, url, seconds, model) from None


async def get(url: str, headers: Mapping[str, str], *, seconds: float, model: str) -> Answer:
    """Fetch and return the whole answer; raises as `post` does."""
    return await _send("GET", url, None, headers, seconds, model)


async def _send(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], seconds: float, model: str
) -> Answer:
    import aiohttp

    limits = _limits(seconds)
    try:
        async with _session().request(
            method, url, data=body, headers=headers, timeout=limits, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise _failure(error, url, seconds, model) from None


@lru_cache(maxsize=64)
def _limits(seconds: float) -> Any:
    import aiohttp

    return aiohttp.ClientTimeout(total=seconds, sock_connect=min(seconds, CONNECT_TIMEOUT))


def _bytes(payload: Any) -> bytes:
    try:
        return _COMPACT.encode(payload).encode()
    except UnicodeEncodeError:  # half a surrogate pair, cut somewhere upstream
        return json.dumps(payload, separators=(",", ":")).encode()


def _failure(error: BaseException, url: str, seconds: float, model: str) -> LMTimeoutError | LMTransportError:
    """Say it for people: neither the library's words nor anything of the request."""
    import aiohttp

    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}"
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return LMTransportError(
            f"{where} does not take connections.", model=model, hint="Check the address and the network."
        )
    if isinstance(error, asyncio.TimeoutError):
        return LMTimeoutError(
            f"{where} gave no answer within {seconds:g} seconds.",
            model=model,
            hint="Raise timeout= if it is slow.",
        )
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return LMTransportError(
            f"{where}: the certificate or the TLS connection is not acceptable.",
            model=model,
            hint="Check https/http and the certificate.",
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return LMTransportError(
            f"Nothing answers at {where} ({_reason(error)}).",
            model=model,
            hint="Is the server running, and is api_base right?",
        )
    return LMTransportError(
        f"{where} broke off the connection ({type(error).__name__}).",
        model=model,
        hint="The network or the server.",
    )


def _reason(error: Any) -> str:
    inner = getattr(error, "os_error", None)
    return str(getattr(inner, "strerror", None) or inner or type(error).__name__)
