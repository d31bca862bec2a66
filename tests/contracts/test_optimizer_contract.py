"""What every registered optimizer promises: caps hold, seeds decide, resume is exact, validation rows stay out."""

from __future__ import annotations

import random

import pytest

from core.foundation.errors import ResumeMismatch, RunLogError
from core.lm.cache import active_cache
from core.optimizers import optimizers
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import SyncTwoSteps, ToyLM, TwoSteps, demos_of, exact, rows

TRAIN, VALIDATION = 14, 18

# Small versions; an optimizer that is not listed runs with its defaults.
SMALL = {
    "auto": {"max_calls": 130, "max_bootstrapped_demos": 3, "max_labeled_demos": 6},
    "simba": {"bsize": 6, "num_candidates": 3, "max_steps": 4},
    "gepa": {"max_metric_calls": 90, "reflection_minibatch_size": 2},
    "labeled_few_shot": {"k": 4},
    "copro": {"breadth": 3, "depth": 2},
    "miprov2": {
        "auto": None,
        "num_candidates": 3,
        "num_trials": 7,
        "max_bootstrapped_demos": 3,
        "max_labeled_demos": 6,
        "minibatch_size": 6,
        "minibatch_full_eval_steps": 3,
        "view_data_batch_size": 5,
    },
    "opro": {"initial_prompts": 2, "n_iterations": 3},
    "bootstrap_optuna": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidate_programs": 4},
    "infer_rules": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidates": 3, "ablate": True},
    "bootstrap_few_shot": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "max_rounds": 2},
    "random_search": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidate_programs": 3},
}
ALL = optimizers.names()
Killed = RunLogError


class DyingLog(MemoryRunLog):
    """A log whose process dies at the n-th event: nothing is written from then on."""

    def __init__(self, lives: int) -> None:
        super().__init__()
        self.lives = lives

    def append(self, event):
        if self.lives <= 0:
            raise Killed("killed")
        self.lives -= 1
        super().append(event)

    def revived(self) -> MemoryRunLog:
        log = MemoryRunLog()
        for event in self.read():
            log.append(event)
        return log


def compiled(name, lm, *, student=None, train=None, validation=None, params=None, **options):
    optimizer = optimizers.get(name).create(params or SMALL.get(name), metric=exact)
    with context(lm=lm):
        return optimizer.compile(
            student or TwoSteps(),
            trainset=rows("train", TRAIN) if train is None else train,
            valset=rows("validation", VALIDATION) if validation is None else validation,
            **options,
        )


