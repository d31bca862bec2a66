"""A server of the ColBERTv2 protocol over a few passages, which fails as a script tells it to.

Knows nothing about our client. Scores count the words that query and passage share.
"""

from __future__ import annotations

import json
import math
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class ColBERTServer:
    """`with ColBERTServer(passages) as server:` answers at `server.url`.

    Attributes:
        asked: (method, path, query, k) of every request.
        script: (status, body) for the next requests, before real answers.
    """

    def __init__(self, passages: list[str], script: list[tuple[int, bytes]] | None = None) -> None:
        self.passages = passages
        self.script = list(script or [])
        self.asked: list[tuple[str, str, str, int]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/search"

    def __enter__(self) -> ColBERTServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, query: str, k: int) -> bytes:
        words = set(query.lower().rstrip("?").split())
        scores = [len(words & set(text.lower().rstrip(".").split())) for text in self.passages]
        best = sorted(range(len(scores)), key=lambda pid: (-scores[pid], pid))[:k]
        whole = sum(math.exp(scores[pid]) for pid in best)
        topk = [
            {
                "text": self.passages[pid],
                "pid": pid,
                "rank": rank,
                "score": float(scores[pid]),
                "prob": math.exp(scores[pid]) / whole,
            }
            for rank, pid in enumerate(best, start=1)
        ]
        return json.dumps({"query": query, "topk": topk}).encode()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                self._reply("GET", asked["query"][0], int(asked["k"][0]))

            def do_POST(self) -> None:
                asked: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self._reply("POST", asked["query"], asked["k"])

            def _reply(self, method: str, query: str, k: int) -> None:
                outer.asked.append((method, urlsplit(self.path).path, query, k))
                status, body = outer.script.pop(0) if outer.script else (200, outer.answer(query, k))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler
