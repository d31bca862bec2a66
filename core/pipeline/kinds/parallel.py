"""A step that asks for every item of a list at once.

Knows nothing about other steps.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.modules import Module
from core.modules.for_each import ERRORS, ForEach
from core.pipeline.fields import record_wrappers
from core.pipeline.kind import ModelOptions, Options, StepKind, step_kinds
from core.pipeline.ruled import reasoned_outputs, reasoning_problems
from core.pipeline.spec import Choices, FieldSpec, StepSpec

__all__ = ["ParallelKind", "ParallelOptions"]

_ERRORS = FieldSpec(name=ERRORS, type="list[Optional[str]]", desc="for every item: what failed, if it did")


class ParallelOptions(ModelOptions):
    """Options of a step over a list."""

    over: Choices = Field(
        (),
        title="Inputs that are lists",
        description="Item by item, several in step; the other inputs are the same for all. Empty: the first.",
        json_schema_extra={"fields": "inputs"},
    )
    reasoning: bool = Field(False, description="Let each answer be reasoned first.")
    num_threads: int | None = Field(
        None, ge=1, le=1_000, title="Items in flight", description="Not set: as many as the settings say."
    )
    max_errors: int = Field(
        1,
        ge=1,
        le=1_000_000,
        title="Failed items that end it",
        description="1: the first one ends the step with its error. More: a failed item leaves None among the outputs, "
        "and `errors` says why.",
    )


@step_kinds.register(
    "parallel",
    summary="Asks for every item of a list at once: the fields are those of one item, what comes out are lists.",
    title="Every item of a list",
    group="Lists",
)
class ParallelKind(StepKind):
    """`core.ForEach`, which runs the items by `core.Parallel`; the signature says what is asked for one item."""

    options: ClassVar[type[Options]] = ParallelOptions

    def inputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's inputs, those of every item as lists."""
        over = self.goes_over(step)
        return tuple(listed(item) if item.name in over else item for item in super().inputs(step))

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's outputs as lists, after `reasoning` where it is on, and `errors`."""
        borne = self._bears(step)
        plain = super().outputs(step)
        outputs = reasoned_outputs(step, plain) if step.options.get("reasoning") else plain
        return (*(listed(item, gaps=borne) for item in outputs), _ERRORS)

    def results(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's outputs as lists, and `errors` where failed items are borne."""
        return (*super().results(step), *((_ERRORS,) if self._bears(step) else ()))

    def goes_over(self, step: StepSpec) -> tuple[str, ...]:
        """Return the inputs that are chosen, or the first."""
        given = step.options.get("over")
        names = (
            tuple(given) if isinstance(given, tuple) else (given,) if isinstance(given, str) and given else ()
        )
        return names or tuple(item.name for item in super().inputs(step)[:1])

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find lists that are no inputs, and a second `errors` or `reasoning`."""
        signature = step.signature
        if signature is None:
            return []
        found = reasoning_problems(step) if step.options.get("reasoning") else []
        if any(item.name == ERRORS for item in (*signature.inputs, *signature.outputs)):
            found.append(
                ("A step over a list gives 'errors'; there is a field of that name.", "Rename yours.")
            )
        known = [item.name for item in signature.inputs]
        for name in self.goes_over(step):
            if name not in known:
                hint = f"There are: {', '.join(known)}." if known else "Declare what one item is."
                found.append((f"Option 'over': there is no input '{name}'.", hint))
        if not known:
            found.append(
                ("There is no list to go over: the step takes no input.", "Declare what one item is.")
            )
        return found

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module."""
        return ForEach(self.made_signature(step), **self._asked(step))

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.ForEach(Signature, over=('message',))`."""
        return self.call_text("core.ForEach", signature, **self._asked(step))

    @staticmethod
    def _bears(step: StepSpec) -> bool:
        return step.options.get("max_errors") not in (None, 1)

    def _asked(self, step: StepSpec) -> dict[str, Any]:
        given = {name: value for name, value in self.given(step).items() if value not in (None, ())}
        return {"over": self.goes_over(step), **given}


def listed(item: FieldSpec, *, gaps: bool = False) -> FieldSpec:
    """Return a field for a list of such values.

    Args:
        gaps: Whether None may stand in the place of one.
    """
    text = item.type.strip()
    is_optional = text.startswith("Optional[") or text in ("Any", "None")
    inner = text if not gaps or is_optional else f"Optional[{text}]"
    made = f"list[{inner}]"
    if item.fields is not None and record_wrappers(made) is None:  # deeper than records may be
        return FieldSpec(name=item.name, type="list[Any]", desc=item.desc)
    # Constraints are those of one value; the step checks them for each.
    return item.model_copy(update={"type": made, "constraints": {}})
