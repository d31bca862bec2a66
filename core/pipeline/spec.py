"""A program as data: steps, their signatures, and which value flows where.

Knows nothing about how a program is built or run. A specification names no class, import path, endpoint or key;
unknown keys are refused, and every size has a cap, because such files come from strangers.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.foundation.errors import PipelineError

__all__ = ["FieldSpec", "ProgramSpec", "SignatureSpec", "Sources", "StepSpec", "parse_spec"]

MAX_STEPS = 50
MAX_FIELDS = 100
MAX_NESTING = 5
MAX_PASSAGES = 50_000
MAX_FILE_CHARACTERS = 50_000_000

Name: TypeAlias = Annotated[str, Field(max_length=80)]
Sentence: TypeAlias = Annotated[str, Field(max_length=4_000)]
Prose: TypeAlias = Annotated[str, Field(max_length=40_000)]
Passage: TypeAlias = Annotated[str, Field(max_length=40_000)]
Sources: TypeAlias = Name | Annotated[tuple[Name, ...], Field(min_length=1, max_length=MAX_STEPS)]
"""A program input ("question"), a step's output ("hop1.passages"), or several of them for a list."""
Scalar: TypeAlias = bool | int | float | Annotated[str, Field(max_length=4_000)]
Choices: TypeAlias = Annotated[tuple[Name, ...], Field(max_length=MAX_STEPS)]
"""Several names, e.g. of tools."""


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldSpec(_Spec):
    """One field of a signature or of a record.

    Attributes:
        name: A Python identifier.
        type: The type in short form: "str", "list[str]", "Literal['a', 'b']"; "object" and "list[object]" are
            records whose members stand in `fields`.
        desc: What it holds, for the model.
        constraints: E.g. {"ge": 0, "max_length": 80}; names as pydantic has them.
        fields: The members of a record.
    """

    name: Name
    type: Sentence = "str"
    desc: Sentence = ""
    constraints: dict[Name, Scalar] = Field(default_factory=dict, max_length=10)
    fields: Annotated[tuple[FieldSpec, ...], Field(max_length=MAX_FIELDS)] | None = None


FieldSpecs: TypeAlias = Annotated[tuple[FieldSpec, ...], Field(max_length=MAX_FIELDS)]


class SignatureSpec(_Spec):
    """What a step takes and gives, and what it should do."""

    instructions: Prose = ""
    inputs: FieldSpecs = ()
    outputs: FieldSpecs = ()


class StepSpec(_Spec):
    """One step.

    Attributes:
        name: A Python identifier; the step's attribute on the program.
        kind: A registered step kind: "predict", "chain_of_thought", "retrieve" …
        signature: For kinds that ask a model.
        inputs: Where each input of the step comes from.
        options: Settings that the kind knows, e.g. {"k": 3} or {"tools": ["calculator"]}.
    """

    name: Name
    kind: Name = "predict"
    signature: SignatureSpec | None = None
    inputs: dict[Name, Sources] = Field(default_factory=dict, max_length=MAX_FIELDS)
    options: dict[Name, Scalar | Choices] = Field(default_factory=dict, max_length=40)


class ProgramSpec(_Spec):
    """A whole program.

    Attributes:
        format: Version of this form.
        inputs: What the program is called with.
        steps: In the order in which they run; a step sees the inputs and the steps before it.
        outputs: Where each output of the program comes from.
        corpus: Passages for the steps that retrieve; without one they use the retriever in the settings.
    """

    format: Literal[1] = 1
    name: Annotated[str, Field(max_length=200)] = "program"
    description: Prose = ""
    inputs: FieldSpecs = ()
    steps: Annotated[tuple[StepSpec, ...], Field(max_length=MAX_STEPS)] = ()
    outputs: dict[Name, Sources] = Field(default_factory=dict, max_length=MAX_FIELDS)
    corpus: Annotated[tuple[Passage, ...], Field(max_length=MAX_PASSAGES)] | None = None

    def step(self, name: str) -> StepSpec:
        """Return the step of that name.

        Raises:
            PipelineError: There is none.
        """
        for step in self.steps:
            if step.name == name:
                return step
        raise PipelineError(
            f"There is no step called '{name}'.", hint=f"There are: {', '.join(s.name for s in self.steps)}."
        )


def parse_spec(data: ProgramSpec | Mapping[str, Any] | str | bytes) -> ProgramSpec:
    """Return the specification that JSON text or plain data holds.

    Raises:
        PipelineError: It has another form; says where, and what is allowed there.
    """
    if isinstance(data, ProgramSpec):
        return data
    plain = _decoded(data) if isinstance(data, (str, bytes)) else data
    if not isinstance(plain, Mapping):
        raise PipelineError(
            "A program specification is a JSON object.", hint="It starts with { and has `steps`."
        )
    version = plain.get("format", 1)
    if isinstance(version, int) and version > 1:
        raise PipelineError(
            f"The program was written by a newer version (format {version}).",
            hint="Update this installation.",
        )
    _refuse_deep_records(plain)
    try:
        return ProgramSpec.model_validate(plain)
    except ValidationError as error:
        reasons = [_readable(dict(item)) for item in error.errors(include_url=False)]
        more = f" (and {len(reasons) - 10} more)" if len(reasons) > 10 else ""
        raise PipelineError(
            f"The program specification cannot be read: {'; '.join(reasons[:10])}{more}.",
            problems=tuple(reasons),
            hint="Compare it with a program that the workbench saved.",
        ) from error


def _decoded(text: str | bytes) -> Any:
    if len(text) > MAX_FILE_CHARACTERS:
        raise PipelineError("The program file is too large.", hint="Keep large corpora outside of it.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PipelineError(f"The program file is not valid JSON: {error}.") from error


def _refuse_deep_records(plain: Mapping[str, Any]) -> None:
    """Stop at records inside records inside records before anything recurses into them."""
    level: list[Any] = [plain]
    # A program's first fields stand four levels down (steps, step, signature, inputs), each record two more.
    for _ in range(6 + 2 * MAX_NESTING):
        level = [child for item in level for child in _inside(item)]
        if not level:
            return
    raise PipelineError(
        f"Records are nested more than {MAX_NESTING} deep.", hint="Flatten them, or split the step into two."
    )


def _inside(item: Any) -> list[Any]:
    values = item.values() if isinstance(item, Mapping) else item if isinstance(item, (list, tuple)) else ()
    return [value for value in values if isinstance(value, (Mapping, list, tuple))]


_KNOWN_KEYS = sorted(
    {key for model in (FieldSpec, SignatureSpec, StepSpec, ProgramSpec) for key in model.model_fields}
)


def _readable(error: dict[str, Any]) -> str:
    *parents, last = error["loc"] or ("",)
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(last), _KNOWN_KEYS, n=1)
        suggestion = f" (did you mean '{near[0]}'?)" if near else ""
        return f"unknown key '{last}' in {_place(parents)}{suggestion}"
    return f"{_place([*parents, last])}: {error['msg'][:1].lower()}{error['msg'][1:]}"


def _place(location: list[Any]) -> str:
    """Write a location as a person would: `steps[0].inputs`; pydantic's names for union branches are left out."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and not any(mark in part for mark in "[(") and part not in ("str", "bool", "int", "float"):
            text += f".{part}" if text else part
    return text or "the program"
