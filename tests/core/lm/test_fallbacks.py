"""`FallbackLM`: who answers when the first cannot, what is a mistake instead, and where it can be seen."""

from __future__ import annotations

import asyncio
import logging

import pytest

import core
from core.foundation.errors import (
    BudgetExceeded,
    LMAuthError,
    LMConfigurationError,
    LMRateLimitError,
    LMServerError,
)
from core.lm import FallbackLM, ScriptedLM
from core.settings import context
from core.trace import MemorySink, sink_to
from tests.fakes.server import FakeServer, Step, error


@pytest.fixture
def pair(client):
    with FakeServer(default=Step(text="first")) as one, FakeServer(default=Step(text="second")) as two:
        first = client(one, model="openai/one", num_retries=0, cache=True)
        second = client(two, model="openai/two", num_retries=0, cache=True)
        yield one, two, FallbackLM([first, second])


def test_the_first_answers_where_it_can(pair):
    one, two, lm = pair
    assert lm("q") == ["first"]
    assert (len(one.calls), len(two.calls)) == (1, 0)
    assert (lm.answered, lm.failed) == ({"openai/one": 1}, {})


@pytest.mark.parametrize(
    "step",
    [
        error(429),
        error(503),
        error(404, "The model `one` does not exist", code="model_not_found"),
        error(400, "This model's maximum context length is 10 tokens", code="context_length_exceeded"),
        error(402, "insufficient credit"),
        Step(reset=True),
        Step(body=b'{"something": "else"}'),
    ],
    ids=["rate", "server", "model", "context", "billing", "reset", "protocol"],
)
def test_the_next_one_answers_after_what_it_may_heal(pair, step):
    one, two, lm = pair
    one.default = step
    assert lm("q") == ["second"]
    assert len(two.calls) == 1
    assert lm.answered == {"openai/two": 1}
    assert sum(lm.failed.values()) == 1


@pytest.mark.parametrize("step", [error(401), error(403), error(400, "temperature must be a number")])
def test_mistakes_of_whoever_set_it_up_are_raised_at_once(pair, step):
    one, two, lm = pair
    one.default = step
    with pytest.raises(core.LMError):
        lm("q")
    assert len(two.calls) == 0


def test_its_own_retries_come_first(client):
    with FakeServer([error(500), error(500)], default=Step(text="first")) as one, FakeServer() as two:
        lm = FallbackLM([client(one, num_retries=3), client(two)])
        assert lm("q") == ["first"]
        assert (len(one.calls), len(two.calls)) == (3, 0)


def test_all_of_them_failing_raises_the_last_error_with_the_others_as_its_causes(pair):
    one, two, lm = pair
    one.default, two.default = error(429), error(503)
    with pytest.raises(LMServerError) as caught:
        lm("q")
    assert isinstance(caught.value.__cause__, LMRateLimitError)


def test_trace_history_and_log_say_who_answered_and_why(pair, caplog):
    one, _, lm = pair
    one.default = error(503, "too busy")
    with sink_to(MemorySink()) as sink, caplog.at_level(logging.WARNING):
        lm("q")
    outer = next(span for span in sink.spans if span.kind == "lm.fallback")
    assert outer.attributes["answered_by"] == "openai/two"
    assert "LMServerError" in outer.attributes["because"][0]
    calls = [span for span in sink.spans if span.kind == "lm"]
    assert [(span.name, span.status) for span in calls] == [("openai/one", "error"), ("openai/two", "ok")]
    assert {span.parent_id for span in calls} == {outer.id}
    assert [entry["model"] for entry in lm.history] == ["openai/two"]
    assert "openai/one could not answer" in caplog.text


def test_answers_are_cached_under_the_name_of_who_gave_them(pair):
    one, two, lm = pair
    one.default = error(503)
    assert lm("q") == lm("q") == ["second"]
    assert (len(one.calls), len(two.calls)) == (2, 1)  # the first is asked again, the second's answer is kept
    one.default = Step(text="first")
    assert lm("q") == ["first"]  # what the second said is not taken for what the first says
    assert lm.lms[1]("q") == ["second"]
    assert len(two.calls) == 1


def test_usage_and_budgets_see_through_it(pair):
    one, _, lm = pair
    one.default = error(503)
    with core.track_usage() as tracker, core.budget(calls=3) as spent:
        lm("a")
    assert list(tracker.get_total_tokens()) == ["openai/two"]
    assert spent.calls == 2
    with core.budget(calls=1), pytest.raises(BudgetExceeded):
        lm("b")  # a reached budget is no failure of a model


def test_programs_use_it_as_any_model():
    broken = ScriptedLM(lambda request: LMServerError("down"), cache=False)
    works = ScriptedLM(lambda request: "[[ ## answer ## ]]\nParis", cache=False)
    lm = FallbackLM([broken, works])
    with context(lm=lm):
        assert core.Predict("question -> answer")(question="Capital?").answer == "Paris"
        found = asyncio.run(core.Predict("question -> answer").acall(question="Capital?"))
    assert found.answer == "Paris"
    assert sum(lm.answered.values()) == 2


def test_copies_change_all_of_them(pair):
    _, _, lm = pair
    made = lm.copy(temperature=0.7)
    assert [inner.kwargs["temperature"] for inner in made.lms] == [0.7, 0.7]
    assert lm.lms[0].kwargs["temperature"] is None
    with pytest.raises(LMConfigurationError):
        lm.copy(model="openai/three")


def test_other_errors_may_be_chosen(pair):
    one, two, lm = pair
    one.default = error(401)
    chosen = FallbackLM(lm.lms, on=(LMAuthError,))
    assert chosen("q") == ["second"]
    assert len(two.calls) == 1


def test_it_needs_models():
    with pytest.raises(LMConfigurationError):
        FallbackLM([])
