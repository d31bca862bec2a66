"""What the kinds share that try again until an answer keeps rules: their options, and the rules as code.

Knows nothing about how the attempts are made.
"""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from core.foundation.errors import ConfigurationError
from core.modules import ChainOfThought, Module, Predict, Rules
from core.pipeline.kind import ModelOptions, Options, StepKind
from core.pipeline.spec import FieldSpec, StepSpec

__all__ = ["RuledKind", "RuledOptions", "reasoned_outputs", "reasoning_problems"]

_REASONING = "reasoning"
_RULES = ("field", "max_words", "min_words", "contains", "excludes", "pattern")
_ATTEMPTS = 3


class RuledOptions(ModelOptions):
    """Options of kinds that try again until an answer keeps rules."""

    attempts: int = Field(_ATTEMPTS, ge=2, le=20, description="How often to try at most.")
    reasoning: bool = Field(True, description="Let each attempt reason before it answers.")
    field: str = Field(
        "",
        max_length=100,
        title="Output",
        description="The output that the rules are about; empty: the last.",
    )
    max_words: int | None = Field(None, ge=1, le=100_000, description="The answer has at most so many words.")
    min_words: int | None = Field(
        None, ge=1, le=100_000, description="The answer has at least so many words."
    )
    contains: str = Field("", max_length=2_000, description="Texts it must hold, separated by commas.")
    excludes: str = Field("", max_length=2_000, description="Texts it must not hold, separated by commas.")
    pattern: str = Field("", max_length=500, description="A regular expression that it matches as a whole.")


def reasoned_outputs(step: StepSpec, outputs: tuple[FieldSpec, ...]) -> tuple[FieldSpec, ...]:
    """Return outputs with `reasoning` in front, unless the step's options say otherwise."""
    return (FieldSpec(name=_REASONING), *outputs) if step.options.get(_REASONING, True) else outputs


def reasoning_problems(step: StepSpec) -> list[tuple[str, str]]:
    """Find a second field called `reasoning`."""
    signature = step.signature
    names = [field.name for field in (*signature.inputs, *signature.outputs)] if signature else []
    if not step.options.get(_REASONING, True) or _REASONING not in names:
        return []
    return [("This step adds a field 'reasoning'; there is one already.", "Remove or rename yours.")]


def field_problems(step: StepSpec) -> list[tuple[str, str]]:
    """Find an option `field` that names no output."""
    wanted, signature = step.options.get("field"), step.signature
    known = [field.name for field in signature.outputs] if signature else []
    if not wanted or wanted in known:
        return []
    return [(f"Option 'field': there is no output '{wanted}'.", f"There are: {', '.join(known)}.")]


class RuledKind(StepKind):
    """Base of the kinds; subclasses name the `module` that makes the attempts."""

    options: ClassVar[type[Options]] = RuledOptions
    module: ClassVar[Any]

    def outputs(self, step: StepSpec) -> tuple[FieldSpec, ...]:
        """Return the signature's outputs, after `reasoning` where it is on."""
        return reasoned_outputs(step, super().outputs(step))

    def problems(self, step: StepSpec) -> list[tuple[str, str]]:
        """Find missing or impossible rules and a second `reasoning`."""
        found = [*reasoning_problems(step), *field_problems(step)]
        try:
            Rules(**self._parts(step)[1])
        except ConfigurationError as error:
            found.append((error.message, error.hint))
        except (TypeError, ValueError):
            pass  # an option of the wrong type is found where options are checked
        return found

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return the module around one attempt."""
        config, rules, attempts, reasoning = self._parts(step)
        inner = (ChainOfThought if reasoning else Predict)(self.made_signature(step), **config)
        return self.module(inner, attempts, Rules(**rules), 1.0)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.BestOfN(core.ChainOfThought(Signature), N=3, reward_fn=core.Rules(...), threshold=1.0)`."""
        config, rules, attempts, reasoning = self._parts(step)
        inner = self.call_text(f"core.{'ChainOfThought' if reasoning else 'Predict'}", signature, **config)
        reward = self.call_text("core.Rules", **rules)
        return f"core.{self.module.__name__}({inner}, N={attempts}, reward_fn={reward}, threshold=1.0)"

    def _parts(self, step: StepSpec) -> tuple[dict[str, Any], dict[str, Any], int, bool]:
        given: dict[str, Any] = {name: value for name, value in step.options.items() if value is not None}
        rules = {name: given.pop(name) for name in _RULES if name in given}
        attempts, reasoning = given.pop("attempts", _ATTEMPTS), given.pop(_REASONING, True)
        return given, rules, attempts, reasoning
