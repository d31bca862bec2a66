"""What a budget says while it is spent: how much of it is used, and what a cap cannot see."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from core.messages import LMRequest, LMResponse, Usage
from core.optimizers import Auto, BootstrapFewShotWithRandomSearch
from core.search.budget import Budget, Gate, Spend
from core.search.records import cost_text
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


class Unpriced(ToyLM):
    """Names no price."""

    async def complete(self, request: LMRequest) -> LMResponse:
        response = await super().complete(request)
        response.cost = None
        return response


class Silent(Unpriced):
    """Says nothing of its tokens either; `absent`: not even that."""

    def __init__(self, *, absent: bool = False) -> None:
        super().__init__(jitter=0, cache=False)
        self._absent = absent

    async def complete(self, request: LMRequest) -> LMResponse:
        response = await super().complete(request)
        response.usage = None if self._absent else Usage(0, 0)  # pyright: ignore[reportAttributeAccessIssue]
        return response


def searched(lm: ToyLM, **options: Any) -> Any:
    search = BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=1, max_labeled_demos=4)
    with context(lm=lm):
        return search.compile(
            TwoSteps(), trainset=rows("train", 8), valset=rows("validation", 20), **options
        ).report


def about(report: Any, word: str) -> list[str]:
    return [said for said in report.warnings if word in said]


def test_half_and_four_fifths_of_a_budget_are_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "core.search"):
        report = searched(ToyLM(jitter=0, cache=False), budget={"calls": 60, "tokens": 1_000_000})
    assert "50% of the budget of 60 calls is used." in caplog.messages
    assert caplog.messages.count("80% of the budget of 60 calls is used.") == 1
    assert about(report, "of the budget of") == ["80% of the budget of 60 calls is used."]
    assert "Note: 80% of the budget of 60 calls is used." in report.summary()


def test_a_resumed_search_says_it_too_and_measures_by_the_cap_in_force() -> None:
    log = MemoryRunLog()
    first = searched(ToyLM(jitter=0, cache=False), budget=60, run_log=log)
    assert searched(ToyLM(jitter=0, cache=False), budget=60, run_log=log).warnings == first.warnings
    assert not about(searched(ToyLM(jitter=0, cache=False), budget=9_000, run_log=log), "of the budget")


def test_nothing_is_said_of_what_is_hardly_used() -> None:
    gate = Gate(Budget(calls=10, cost=4.0))
    gate.charge(Spend(calls=4, cost=2.5))
    assert gate.said() == ["50% of the budget of 4 US dollars is used."]


def test_a_cap_on_cost_that_sees_nothing_is_said_at_the_first_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen, lm = list[int](), Unpriced(jitter=0, cache=False)

    class Sent(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "No price" in record.getMessage():
                seen.append(lm.sent)

    handler, log, events = Sent(), MemoryRunLog(), list[Any]()
    logging.getLogger("core.search").addHandler(handler)
    try:
        report = searched(lm, budget={"cost": 0.001}, run_log=log, on_event=events.append)
    finally:
        logging.getLogger("core.search").removeHandler(handler)
    assert seen == [1]
    assert about(report, "No price is known for toy: the cap on cost cannot see its calls.")
    assert [event["blind"] for event in events if "blind" in event] == [["cost", "toy"]]
    assert report.spend["unpriced"] == report.calls == lm.sent
    assert "cost unknown" in report.summary() and "$" not in report.summary()
    assert "cost unknown" in report.to_html()
    again = searched(Unpriced(jitter=0, cache=False), budget={"cost": 0.001}, run_log=log)
    assert again.warnings == report.warnings
    assert again.spend == report.spend


def test_nothing_is_said_of_a_price_without_a_cap_or_of_a_free_model() -> None:
    assert not about(searched(Unpriced(jitter=0, cache=False)), "No price")

    class Free(ToyLM):
        async def complete(self, request: LMRequest) -> LMResponse:
            response = await super().complete(request)
            response.cost = 0.0
            return response

    free = searched(Free(jitter=0, cache=False), budget={"cost": 1.0})
    assert not about(free, "No price")
    assert "$0.0000" in free.summary()


@pytest.mark.parametrize("absent", [False, True])
def test_a_cap_on_tokens_that_sees_nothing_is_said(absent: bool) -> None:
    report = searched(Silent(absent=absent), budget={"tokens": 500})
    assert about(report, "toy does not say how many tokens it took")
    assert report.stop_code == "done"


def test_known_and_unknown_costs_are_told_apart() -> None:
    assert cost_text({"cost": 0.5}) == "$0.5000"
    assert cost_text({"cost": 0.5, "unpriced": 2}) == "$0.5000 and the unknown cost of 2 calls"
    assert cost_text({"cost": 0.0, "unpriced": 1}) == "cost unknown"


@pytest.mark.parametrize(("first", "second"), [(None, 10), (60, 20)])
def test_under_a_lower_cap_a_report_still_counts_all_that_was_sent(first: Any, second: Any) -> None:
    log, lm = MemoryRunLog(), ToyLM(jitter=0, cache=False, skill=20)
    for budget in (first, second):
        with context(lm=lm):
            program = Auto(exact, max_calls=None).compile(
                TwoSteps(), trainset=rows("t", 14), valset=rows("v", 18), budget=budget, run_log=log
            )
    assert program.report.calls == lm.sent
    assert program.report.spend["prompt_tokens"] > 10 * lm.sent
