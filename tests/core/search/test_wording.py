"""Messages about one thing of a kind do not speak of several."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.optimizers import SIMBA, BetterTogether, BootstrapFewShot, BootstrapRS
from core.search.ablation_result import scored
from core.search.budget import Spend
from core.search.failures import Failures
from core.search.jobs import RowResult
from core.search.problem import Problem
from core.search.verdict import uncertainty, verdict
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

SEVERAL_OF_ONE = re.compile(
    r"(?<! of )(?<![\d.,])1 (?:\w+ )?(?:rows|calls|tokens|traces|attempts|candidates|programs|seconds)\b"
)
"""As in "1 rows" and "1 training rows", but not in "1 of 2 rows"."""


def texts(report: Any, seen: list[dict[str, Any]]) -> str:
    notes = [f"{event.get('text', '')} {event.get('reason', '')}" for event in seen]
    return "\n".join([report.summary(), report.stop_reason, *report.warnings, *notes])


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        (BootstrapRS(exact, num_candidate_programs=1), {}),
        (BootstrapRS(exact, num_candidate_programs=1), {"budget": 1}),
        (BootstrapRS(exact, num_candidate_programs=3), {"plateau": 1, "valset": rows("validation", 30)}),
        (BootstrapRS(exact, num_candidate_programs=1), {"testset": rows("test", 1), "valset": rows("v", 1)}),
        (BootstrapRS(lambda *_: 1), {}),
        (BootstrapFewShot(lambda *_: 0), {}),
        (SIMBA(metric=exact, max_steps=1), {}),
    ],
    ids=["plain", "budget", "plateau", "confirmed", "perfect", "nothing kept", "simba"],
)
def test_of_one_row_one_call_and_one_trace(optimizer: Any, options: dict[str, Any]) -> None:
    seen: list[dict[str, Any]] = []
    with context(lm=ToyLM(jitter=0)):
        report = optimizer.compile(
            TwoSteps(), trainset=rows("train", 1), on_event=seen.append, **options
        ).report
    said = texts(report, seen)
    assert not SEVERAL_OF_ONE.findall(said), said
    assert re.search(r"\b(1|one) (row|call|trace|training row|validation row|candidate)\b", said), said


def test_of_one_step_of_a_sequence() -> None:
    together = BetterTogether(exact, p=BootstrapRS(exact, num_candidate_programs=1))
    with context(lm=ToyLM(jitter=0)):
        report = together.compile(
            TwoSteps(), trainset=rows("train", 2), valset=rows("v", 1), strategy="p", budget=1
        ).report
    assert not SEVERAL_OF_ONE.findall(report.summary())
    assert "The budget of 1 call is used up" in report.summary()


def test_of_one_shared_row_and_one_strange_one() -> None:
    train, more = rows("train", 6), rows("more", 3)
    problem = Problem.of(TwoSteps(), [*train, more[0]], more, exact).with_test([*rows("test", 2), train[0]])
    assert problem.warnings == (
        "1 training row is also in the validation set and makes no demos.",
        "1 test row is also a training or validation row and confirms nothing.",
    )


def test_of_one_failure() -> None:
    failures = Failures(max_errors=9)
    failures.take(
        (str(number), f"row {number}", RowResult(None if not number else 1.0, outcome, Spend(), error="why"))
        for number, outcome in enumerate(["metric_failure", "scored"])
    )
    assert failures.said()[0].startswith("1 of 2 runs failed and has no score; the first, row 0: why")


def test_of_one_row_compared() -> None:
    test = {"difference": 1.0, "interval": (0.5, 1.0), "p_value": 0.9, "n": 1, "rows_needed": None}
    assert "on 1 validation row that also chose the winner." in verdict(
        test, 0.0, 1.0, "validation rows that also chose the winner"
    )
    assert uncertainty(1, (0.0, 1.0), "chose it").startswith("Only 1 row chose it")
    assert scored([], 1, "budget").note == "The budget was used up after 0 of 1 rows."
