"""BetterTogether: optimizers in sequence on one budget, the best program of all steps, resumed from any point."""

import random

import pytest

import core
from core.foundation.errors import EvaluationAborted, OptimizerError, ResumeMismatch, RunLogError
from core.lm.cache import active_cache
from core.optimizers import COPRO, BetterTogether, BootstrapFewShot, BootstrapFewShotWithRandomSearch
from core.search.run_log import JsonLinesRunLog, MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows


def together(**more):
    demos = BootstrapFewShotWithRandomSearch(
        exact, num_candidate_programs=2, max_labeled_demos=6, max_bootstrapped_demos=3
    )
    return BetterTogether(exact, d=demos, i=COPRO(metric=exact, breadth=3, depth=1), **more)


def compiled(lm, *, made=None, student=None, validation=18, **options):
    arguments = {
        "trainset": rows("train", 14),
        "valset": rows("validation", validation) if validation else None,
        "strategy": "i -> d",
        **options,
    }
    with context(lm=lm):
        return (made or together()).compile(student or TwoSteps(), **arguments)


def essence(program):
    report = program.report
    steps = [(step.strategy, step.score and step.score.mean) for step in report.steps]
    texts = [part.signature.instructions for part in program.predictors()]
    return demos_of(program), texts, steps, report.best, report.stop_code


def test_each_step_starts_from_what_the_one_before_it_made_and_the_best_comes_back() -> None:
    student = TwoSteps()
    before = student.dump_state()
    program = compiled(ToyLM(skill=10), student=student)
    listed = program.candidate_programs
    assert [item["strategy"] for item in sorted(listed, key=lambda item: len(item["strategy"]))] == [
        "",
        "i",
        "i -> d",
    ]
    scores = [item["score"] for item in listed]
    assert scores == sorted(scores, reverse=True)
    assert program.report.score.percent == scores[0]
    assert program.report.best == listed[0]["strategy"]
    last = next(item["program"] for item in listed if item["strategy"] == "i -> d")
    assert "Take care" in last.say.signature.instructions
    assert demos_of(last)["say"]
    assert program.report.score.mean > program.report.baseline.mean
    assert student.dump_state() == before
    assert program._compiled
    assert not program.flag_compilation_error_occurred


def test_its_scores_are_those_of_an_evaluation() -> None:
    program = compiled(ToyLM(skill=10))
    with context(lm=ToyLM(skill=10)):
        evaluate = core.Evaluate(devset=rows("validation", 18), metric=exact)
        for item in program.candidate_programs:
            assert evaluate(item["program"]).score == item["score"]


@pytest.mark.parametrize("cap", [0, 1, 20, 36, 37, 60, 90, 140, 200])
def test_the_steps_share_one_cap_exactly_and_the_result_does_not_depend_on_concurrency(cap) -> None:
    results = []
    for threads in (1, 8):
        lm = ToyLM(cache=False)
        program = compiled(lm, budget=cap, num_threads=threads, strategy="d -> i -> d")
        assert lm.sent == program.report.calls <= cap
        assert sum(step.calls for step in program.report.steps) == lm.sent
        results.append(essence(program))
    assert results[0] == results[1]


def test_what_earlier_steps_spend_later_ones_do_not_have() -> None:
    lm = ToyLM(cache=False)
    program = compiled(lm, budget=100, strategy="i -> d")
    spent = program.report.steps[0].calls
    assert spent == 36
    assert program.report.steps[1].report.budget["calls"] == 64
    short = compiled(ToyLM(cache=False), budget=50, strategy="i -> d")
    assert short.report.stop_code == "budget"
    assert [step.name for step in short.report.steps] == ["", "i"]


class Dying(MemoryRunLog):
    def __init__(self, lives: int) -> None:
        super().__init__()
        self.lives = lives

    def append(self, event):
        if self.lives <= 0:
            raise RunLogError("killed")
        self.lives -= 1
        super().append(event)


@pytest.mark.parametrize("budget", [None, 170])
def test_killed_anywhere_it_goes_on_to_the_same_result(budget, how_many) -> None:
    log = MemoryRunLog()
    whole = compiled(ToyLM(), budget=budget, run_log=log)
    count = len(log.read())
    for lives in random.Random(1).sample(range(count), min(count, how_many(10, 200))):
        active_cache().clear()
        lm, dying = ToyLM(), Dying(lives)
        with pytest.raises(RunLogError):
            compiled(lm, budget=budget, run_log=dying)
        left = MemoryRunLog()
        for event in dying.read():
            left.append(event)
        again = compiled(lm, budget=budget, run_log=left)
        assert essence(again) == essence(whole), f"killed at event {lives}"
        if budget:
            assert again.report.calls == whole.report.calls <= budget


def test_a_finished_run_is_read_from_its_file_and_a_longer_strategy_goes_on(tmp_path) -> None:
    lm = ToyLM(cache=False)
    first = compiled(lm, run_log=tmp_path / "run.jsonl", strategy="i")
    sent = lm.sent
    again = compiled(lm, run_log=tmp_path / "run.jsonl", strategy="i")
    assert lm.sent == sent
    assert essence(again) == essence(first)
    longer = compiled(lm, run_log=tmp_path / "run.jsonl", strategy="i -> d")
    assert lm.sent > sent
    assert essence(longer)[2][:2] == essence(first)[2]
    events = JsonLinesRunLog(tmp_path / "run.jsonl").read()
    assert [event["seq"] for event in events] == list(range(len(events)))
    with pytest.raises(ResumeMismatch, match="data"):
        compiled(lm, run_log=tmp_path / "run.jsonl", strategy="i", validation=10)


