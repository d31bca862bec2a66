"""BootstrapFewShotWithRandomSearch: its candidates, its result, its price."""

from __future__ import annotations

import json

import pytest

from core.foundation.errors import OptimizerError
from core.optimizers import optimizers
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch, BootstrapRS
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows


def compiled(lm=None, *, train=14, validation=20, seed=0, racing=True, restrict=None, **params):
    optimizer = BootstrapFewShotWithRandomSearch(
        exact, **{"max_bootstrapped_demos": 3, "max_labeled_demos": 5, "num_candidate_programs": 4, **params}
    )
    extra = {} if restrict is None else {"restrict": restrict}
    with context(lm=lm or ToyLM()):
        return optimizer.compile(
            TwoSteps(),
            trainset=rows("t", train),
            valset=rows("v", validation),
            seed=seed,
            racing=racing,
            **extra,
        )


def test_the_candidates_are_those_of_the_published_algorithm():
    report = compiled(racing=False).report
    assert [c.seed for c in report.candidates] == [-3, -2, -1, 0, 1, 2, 3]
    counts = [c.demos["say"] for c in report.candidates]
    assert counts[0] == {"bootstrapped": 0, "labeled": 0}
    assert counts[1] == {"bootstrapped": 0, "labeled": 5}
    assert counts[2] == {"bootstrapped": 3, "labeled": 2}
    assert all(1 <= count["bootstrapped"] <= 3 for count in counts[3:])
    assert all(count["bootstrapped"] + count["labeled"] == 5 for count in counts[2:])
    assert len({json.dumps(c.state) for c in report.candidates}) == 7


def test_candidate_programs_are_dspys_list_best_first():
    program = compiled(racing=False)
    listed = program.candidate_programs
    assert [set(item) >= {"score", "subscores", "seed", "program"} for item in listed] == [True] * 7
    assert [item["score"] for item in listed] == sorted((item["score"] for item in listed), reverse=True)
    assert demos_of(listed[0]["program"]) == demos_of(program)
    assert listed[0]["score"] == program.report.score.percent
    assert listed[0]["score"] == pytest.approx(100 * sum(listed[0]["subscores"]) / 20, abs=0.01)
    assert not program._compiled  # as in DSPy


def test_the_score_reported_is_the_one_an_evaluation_gives():
    from core.evaluate import Evaluate

    lm = ToyLM()
    program = compiled(lm)
    with context(lm=lm):
        result = Evaluate(devset=rows("v", 20), metric=exact)(program)
    assert result.score == program.report.score.percent


def test_only_asked_for_seeds_are_tried():
    assert [c.seed for c in compiled(restrict=[-3, 1]).report.candidates] == [-3, 1]


@pytest.mark.parametrize(
    ("restrict", "said"), [([99], "names 99,"), ([0, 4, 7], "names 4, 7,"), ([], "leaves no")]
)
def test_a_seed_that_no_candidate_has_is_refused(restrict, said):
    lm = ToyLM()
    with pytest.raises(OptimizerError, match=said) as caught:
        compiled(lm, restrict=restrict)
    assert caught.value.hint and not lm.sent
    if restrict:
        assert "-3 (zero-shot)" in caught.value.hint and "up to 3" in caught.value.hint


def test_equal_candidates_are_scored_once():
    lm = ToyLM(cache=False)
    report = compiled(lm, max_labeled_demos=0, max_bootstrapped_demos=0).report
    assert [c.status for c in report.candidates] == ["full"] + ["duplicate"] * 6
    assert lm.sent == 40
    assert report.candidates[3].reason == "the same program as c0"


def test_bootstrapping_can_be_off_while_labels_stay():
    report = compiled(max_bootstrapped_demos=0, racing=False).report
    assert all(count["bootstrapped"] == 0 for c in report.candidates for count in c.demos.values())
    assert len({c.status for c in report.candidates[2:]}) == 1


def test_another_seed_searches_elsewhere():
    first, second = compiled(seed=0).report, compiled(seed=1).report
    assert [c.state for c in first.candidates[2:]] != [c.state for c in second.candidates[2:]]


