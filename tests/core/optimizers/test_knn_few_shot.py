"""KNNFewShot: demos from the nearest rows, made once for each neighbourhood, inside budgets, safe in threads."""

import asyncio
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import core
from core.foundation.errors import BudgetExceeded, ConfigurationError, EvaluationAborted, OptimizerError
from core.lm import ScriptedLM
from core.optimizers import KNNFewShot
from core.search.estimate import calls_per_run
from core.settings import context
from core.trace import collect
from tests.fakes.toy import SyncTwoSteps, ToyLM, TwoSteps, exact, gold, rows


class Numbered:
    """Vectors for the nearest number under the dot product: -(n - m)² up to a constant, on the rows' side."""

    def __call__(self, texts):
        rows_side = len(texts) > 1
        numbers = [int(re.search(r"(\d+)$", text)[1]) for text in texts]
        return [[2.0 * n, -1.0 * n * n] if rows_side else [1.0 * n, 1.0] for n in numbers]


def right(request):
    """Answers every question rightly."""
    asked = request.messages[-1]["content"]
    if "answer" not in asked.split("question ## ]]")[-1]:
        return "[[ ## hint ## ]]\nh\n\n[[ ## completed ## ]]"
    question = asked.split("[[ ## question ## ]]")[1].strip().split("\n")[0]
    return f"[[ ## answer ## ]]\n{gold(question)}\n\n[[ ## completed ## ]]"


def shown(messages) -> list[str]:
    """The questions of the demos in a request."""
    return [
        found[1]
        for message in messages[1:-1]
        if message["role"] == "user" and (found := re.search(r"question ## \]\]\n(.*)", message["content"]))
    ]


def made(k=3, *, train=20, student=None, teacher=None, compiling=None, **args):
    options = {"metric": exact, "max_labeled_demos": 0, **args}
    optimizer = KNNFewShot(k, rows("train", train), Numbered(), **options)
    return optimizer.compile(
        student or core.Predict("question -> answer"), teacher=teacher, **(compiling or {})
    )


def test_a_call_is_shown_demos_of_the_rows_that_are_nearest() -> None:
    lm = ScriptedLM(right)
    program = made()
    with context(lm=lm):
        program(question="other 7")
        assert set(shown(lm.requests[-1].messages)) == {"train 6", "train 7", "train 8"}
        program(question="other 15")
        assert set(shown(lm.requests[-1].messages)) == {"train 14", "train 15", "train 16"}
    assert not program.student.demos


@pytest.mark.parametrize("student", [TwoSteps, SyncTwoSteps])
def test_every_step_of_a_program_has_its_own_traces_from_either_colour(student) -> None:
    for run in (lambda p: p(question="other 7"), lambda p: asyncio.run(p.acall(question="other 7"))):
        lm = ToyLM(skill=100)
        program = made(student=student())
        with context(lm=lm), collect() as steps:
            run(program)
        assert [step.path for step in steps] == ["student.look", "student.say"]
        assert program.bootstraps == 1
        assert not program.student.say.demos


