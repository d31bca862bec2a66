"""An OpenAI-compatible server for tests: answers with the embedded model, counts requests, can strike at the n-th.

Knows nothing about jobs.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.lm.embedded.model import InContextModel


class CountingServer:
    """Serves on a free port of 127.0.0.1 until closed.

    Attributes:
        counts: How often each request arrived.
        strike: Called once, at request number `strike_at`; before its reply is sent, or `delay` seconds after.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.strike: Callable[[], None] | None = None
        self.strike_at = 0
        self.delay: float | None = None
        self.total = 0
        self.keys_seen: set[str] = set()
        self.latency = 0.003
        self._lock = threading.Lock()
        self._model = InContextModel()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reset(self) -> None:
        self.counts.clear()
        self.total = 0

    def arm(self, number: int, delay: float | None, strike: Callable[[], None]) -> None:
        self.strike_at, self.delay, self.strike = number, delay, strike

    def _arrived(self, body: str) -> None:
        with self._lock:
            self.counts[body] += 1
            self.total += 1
            strike = self.strike if self.total == self.strike_at else None
            if strike is not None:
                self.strike = None
        if strike is None:
            return
        if self.delay is None:
            strike()
        else:
            threading.Timer(self.delay, strike).start()

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        reply = self._model.complete(body["messages"], temperature=0.0, max_tokens=body.get("max_tokens"))[0]
        message = {"role": "assistant", "content": reply.text}
        usage = {"prompt_tokens": reply.prompt_tokens, "completion_tokens": reply.completion_tokens}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return {
            "id": "x",
            "object": "chat.completion",
            "model": body["model"],
            "choices": choices,
            "usage": usage,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                server.keys_seen.add(self.headers.get("Authorization", ""))
                body = json.loads(raw)
                time.sleep(server.latency)
                reply = json.dumps(server._answer(body)).encode()
                server._arrived(json.dumps(body, sort_keys=True))
                try:
                    self.send_response(200)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(reply)))
                    self.end_headers()
                    self.wfile.write(reply)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler
