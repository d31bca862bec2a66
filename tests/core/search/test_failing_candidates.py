"""No candidate wins by failing: not by a metric that raises, an unreadable reply, or a prompt that is too long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.foundation.errors import ContextWindowExceededError
from core.lm.base import BaseLM
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from core.modules.predict import Predict
from core.optimizers import COPRO, BootstrapFewShot, BootstrapFewShotWithRandomSearch
from core.search.candidate import Candidate
from core.search.likely import likely_best
from core.search.pool import Pool
from core.search.run_log import MemoryRunLog
from core.search.score_cache import ScoreCache
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, gold, rows


class Reckless(BaseLM):
    """Answers six of ten rows rightly; under a proposed instruction all, but some in words that a metric trips on, or
    (`garbage`) all in a way that nobody can read.
    """

    def __init__(self, *, garbage: bool = False, trips: Callable[[int], bool] = lambda n: n % 2 == 0) -> None:
        super().__init__("reckless", cache=False, num_retries=0)
        self._garbage, self._trips = garbage, trips

    async def complete(self, request: LMRequest) -> LMResponse:
        return LMResponse([LMOutput(self._reply(request.messages))], Usage(10, 2), cost=0.0)

    def _reply(self, messages: Any) -> str:
        system, asked = messages[0]["content"], messages[-1]["content"]
        if "proposed_instruction" in system:
            return "[[ ## proposed_instruction ## ]]\nTake care.\n[[ ## completed ## ]]"
        question = asked.split("[[ ## question ## ]]")[1].strip().split("\n")[0]
        number = int(question.split()[1])
        if "Take care" in system:
            answer = "about three" if self._trips(number) else gold(question)
            return "no fields" if self._garbage else f"[[ ## answer ## ]]\n{answer}\n[[ ## completed ## ]]"
        right = number % 10 < 6
        return f"[[ ## answer ## ]]\n{gold(question) if right else 'a9'}\n[[ ## completed ## ]]"


def by_number(example: Any, prediction: Any, trace: Any = None) -> bool:
    return int(prediction.answer.removeprefix("a")) == int(example.answer.removeprefix("a"))


def below_zero(example: Any, prediction: Any, trace: Any = None) -> float:
    return -1.0 if example.answer == prediction.answer else -2.0


def improved(lm: BaseLM, metric: Any, **options: Any) -> Any:
    with context(lm=lm):
        return COPRO(metric=metric, breadth=2, depth=1).compile(
            Predict("question -> answer"),
            trainset=rows("train", 10),
            valset=rows("v", 20),
            max_errors=1_000,
            **options,
        )


@pytest.mark.parametrize("racing", [True, False])
def test_a_candidate_does_not_win_by_making_the_metric_raise(racing: bool) -> None:
    report = improved(Reckless(), by_number, racing=racing, target=0.9).report
    assert report.score.mean == pytest.approx(0.6)  # half of the other's rows are right, the others failed
    assert report.winner.notes.get("baseline") or report.winner.instructions == {}
    assert report.stop_code == "done"
    loser = next(one for one in report.candidates if one.id != report.best)
    assert loser.score.unscored > 0 and loser.score.mean == 1.0
    assert f"{loser.score.unscored} rows without a score" in report.lineage()
    assert "without a score" in report.to_html()


def test_a_winner_with_failed_rows_says_so_and_compares_on_the_same_rows() -> None:
    report = improved(Reckless(trips=lambda number: number == 3), by_number, racing=False).report
    assert report.score.unscored == 1
    test = report.improvement
    assert test["n"] == 19
    assert test["after"] - test["before"] == pytest.approx(test["difference"])
    assert f"{test['before']:.1%} before, {test['after']:.1%} after" in report.verdict
    assert report.verdict.endswith("1 row without a score left out.")
    assert "on 19 validation rows that chose it" in report.summary()
    assert "; 1 row without a score." in report.summary()


@pytest.mark.parametrize("racing", [True, False])
def test_a_program_that_answers_nothing_does_not_win_below_zero(racing: bool) -> None:
    report = improved(Reckless(garbage=True), below_zero, racing=racing).report
    assert report.score.mean == pytest.approx(-1.4)
    assert sum("scores below 0" in said for said in report.warnings) == 1
    loser = next(one for one in report.candidates if one.id != report.best)
    assert loser.score.mean == pytest.approx(-2.0)


def test_below_zero_the_same_candidate_wins_at_any_concurrency() -> None:
    reports = [improved(Reckless(garbage=True), below_zero, num_threads=many).report for many in (1, 8)]
    assert reports[0].score == reports[1].score
    assert [one.score for one in reports[0].candidates] == [one.score for one in reports[1].candidates]


class Window(ToyLM):
    """A model of a small window."""

    limit = 2_400

    async def complete(self, request: LMRequest) -> LMResponse:
        if len(str(request.messages)) > self.limit:
            raise ContextWindowExceededError("too long", model="toy")
        return await super().complete(request)


def searched(lm: BaseLM, log: Any = None, **options: Any) -> Any:
    search = BootstrapFewShotWithRandomSearch(
        exact, num_candidate_programs=2, max_bootstrapped_demos=2, max_labeled_demos=16
    )
    with context(lm=lm):
        return search.compile(
            TwoSteps(), trainset=rows("train", 30), valset=rows("v", 20), run_log=log, **options
        )


def test_a_prompt_that_is_too_long_is_the_candidates_failure_and_no_error() -> None:
    log = MemoryRunLog()
    program = searched(Window(jitter=0, cache=False), log, max_errors=0)
    long = [event for event in log.read() if event.get("outcome") == "too_long"]
    scored = [event for event in long if event["type"] == "row"]
    assert scored and all(event["score"] == 0.0 for event in scored)
    assert scored[0]["error"].startswith("the prompt is too long for the model: ContextWindowExceededError")
    assert any("the prompt was too long for the model" in said for said in program.report.warnings)
    assert program.report.score.unscored == 0
    lm = Window(jitter=0, cache=False)
    again = searched(lm, log, max_errors=0)
    assert lm.sent == 0  # such a row is finished
    assert again.report.warnings == program.report.warnings


def test_in_bootstrapping_it_is_a_rejected_attempt() -> None:
    class Tight(Window):
        limit = 700

    with context(lm=Tight(jitter=0, cache=False)):
        program = BootstrapFewShot(exact, max_labeled_demos=16).compile(
            TwoSteps(), trainset=rows("train", 20), max_errors=0
        )
    assert program.report.rejected[0].why.startswith("the prompt is too long for the model")


def pool_of(*candidates: list[float | None]) -> Pool:
    pool = Pool(max(map(len, candidates)))
    for number, scores in enumerate(candidates):
        one = Candidate(f"c{number}", f"k{number}", {})
        pool.add(one)
        for row, score in enumerate(scores):
            pool.scores.put(one.key, row, score)
        pool.finish(one, "full" if len(scores) == pool.scores.rows else "partial")
    return pool


def test_ranks_count_a_row_without_a_score_as_the_lowest() -> None:
    pool = pool_of([1.0, 0.0, 1.0], [None, None, 1.0], [1.0, 0.0, None])
    assert pool.leader is not None and pool.leader.id == "c0"
    assert [entry.candidate.id for entry in pool.ranked()] == ["c0", "c1", "c2"]
    assert pool.mean(pool.leader) == pytest.approx(2 / 3)
    assert pool.standing(pool["c1"].candidate).mean == 1.0
    below = pool_of([-1.0, -2.0], [None, -1.5])
    assert below.leader is not None and below.leader.id == "c0"
    assert below.mean(below["c1"].candidate) == pytest.approx(-1.75)


def test_one_that_was_cut_short_is_not_taken_for_what_failed() -> None:
    best = likely_best(pool_of([0.5, 0.5, 0.5, 0.5], [1.0, None, None]))
    assert best is not None and best.id == "c0"


def test_what_failed_counts_as_the_lowest_score_that_comes_later_too() -> None:
    pool = Pool(2)
    silent, wrong = Candidate("c0", "silent", {}), Candidate("c1", "wrong", {})
    for one, scores in ((silent, (0.0, 0.0)), (wrong, (-1.0, -3.0))):
        pool.add(one)
        for row, score in enumerate(scores):
            pool.scores.put(one.key, row, score, failed=one is silent)
        pool.finish(one, "full")
    assert pool.leader is wrong
    assert pool.scores.scores("silent") == [-3.0, -3.0]


def test_a_failed_assertion_takes_every_point_below_zero_too() -> None:
    cache = ScoreCache(2)
    cache.put("a", 0, -2.0)
    cache.put("b", 0, -1.0)
    cache.veto("b")
    assert cache.scores("b") == [-2.0]
