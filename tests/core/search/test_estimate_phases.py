"""Estimates phase by phase: whose calls each makes, each at its own price, and no sum above a cap."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.errors import OptimizerError
from core.optimizers import optimizers
from core.search.budget import Budget
from core.search.estimate import WRITING_SPREAD, Amount, Estimate, Phase, confirmation_phase
from core.search.probing import aprobe_writer, probe, probe_writer, writing
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

PHASES = (
    Phase("write instructions", 1, 2, 4, "writer"),
    Phase("bootstrap", 2, 4, 8, "teacher"),
    Phase("score candidates", 10, 20, 40),
)


class Call:
    """What one call takes, in round figures."""

    demo_tokens = 10.0

    def __init__(self, cost: float | None, prompt: float = 100.0, seconds: float | None = 2.0) -> None:
        self.prompt_tokens = Amount(prompt, prompt, prompt)
        self.completion_tokens = Amount(20, 20, 20)
        self.seconds = None if seconds is None else Amount(seconds, seconds, seconds)
        self.cost = None if cost is None else Amount(cost, cost, cost)


def test_every_phase_is_priced_by_who_is_asked():
    priced = Estimate(PHASES).priced(Call(0.01), teacher=Call(0.1), writer=Call(1.0, prompt=500.0))
    asked, boots, scored = priced.phases
    assert (asked.cost.likely, boots.cost.likely, scored.cost.likely) == pytest.approx((2.0, 0.4, 0.2))
    assert asked.tokens.likely == 2 * 520
    assert priced.cost.likely == pytest.approx(2.6)
    assert asked.cost.high == pytest.approx(4 * WRITING_SPREAD), (
        "who writes is shown anything, little or much"
    )
    assert priced.tokens == Amount(
        *(sum(getattr(phase.tokens, end) for phase in priced.phases) for end in ("low", "likely", "high"))
    )


def test_demos_make_prompts_of_programs_longer_not_those_of_writers():
    plain, shown = (Estimate(PHASES).priced(Call(0.01), demos=demos) for demos in (0, 8))
    assert shown.phases[0].tokens == plain.phases[0].tokens
    assert all(shown.phases[n].tokens.high > plain.phases[n].tokens.high for n in (1, 2))


def test_what_one_phase_does_not_know_the_sum_does_not_either():
    priced = Estimate(PHASES).priced(Call(0.01), writer=Call(None, seconds=None))
    assert (priced.cost, priced.seconds) == (None, None)
    assert priced.phases[2].cost is not None
    assert priced.tokens is not None
    never = (Phase("write instructions", 0, 0, 0, "writer"), PHASES[2])
    assert Estimate(never).priced(Call(0.01), writer=Call(None)).cost is not None
    assert Estimate(never[:1]).priced(Call(0.01)).tokens == Amount(0, 0, 0)
    assert Estimate(PHASES).tokens is None
    assert Estimate().priced(Call(0.01)).tokens is None


def test_no_sum_is_above_its_cap():
    capped = Estimate(PHASES).capped(Budget(calls=15)).priced(Call(0.01))
    assert (capped.low, capped.likely, capped.high) == (13, 15, 15)
    assert Estimate(PHASES).capped(Budget(calls=15, cost=0.2)).priced(Call(0.01)).cost.high == 0.2
    assert capped.to_dict()["calls"]["high"] == 15
    assert Estimate(PHASES).high == 52


def test_a_cap_on_tokens_money_or_time_may_end_a_search_before_its_least_number_of_calls():
    scoring = Estimate((Phase("score candidates", 10, 20, 40),))
    assert scoring.capped(Budget(cost=0.0625)).low == 0, "nothing says yet what a call costs"
    short = scoring.capped(Budget(cost=0.0625)).priced(Call(0.01))
    assert (short.low, short.likely, short.high) == (4, 6, 40), "0.0625 / (0.01 · 1.5), and 0.0625 / 0.01"
    assert scoring.capped(Budget(cost=9.0)).priced(Call(0.01)).low == 10
    assert scoring.capped(Budget(seconds=16)).priced(Call(None)).low == 2
    assert scoring.capped(Budget(tokens=10**6)).priced(Call(None)).likely == 20
    assert scoring.capped(Budget(cost=0.0)).priced(Call(0.0)).low == 10, "what costs nothing meets no cap"


def test_without_racing_more_is_likely_and_the_ends_are_the_same():
    raced = optimizers.get("random_search").create(metric=exact)
    found = [raced.estimate(TwoSteps(), rows("t", 14), rows("v", 18), racing=on) for on in (True, False)]
    assert found[0].likely < found[1].likely
    assert (found[0].low, found[0].high) == (found[1].low, found[1].high)
    assert "unraced" not in str(found[0].to_dict())


def test_optimizers_say_whose_calls_their_phases_make():
    train, validation = rows("train", 14), rows("validation", 18)
    for name in optimizers.names():
        optimizer = optimizers.get(name).create(metric=exact)
        for phase in optimizer.estimate(TwoSteps(), train, validation).phases:
            if phase.name.split()[0] in {"write", "reflect"}:
                assert phase.asks == "writer", (name, phase.name)
            if "bootstrap" in phase.name:
                assert phase.asks == "teacher", (name, phase.name)


def test_a_writer_is_asked_once_with_rows_to_read():
    asked = []

    class Watching(ToyLM):
        def reply(self, messages, rollout=None):
            asked.append(messages[-1]["content"])
            return super().reply(messages, rollout)

    with context(lm=Watching(cache=False)):
        found = probe_writer(TwoSteps(), rows("train", 30))
        program = probe(TwoSteps(), rows("train", 30))
    assert found.calls >= 1
    assert "train 0" in asked[0]
    assert "train 19" in asked[0]
    assert "train 20" not in asked[0]
    assert found.prompt_tokens.low > program.prompt_tokens.high
    with context(lm=ToyLM()):
        assert asyncio.run(aprobe_writer(TwoSteps(), rows("train", 2))).calls >= 1
    with pytest.raises(OptimizerError, match="rows"):
        writing(TwoSteps(), [])


def test_confirming_runs_one_of_two_programs_at_least():
    phase = confirmation_phase(TwoSteps(), 10)
    assert (phase.low, phase.likely, phase.high, phase.asks) == (20, 40, 80, "program")
