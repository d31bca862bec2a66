"""Simple programs become specifications that build equal programs; others say why not."""

from __future__ import annotations

import enum
from typing import Literal

import pydantic
import pytest

import core
from core.foundation.errors import PipelineError
from core.pipeline import build, spec_from_program, validate


class Colour(enum.Enum):
    """A closed set of a user's own."""

    RED = "red"
    BLUE = "blue"


class Line(pydantic.BaseModel):
    item: str = pydantic.Field(description="What")
    count: int = pydantic.Field(ge=1)


class Read(core.Signature):
    """Read the order."""

    text: str = core.InputField(desc="The message")
    hints: list[str] | None = core.InputField()
    lines: list[Line] = core.OutputField(max_length=5)
    tone: Literal["calm", "angry"] = core.OutputField(desc="How it sounds")
    colour: Colour = core.OutputField()
    pair: tuple[int, ...] = core.OutputField()


@pytest.mark.parametrize("module", [core.Predict, core.ChainOfThought])
def test_the_built_program_has_the_same_signature(module):
    program = module(Read, temperature=0.5)
    spec = spec_from_program(program, name="orders", step="read")
    assert [p for p in validate(spec) if p.severity == "error"] == []
    (path, left), *_ = build(spec).named_predictors()
    ((_, right),) = program.named_predictors()
    assert path.startswith("read")
    assert left.signature.instructions == right.signature.instructions
    assert left.config == right.config
    for name, field in right.signature.fields.items():
        other = left.signature.fields[name]
        assert (field.role, field.desc, field.constraints) == (other.role, other.desc, other.constraints)
    lines = left.signature.output_fields["lines"].shape["items"]["fields"]
    assert lines["count"]["shape"]["constraints"] == {"ge": 1}
    assert left.signature.output_fields["colour"].shape == {"kind": "literal", "values": ["red", "blue"]}


def test_a_pipeline_gives_back_its_own(hops):
    assert spec_from_program(build(hops)) is hops


def test_a_program_in_python_is_refused():
    class Own(core.Module):
        def forward(self, text):
            return text

    with pytest.raises(PipelineError, match="Own is Python"):
        spec_from_program(Own())
