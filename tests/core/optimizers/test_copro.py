"""COPRO: one step after the other, attempts with their scores, the statistics that DSPy keeps."""

import pytest

import core
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.optimizers import COPRO
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

REPLY = "[[ ## proposed_instruction ## ]]\n{}\n[[ ## completed ## ]]"


def compiled(lm, student=None, validation=24, **options):
    params = {"breadth": 4, "depth": 2, **options}
    with context(lm=lm):
        return COPRO(metric=exact, **params).compile(
            student or TwoSteps(), trainset=rows("train", 12), valset=rows("validation", validation)
        )


def test_it_finds_better_instructions_and_leaves_the_student() -> None:
    student = TwoSteps()
    program = compiled(ToyLM(skill=10), student)
    given = next(candidate for candidate in program.report.candidates if candidate.seed == 0)
    assert program.report.score.mean > given.score.mean
    assert "Take care" in program.say.signature.instructions
    assert student.say.signature.instructions == TwoSteps().say.signature.instructions


def test_each_round_changes_one_step_and_keeps_the_best_of_the_others() -> None:
    program = compiled(ToyLM())
    for candidate in program.report.candidates:
        path = candidate.notes.get("path")
        if path is not None:
            assert candidate.state[path]["instructions"] == candidate.notes["instructions"]
    assert {candidate.notes.get("path") for candidate in program.report.candidates} == {None, "look", "say"}


def test_one_request_asks_for_all_instructions_of_a_round() -> None:
    asked = []

    def write(request):
        asked.append(request)
        return [
            REPLY.format(f"Take care {len(asked)}{number}.") for number in range(request.params.get("n") or 1)
        ]

    compiled(ToyLM(), breadth=5, depth=2, prompt_model=ScriptedLM(write))
    assert [request.params["n"] for request in asked] == [4, 4, 5, 5]
    assert all("score" in request.messages[-1]["content"] for request in asked[2:])


def test_later_rounds_read_attempts_in_rising_order() -> None:
    seen = []

    def write(request):
        seen.append(request.messages[-1]["content"])
        return [REPLY.format(f"Take care {7 * number}.") for number in range(request.params.get("n") or 1)]

    compiled(
        ToyLM(),
        student=core.Predict("question -> answer"),
        breadth=3,
        depth=2,
        prompt_model=ScriptedLM(write),
    )
    scores = [float(part.split(":")[0]) for part in seen[1].split("score ")[1:]]
    assert len(scores) == 3
    assert scores == sorted(scores)


def test_statistics_on_request() -> None:
    program = compiled(ToyLM(), track_stats=True)
    assert set(program.results_best) == {"look", "say"}
    latest = program.results_latest["say"]
    assert latest["depth"] == [0, 1]
    assert all(
        low <= mean <= high
        for low, mean, high in zip(latest["min"], latest["average"], latest["max"], strict=True)
    )
    assert program.results_best["say"]["max"] == sorted(program.results_best["say"]["max"])
    assert not hasattr(compiled(ToyLM()), "results_best")
    assert program.total_calls == len(program.report.candidates)


def test_breadth_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="breadth"):
        COPRO(metric=exact, breadth=1)


def test_a_program_without_predictors_is_refused() -> None:
    class Nothing(core.Module):
        def forward(self, question: str):
            return core.Prediction(answer="")

    with pytest.raises(OptimizerError, match="no predictor"):
        COPRO(metric=exact).compile(Nothing(), trainset=rows("train", 3))


def test_eval_kwargs_are_taken_as_dspy_gives_them() -> None:
    with context(lm=ToyLM()):
        program = COPRO(metric=exact, breadth=2, depth=1).compile(
            TwoSteps(),
            trainset=rows("train", 6),
            eval_kwargs={"num_threads": 2, "display_progress": True, "display_table": 0},
        )
    assert program.report.candidates


def test_rows_that_the_proposer_reads_score_nothing() -> None:
    read, train = [], rows("train", 20)

    def write(request):
        read.append(request.messages[-1]["content"])
        return [REPLY.format(f"Take care {len(read)}{number}.") for number in range(request.params["n"])]

    def learned(**options):
        read.clear()
        with context(lm=ToyLM()):
            optimizer = COPRO(metric=exact, breadth=3, depth=1, prompt_model=ScriptedLM(write))
            report = optimizer.compile(TwoSteps(), trainset=train, **options).report
        return {row.question for row in train if any(f"{row.question}\n" in text for text in read)}, report

    shown, report = learned()
    assert len(shown) == 12
    assert (report.score.on, report.score.of) == ("validation", 8)
    assert learned(racing=False)[0] == set()  # the published algorithm shows no data, and scores on all of it
    assert learned(racing=False)[1].score.of == 20
