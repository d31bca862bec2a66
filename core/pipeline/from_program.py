"""A specification of an existing program, where it is simple enough to be one.

Knows nothing about a program's own Python: only single predictors, chains of thought and pipelines can be read.
"""

from __future__ import annotations

from core.foundation.errors import PipelineError
from core.modules import ChainOfThought, Module, Predict
from core.pipeline.build import Pipeline
from core.pipeline.fields import signature_spec_of
from core.pipeline.kinds.predict import PredictKind
from core.pipeline.spec import ProgramSpec, SignatureSpec, StepSpec

__all__ = ["spec_from_program"]


def spec_from_program(program: Module, name: str = "program", step: str = "answer") -> ProgramSpec:
    """Return a specification that builds an equal program.

    Args:
        step: What the only step is called, for a single predictor or chain of thought.

    Raises:
        PipelineError: The program is written in Python, or a type cannot stand in a program file.
    """
    if isinstance(program, Pipeline):
        return program.spec
    if isinstance(program, ChainOfThought):
        predictor, kind = program.predict, "chain_of_thought"
        signature = signature_spec_of(predictor.signature.delete("reasoning"))
    elif type(program) is Predict:
        predictor, kind, signature = program, "predict", signature_spec_of(program.signature)
    else:
        raise PipelineError(
            f"A {type(program).__name__} is Python and cannot become a form.",
            hint="Give a Predict, a ChainOfThought or a Pipeline.",
        )
    options = {
        key: value for key, value in predictor.config.items() if key in PredictKind.options.model_fields
    }
    return _one_step(name, StepSpec(name=step, kind=kind, signature=signature, options=options), signature)


def _one_step(name: str, step: StepSpec, signature: SignatureSpec) -> ProgramSpec:
    named = step.model_copy(update={"inputs": {item.name: item.name for item in signature.inputs}})
    outputs = {item.name: f"{step.name}.{item.name}" for item in signature.outputs}
    return ProgramSpec(name=name, inputs=signature.inputs, steps=(named,), outputs=dict(outputs))