def test_the_same_seed_gives_the_same_program_and_rows_are_shuffled_between_steps() -> None:
    assert essence(compiled(ToyLM(), seed=3)) == essence(compiled(ToyLM(), seed=3, num_threads=8))
    seen = []

    class Watched(BootstrapFewShot):
        async def acompile(self, student, *, trainset, **options):
            seen.append([row.question for row in trainset])
            return await super().acompile(student, trainset=trainset, **options)

    made = BetterTogether(exact, b=Watched(exact))
    compiled(ToyLM(), made=made, strategy="b -> b -> b")
    assert seen[0] == [row.question for row in rows("train", 14)]
    assert seen[1] != seen[0] != seen[2]
    assert sorted(seen[1]) == sorted(seen[0])
    seen.clear()
    compiled(ToyLM(), made=made, strategy="b -> b", shuffle_trainset_between_steps=False)
    assert seen[0] == seen[1]


def test_programs_that_their_optimizer_does_not_score_are_scored() -> None:
    program = compiled(ToyLM(), made=BetterTogether(exact, b=BootstrapFewShot(exact)), strategy="b")
    assert [step.score.rows for step in program.report.steps] == [18, 18]


def test_without_validation_rows_a_share_is_set_aside_and_without_a_share_the_last_wins() -> None:
    program = compiled(ToyLM(), validation=0, valset_ratio=0.5)
    assert program.report.score.of == 7
    held = compiled(ToyLM(), validation=0, valset_ratio=0.0, strategy="d -> i")
    assert held.report.score is None
    assert held.report.best == "d -> i"
    assert "Nothing was scored" in held.report.summary()


def test_the_default_strategy_names_fine_tuning_which_is_not_there_yet() -> None:
    lm = ToyLM()
    with pytest.raises(OptimizerError, match="fine-tunes weights"):
        compiled(lm, made=BetterTogether(exact), strategy="p -> w -> p")
    assert lm.sent == 0
    program = compiled(ToyLM(), made=BetterTogether(exact), strategy="p")
    assert program.report.best in {"", "p"}
    own = BetterTogether(exact, w=BootstrapFewShot(exact))
    assert compiled(ToyLM(), made=own, strategy="w").report.steps[1].name == "w"


def test_what_cannot_work_is_refused_before_anything_is_spent() -> None:
    lm = ToyLM()
    for options, text in (
        ({"strategy": "i -> x"}, "'x'"),
        ({"strategy": ""}, "no optimizer"),
        ({"valset_ratio": 1.0}, "valset_ratio"),
        ({"optimizer_compile_args": {"x": {}}}, "'x'"),
        ({"optimizer_compile_args": {"i": {"budget": 3}}}, "budget"),
    ):
        with pytest.raises(OptimizerError, match=text):
            compiled(lm, **options)
    with pytest.raises(OptimizerError, match="no optimizer"):
        BetterTogether(exact, p=3)
    with pytest.raises(OptimizerError, match="metric"):
        BetterTogether(None)
    assert lm.sent == 0


def test_arguments_reach_the_step_that_they_are_for() -> None:
    program = compiled(ToyLM(), optimizer_compile_args={"d": {"num_candidate_programs": 0}})
    assert program.report.steps[2].report.params["num_candidate_programs"] == 0


class Failing(BootstrapFewShot):
    async def acompile(self, student, **options):
        with context(lm=ToyLM(cache=False)):
            await super().acompile(student, **options)
        raise EvaluationAborted("too much failed")


def test_a_later_step_that_fails_leaves_what_was_reached() -> None:
    program = compiled(ToyLM(), made=together(f=Failing(exact)), strategy="i -> f -> d", budget=500)
    assert program.flag_compilation_error_occurred
    assert [step.name for step in program.report.steps] == ["", "i"]
    assert any("too much failed" in warning for warning in program.report.warnings)
    assert program.report.calls > sum(step.calls for step in program.report.steps)
    with pytest.raises(EvaluationAborted):
        compiled(ToyLM(), made=together(f=Failing(exact)), strategy="f -> i")


def test_a_stop_ends_all_steps_and_events_name_theirs() -> None:
    parts = []
    program = compiled(
        ToyLM(), on_event=lambda event: parts.append(event["part"]), stop_requested=lambda: len(parts) > 60
    )
    assert program.report.stop_code == "stopped"
    assert parts[0] == "0:as given"
    assert "1:i" in parts
    assert program.report.summary()
    assert program.report.to_dict()["steps"][0]["name"] == ""


def test_one_may_be_a_step_of_another() -> None:
    inner = together()
    log, lm = MemoryRunLog(), ToyLM(cache=False)
    made = BetterTogether(exact, t=inner, d=inner.optimizers["d"])
    options = {"strategy": "t -> d", "optimizer_compile_args": {"t": {"strategy": "i"}}, "run_log": log}
    program = compiled(lm, made=made, budget=300, **options)
    assert lm.sent == program.report.calls <= 300
    again = compiled(lm, made=made, budget=300, **options)
    assert essence(again) == essence(program)
    assert lm.sent == program.report.calls


def test_the_true_cost_lies_in_the_estimate() -> None:
    made, lm = together(), ToyLM(cache=False)
    estimate = made.estimate(TwoSteps(), rows("train", 14), rows("validation", 18), strategy="i -> d")
    compiled(lm, made=made)
    assert estimate.low <= lm.sent <= estimate.high
    assert any(phase.name.startswith("2:d ") for phase in estimate.phases)
