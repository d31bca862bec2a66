"""A program built from its specification: a module whose steps are attributes under their own names.

Knows nothing about single kinds of steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from core.data import Prediction
from core.foundation.errors import PipelineError, SignatureError
from core.modules import Module
from core.pipeline.interface import may_be_left_out
from core.pipeline.kind import step_kinds
from core.pipeline.sources import resolve
from core.pipeline.spec import ProgramSpec, parse_spec
from core.pipeline.validate import errors_of, validate
from core.retrieval import BM25

__all__ = ["Pipeline", "build"]


class Pipeline(Module):
    """Runs the steps of a specification in order, each fed from the inputs and the steps before it.

    An input whose type is optional may be left out.

    Args:
        spec: The specification; `build` also takes it as JSON or plain data.

    Raises:
        PipelineError: It has problems; the message lists them and `.problems` holds them.
    """

    def __init__(self, spec: ProgramSpec) -> None:
        super().__init__()
        problems = errors_of(validate(spec))
        if problems:
            listed = "; ".join(str(problem) for problem in problems[:10])
            raise PipelineError(
                f"The program '{spec.name}' cannot be built: {listed}",
                problems=tuple(problems),
                hint=problems[0].hint,
            )
        self.spec = spec
        self._absent = dict.fromkeys(item.name for item in spec.inputs if may_be_left_out(item))
        retriever = BM25(spec.corpus) if spec.corpus else None
        for step in spec.steps:
            setattr(self, step.name, step_kinds.get(step.kind)().build(step, retriever))

    async def aforward(self, **inputs: Any) -> Prediction:
        """Run all steps.

        Raises:
            SignatureError: An input is missing or unknown.
        """
        inputs = {**self._absent, **inputs}
        self._check(inputs)
        done: dict[str, Any] = {}
        for step in self.spec.steps:
            given = {name: resolve(source, inputs, done) for name, source in step.inputs.items()}
            # Read at every call, so that a step may be replaced on the program.
            done[step.name] = await getattr(self, step.name).acall(**given)
        return Prediction(
            **{name: resolve(source, inputs, done) for name, source in self.spec.outputs.items()}
        )

    def _check(self, inputs: Mapping[str, Any]) -> None:
        known = [item.name for item in self.spec.inputs]
        missing = [name for name in known if name not in inputs]
        unknown = [name for name in inputs if name not in known]
        if missing or unknown:
            faults = [f"missing: {', '.join(missing)}"] if missing else []
            faults += [f"unknown: {', '.join(unknown)}"] if unknown else []
            raise SignatureError(
                f"The program '{self.spec.name}' was called with the wrong inputs ({'; '.join(faults)}).",
                hint=f"It takes: {', '.join(known)}.",
            )

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        memo[id(self.spec)] = self.spec  # frozen, and possibly large
        return super().__deepcopy__(memo)


def build(spec: ProgramSpec | Mapping[str, Any] | str | bytes) -> Pipeline:
    """Return the program that a specification (the object, plain data or JSON) describes.

    Raises:
        PipelineError: It cannot be read or has problems.
    """
    return Pipeline(parse_spec(spec))
