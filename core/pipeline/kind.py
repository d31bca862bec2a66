"""What a kind of step is: its fields, its options, how it is built and how it is written as Python.

Knows nothing about single kinds: each is one file in `core.pipeline.kinds`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.foundation.errors import PipelineError
from core.foundation.registry import Registry
from core.modules import Module
from core.pipeline.fields import signature_of, type_title
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["ModelOptions", "Options", "Problem", "StepKind", "step_kinds"]


@dataclass(frozen=True)
class Problem:
    """Something about a program that is wrong, or (a warning) probably not meant.

    Attributes:
        where: The place, as in `steps[1].inputs.question`.
        message: What is the matter, in one sentence.
        hint: What to do about it.
        severity: "error" prevents building, "warning" does not.
    """

    where: str
    message: str
    hint: str = ""
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


class Options(BaseModel):
    """Base of a kind's options: each field has a description, from which forms and help are made."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelOptions(Options):
    """Options of kinds that ask a model once."""

    temperature: float | None = Field(
        None, ge=0, le=2, description="Sampling temperature; 0 is the most likely answer."
    )
    max_tokens: int | None = Field(None, ge=1, description="The longest reply, in tokens.")
    top_p: float | None = Field(None, gt=0, le=1, description="Share of the likeliest words to sample from.")


class StepKind(ABC):
    """One kind of step; stateless. Subclasses register with `@step_kinds.register(name, summary=...)`.

    Attributes:
        options: The model of the step's options.
        takes_signature: Whether the step has a signature of its own.
        retrieves: Whether its steps want the program's retriever; see `uses_retriever`.
    """

    options: ClassVar[type[Options]] = ModelOptions
    takes_signature: ClassVar[bool] = True
    retrieves: ClassVar[bool] = False

    def inputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the fields that need a source."""
        return step.signature.inputs if step.signature else ()

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the fields that later steps may read."""
        return step.signature.outputs if step.signature else ()

    def goes_over(self, step: StepSpec) -> tuple[str, ...]:
        """Return the inputs that have to be lists: the step does its work for every item."""
        return ()

    def results(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the outputs that a program gives which is this step alone: those of the signature."""
        names = [item.name for item in step.signature.outputs] if step.signature else []
        return tuple(item for item in self.outputs(step) if item.name in names)

    def uses_retriever(self, step: StepSpec) -> bool:
        """Whether `build` and `expression` of this step want the program's retriever."""
        return self.retrieves

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Return what this kind alone can find wrong, as pairs of message and hint."""
        return []

    def name_problems(self, step: StepSpec, taken: Sequence[str]) -> list[tuple[str, str]]:
        """Return a problem for each field of the signature whose name the module needs itself."""
        own = {
            field.name for field in (*self.inputs(step), *(step.signature.outputs if step.signature else ()))
        }
        return [
            (f"A step of kind '{step.kind}' has a field '{name}' of its own.", "Rename yours.")
            for name in taken
            if name in own
        ]

    @abstractmethod
    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module; it is awaited with the step's inputs by name.

        Args:
            retriever: A search over the program's corpus, or None.
        """

    @abstractmethod
    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return the Python expression that makes the module, with `core` imported.

        Args:
            signature: The name under which the step's signature is known there.
            retriever: The expression of the retriever, or "".
        """

    def asked(self, module: Any, predictor: Any) -> tuple[Any, list[Any]]:
        """Return the signature and the demos that the first request of `module`, which `build` made, is written with.

        Args:
            predictor: The module's first.
        """
        return predictor.signature, list(predictor.demos)

    def given(self, step: StepSpec) -> dict[str, Any]:
        """Return the options that are set, checked.

        Raises:
            PipelineError: One is unknown or out of range.
        """
        try:
            checked = self.options.model_validate(step.options)
        except ValidationError as error:
            raise _option_error(dict(error.errors()[0]), self.options) from error
        return {name: getattr(checked, name) for name in type(checked).model_fields if name in step.options}

    def made_signature(self, step: StepSpec) -> Any:
        """Return the step's signature as a class named after the step.

        Raises:
            PipelineError: The step has none.
        """
        if step.signature is None:
            raise PipelineError(f"Step '{step.name}' has no signature.", hint="Give it inputs and outputs.")
        return signature_of(step.signature, type_title(step.name))

    @staticmethod
    def call_text(name: str, *arguments: str, **options: Any) -> str:
        """Return `name(arguments, option=value)` as source."""
        parts = [argument for argument in arguments if argument]
        return f"{name}({', '.join([*parts, *(f'{key}={value!r}' for key, value in options.items())])})"


def _option_error(error: dict[str, Any], options: type[Options]) -> PipelineError:
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return PipelineError(
            f"There is no option '{name}' here.",
            hint=f"There are: {', '.join(options.model_fields) or 'none'}.",
        )
    known = options.model_fields.get(name)
    return PipelineError(
        f"Option '{name}': {error['msg'][:1].lower()}{error['msg'][1:]}.",
        hint=(known and known.description) or "Correct it or remove it.",
    )


step_kinds: Registry[type[StepKind]] = Registry("step kind", "core.pipeline.kinds")
"""All kinds by name."""
