"""A metric or a target on another scale than 0 to 1 is said once, early, and changes nothing."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from core.foundation.errors import EvaluationAborted
from core.optimizers import BootstrapFewShot, BootstrapRS
from core.search.run_log import MemoryRunLog
from core.search.scale import ScaleWatch, target_out_of_reach
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def of_hundred(example: Any, prediction: Any, trace: Any = None) -> float:
    return 100.0 * exact(example, prediction)


def compiled(metric: Any, lm: ToyLM | None = None, *, optimizer: Any = BootstrapRS, **options: Any) -> Any:
    size = {"num_candidate_programs": 2} if optimizer is BootstrapRS else {}
    with context(lm=lm or ToyLM()):
        return optimizer(metric, max_labeled_demos=4, **size).compile(
            TwoSteps(), trainset=rows("train", 12), valset=rows("validation", 20), **options
        )


def about(program: Any, word: str) -> list[str]:
    return [said for said in program.report.warnings if word in said]


@pytest.mark.parametrize("racing", [True, False])
@pytest.mark.parametrize("optimizer", [BootstrapRS, BootstrapFewShot])
def test_scores_above_1_are_said_once(optimizer: Any, racing: bool) -> None:
    program = compiled(of_hundred, optimizer=optimizer, racing=racing)
    assert len(about(program, "scores above 1")) == 1
    assert not about(compiled(exact, optimizer=optimizer, racing=racing), "scores above 1")


def test_it_is_said_at_the_first_such_score(caplog: pytest.LogCaptureFixture) -> None:
    sent, lm = list[int](), ToyLM(jitter=0, cache=False, num_retries=0)

    class Sent(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "scores above 1" in record.getMessage():
                sent.append(lm.sent)

    handler = Sent()
    logging.getLogger("core.search").addHandler(handler)
    try:
        compiled(lambda *_: 50, lm, num_threads=1)
    finally:
        logging.getLogger("core.search").removeHandler(handler)
    assert sent == [2]  # one run of two steps


def test_nothing_else_changes() -> None:
    plain, grown = compiled(exact, racing=False), compiled(of_hundred, racing=False)
    assert plain.dump_state() == grown.dump_state()
    assert plain.report.score.mean == pytest.approx(grown.report.score.mean / 100)


def test_a_resumed_search_says_it_too() -> None:
    log, first = MemoryRunLog(), compiled(of_hundred)
    compiled(of_hundred, run_log=log)
    assert compiled(of_hundred, run_log=log).report.warnings == first.report.warnings


def test_a_target_above_1_is_said_before_anything_is_sent() -> None:
    program = compiled(exact, target=90)
    assert "target=0.9 is 90 %" in about(program, "The target is a mean of 90")[0]
    assert program.report.warnings[0].startswith("The target")
    assert not about(compiled(exact, target=1), "The target is")


def test_a_score_that_cannot_be_added_up_is_a_failure_of_the_metric() -> None:
    with pytest.raises(EvaluationAborted, match=r"returned 1e\+308, which is too large"):
        compiled(lambda *_: 1e308)
    assert compiled(lambda *_: -1e99).report.score.mean == pytest.approx(-1e99)


def test_rounding_is_no_other_scale() -> None:
    said = list[str]()
    watch = ScaleWatch(lambda text, hint: said.append(text))
    for score in (None, float("nan"), -1e-12, 1.0, 1 + 1e-12):
        watch.take(score)
    assert not said
    watch.take(1.5)
    watch.take(2)
    assert len(said) == 1
    watch.take(-3)
    watch.take(-4)
    assert len(said) == 2 and "below 0" in said[1]
    assert target_out_of_reach(None) is None and target_out_of_reach(1.0) is None
    assert "Give 1 or less" in (target_out_of_reach(500) or ("", ""))[1]
