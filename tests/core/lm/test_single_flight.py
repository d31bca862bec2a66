"""One upstream call per key, however many ask at once, and no cross-talk between those who ask other things."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.foundation.errors import BudgetExceeded, LMServerError
from core.lm.call import call_meter
from core.lm.single_flight import Flights
from tests.fakes.server import FakeServer, Step, error


def test_64_threads_one_key_one_call(client):
    with FakeServer(default=Step(delay=1.0)) as server:
        lm = client(server, cache=True)
        gate = threading.Barrier(64)

        def ask(_):
            gate.wait()
            return lm("the same question")

        with ThreadPoolExecutor(64) as pool:
            assert list(pool.map(ask, range(64))) == [["ok"]] * 64
        assert len(server.calls) == 1
        responses = [entry["response"] for entry in lm.history]
        assert sum(response.attempts for response in responses) == 1
        assert [response.cached for response in responses].count(False) == 1


def test_many_tasks_one_key_one_call(client):
    with FakeServer(default=Step(delay=1.0)) as server:
        lm = client(server, cache=True)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall("the same") for _ in range(200)))

        assert asyncio.run(all_of_them()) == [["ok"]] * 200
        assert len(server.calls) == 1


def test_uncached_calls_are_each_their_own(client):
    with FakeServer(default=Step(delay=0.05)) as server:
        lm = client(server, cache=False)

        async def all_of_them():
            await asyncio.gather(*(lm.acall("the same") for _ in range(10)))

        asyncio.run(all_of_them())
        assert len(server.calls) == 10


def test_a_failure_is_everybodys_and_is_not_stored(client):
    with FakeServer(default=replace(error(500), delay=1.5)) as server:  # long enough for all to have asked
        lm = client(server, cache=True, num_retries=0)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall("the same") for _ in range(5)), return_exceptions=True)

        results = asyncio.run(all_of_them())
        assert [type(result) for result in results] == [LMServerError] * 5
        assert len(server.calls) == 1
        server.default = Step(text="better")
        assert lm("the same") == ["better"]


def test_a_thousand_interleaved_threads_and_tasks_do_not_mix(client):
    def echo(received):
        return Step(text=received.body["messages"][0]["content"], delay=0.001)

    with FakeServer(echo) as server:
        lm = client(server, cache=True)

        async def tasks():
            return await asyncio.gather(*(lm.acall(f"task {i % 250}") for i in range(500)))

        with ThreadPoolExecutor(50) as pool:
            threads = [pool.submit(lm, f"thread {i % 250}") for i in range(500)]
            from_tasks = asyncio.run(tasks())
            from_threads = [future.result() for future in threads]
        assert from_tasks == [[f"task {i % 250}"] for i in range(500)]
        assert from_threads == [[f"thread {i % 250}"] for i in range(500)]
        assert len(server.calls) == 500


def test_the_next_in_line_takes_over_from_a_cancelled_first():
    async def scene():
        flights, started = Flights(), []

        async def work():
            started.append(1)
            await asyncio.sleep(0.05)
            return "answer"

        first = asyncio.create_task(flights.run("k", work))
        second = asyncio.create_task(flights.run("k", work))
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second == ("answer", True)
        assert len(started) == 2
        assert len(flights) == 0

    asyncio.run(scene())


def test_the_firsts_empty_budget_is_not_the_seconds(client):
    class Meter:
        def __init__(self, allowed):
            self.allowed = allowed

        async def reserve(self, request):
            await asyncio.sleep(0.02)
            if not self.allowed:
                raise BudgetExceeded("no calls left")

        def settle(self, response):
            pass

    with FakeServer() as server:
        lm = client(server, cache=True)

        async def metered(allowed):
            call_meter.set(Meter(allowed))
            return await lm.acall("the same")

        async def both():
            return await asyncio.gather(metered(False), metered(True), return_exceptions=True)

        poor, rich = asyncio.run(both())
        assert isinstance(poor, BudgetExceeded)
        assert rich == ["ok"]
        assert len(server.calls) == 1


def test_waiters_see_the_leaders_result_once():
    async def scene():
        flights = Flights()

        async def work():
            await asyncio.sleep(0.01)
            return 7

        results = await asyncio.gather(*(flights.run("k", work) for _ in range(5)))
        assert results == [(7, True)] + [(7, False)] * 4

    asyncio.run(scene())


def test_an_error_reaches_waiters():
    async def scene():
        flights = Flights()

        async def work():
            await asyncio.sleep(0.01)
            raise ValueError("no")

        first = asyncio.create_task(flights.run("k", work))
        second = asyncio.create_task(flights.run("k", work))
        for task in (first, second):
            with pytest.raises(ValueError, match="no"):
                await task

    asyncio.run(scene())
