"""The embedded model behind HTTP, with a count of what arrives: `python -m benchmarks.optimizers.server`.

Knows nothing about who asks. One process for each run: samples drawn at a temperature depend on how often a request
has arrived. `POST /phase` names what is counted from now on and may cap its requests; `GET /counts` tells the counts.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

from core.lm.embedded.protocol import BadRequest, ChatProtocol
from core.lm.embedded.server import create_app

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass
class Counts:
    """What arrived in one phase.

    Attributes:
        requests: Requests answered.
        completions: Replies in them; one request with `n=9` has nine.
        refused: Requests beyond the cap.
    """

    requests: int = 0
    completions: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    refused: int = 0


class CountingProtocol(ChatProtocol):
    """The embedded model's protocol that counts by phase and refuses what is beyond a cap."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, Counts] = {}
        self.enter("")

    def enter(self, phase: str, limit: int | None = None) -> None:
        """Count from now on under this name."""
        self.phase, self.limit = phase, limit
        self.counts.setdefault(phase, Counts())

    def chat(self, body: Any) -> dict[str, Any]:
        """Answer and count.

        Raises:
            BadRequest: The phase has used up its requests.
        """
        count = self.counts[self.phase]
        if self.limit is not None and count.requests >= self.limit:
            count.refused += 1
            raise BadRequest("The budget of this phase is used up.", hint="Stop here.")
        count.requests += 1
        answer = super().chat(body)
        count.completions += len(answer["choices"])
        count.prompt_tokens += answer["usage"]["prompt_tokens"]
        count.completion_tokens += answer["usage"]["completion_tokens"]
        return answer

    def told(self) -> dict[str, dict[str, int]]:
        """Return the counts of every phase."""
        return {phase: asdict(counts) for phase, counts in self.counts.items() if phase}


def application(protocol: CountingProtocol) -> web.Application:
    """Return the model's application with the two addresses for the counts."""
    from aiohttp import web

    async def enter(request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        protocol.enter(asked["phase"], asked.get("limit"))
        return web.json_response(protocol.told())

    async def counts(request: web.Request) -> web.StreamResponse:
        return web.json_response(protocol.told())

    app = create_app(protocol)
    app.router.add_post("/phase", enter)
    app.router.add_get("/counts", counts)
    return app


async def _serve() -> None:
    from aiohttp import web

    runner = web.AppRunner(application(CountingProtocol()), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    parent = os.getppid()
    while os.getppid() == parent:  # noqa: ASYNC110  a comparison that is killed leaves no server behind
        await asyncio.sleep(1)


@contextmanager
def counting_server() -> Iterator[str]:
    """Run a server as a process while the block runs; gives its address without `/v1`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.optimizers.server"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def counts_at(address: str) -> dict[str, dict[str, int]]:
    """Return what a server has counted."""
    with urllib.request.urlopen(f"{address}/counts", timeout=30) as answer:
        return json.load(answer)


if __name__ == "__main__":
    asyncio.run(_serve())
