"""A small OpenAI-compatible server on a thread, which fails as a script tells it to.

Knows nothing about our client. One connection may serve many requests; every request is remembered.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int


@dataclass
class Step:
    """What one request gets.

    Attributes:
        text: The completion's text; a function of the request where callable.
        body: Raw bytes in place of a completion.
        delay: Seconds before the answer starts.
        reset: Hang up before answering.
        half: Announce the whole body, send half of it, hang up.
        trickle: Seconds between single bytes of the body.
        events: What a stream says, JSON objects or raw data; else the text in pieces of `piece` characters. A
            request that asks for a stream gets one, unless `streams` is False.
        end: Say [DONE] at the end of a stream; with `events`, nothing else says so.
        hold: Keep the stream open until the client hangs up; then `server.hung_up` counts.
    """

    status: int = 200
    text: Any = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay: float = 0.0
    reset: bool = False
    half: bool = False
    trickle: float = 0.0
    usage: tuple[int, int] = (10, 5)
    choices: int | None = None
    events: list[Any] | None = None
    piece: int = 7
    streams: bool = True
    end: bool = True
    hold: bool = False


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> Step:
    body = json.dumps({"error": {"message": message, "code": code, "type": "x"}}).encode()
    return Step(status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


class FakeServer:
    """`with FakeServer([Step(...), ...]) as server:` answers at `server.url`; after the script, `default`."""

    def __init__(
        self,
        script: list[Step] | Callable[[Received], Step] | None = None,
        default: Step | None = None,
        models: list[str] | None = None,
    ) -> None:
        self.script = script if callable(script) else list(script or [])
        self.default = default or Step()
        self.models = models
        self.requests: list[Received] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self.connections = 0
        self.hung_up = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def calls(self) -> list[Received]:
        return [item for item in self.requests if item.method == "POST"]

    def __enter__(self) -> FakeServer:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                received = await self._read(head.decode("latin-1"), reader, number)
                self.requests.append(received)
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    alive = await self._answer(received, reader, writer)
                finally:
                    self.in_flight -= 1
                if not alive:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _read(self, head: str, reader: asyncio.StreamReader, number: int) -> Received:
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ", 2)
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        return Received(method, path, headers, json.loads(raw) if raw else None, number)

    def _step(self, received: Received) -> Step:
        if received.path.endswith("/models"):
            if self.models is None:
                return error(404, "no list")
            data = {"data": [{"id": name} for name in self.models]}
            return Step(body=json.dumps(data).encode())
        if callable(self.script):
            return self.script(received)
        return self.script.pop(0) if self.script else self.default

    async def _stream(self, received: Received, step: Step, reader: Any, writer: Any) -> bool:
        lines = ["HTTP/1.1 200 X", "Content-Type: text/event-stream; charset=utf-8", "Connection: close"]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        events = _chunks(received, step) if step.events is None else step.events
        for event in events:
            data = event if isinstance(event, str) else json.dumps(event)
            writer.write(f"data: {data}\n\n".encode())
            await writer.drain()
            if step.trickle:
                await asyncio.sleep(step.trickle)
        if step.hold:
            await reader.read()
            self.hung_up += 1
        elif step.end:
            writer.write(b"data: [DONE]\n\n")
            await writer.drain()
        return False

    async def _answer(self, received: Received, reader: Any, writer: asyncio.StreamWriter) -> bool:
        step = self._step(received)
        if step.delay:
            await asyncio.sleep(step.delay)
        if step.reset:
            writer.transport.abort()
            return False
        asked = isinstance(received.body, dict) and received.body.get("stream")
        if asked and step.streams and step.status == 200 and step.body is None:
            return await self._stream(received, step, reader, writer)
        body = step.body if step.body is not None else _completion(received, step)
        lines = [
            f"HTTP/1.1 {step.status} X",
            f"Content-Length: {len(body)}",
            "Content-Type: application/json",
        ]
        lines += [f"{name}: {value}" for name, value in step.headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        if step.half:
            writer.write(body[: len(body) // 2])
            await writer.drain()
            return False
        for piece in [body] if not step.trickle else [bytes([byte]) for byte in body]:
            writer.write(piece)
            await writer.drain()
            if step.trickle:
                await asyncio.sleep(step.trickle)
        return True


def _chunks(received: Received, step: Step) -> list[Any]:
    """A streamed completion, as chat and text endpoints write it."""
    asked = received.body
    whole = json.loads(_completion(received, step))
    made = []
    for choice in whole["choices"]:
        text = choice["text"] if "prompt" in asked else choice["message"]["content"]
        pieces = [text[start : start + step.piece] for start in range(0, len(text), step.piece)]
        for piece, finish in [*((piece, None) for piece in pieces), ("", "stop")]:
            said = {"text": piece} if "prompt" in asked else {"delta": {"content": piece}}
            made.append({"choices": [{"index": choice["index"], "finish_reason": finish, **said}]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        made.append({"choices": [], "usage": whole["usage"]})
    return [{"model": asked.get("model"), **chunk} for chunk in made]


def _completion(received: Received, step: Step) -> bytes:
    asked = received.body or {}
    if received.path.endswith("/embeddings"):
        rows = [{"index": i, "embedding": [float(len(text)), 1.0]} for i, text in enumerate(asked["input"])]
        return json.dumps({"data": rows, "usage": {"prompt_tokens": 3}}).encode()
    n = step.choices if step.choices is not None else asked.get("n") or 1
    choices = []
    for index in range(n):
        text = step.text(received) if callable(step.text) else step.text
        text = text if n == 1 else f"{text} {index}"
        message = {"text": text} if "prompt" in asked else {"message": {"role": "assistant", "content": text}}
        choices.append({"index": index, "finish_reason": "stop", **message})
    usage = {"prompt_tokens": step.usage[0], "completion_tokens": step.usage[1]}
    return json.dumps({"model": asked.get("model"), "choices": choices, "usage": usage}).encode()
