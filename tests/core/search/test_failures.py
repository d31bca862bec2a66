"""What failed is counted and said: no report reads as if the program were bad where the model or the metric was."""

from __future__ import annotations

from typing import Any

import pytest

from core.foundation.errors import EvaluationAborted, LMServerError
from core.lm.base import BaseLM
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from core.optimizers import COPRO, GEPA, BootstrapFewShotWithRandomSearch
from core.search.failures import Failures
from core.search.jobs import Answer, RowResult
from core.search.run_log import JsonLinesRunLog, MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


class Broken(BaseLM):
    """Fails on every call, or only when it is asked to write."""

    def __init__(self, *, writing_only: bool = False) -> None:
        super().__init__("broken", num_retries=0, cache=False)
        self._toy = ToyLM(jitter=0)
        self._writing_only = writing_only

    async def complete(self, request: LMRequest) -> LMResponse:
        if self._writing_only and "proposed_instruction" not in request.messages[0]["content"]:
            return await self._toy.complete(request)
        raise LMServerError("boom", model="broken")


class Garbled(BaseLM):
    """Answers nothing that can be read."""

    async def complete(self, request: LMRequest) -> LMResponse:
        return LMResponse([LMOutput("")], Usage(1, 1))


def compiled(lm: BaseLM, optimizer: Any, **options: Any) -> Any:
    with context(lm=lm):
        return optimizer.compile(
            TwoSteps(), trainset=rows("train", 4), valset=rows("validation", 3), **options
        )


@pytest.mark.parametrize("optimizer", [COPRO(metric=exact, breadth=2, depth=1), GEPA(exact, auto="light")])
def test_a_search_without_a_single_score_ends_with_the_cause(optimizer: Any) -> None:
    log = MemoryRunLog()
    with pytest.raises(EvaluationAborted, match=r"All 3 rows .* row \d of the validation rows: .*boom"):
        compiled(Broken(), optimizer, run_log=log)
    assert compiled(ToyLM(), _like(optimizer)).report.score is not None
    with pytest.raises(EvaluationAborted, match="ZeroDivisionError"):
        compiled(ToyLM(), _like(optimizer, lambda example, prediction, trace=None: 1 / 0))


def _like(optimizer: Any, metric: Any = exact) -> Any:
    made = optimizer.with_params()
    made.metric = metric
    return made


def test_a_proposer_that_fails_is_named_in_the_report() -> None:
    program = compiled(Broken(writing_only=True), COPRO(metric=exact, breadth=2, depth=1))
    assert any("1 of 1 questions" in said and "boom" in said for said in program.report.warnings)


def test_replies_that_cannot_be_read_are_named_in_the_report() -> None:
    program = compiled(Garbled("garbled"), COPRO(metric=exact, breadth=2, depth=1))
    assert program.report.score.mean == 0.0
    assert any("gave no answer that could be read" in said for said in program.report.warnings)


def test_an_error_that_ends_a_search_says_where(tmp_path) -> None:
    search = BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=1)
    with pytest.raises(EvaluationAborted, match=r"The last, row \d of the validation rows: .*boom\. Fix"):
        compiled(Broken(), search, max_errors=0, run_log=tmp_path / "log.jsonl")
    with JsonLinesRunLog(tmp_path / "log.jsonl") as log:  # the file was let go of
        log.append({"seq": 99, "type": "note"})


def test_seldom_failures_are_not_worth_a_word_and_nothing_counts_twice() -> None:
    failures = Failures(10)
    for row in range(100):
        outcome = "model_failure" if row < 4 else "scored"
        failures.take([(f"row:{row}", f"row {row}", RowResult(0.0, outcome, error="unreadable"))])
    assert failures.said() == []
    for _ in range(2):
        failures.take([("ask:1", "first", Answer({}, error="no"))])
    assert failures.said() == [
        "1 of 1 questions to the model that writes instructions failed; the first, first: no."
    ]
    assert failures.first_unscored == ""
