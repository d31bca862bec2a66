"""Estimates: calls by formula, the rest by probe; the truth lies in the range."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from core.foundation.errors import LMServerError, OptimizerError
from core.lm import ScriptedLM
from core.optimizers import optimizers
from core.search.estimate import Amount, Estimate, Phase
from core.search.probing import aprobe, probe
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

SMALL = {
    "random_search": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidate_programs": 3},
    "bootstrap_few_shot": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6},
    "opro": {"initial_prompts": 2, "n_iterations": 3},
}


def test_a_probe_measures_single_calls_of_a_few_rows():
    lm = ToyLM(cache=False)
    with context(lm=lm):
        found = probe(TwoSteps(), rows("train", 30), n=3)
    assert lm.sent == found.calls == 6
    assert (found.runs, found.failures, found.calls_per_run) == (3, 0, 2)
    assert 0 < found.prompt_tokens.low <= found.prompt_tokens.likely <= found.prompt_tokens.high
    assert found.cost == Amount(0.001, 0.001, 0.001)
    assert 0 < found.seconds.low <= found.seconds.high
    assert 0 < found.demo_tokens < found.prompt_tokens.high
    json.dumps(found.to_dict())


def test_a_probe_takes_rows_from_everywhere_and_not_more_than_there_are():
    asked = []

    class Watching(ToyLM):
        def reply(self, messages, rollout=None):
            asked.append(messages[-1]["content"])
            return super().reply(messages, rollout)

    with context(lm=Watching(cache=False)):
        probe(TwoSteps(), rows("train", 30), n=3)
    assert [any(f"train {n}\n" in text for text in asked) for n in (0, 10, 20, 29)] == [True] * 3 + [False]
    with context(lm=ToyLM()):
        assert probe(TwoSteps(), rows("train", 2), n=9).runs == 2


@pytest.mark.parametrize("name", list(SMALL))
def test_the_true_tokens_cost_and_time_lie_in_the_range(name):
    train, validation = rows("train", 14), rows("validation", 18)
    optimizer = optimizers.get(name).create(SMALL[name], metric=exact)
    with context(lm=ToyLM(cache=False, jitter=0.002)):
        found = asyncio.run(aprobe(TwoSteps(), train))
        calls = optimizer.estimate(TwoSteps(), train, validation)
        estimate = calls.priced(found, demos=optimizer.most_demos, num_threads=4)
        report = optimizer.compile(TwoSteps(), trainset=train, valset=validation, num_threads=4).report
    tokens = report.spend["prompt_tokens"] + report.spend["completion_tokens"]
    assert estimate.low <= report.calls <= estimate.high
    assert estimate.tokens.low <= tokens <= estimate.tokens.high
    assert estimate.cost.low <= report.spend["cost"] <= estimate.cost.high
    assert estimate.seconds.low <= estimate.seconds.likely <= estimate.seconds.high
    shown = estimate.to_dict()
    assert shown["tokens"]["likely"] == estimate.tokens.likely
    assert "US dollars" in str(estimate)
    assert set(calls.to_dict()) == {"phases", "calls"}


def test_what_is_not_known_is_not_made_up():
    estimate = Estimate((Phase("score candidates", 10, 20, 40),))
    lm = ToyLM()
    with context(lm=lm):
        probe(TwoSteps(), rows("train", 4), n=4)
        cached = probe(TwoSteps(), rows("train", 4), n=4)
    assert cached.seconds is None  # all answers came from the cache
    assert cached.cost == Amount(0.001, 0.001, 0.001)
    priced = estimate.priced(cached)
    assert priced.seconds is None
    assert priced.tokens is not None

    class Unpriced(ToyLM):
        async def complete(self, request):
            return replace(await super().complete(request), cost=None)

    for cache in (False, True, True):
        with context(lm=Unpriced(skill=29, cache=cache)):
            assert estimate.priced(probe(TwoSteps(), rows("train", 4))).cost is None


def test_a_program_that_fails_is_measured_as_far_as_it_came():
    def reply(request):
        if "train 0" in request.messages[-1]["content"]:
            raise LMServerError("down", model="scripted")
        return "[[ ## hint ## ]]\nh\n[[ ## answer ## ]]\nx\n[[ ## completed ## ]]"

    with context(lm=ScriptedLM(reply, num_retries=0)):
        found = probe(TwoSteps(), rows("train", 3))
        assert (found.runs, found.failures) == (3, 1)
        with pytest.raises(OptimizerError, match="down"):
            probe(TwoSteps(), rows("train", 1))
        with pytest.raises(OptimizerError, match="rows"):
            probe(TwoSteps(), [])


def test_more_demos_make_the_high_end_higher_and_threads_the_time_shorter():
    with context(lm=ToyLM(cache=False)):
        found = probe(TwoSteps(), rows("train", 4))
    estimate = Estimate((Phase("score candidates", 10, 20, 40),))
    plain, shown = estimate.priced(found), estimate.priced(found, demos=8, num_threads=4)
    assert shown.tokens.high > plain.tokens.high
    assert shown.tokens.low == plain.tokens.low
    assert shown.seconds.likely == pytest.approx(plain.seconds.likely / 4)
    assert shown.seconds.high == plain.seconds.high


def test_how_many_demos_a_prompt_may_carry_comes_from_the_parameters():
    make = optimizers.get("random_search").create
    assert make(SMALL["random_search"], metric=exact).most_demos == 6
    assert optimizers.get("opro").create(metric=exact).most_demos == 0
