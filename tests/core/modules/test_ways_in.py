"""A subclass is entered by what it overrides: `forward`, `aforward` or `__call__`, of built-in modules too."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import core
from core.lm import ScriptedLM

ROWS = [core.Example(question=text, answer=text).with_inputs("question") for text in "abc"]


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def same(example: Any, prediction: Any, trace: Any = None) -> bool:
    return example.answer == prediction.answer


class ByForward(core.Predict):
    def forward(self, **inputs: Any) -> Any:
        made = super().forward(**inputs)
        made.answer = inputs["question"]
        return made


class ByAforward(core.Predict):
    async def aforward(self, **inputs: Any) -> Any:
        made = await super().aforward(**inputs)
        made.answer = inputs["question"]
        return made


class ByCall(core.Predict):
    def __call__(self, *args: Any, **inputs: Any) -> Any:
        made = super().__call__(*args, **inputs)
        made.answer = inputs["question"]
        return made


class Below(ByForward):
    """Inherits its way in."""


class ChainByForward(core.ChainOfThought):
    def forward(self, **inputs: Any) -> Any:
        made = super().forward(**inputs)
        made.answer = inputs["question"]
        return made


class ChainByCall(core.ChainOfThought):
    def __call__(self, *args: Any, **inputs: Any) -> Any:
        made = super().__call__(*args, **inputs)
        made.answer = inputs["question"]
        return made


WAYS = [ByForward, ByAforward, ByCall, Below, ChainByForward, ChainByCall]


@pytest.fixture(autouse=True)
def lm():
    model = ScriptedLM(lambda _: reply(reasoning="r", answer="from the model"))
    with core.context(lm=model):
        yield model


@pytest.mark.parametrize("kind", WAYS)
def test_what_a_subclass_overrides_is_called(kind: Any, lm: ScriptedLM):
    program = kind("question -> answer")
    assert program(question="x").answer == "x"
    assert asyncio.run(program.acall(question="x")).answer == "x"
    assert len(lm.requests) == 2


@pytest.mark.parametrize("kind", WAYS)
def test_it_is_called_as_a_part_of_others_and_in_evaluations(kind: Any):
    program = kind("question -> answer")
    assert core.Evaluate(devset=ROWS, metric=same)(program).score == 100
    best = core.BestOfN(program, N=1, reward_fn=lambda *_: 1.0, threshold=1.0)
    assert best(question="x").answer == "x"


def test_a_predictor_inside_another_module_is_entered_by_its_own_call():
    chain = core.ChainOfThought("question -> answer")
    chain.predict = ByCall(chain.predict.signature)
    assert chain(question="x").answer == "x"


def test_a_program_that_has_only_a_call_is_evaluated():
    class Bare(core.Module):
        def __call__(self, question: str) -> Any:
            return core.Prediction(answer=question)

    assert core.Evaluate(devset=ROWS, metric=same)(Bare()).score == 100


def test_positional_inputs_are_refused_in_every_way():
    with pytest.raises(core.WorkbenchError, match="by name"):
        ByCall("question -> answer")("x")
