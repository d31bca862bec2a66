"""A local chat-completions server as fast as Python makes it: one prepared answer, no parsing but of lengths.

Knows nothing about clients. Run as a process of its own: `python -m benchmarks.server --latency 0`; prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re

TEXT = "[[ ## answer ## ]]\nforty-two\n\n[[ ## completed ## ]]"
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)


def answer(text: str) -> bytes:
    """Return a whole HTTP response with one completion."""
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "bench",
            "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 150, "completion_tokens": 12, "total_tokens": 162},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection(asyncio.Protocol):
    """Answers each whole request after `latency` seconds."""

    def __init__(self, reply: bytes, latency: float) -> None:
        self.reply = reply
        self.latency = latency
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self.buffer, 0, end)
            whole = end + 4 + (int(found.group(1)) if found else 0)
            if len(self.buffer) < whole:
                return
            self.buffer = self.buffer[whole:]
            if self.latency:
                asyncio.get_running_loop().call_later(self.latency, self.write)
            else:
                self.write()

    def write(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(self.reply)  # type: ignore[attr-defined]


async def main(latency: float, text: str) -> None:
    """Serve until killed."""
    reply = answer(text)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(reply, latency), "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--text", default=TEXT)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.latency, arguments.text))
