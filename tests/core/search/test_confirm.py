"""Confirming a winner: rows that chose nothing, both programs on the same of them, inside the budget."""

from __future__ import annotations

import pytest

from core.foundation.errors import OptimizerError, ResumeMismatch, RunLogError
from core.lm import ScriptedLM
from core.modules.predict import Predict
from core.optimizers import optimizers
from core.search.budget import Budget
from core.search.confirm import search_part
from core.search.problem import Problem
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

SMALL = {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidate_programs": 4}


def search(lm, *, student=None, train=None, validation=None, **options):
    optimizer = optimizers.get("random_search").create(SMALL, metric=exact)
    with context(lm=lm):
        return optimizer.compile(
            student or TwoSteps(),
            trainset=rows("train", 12) if train is None else train,
            valset=rows("validation", 40) if validation is None else validation,
            **options,
        )


def test_winner_and_given_program_are_compared_on_rows_that_chose_nothing():
    seen = []
    program = search(ToyLM(skill=5), testset=rows("test", 60), on_event=seen.append, racing=False)
    report = program.report
    found = report.confirmation
    assert (found.on, found.score.rows, found.given.rows) == ("test", 60, 60)
    assert found.improvement["difference"] == pytest.approx(found.score.mean - found.given.mean)
    assert report.score.rows == 40  # the score that chose stays apart
    assert report.verdict in report.summary()
    assert "60 test rows that chose nothing" in report.verdict
    assert report.spend_by_purpose["confirm"]["calls"] == found.spend["calls"] == 2 * 2 * 60
    event = next(event for event in seen if event["type"] == "confirmed")
    assert event["score"]["mean"] == found.score.mean
    assert report.to_dict()["confirmation"]["given"]["rows"] == 60


def test_an_improvement_is_called_one_and_noise_is_not():
    sure = search(ToyLM(skill=5), testset=rows("test", 300), racing=False).report
    assert sure.verdict.startswith("Improved: ")
    unsure = search(ToyLM(skill=30), testset=rows("test", 10)).report
    assert unsure.verdict.startswith("No detectable difference: ")
    assert "Only 10 rows confirmed it: the true score may lie anywhere from" in unsure.verdict


def test_held_out_rows_neither_choose_nor_make_demos():
    shared = rows("both", 10)
    program = search(ToyLM(skill=5), train=[*shared, *rows("train", 8)], validation=[], confirm=0.5)
    report = program.report
    assert report.confirmation.on == "training"
    assert (report.confirmation.score.rows, report.score.rows) == (9, 9)
    assert "9 held-out training rows" in report.verdict
    problem = Problem.of(TwoSteps(), rows("t", 8), [*rows("v", 10), *rows("v", 4)], exact).with_held_out(4)
    held = {item.example.question for item in problem.confirm}
    assert not held & {item.example.question for item in (*problem.scoring, *problem.train)}
    assert len(problem.scoring) + len(problem.confirm) == 14


def test_test_rows_that_took_part_are_left_out_and_said():
    report = search(ToyLM(), testset=[*rows("test", 5), *rows("train", 3), *rows("validation", 2)]).report
    assert report.confirmation.score.of == 5
    assert any("5 test rows are also" in warning for warning in report.warnings)
    with pytest.raises(OptimizerError, match="not also a training"):
        search(ToyLM(), testset=rows("train", 3))


@pytest.mark.parametrize("wrong", [{"confirm": 40}, {"confirm": 0.001}, {"confirm": -2}])
def test_a_part_that_leaves_no_rows_is_refused(wrong):
    with pytest.raises(OptimizerError, match="aside"):
        search(ToyLM(), **wrong)


def test_testset_and_part_together_are_refused():
    with pytest.raises(OptimizerError, match="Both"):
        search(ToyLM(), testset=rows("test", 3), confirm=0.2)


def test_nothing_better_is_said_plainly_and_paid_once():
    report = search(ToyLM(skill=100), testset=rows("test", 30)).report
    assert report.verdict.startswith("The program as given was kept: 100.0% on 30 test rows.")
    assert report.confirmation.spend["calls"] == 60


@pytest.mark.parametrize("cap", [30, 90, 160, 400])
def test_the_cap_holds_and_leaves_room_to_confirm(cap):
    results = []
    for threads in (1, 8):
        lm = ToyLM(cache=False, skill=5)
        report = search(lm, testset=rows("test", 8), budget=cap, num_threads=threads).report
        assert lm.sent == report.calls <= cap
        assert report.confirmation.score.rows >= 1
        results.append((report.score, report.confirmation, report.stop_code))
    assert results[0] == results[1]
    if cap >= 160:
        assert report.confirmation.score.full
    if report.stop_code == "budget":
        assert report.stop_reason.startswith(f"The budget of {cap} calls")


def test_a_capped_search_keeps_a_fourth_back_at_most():
    problem = Problem.of(TwoSteps(), rows("t", 8), rows("v", 40), exact).with_test(rows("test", 100))
    part = search_part(Budget(calls=100, tokens=1000, cost=2.0, seconds=9), problem)
    assert part == Budget(calls=75, tokens=750, cost=1.5, seconds=9)
    assert search_part(Budget(calls=4_000), problem).calls == 3_600
    none = Problem.of(TwoSteps(), rows("t", 8), rows("v", 40), exact)
    assert search_part(Budget(calls=100), none) == Budget(calls=100)


def test_a_search_killed_while_confirming_goes_on_to_the_same_end():
    class Dying(MemoryRunLog):
        lives = 10_000

        def append(self, event):
            if self.lives <= 0:
                raise RunLogError("killed")
            self.lives -= 1
            super().append(event)

    log, lm = MemoryRunLog(), ToyLM(cache=False)
    whole = search(lm, testset=rows("test", 20), run_log=log, budget=1_000)
    events = log.read()
    first = next(i for i, event in enumerate(events) if str(event.get("candidate")).endswith(":confirm"))
    for lives in (first, first + 9, len(events) - 2):
        dying, again_lm = Dying(), ToyLM(cache=False)
        dying.lives = lives
        with pytest.raises(RunLogError, match="killed"):
            search(again_lm, testset=rows("test", 20), run_log=dying, budget=1_000)
        dying.lives = 10_000
        again = search(again_lm, testset=rows("test", 20), run_log=dying, budget=1_000)
        assert again.report.confirmation == whole.report.confirmation
        assert demos_of(again) == demos_of(whole)
        assert again.report.calls == whole.report.calls
    with pytest.raises(ResumeMismatch, match="confirm"):
        search(lm, testset=rows("test", 21), run_log=log, budget=1_000)


def test_a_stop_before_the_end_is_said():
    lm = ToyLM(cache=False)
    report = search(lm, testset=rows("test", 20), stop_requested=lambda: lm.sent > 100).report
    assert report.confirmation is None
    assert any("could not be confirmed" in warning for warning in report.warnings)


def test_few_rows_work_and_say_how_uncertain_they_leave_the_score():
    report = search(ToyLM(), validation=rows("validation", 6)).report
    low, high = report.score.interval
    said = next(warning for warning in report.warnings if warning.startswith("Only 6 rows chose the winner"))
    assert f"{low:.0%} to {high:.0%}" in said
    assert not any("Only" in warning for warning in search(ToyLM()).report.warnings)


def test_rows_that_fail_on_one_side_count_on_neither():
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx\n[[ ## completed ## ]]")

    def metric(example, prediction, trace=None):
        if example.question == "test 3":
            raise ValueError("no gold")
        return 1.0

    optimizer = optimizers.get("random_search").create(SMALL, metric=metric)
    with context(lm=lm):
        program = optimizer.compile(
            Predict("question -> answer"),
            trainset=rows("train", 6),
            valset=rows("validation", 6),
            testset=rows("test", 8),
            racing=False,
        )
    assert (program.report.confirmation.score.rows, program.report.confirmation.score.of) == (7, 8)
