"""OPRO: instructions from scores; what the proposer reads, which candidate is returned, the function of 2024."""

import pytest

import core
from core.evaluate import Evaluate
from core.foundation.errors import OptimizerError
from core.interop.optimize_signature import optimize_signature
from core.lm import ScriptedLM
from core.optimizers import OPRO
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

REPLY = "[[ ## proposed_instruction ## ]]\n{}\n[[ ## completed ## ]]"


def test_instructions_are_written_scored_and_the_best_is_taken() -> None:
    student = TwoSteps()
    with context(lm=ToyLM()):
        program = OPRO(metric=exact, initial_prompts=3, n_iterations=4).compile(
            student, trainset=rows("train", 20), valset=rows("validation", 30)
        )
    best = max(program.candidate_programs, key=lambda item: item["score"])
    assert "Take care" in program.say.signature.instructions
    assert program.say.signature.instructions == best["program"].say.signature.instructions
    assert "Take care" not in student.say.signature.instructions
    assert best["score"] > next(item["score"] for item in program.candidate_programs if item["seed"] == 0)


def test_the_proposer_reads_earlier_instructions_with_scores_in_the_order_asked_for() -> None:
    asked: list[str] = []

    def answer(request):
        text = request.messages[-1]["content"]
        if "current_instruction" not in text:
            return f"[[ ## answer ## ]]\n{len(asked)}\n[[ ## completed ## ]]"
        asked.append(text)
        return REPLY.format(f"Try number {len(asked)}.")

    marks: list[float] = []

    def marked(example, prediction, trace=None):
        return marks.pop()

    row = core.Example(question="q", answer="a").with_inputs("question")
    for order, expected in [
        ("increasing", [20, 40, 60]),
        ("decreasing", [60, 40, 20]),
        ("chronological", [20, 60, 40]),
    ]:
        asked.clear()
        marks[:] = [0.5, 0.4, 0.6, 0.2]
        with context(lm=ScriptedLM(answer)):
            OPRO(
                metric=marked,
                initial_prompts=2,
                n_iterations=1,
                sorted_order=order,
            ).compile(core.Predict("question -> answer"), trainset=[row], racing=False)
        last = asked[-1].split("## attempted_instructions ##")[1]
        found = [float(part.split(":")[0]) for part in last.split("score ")[1:]]
        assert found == expected, order


def test_last_returns_the_last_program() -> None:
    replies = iter(["First.", "Second."])
    scores = iter([0.5, 1.0, 0.1])

    def answer(request):
        proposing = "current_instruction" in request.messages[-1]["content"]
        return REPLY.format(next(replies)) if proposing else "[[ ## answer ## ]]\na\n[[ ## completed ## ]]"

    row = core.Example(question="q", answer="a").with_inputs("question")
    with context(lm=ScriptedLM(answer)):
        program = OPRO(
            metric=lambda example, prediction, trace=None: next(scores),
            initial_prompts=1,
            n_iterations=1,
            strategy="last",
        ).compile(core.Predict("question -> answer"), trainset=[row], racing=False)
    assert program.signature.instructions == "Second."


def test_the_prompt_model_writes_and_the_task_model_answers() -> None:
    writer = ScriptedLM(lambda request: REPLY.format("Take care 35."))
    task = ToyLM()
    with context(lm=task):
        OPRO(metric=exact, prompt_model=writer, initial_prompts=1, n_iterations=0).compile(
            TwoSteps(), trainset=rows("train", 6)
        )
    assert len(writer.requests) == 2
    assert all("proposed_instruction" in request.messages[0]["content"] for request in writer.requests)


def test_a_proposer_that_cannot_be_read_costs_a_candidate_not_the_run() -> None:
    writer = ScriptedLM(lambda request: "")
    with context(lm=ToyLM()):
        program = OPRO(metric=exact, prompt_model=writer, initial_prompts=2, n_iterations=1).compile(
            core.Predict("question -> answer"), trainset=rows("train", 4)
        )
    assert len(program.candidate_programs) == 1
    assert len(writer.requests) >= 3


def test_a_resumed_search_asks_no_question_twice() -> None:
    log = MemoryRunLog()
    writer = ScriptedLM(lambda request: REPLY.format(f"Take care {len(writer.requests)}."))
    optimizer = OPRO(metric=exact, prompt_model=writer, initial_prompts=2, n_iterations=2)
    with context(lm=ToyLM()):
        first = optimizer.compile(TwoSteps(), trainset=rows("train", 8), run_log=log)
        asked = len(writer.requests)
        again = optimizer.compile(TwoSteps(), trainset=rows("train", 8), run_log=log)
    assert asked == 8
    assert len(writer.requests) == asked
    assert again.say.signature.instructions == first.say.signature.instructions


def test_optimize_signature_gives_program_signatures_and_scores() -> None:
    with context(lm=ToyLM()):
        result = optimize_signature(
            TwoSteps(), Evaluate(devset=rows("train", 12), metric=exact), initial_prompts=2, n_iterations=2
        )
    assert len(result.scores) == len(result.signatures) == 5
    assert set(result.signatures[0]) == {"look", "say"}


def test_an_evaluator_without_a_metric_is_refused() -> None:
    with pytest.raises(OptimizerError, match="lacks a metric"):
        optimize_signature(TwoSteps(), Evaluate(devset=rows("train", 2)))