def test_only_what_passes_the_metric_is_shown() -> None:
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nwrong\n\n[[ ## completed ## ]]")
    program = made()
    with context(lm=lm):
        program(question="other 7")
    assert shown(lm.requests[-1].messages) == []
    assert program.metric_runs == 3


def test_repeated_neighbours_are_bootstrapped_once() -> None:
    lm = ScriptedLM(right)
    program = made()
    with context(lm=lm):
        program(question="first 7")
        sent = len(lm.requests)
        program(question="second 7")
    assert sent == 4
    assert len(lm.requests) == 5
    assert (program.bootstraps, program.metric_runs) == (1, 3)


def test_a_changed_student_or_model_is_bootstrapped_anew() -> None:
    program = made(student=TwoSteps())
    with context(lm=ToyLM(skill=100)):
        program(question="first 7")
        program.student.say.signature = program.student.say.signature.with_instructions("Other words.")
        program(question="second 7")
    with context(lm=ToyLM(skill=90)):
        program(question="third 7")
    assert program.bootstraps == 3


def test_threads_and_tasks_share_one_bootstrapping_and_their_calls_do_not_mix() -> None:
    lm = ToyLM(skill=100, jitter=0.005, cache=False)
    program = made(student=TwoSteps())
    barrier = threading.Barrier(8)

    def ask(number: int) -> str:
        barrier.wait()
        with context(lm=lm):
            return program(question=f"asked {7 if number % 2 else 15}").answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert answers == [gold(f"asked {7 if number % 2 else 15}") for number in range(8)]
    assert (program.bootstraps, program.metric_runs) == (2, 6)

    async def together():
        with context(lm=lm):
            return await asyncio.gather(*(program.acall(question=f"later {3}") for _ in range(6)))

    assert {found.answer for found in asyncio.run(together())} == {gold("later 3")}
    assert (program.bootstraps, program.metric_runs) == (3, 9)


def test_a_call_stops_at_enough_traces_and_at_most_at_k_times_the_rounds() -> None:
    lm = ScriptedLM(right)
    program = made(5, max_bootstrapped_demos=2)
    with context(lm=lm):
        program(question="other 7")
    assert program.metric_runs == 2
    never = made(5, max_rounds=2, metric=lambda example, prediction, trace=None: False)
    with context(lm=lm):
        never(question="other 7")
    assert never.metric_runs == 10
    assert calls_per_run(never) == 11


def test_a_cap_on_metric_runs_holds_and_neighbours_are_still_shown() -> None:
    lm = ScriptedLM(right)
    program = made(max_labeled_demos=3, compiling={"max_metric_runs": 4})
    with context(lm=lm):
        for number in (3, 9, 15):
            program(question=f"other {number}")
    assert program.metric_runs == 4
    assert set(shown(lm.requests[-1].messages)) == {"train 14", "train 15", "train 16"}


def test_what_a_call_spends_counts_for_the_budget_around_it() -> None:
    lm = ScriptedLM(right)
    program = made()
    with context(lm=lm), pytest.raises(BudgetExceeded), core.budget(calls=2):
        program(question="other 7")
    assert len(lm.requests) == 2
    with context(lm=lm), core.budget(calls=4):
        assert program(question="other 7").answer  # nothing of the failed call is remembered
    assert program.bootstraps == 1


def test_a_search_around_it_counts_every_call() -> None:
    lm = ToyLM(cache=False)
    with context(lm=lm):
        program = core.COPRO(metric=exact, breadth=3, depth=1).compile(
            made(student=TwoSteps()), trainset=rows("train", 8), valset=rows("validation", 6), budget=40
        )
    assert lm.sent == program.report.calls <= 40


def test_it_can_be_optimized_and_evaluated_itself() -> None:
    with context(lm=ToyLM(skill=60)):
        inner = made(student=TwoSteps())
        program = core.BootstrapFewShot(metric=exact, max_labeled_demos=0).compile(
            inner, trainset=rows("train", 10)
        )
        result = core.Evaluate(devset=rows("test", 12), metric=exact, num_threads=4)(program)
    assert program.report.kept
    assert result.n_scored == 12


def test_the_state_of_the_student_is_saved_and_what_is_made_per_call_is_not(tmp_path) -> None:
    program = made()
    program.student.signature = program.student.signature.with_instructions("Say it.")
    with context(lm=ScriptedLM(right)):
        program(question="other 7")
    program.save(tmp_path / "state.json")
    fresh = made()
    fresh.load(tmp_path / "state.json")
    assert fresh.student.signature.instructions == "Say it."
    assert not fresh.student.demos
    assert (tmp_path / "state.json").read_text().count("train ") == 0


def test_copies_answer_on_their_own() -> None:
    program = made()
    copy = program.deepcopy()
    copy.student.signature = copy.student.signature.with_instructions("Other.")
    with context(lm=ScriptedLM(right)):
        copy(question="other 7")
    assert program.student.signature.instructions != "Other."


def test_a_teacher_makes_the_traces() -> None:
    teacher = core.Predict("question -> answer")
    teacher.lm = ScriptedLM(right)
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nwrong\n\n[[ ## completed ## ]]")
    program = made(teacher=teacher)
    with context(lm=lm):
        program(question="other 7")
    assert len(teacher.lm.requests) == 3
    assert set(shown(lm.requests[-1].messages)) == {"train 6", "train 7", "train 8"}
    assert [path for path, _ in program.named_predictors()] == ["student"]


@pytest.mark.parametrize(("max_errors", "ends"), [(0, True), (1, True), (2, False)])
def test_as_many_failures_as_max_errors_end_the_call(max_errors, ends) -> None:
    asked = []

    def broken_at_first(example, prediction, trace=None):
        asked.append(example)
        if len(asked) == 1:
            raise RuntimeError("broken metric")
        return 1.0

    program = made(metric=broken_at_first, max_errors=max_errors)
    with context(lm=ScriptedLM(right), num_threads=1):
        if not ends:
            assert program(question="other 7")
            return
        with pytest.raises(EvaluationAborted, match=r"max_errors=1\). The last: .*broken metric"):
            program(question="other 7")


def test_the_form_of_2024_is_taken_and_what_cannot_work_is_refused() -> None:
    old = KNNFewShot(core.KNN, 3, rows("train", 5), Numbered(), metric=exact)
    assert old.get_params()["k"] == 3
    with pytest.raises(ConfigurationError, match="vectorizer"):
        KNNFewShot(3, rows("train", 5))
    with pytest.raises(OptimizerError, match="max_bootstrapped_demos"):
        KNNFewShot(3, rows("train", 5), Numbered(), metric=exact, max_bootstrapped_demos=-1)
    with pytest.raises(OptimizerError, match="signature"):
        made(teacher=core.Predict("question -> hint"))


def failing(example, prediction, trace=None):
    raise ZeroDivisionError("nothing to divide by")


def test_a_metric_that_fails_is_said_once_and_kept_with_the_program(caplog) -> None:
    program = made(metric=failing)
    assert program.warnings == []
    with context(lm=ScriptedLM(right)), caplog.at_level("WARNING", "core.optimizers"):
        program(question="other 7")
        program.deepcopy()(question="other 15")
    told = [record.getMessage() for record in caplog.records if "KNNFewShot" in record.getMessage()]
    assert len(told) == 1
    assert "the metric failed" in told[0]
    assert "nothing to divide by" in told[0]
    assert [warning.split(";")[0] for warning in program.warnings] == [
        "6 runs of the teacher gave no demo by a failure"
    ]
    assert "nothing to divide by" in program.warnings[0]


def test_a_metric_that_rejects_is_no_failure(caplog) -> None:
    program = made(metric=lambda example, prediction, trace=None: False)
    with context(lm=ScriptedLM(right)), caplog.at_level("WARNING", "core.optimizers"):
        program(question="other 7")
    assert program.warnings == []
    assert not caplog.records


@pytest.mark.parametrize(
    ("change", "told", "hint"),
    [
        ({"k": "a"}, "k='a'", "whole number"),
        ({"k": 2.5}, "k=2.5", "whole number"),
        ({"k": True}, "k=True", "whole number"),
        ({"vectorizer": lambda texts: ["a" for _ in texts]}, "no vectors", "one vector"),
        (
            {"vectorizer": lambda texts: [[1.0] * (1 + n % 2) for n, _ in enumerate(texts)]},
            "no vectors",
            "list",
        ),
        ({"max_round": 2}, "takes no max_round", "max_rounds"),
        ({"colour": 2}, "takes no colour", "max_bootstrapped_demos"),
    ],
)
def test_arguments_that_cannot_work_are_refused(change, told, hint) -> None:
    given = {"k": 2, "trainset": rows("train", 5), "vectorizer": Numbered(), "metric": exact, **change}
    with pytest.raises((ConfigurationError, OptimizerError), match=told) as caught:
        KNNFewShot(**given)
    assert hint in caught.value.hint


@pytest.mark.parametrize("most", ["a", -1, True, 1.5])
def test_a_cap_that_is_no_number_of_runs_is_refused(most) -> None:
    with pytest.raises(OptimizerError, match="max_metric_runs") as caught:
        made(compiling={"max_metric_runs": most})
    assert caught.value.hint
