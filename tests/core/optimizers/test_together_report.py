"""What BetterTogether reports: all that one optimizer does, over the steps; and what it hands on to them."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

import core
from core.foundation.errors import OptimizerError, RunLogError, WorkbenchError
from core.lm.cache import active_cache
from core.optimizers import COPRO, BetterTogether, BootstrapFewShot, BootstrapRS, together_end
from core.search.racing import Curtailed
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

TRAIN, VALIDATION, TEST = rows("train", 14), rows("validation", 18), rows("test", 12)


def together(**more: Any) -> BetterTogether:
    demos = BootstrapRS(exact, num_candidate_programs=2, max_labeled_demos=6, max_bootstrapped_demos=3)
    return BetterTogether(exact, d=demos, i=COPRO(metric=exact, breadth=3, depth=1), **more)


def compiled(lm: ToyLM | None = None, made: BetterTogether | None = None, **options: Any) -> Any:
    asked = {"trainset": TRAIN, "valset": VALIDATION, "strategy": "i -> d", **options}
    with context(lm=lm or ToyLM(skill=10, jitter=0)):
        return (made or together()).compile(TwoSteps(), **asked)


def test_the_verdict_is_that_of_a_paired_test_on_the_rows_that_chose() -> None:
    program = compiled()
    report = program.report
    with context(lm=ToyLM(skill=10, jitter=0)):
        evaluate = core.Evaluate(devset=VALIDATION, metric=exact)
        given, best = evaluate(TwoSteps()), evaluate(program)
    found = report.improvement
    assert found["n"] == 18
    assert found["difference"] == pytest.approx(best.mean - given.mean)
    assert (found["before"], found["after"]) == pytest.approx((given.mean, best.mean))
    assert report.verdict.startswith(("Improved: 55.6% before, ", "No detectable difference: 55.6% before, "))
    assert "18 validation rows that also chose the winner" in report.verdict
    assert 0.0 < report.expected <= report.score.mean
    assert report.verdict in report.summary() and "Only 18 rows chose the winner" in report.summary()


def test_the_winner_is_confirmed_on_test_rows_that_chose_nothing() -> None:
    lm = ToyLM(skill=10, jitter=0, cache=False)
    program = compiled(lm, testset=TEST)
    found = program.report.confirmation
    assert lm.sent == program.report.calls
    with context(lm=ToyLM(skill=10, jitter=0)):
        evaluate = core.Evaluate(devset=TEST, metric=exact)
        assert (found.score.percent, found.given.percent) == (
            evaluate(program).score,
            evaluate(TwoSteps()).score,
        )
    assert found.on == "test" and found.improvement["n"] == 12
    assert program.report.expected == found.score.mean
    assert "12 test rows that chose nothing" in program.report.verdict
    assert program.report.spend_by_purpose["confirm"] == found.spend
    assert found.spend["calls"] == 2 * 2 * 12


def test_what_confirms_changes_nothing_that_is_found() -> None:
    plain, proved = compiled(), compiled(testset=TEST)
    assert demos_of(plain) == demos_of(proved)
    assert [step.score for step in plain.report.steps] == [step.score for step in proved.report.steps]


def test_rows_may_be_set_aside_to_confirm_and_then_neither_teach_nor_choose() -> None:
    report = compiled(confirm=0.3).report
    assert (report.score.of, report.confirmation.score.of, report.confirmation.on) == (13, 5, "validation")
    seen: list[set[str]] = []

    class Watched(BootstrapFewShot):
        async def acompile(self, student: Any, *, trainset: Any, valset: Any = None, **options: Any) -> Any:
            seen.append({row.question for row in [*trainset, *valset]})
            return await super().acompile(student, trainset=trainset, valset=valset, **options)

    made = BetterTogether(exact, b=Watched(exact))
    alone = compiled(made=made, strategy="b", valset=None, valset_ratio=0.3, confirm=4).report
    assert (alone.score.of, alone.confirmation.score.of, alone.confirmation.on) == (3, 4, "training")
    assert len(seen[0]) == 10


@pytest.mark.parametrize("cap", [0, 3, 20, 60, 120, 300])
def test_a_cap_holds_with_confirming_and_keeps_a_part_for_it(cap: int) -> None:
    found = []
    for threads in (1, 8):
        lm = ToyLM(skill=10, cache=False)
        program = compiled(lm, testset=TEST, budget=cap, num_threads=threads)
        report = program.report
        assert lm.sent == report.calls <= cap
        assert bool(report.confirmation) == (cap >= 20)
        found.append((demos_of(program), report.best, report.confirmation and report.confirmation.score))
    assert found[0] == found[1]


def test_killed_while_confirming_it_goes_on_to_the_same_result() -> None:
    class Dying(MemoryRunLog):
        def __init__(self, lives: int) -> None:
            super().__init__()
            self.lives = lives

        def append(self, event: Any) -> None:
            if self.lives <= 0:
                raise RunLogError("killed")
            self.lives -= 1
            super().append(event)

    log = MemoryRunLog()
    whole = compiled(testset=TEST, budget=400, run_log=log).report
    parts = [event["part"] for event in log.read()]
    first = next(place for place, part in enumerate(parts) if part.startswith("confirm:"))
    for lives in (first, first + 5, (first + len(parts)) // 2, len(parts) - 1):
        active_cache().clear()
        dying = Dying(lives)
        with pytest.raises(RunLogError):
            compiled(testset=TEST, budget=400, run_log=dying)
        left = MemoryRunLog()
        for event in dying.read():
            left.append(event)
        again = compiled(testset=TEST, budget=400, run_log=left).report
        assert again.confirmation == whole.confirmation and again.calls == whole.calls
        assert (again.verdict, again.expected, again.improvement) == (
            whole.verdict,
            whole.expected,
            whole.improvement,
        )


def test_lineage_diff_and_page_go_over_the_steps() -> None:
    program = compiled()
    report = program.report
    lines = report.lineage().splitlines()
    assert lines[0].startswith("as given (full 55.6%)")
    assert [line for line in lines if line.startswith("  i by copro (full ")]
    assert [line for line in lines if line.startswith("    i -> d by random_search (full ")]
    assert any("    | c1 look, round 1" in line for line in lines)
    assert sum("← best" in line for line in lines if "|" not in line) == 1
    assert [one.parents for one in report.candidates] == [(), ("",), ("i",)]
    assert "+Take care" in report.diff("i")["say"]
    assert "Take care" not in "".join(
        line for line in report.diff("i -> d")["say"].splitlines() if line[:1] == "+"
    )
    whole = report.diff(report.best, since="")["say"]
    assert "+Take care" in whole and "+demo" in whole
    assert report.diff("") == {}
    with pytest.raises(OptimizerError, match="no candidate 'x'"):
        report.diff("x")
    page = report.to_html()
    for said in (
        "better_together: compile report",
        "Step 1: i",
        "Step 2: d",
        "copro: compile report",
        "Take care",
    ):
        assert said in page
    assert "by random_search" in report._repr_html_() and "Step 1" not in report._repr_html_()
    written = json.loads(json.dumps(report.to_dict()))
    assert written["improvement"]["n"] == 18 and written["steps"][1]["report"]["optimizer"] == "copro"
    assert "row_scores" not in written and "demo_texts" not in written


def test_what_is_found_no_better_says_so() -> None:
    report = compiled(ToyLM(skill=100, jitter=0), strategy="d").report
    assert report.best == "" and report.improvement is None
    assert report.verdict == "Nothing better than the program as given was found."
    assert report.winner.id == ""
    assert "★" in report.to_html() and report.lineage().splitlines()[0].endswith("← best")
    kept = compiled(ToyLM(skill=100, jitter=0, cache=False), strategy="d", testset=TEST).report
    assert kept.verdict.startswith("The program as given was kept: 100.0% on 12 test rows.")
    assert kept.confirmation.spend["calls"] == 2 * 12, "one program, run once"


class Spy(BootstrapFewShot):
    given: list[dict[str, Any]]

    async def acompile(self, student: Any, **options: Any) -> Any:
        self.given.append(options)
        return await super().acompile(student, **options)


def test_racing_target_and_plateau_reach_every_step() -> None:
    spy = Spy(exact)
    spy.given = []
    rule = Curtailed()
    compiled(made=BetterTogether(exact, s=spy), strategy="s -> s", racing=rule, target=0.99, plateau=3)
    assert [(one["racing"], one["target"], one["plateau"]) for one in spy.given] == [(rule, 0.99, 3)] * 2
    spy.given.clear()
    compiled(made=BetterTogether(exact, s=spy), strategy="s")
    assert not {"racing", "target", "plateau"} & set(spy.given[0])
    assert compiled(racing=False).report.steps[1].report.racing is False


def test_a_target_ends_all_steps() -> None:
    report = compiled(target=0.6).report
    assert report.stop_code == "target" and [step.name for step in report.steps] == ["", "i"]
    assert "The program of step 1 (i) reached the target of 60.0%" in report.stop_reason
    lm = ToyLM(skill=100, jitter=0, cache=False)
    assert compiled(lm, target=0.9).report.stop_code == "target"
    assert lm.sent == 36


class Stubborn(BootstrapFewShot):
    async def acompile(
        self,
        student: Any,
        *,
        trainset: Any,
        valset: Any,
        teacher: Any,
        seed: Any,
        budget: Any,
        run_log: Any,
        on_event: Any,
    ) -> Any:
        raise AssertionError


def test_an_option_that_a_step_cannot_take_is_refused_before_anything_is_spent() -> None:
    lm = ToyLM()
    for option in ({"racing": False}, {"target": 0.9}, {"plateau": 2}):
        with pytest.raises(
            OptimizerError, match=f"{next(iter(option))}= is given to every step, and 's'"
        ) as caught:
            compiled(lm, BetterTogether(exact, s=Stubborn(exact)), strategy="s", **option)
        assert "optimizer_compile_args" in caught.value.hint
    for option in (
        {"racing": "halving"},
        {"target": "90%"},
        {"plateau": 0},
        {"testset": []},
        {"confirm": 99},
    ):
        with pytest.raises(WorkbenchError) as caught:
            compiled(lm, **option)
        assert caught.value.hint
    assert lm.sent == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"valset_ratio": "a"}, "valset_ratio='a' is no share"),
        ({"valset_ratio": True}, "valset_ratio=True is no share"),
        ({"optimizer_compile_args": {"i": 3}}, "optimizer_compile_args of 'i' is a int, 3"),
        ({"optimizer_compile_args": 3}, "optimizer_compile_args is a int, 3"),
        ({"strategy": " "}, "names no optimizer"),
    ],
)
def test_arguments_of_another_kind_are_named(options: dict[str, Any], said: str) -> None:
    lm = ToyLM()
    with pytest.raises(OptimizerError, match=said) as caught:
        compiled(lm, **options)
    assert caught.value.hint and not lm.sent
    with pytest.raises(OptimizerError, match=said):
        together().estimate(TwoSteps(), TRAIN, **{"strategy": "i", **options})


def test_few_rows_state_their_uncertainty() -> None:
    report = compiled(valset=None).report
    assert report.score.rows == 1
    assert any("1 row to choose by" in text for text in report.warnings)
    assert any(
        text.startswith("Only 1 row chose the winner: the true score may lie") for text in report.warnings
    )
    assert "as given: 0.0% on 1 row (0% to 79%)" in report.summary()


def test_warnings_of_the_steps_are_named_and_not_repeated() -> None:
    strange = core.Example(query="x", answer="a").with_inputs("query")
    given = {"trainset": [*TRAIN, strange], "teacher": TwoSteps(), "shuffle_trainset_between_steps": False}
    report = compiled(**given, max_errors=99).report
    lacking = [text for text in report.warnings if "lacks inputs" in text]
    assert len(lacking) == 1 and lacking[0].startswith("Steps 1 (i), 2 (d): 1 of 15 training rows lacks")
    assert (
        "Step 1 (i): A teacher was given, and COPRO does not ask one: it changes nothing." in report.warnings
    )
    assert sum("chose the winner" in text for text in report.warnings) == 1, "of all, not of each step"
    assert len(set(report.warnings)) == len(report.warnings)


def test_what_the_metric_gives_is_warned_of_once_for_the_program_as_given() -> None:
    made = BetterTogether(percent, b=BootstrapFewShot(percent))
    report = compiled(made=made, strategy="b").report
    [warning] = [text for text in report.warnings if "scores above 1" in text]
    assert warning.startswith("As given, Step 1 (b): ")


def percent(example: Any, prediction: Any, trace: Any = None) -> float:
    return 100.0 * (example.answer == prediction.answer)


def test_how_much_of_the_budget_is_used_is_said_of_the_whole(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    report = compiled(budget=170, num_threads=1).report
    assert [text for text in report.warnings if "of the budget of" in text] == [
        "80% of the budget of 170 calls is used."
    ]
    assert "80% of the budget of 170 calls is used." in caplog.text


@pytest.mark.parametrize("budget", [0, 7, {"seconds": 0}])
def test_a_result_without_scores_says_what_happened(budget: Any) -> None:
    report = compiled(budget=budget).report
    said = report.summary().splitlines()
    assert said[0] == "Nothing was scored in full, so what comes back is the program as given, unchanged."
    assert said[1].startswith("The budget of ") and "used up" in said[1]
    assert report.verdict == "" and report.expected is None and report.improvement is None
    assert report.to_html() and report.lineage()


def test_without_rows_to_choose_by_the_last_program_comes_back_and_says_why() -> None:
    report = compiled(valset=None, valset_ratio=0).report
    assert report.summary().startswith(
        "Nothing was scored in full, so what comes back is the program of 'i -> d', the last step that was made."
    )
    assert together_end.NO_ROWS in report.warnings
    tested = compiled(valset=None, valset_ratio=0, testset=TEST).report
    assert tested.confirmation.score.of == 12 and tested.verdict


def test_a_step_that_is_a_sequence_itself_is_compared_too() -> None:
    args = {"t": {"strategy": "i"}}
    report = compiled(
        made=BetterTogether(exact, t=together()), strategy="t", optimizer_compile_args=args
    ).report
    assert report.best == "t" and report.improvement["n"] == 18
    assert "Step 1: i" in report.to_html()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"testset": TEST},
        {"confirm": 0.3},
        {"budget": 70, "testset": TEST},
        {"racing": False},
        {"valset": None, "valset_ratio": 0.4},
        {"optimizer_compile_args": {"i": {"depth": 3}, "d": {"num_candidate_programs": 6}}},
    ],
    ids=["plain", "testset", "confirm", "capped", "published", "share", "arguments"],
)
def test_the_true_cost_lies_in_the_estimate(options: dict[str, Any]) -> None:
    asked = {"trainset": TRAIN, "valset": VALIDATION, "strategy": "i -> d", **options}
    found = together().estimate(TwoSteps(), **asked)
    lm = ToyLM(skill=10, jitter=0, cache=False)
    compiled(lm, **options)
    assert found.low <= lm.sent <= found.high
    assert found.low <= found.likely <= found.high
