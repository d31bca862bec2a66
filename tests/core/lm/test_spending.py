"""`core.budget`: caps on a block of code, exact for calls, nested, in threads and tasks, with searches' meters."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

import core
from core.foundation.errors import BudgetExceeded, ConfigurationError, LMServerError
from core.lm import LM, ScriptedLM, call_meter
from core.lm.spending import Spent
from core.settings import context
from tests.fakes.server import FakeServer, Step, error


def scripted(**kwargs) -> ScriptedLM:
    return ScriptedLM(lambda request: "yes", cache=False, **kwargs)


def test_calls_are_refused_beyond_the_cap_and_counted_exactly():
    lm = scripted()
    with core.budget(calls=3) as spent:
        for _ in range(3):
            lm("q")
        with pytest.raises(BudgetExceeded) as caught:
            lm("q")
    assert spent.calls == 3 == len(lm.requests)
    assert caught.value.resource == "calls"
    assert "calls=" in caught.value.hint
    assert spent.remaining("calls") == 0
    assert spent.remaining("tokens") is None
    lm("q")  # outside of the block nothing is capped
    assert spent.calls == 3


def test_exact_in_threads():
    lm = scripted()

    def ask() -> bool:
        try:
            lm("q")
        except BudgetExceeded:
            return False
        return True

    with core.budget(calls=50) as spent, ThreadPoolExecutor(16) as pool:
        done = [pool.submit(copy_context().run, ask) for _ in range(200)]
        answered = sum(future.result() for future in done)
    assert answered == spent.calls == len(lm.requests) == 50


def test_exact_over_http_with_retries(client):
    with FakeServer(
        lambda received: error(500) if len(server.calls) % 3 == 0 else Step(delay=0.002)
    ) as server:
        lm: LM = client(server, num_retries=5)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall(f"{i}") for i in range(60)), return_exceptions=True)

        with core.budget(calls=25) as spent:
            found = asyncio.run(all_of_them())
        assert len(server.calls) == spent.calls == 25  # failed attempts are requests too
        assert any(isinstance(item, BudgetExceeded) for item in found)
        assert all(isinstance(item, (list, BudgetExceeded, LMServerError)) for item in found)


def test_answers_from_the_cache_are_free():
    lm = ScriptedLM(lambda request: "yes", cache=True)
    with core.budget(calls=1) as spent:
        assert [lm("q")[0] for _ in range(5)] == ["yes"] * 5
    assert spent.calls == 1


def test_tokens_money_and_time():
    with FakeServer(default=Step(usage=(600, 400))) as server, context(prices={"m": (1.0, 1.0)}):
        lm = LM("openai/m", api_base=server.url, cache=False)
        with core.budget(tokens=1500) as spent:
            lm("q")
            lm("q")
            with pytest.raises(BudgetExceeded) as caught:
                lm("q")
        assert (caught.value.resource, spent.tokens, spent.calls) == ("tokens", 2000, 2)
        with core.budget(cost=0.0025) as spent:
            for _ in range(3):
                lm("q")
            with pytest.raises(BudgetExceeded) as caught:
                lm("q")
        assert caught.value.resource == "cost"
        assert spent.cost == pytest.approx(0.003)
        assert (spent.prompt_tokens, spent.completion_tokens) == (1800, 1200)


def test_seconds_are_looked_at_before_each_request():
    now = [0.0]
    spent = Spent({"seconds": 10.0}, clock=lambda: now[0])
    spent.take()
    now[0] = 10.0
    with pytest.raises(BudgetExceeded) as caught:
        spent.take()
    assert caught.value.resource == "seconds"
    assert spent.calls == 1


def test_nested_budgets_all_count_and_a_refusal_counts_nowhere():
    lm = scripted()
    with core.budget(calls=5) as outer:
        with core.budget(calls=2) as inner:
            lm("q")
            lm("q")
            with pytest.raises(BudgetExceeded):
                lm("q")
        assert (inner.calls, outer.calls) == (2, 2)
        with core.budget(calls=100) as wide:
            for _ in range(3):
                lm("q")
            with pytest.raises(BudgetExceeded, match="5 calls"):
                lm("q")
        assert (wide.calls, outer.calls) == (3, 5)


def test_a_meter_that_refuses_gives_the_count_back():
    class Refuses:
        async def reserve(self, request):
            raise BudgetExceeded("the search has no calls left")

        def settle(self, response):
            raise AssertionError("nothing was sent")

    lm = scripted()
    token = call_meter.set(Refuses())
    try:
        with core.budget(calls=5) as spent, pytest.raises(BudgetExceeded, match="search"):
            lm("q")
    finally:
        call_meter.reset(token)
    assert spent.calls == 0


def test_an_evaluation_ends_there_and_keeps_what_it_has():
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx", cache=False)
    rows = [core.Example(question=str(i), answer="x").with_inputs("question") for i in range(30)]
    with context(lm=lm), core.budget(calls=12) as spent:
        result = core.Evaluate(devset=rows, metric=lambda e, p: True, num_threads=4)(
            core.Predict("question -> answer")
        )
    assert spent.calls == len(result.rows) == 12
    assert result.end_reason == "budget"


def test_an_unknown_price_is_said_once(caplog):
    with FakeServer() as server, caplog.at_level(logging.WARNING), core.budget(cost=1.0) as spent:
        lm = LM("openai/nobody-knows", api_base=server.url, cache=False)
        lm("a")
        lm("b")
    assert spent.unpriced == 2
    assert sum("No price is known" in record.message for record in caplog.records) == 1


@pytest.mark.parametrize("caps", [{}, {"calls": -1}, {"cost": float("nan")}])
def test_a_budget_without_a_sensible_cap_is_an_error(caps):
    with pytest.raises(ConfigurationError, match="budget"), core.budget(**caps):
        pass
