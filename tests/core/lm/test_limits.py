"""Concurrency at one endpoint: ceilings kept, refusals learned from, waiting in order."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.errors import LMRateLimitError
from core.lm.limits import Limiter, Slot
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
    with FakeServer(default=Step(delay=0.5)) as server:
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
