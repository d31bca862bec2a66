"""`core.track_usage` and `get_lm_usage`: right under cache, threads, tasks, streaming and sharing."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest

import core
from core.lm import BaseLM, ScriptedLM
from core.lm.deltas import listener
from core.settings import context
from tests.fakes.server import FakeServer, Step, error


def total(prompt: int, completion: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def test_paid_calls_are_added_up_per_model_and_cached_ones_apart(client):
    with FakeServer(default=Step(usage=(7, 3))) as server, context(prices={"openai/a": (1.0, 1.0)}):
        a, b = client(server, model="openai/a", cache=True), client(server, model="openai/b", cache=True)
        with core.track_usage() as tracker:
            a("x")
            a("x")
            a("y")
            b("x")
        assert tracker.get_total_tokens() == {"openai/a": total(14, 6), "openai/b": total(7, 3)}
        assert (tracker.calls, tracker.cached_calls, tracker.unpriced) == (3, 1, 1)
        assert tracker.cost is None  # nobody knows what b costs
        assert tracker.cost_by_model == {"openai/a": pytest.approx(0.00002), "openai/b": None}
        assert tracker.saved_cost == pytest.approx(0.00001)


def test_blocks_nest_and_end():
    lm = ScriptedLM(lambda request: "yes", cache=False)
    with core.track_usage() as outer:
        lm("1")
        with core.track_usage() as inner:
            lm("2")
    lm("3")
    assert (outer.calls, inner.calls) == (2, 1)


def test_threads_lose_nothing():
    lm = ScriptedLM(lambda request: "yes", cache=False)
    with core.track_usage() as tracker, ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(copy_context().run, lm, f"{i}") for i in range(300)]:
            done.result()
    assert tracker.calls == 300
    assert tracker.get_total_tokens()[lm.model]["completion_tokens"] > 0


def test_those_who_share_a_call_under_way_are_not_charged_for_it(client):
    with FakeServer(default=Step(usage=(7, 3), delay=0.1)) as server:
        lm = client(server, cache=True)

        async def all_of_them():
            await asyncio.gather(*(lm.acall("same") for _ in range(8)))

        with core.track_usage() as tracker:
            asyncio.run(all_of_them())
        assert len(server.calls) == 1
        assert (tracker.calls, tracker.cached_calls) == (1, 7)
        assert tracker.get_total_tokens() == {"openai/fake": total(7, 3)}


def test_failed_attempts_are_no_usage(client):
    with FakeServer([error(500), error(500)], default=Step(usage=(7, 3))) as server:
        lm = client(server)
        with core.track_usage() as tracker:
            lm("q")
        assert tracker.calls == 1
        assert tracker.get_total_tokens() == {"openai/fake": total(7, 3)}


class _Deaf:
    """Hears a streamed reply and does nothing with it."""

    def begin(self, request):
        return self

    def text(self, piece):
        pass

    def reasoning(self, piece):
        pass

    def arrived(self, request, response):
        pass

    def stoppable(self, stop):
        return lambda: None


def test_a_streamed_answer_counts_as_the_endpoint_says(client):
    with FakeServer(default=Step(text="a longer answer in pieces", usage=(11, 6))) as server:
        lm = client(server)
        token = listener.set(_Deaf())
        try:
            with core.track_usage() as tracker, core.budget(calls=2) as spent:
                assert lm("q") == ["a longer answer in pieces"]
        finally:
            listener.reset(token)
        assert server.calls[0].body.get("stream") is True
        assert tracker.get_total_tokens() == {"openai/fake": total(11, 6)}
        assert (spent.calls, spent.tokens) == (1, 17)


def test_usage_per_prediction_is_that_of_the_whole_program():
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx", cache=True)

    class Twice(core.Module):
        def __init__(self):
            super().__init__()
            self.ask = core.Predict("question -> answer")

        def forward(self, question):
            self.ask(question=f"first {question}")
            return self.ask(question=question)

    with context(lm=lm, track_usage=True), core.track_usage() as tracker:
        first = Twice()(question="q")
        again = Twice()(question="q")
    assert first.get_lm_usage() == tracker.get_total_tokens()
    assert again.get_lm_usage() == {}  # from the cache
    assert (tracker.calls, tracker.cached_calls) == (2, 2)


def test_usage_per_run_counts_cached_rows_with_what_their_answers_are_made_of():
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx", cache=True)
    rows = [core.Example(question=str(i), answer="x").with_inputs("question") for i in range(6)]
    evaluate = core.Evaluate(devset=rows, metric=lambda e, p: True, num_threads=3)
    with context(lm=lm):
        live = evaluate(core.Predict("question -> answer"))
        with core.track_usage() as tracker:
            cached = evaluate(core.Predict("question -> answer"))
    assert live.usage == cached.usage
    assert all(row.cached for row in cached.rows)
    assert (tracker.calls, tracker.cached_calls, tracker.get_total_tokens()) == (0, 6, {})


def test_tokens_of_others_may_be_added():
    with core.track_usage() as tracker:
        tracker.add_usage("elsewhere", {"prompt_tokens": 3, "completion_tokens": 4, "detail": {"x": 1}})
    assert tracker.get_total_tokens() == {"elsewhere": {"prompt_tokens": 3, "completion_tokens": 4}}


def test_a_model_of_ones_own_is_counted_too():
    class Own(BaseLM):
        async def complete(self, request):
            from core.messages import LMOutput, LMResponse, Usage

            return LMResponse([LMOutput("hi")], Usage(2, 1), cost=0.5)

    with core.track_usage() as tracker:
        Own("own")("q")
    assert tracker.get_total_tokens() == {"own": total(2, 1)}
    assert tracker.cost == 0.5
