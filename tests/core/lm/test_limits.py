"""Concurrency at one endpoint: ceilings kept, refusals learned from, waiting in order."""

from __future__ import annotations

import asyncio
import time

import pytest

from core.foundation.drive import on_io
from core.foundation.errors import LMRateLimitError
from core.lm.limits import Limiter, Slot
from core.lm.loop_state import loop_state
from tests.fakes.server import FakeServer, Step, error


def test_a_ceiling_is_never_exceeded(client):
    with FakeServer(default=Step(delay=0.01)) as server:
        lm = client(server, max_concurrency=3)

        async def all_of_them():
            await asyncio.gather(*(lm.acall("x") for _ in range(30)))

        asyncio.run(all_of_them())
        assert server.most_in_flight == 3
        assert len(server.calls) == 30


def test_more_than_a_hundred_connections_are_in_flight(client):
    with FakeServer(default=Step(delay=2.0)) as server:  # longer than a busy machine takes to send all
        lm = client(server)

        async def all_of_them():
            await asyncio.gather(*(lm.acall("x") for _ in range(256)))

        asyncio.run(all_of_them())
        assert server.most_in_flight == 256


def test_connections_are_kept_and_reused(client):
    with FakeServer() as server:
        lm = client(server)
        for _ in range(20):
            lm("x")
        assert server.connections == 1


def test_additive_increase_multiplicative_decrease():
    async def scene():
        limiter = Limiter(ceiling=64)
        for _ in range(16):
            await limiter.acquire()
        sent = asyncio.get_running_loop().time()
        await asyncio.sleep(0.001)
        limiter.refused(sent, None)
        assert limiter.limit == 8.0
        limiter.refused(sent, None)  # an echo of the same window
        assert limiter.limit == 8.0
        for _ in range(8):
            limiter.succeeded()
        assert 8.9 < limiter.limit < 9.1  # one step up per window of answers
        for _ in range(10_000):
            limiter.succeeded()
        assert limiter.limit == 64.0

    asyncio.run(scene())


def test_the_limit_never_falls_below_one():
    async def scene():
        limiter = Limiter()
        for _ in range(5):
            with pytest.raises(LMRateLimitError):
                async with Slot(limiter):
                    raise LMRateLimitError("no")
            await asyncio.sleep(0.001)
        assert limiter.limit >= 1.0
        assert limiter.in_flight == 0
        async with Slot(limiter):
            assert limiter.in_flight == 1

    asyncio.run(scene())


def test_a_retry_after_holds_back_everybody():
    async def scene():
        limiter, loop = Limiter(), asyncio.get_running_loop()
        limiter.refused(loop.time(), 0.2)
        started = loop.time()
        async with Slot(limiter):
            assert loop.time() - started >= 0.19

    asyncio.run(scene())


def test_those_who_wait_are_admitted_in_order_and_cancelled_ones_leave():
    async def scene():
        limiter, order = Limiter(ceiling=1), []

        async def work(name):
            async with Slot(limiter):
                order.append(name)
                await asyncio.sleep(0.01)

        tasks = [asyncio.create_task(work(i)) for i in range(5)]
        await asyncio.sleep(0.001)
        tasks[2].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == [0, 1, 3, 4]
        assert limiter.in_flight == 0

    asyncio.run(scene())


def test_an_overloaded_endpoint_is_asked_by_fewer(client):
    """It bears eight at once; the crowd of 64 all get through, after the limit has come down."""
    state = {"refused": 0}

    def script(received):
        if server.in_flight > 8:
            state["refused"] += 1
            return error(429)
        return Step(delay=0.005)

    with FakeServer(script) as server:
        lm = client(server, num_retries=50)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall(f"{i}") for i in range(64)))

        assert len(asyncio.run(all_of_them())) == 64
        assert state["refused"] > 0


class Bouncer:
    """A script for a server that bears so many requests at once and refuses the others, with a Retry-After or not."""

    def __init__(self, bears: int, **headers: str) -> None:
        self.bears = bears
        self.headers = headers
        self.server: FakeServer | None = None
        self.refused = 0

    def __call__(self, received) -> Step:
        if self.server.in_flight > self.bears:
            self.refused += 1
            return error(429, **self.headers)
        return Step(delay=0.004)


@pytest.mark.parametrize("headers", [{}, {"retry_after_ms": "20"}], ids=["silent", "retry-after"])
def test_a_crowd_gets_through_with_the_usual_retries(client, headers):
    """Being one of too many is no failure of a request while the endpoint answers others."""
    bouncer = Bouncer(4, **headers)
    with FakeServer(bouncer) as server:
        bouncer.server = server
        lm = client(server, num_retries=2)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall(f"{i}") for i in range(150)))

        assert len(asyncio.run(all_of_them())) == 150
        assert bouncer.refused > 0
        assert server.most_in_flight <= 150


def test_the_limit_comes_back_once_the_endpoint_bears_more(client):
    bouncer = Bouncer(2)
    with FakeServer(bouncer) as server:
        bouncer.server = server
        lm = client(server, num_retries=2, max_concurrency=32)

        async def scene():
            async def ask(count):
                await asyncio.gather(*(lm.acall(f"{i}") for i in range(count)))

            async def limit():
                return loop_state().limiter(lm.endpoint, None).limit

            await ask(60)
            low = await on_io(limit)
            bouncer.bears = 1000
            before = bouncer.refused
            await ask(700)
            return low, await on_io(limit), bouncer.refused - before

        low, high, refused = asyncio.run(scene())
        assert low < 16
        assert high > 2 * low
        assert refused == 0


def test_an_endpoint_that_refuses_everybody_uses_up_the_retries(client):
    with FakeServer(default=error(429)) as server:
        lm = client(server, num_retries=2)
        with pytest.raises(LMRateLimitError):
            lm("x")
        assert len(server.calls) == 3


def test_without_retries_a_refusal_is_raised_at_once(client):
    with FakeServer([Step(), error(429)]) as server:
        lm = client(server, num_retries=0)
        lm("x")
        with pytest.raises(LMRateLimitError):
            lm("y")
        assert len(server.calls) == 2


def test_a_retry_after_of_the_server_is_waited_for_by_all(client):
    with FakeServer([error(429, Retry_After="0.3")], default=Step()) as server:
        lm = client(server, num_retries=1)

        async def scene():
            first = asyncio.create_task(lm.acall("a"))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            await lm.acall("b")  # would only be refused as well
            waited = time.monotonic() - started
            await first
            return waited

        assert asyncio.run(scene()) > 0.1
        assert len(server.calls) == 3