def essence(program):
    """What must be equal: the program, its score, and which candidates met which fate."""
    report = program.report
    fates = [(c.id, c.label, c.status, c.score and c.score.mean) for c in report.candidates]
    return demos_of(program), report.best, report.score and report.score.mean, report.stop_code, fates


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("cap", [0, 1, 2, 5, 17, 40, 61, 90, 150])
def test_a_cap_on_calls_is_exact_and_the_result_does_not_depend_on_concurrency(name, cap):
    results = []
    for threads in (1, 8):
        lm = ToyLM(cache=False)
        program = compiled(name, lm, budget={"calls": cap}, num_threads=threads)
        assert lm.sent <= cap
        assert program.report.calls == lm.sent
        results.append(essence(program))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "budget", [{"tokens": 13_000}, {"tokens": 27_000, "calls": 120}, {"cost": 0.07}], ids=str
)
def test_caps_on_tokens_and_money_give_the_same_result_at_any_concurrency(name, budget):
    results = []
    for threads in (1, 8):
        program = compiled(name, ToyLM(cache=False), budget=budget, num_threads=threads, confirm=5)
        confirmed = program.report.confirmation
        results.append((essence(program), confirmed and (confirmed.score, confirmed.improvement)))
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("student", [TwoSteps, SyncTwoSteps])
@pytest.mark.parametrize("racing", [True, False])
def test_the_same_seed_gives_the_same_program_at_any_concurrency(name, student, racing):
    results = [
        essence(
            compiled(name, ToyLM(cache=False), student=student(), num_threads=threads, racing=racing, seed=3)
        )
        for threads in (1, 8)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize("name", ALL)
def test_student_and_teacher_are_untouched(name):
    student, teacher = TwoSteps(), TwoSteps()
    teacher.say.demos = rows("own", 2)
    before = (student.dump_state(), teacher.dump_state(), vars(student).keys())
    program = compiled(name, ToyLM(), student=student, teacher=teacher)
    assert (student.dump_state(), teacher.dump_state(), vars(student).keys()) == before
    assert program is not student


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("budget", [None, {"calls": 71}, {"tokens": 9_000}], ids=["free", "calls", "tokens"])
def test_a_killed_search_resumes_to_the_same_result_paying_at_most_for_calls_in_flight(
    name, budget, how_many
):
    threads = 4
    whole_lm, whole_log = ToyLM(), MemoryRunLog()
    whole = compiled(name, whole_lm, budget=budget, num_threads=threads, run_log=whole_log)
    events = len(whole_log.read())
    points = random.Random(name).sample(range(events), min(events, how_many(8, 200)))
    for lives in points:
        active_cache().clear()
        lm, log = ToyLM(), DyingLog(lives)
        with pytest.raises(Killed):
            compiled(name, lm, budget=budget, num_threads=threads, run_log=log)
        again = compiled(name, lm, budget=budget, num_threads=threads, run_log=log.revived())
        assert essence(again) == essence(whole), f"killed at event {lives}"
        if (
            budget
        ):  # without a cap single calls are not written down: those in flight at the kill go uncounted
            assert again.report.calls == whole.report.calls
        else:
            assert whole.report.calls - 2 * 2 * threads <= again.report.calls <= whole.report.calls
        assert lm.sent <= whole_lm.sent + threads


@pytest.mark.parametrize("name", ALL)
def test_rows_in_the_log_are_not_run_again_even_without_a_cache(name):
    lm, log = ToyLM(cache=False), MemoryRunLog()
    first = compiled(name, lm, run_log=log)
    sent = lm.sent
    again = compiled(name, lm, run_log=log)
    assert lm.sent == sent
    assert essence(again) == essence(first)
    assert [event["seq"] for event in log.read()] == list(range(len(log.read())))


@pytest.mark.parametrize("name", ALL)
def test_another_metric_or_other_data_refuses_the_log_and_says_so(name):
    log = MemoryRunLog()
    compiled(name, ToyLM(), run_log=log)
    with pytest.raises(ResumeMismatch, match="data") as caught:
        compiled(name, ToyLM(), run_log=log, train=rows("other", 5))
    assert "data" in caught.value.differences
    with pytest.raises(ResumeMismatch, match="seed"):
        compiled(name, ToyLM(), run_log=log, seed=1)
    with pytest.raises(ResumeMismatch, match="model"):
        compiled(name, ToyLM(skill=31), run_log=log)


@pytest.mark.parametrize("name", ALL)
def test_no_demo_comes_from_a_validation_row(name):
    shared = rows("shared", 10)
    program = compiled(name, ToyLM(), train=[*shared, *rows("train", 6)], validation=shared)
    tried = [*program.candidate_programs, *program.mb_candidate_programs]
    programs = [program, *(listed["program"] for listed in tried)]
    shown = {demo.get("question") for one in programs for demos in demos_of(one).values() for demo in demos}
    assert bool(shown) == optimizers.get(name).gives_demos
    assert not shown & {row.question for row in shared}
    assert any("make no demos" in warning for warning in program.report.warnings)


@pytest.mark.parametrize("name", ALL)
def test_zero_means_zero(name):
    fields = optimizers.get(name).Params.model_fields
    nothing = {
        key: 0 for key in ("k", "max_bootstrapped_demos", "max_labeled_demos", "max_demos") if key in fields
    }
    program = compiled(name, ToyLM(skill=90), params={**SMALL.get(name, {}), **nothing})
    assert all(not demos for demos in demos_of(program).values())


@pytest.mark.parametrize("name", ALL)
def test_a_stop_keeps_what_is_known(name):
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > 12

    program = compiled(name, ToyLM(), stop_requested=stop)
    assert program.report.stop_code in {"stopped", "done"}
    assert program.report.stop_reason.endswith(".")


@pytest.mark.parametrize("name", ALL)
def test_parameters_are_documented_bounded_and_frozen(name):
    kind = optimizers.get(name)
    assert all(field.description for field in kind.Params.model_fields.values())
    assert kind.when and kind.needs
    with pytest.raises(ValueError, match="frozen"):
        kind.create(metric=exact).params.__setattr__(next(iter(kind.Params.model_fields)), 1)


@pytest.mark.parametrize("name", ALL)
def test_the_true_cost_lies_in_the_estimate(name):
    train, validation = rows("train", TRAIN), rows("validation", VALIDATION)
    optimizer = optimizers.get(name).create(SMALL.get(name), metric=exact)
    estimate = optimizer.estimate(TwoSteps(), train, validation)
    lm = ToyLM(cache=False)
    compiled(name, lm, train=train, validation=validation)
    assert estimate.low <= lm.sent <= estimate.high
    assert estimate.low <= estimate.likely <= estimate.high