def test_compiling_helps_and_the_report_is_plain_data():
    report = compiled(ToyLM(skill=5), validation=60, num_candidate_programs=8).report
    assert report.score.mean > report.baseline.mean
    assert json.loads(json.dumps(report.to_dict()))["best"] == report.best
    assert report.winner is not None
    assert report.spend["calls"] == sum(part["calls"] for part in report.spend_by_purpose.values())


def test_a_metric_is_needed_and_parameters_are_checked():
    with pytest.raises(OptimizerError, match="needs a metric"):
        BootstrapFewShotWithRandomSearch()
    with pytest.raises(OptimizerError, match="num_candidates"):
        optimizers.get("random_search").create({"num_candidates": 3}, metric=exact)
    assert BootstrapRS is optimizers.get("random_search")


def test_what_only_says_how_to_run_may_change_on_resume():
    params = BootstrapFewShotWithRandomSearch(exact, num_threads=3, max_errors=1).params
    assert {"num_threads", "max_errors"}.isdisjoint(params.decisive())
    assert "max_bootstrapped_demos" in params.decisive()


def test_the_estimate_follows_the_formula():
    optimizer = BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=8)
    estimate = optimizer.estimate(TwoSteps(), rows("t", 50), rows("v", 100))
    assert [phase.name for phase in estimate.phases] == ["bootstrap", "score candidates"]
    assert estimate.phases[1].low == 200
    assert estimate.phases[1].high == 2 * 100 * 11 * 2
    assert estimate.to_dict()["calls"]["likely"] == estimate.likely


def with_demos(count=6):
    student = TwoSteps()
    student.look.demos, student.say.demos = rows("mine", count), rows("mine", count)
    return student


def searched(student, *, lm=None, **options):
    optimizer = BootstrapRS(exact, max_bootstrapped_demos=1, max_labeled_demos=1, num_candidate_programs=2)
    with context(lm=lm or ToyLM(skill=10)):
        return optimizer.compile(student, trainset=rows("t", 12), valset=rows("val", 30), **options)


def test_a_student_with_demos_is_the_first_candidate_and_the_baseline():
    student = with_demos()
    program = searched(student)
    report = program.report
    first, zero = report.candidates[:2]
    assert [one.seed for one in report.candidates] == [-4, -3, -2, -1, 0, 1]
    assert (first.label, first.status, first.notes) == ("as given", "full", {"baseline": True})
    assert zero.label == "zero-shot" and not zero.notes
    assert program.candidate_programs[0]["seed"] == -4
    assert demos_of(program) == demos_of(student)
    assert report.verdict == "Nothing better than the program as given was found."


def test_as_published_zero_shot_is_not_taken_for_a_student_with_demos():
    report = searched(with_demos(), racing=False).report
    assert [one.seed for one in report.candidates] == [-3, -2, -1, 0, 1]
    assert report.baseline is None and report.verdict == ""
    plain = searched(TwoSteps(), racing=False).report
    assert plain.baseline is not None and plain.candidates[0].notes == {"baseline": True}


@pytest.mark.parametrize("racing", [True, False])
def test_a_student_with_demos_has_a_number_by_which_it_can_be_asked_for(racing):
    report = searched(with_demos(), racing=racing, restrict=[-4, 0]).report
    assert [one.seed for one in report.candidates] == [-4, 0]
    assert report.baseline is not None
    with pytest.raises(OptimizerError, match="names -4,"):
        searched(TwoSteps(), racing=racing, restrict=[-4, 0])


def test_the_estimate_counts_a_student_with_demos():
    optimizer = BootstrapRS(exact, num_candidate_programs=2)
    plain, own = (
        optimizer.estimate(student, rows("t", 12), rows("val", 30)).phases[1]
        for student in (TwoSteps(), with_demos())
    )
    assert (plain.low, own.low) == (60, 60)
    assert own.high - plain.high == 60 * 2
    assert own.likely > plain.likely


def test_a_search_for_a_student_with_demos_is_resumed():
    log, lm = MemoryRunLog(), ToyLM(skill=10, cache=False)
    first = searched(with_demos(), lm=lm, run_log=log, budget=90)
    sent = lm.sent
    again = searched(with_demos(), lm=lm, run_log=log, budget=90)
    assert lm.sent == sent <= 90
    assert [one.seed for one in again.report.candidates] == [one.seed for one in first.report.candidates]
