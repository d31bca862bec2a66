"""What is wrong with a program before anybody runs it.

Knows nothing about single kinds of steps beyond what `StepKind` says. Problems are values: nothing here raises.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from core.foundation.errors import PipelineError, SignatureError, UnknownNameError
from core.pipeline.constraints import constraint_problems
from core.pipeline.fields import shape_of_field
from core.pipeline.kind import Problem, StepKind, step_kinds
from core.pipeline.names import hidden_by_prediction, record_name_fault, step_name_fault
from core.pipeline.sources import sources_of, split_source
from core.pipeline.spec import FieldSpec, ProgramSpec, Sources, StepSpec
from core.signature.names import Fault, name_fault

__all__ = ["Problem", "available_sources", "errors_of", "takes_list", "validate"]


def validate(spec: ProgramSpec) -> list[Problem]:
    """Return all problems of a program, in its reading order; an empty list means that it can be built."""
    flow = _Flow(spec)
    flow.check_inputs()
    for index, step in enumerate(spec.steps):
        flow.check_step(step, f"steps[{index}]")
    flow.check_outputs()
    flow.check_use()
    flow.check_corpus()
    return flow.problems


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems that prevent building."""
    return [problem for problem in problems if problem.severity == "error"]


def available_sources(spec: ProgramSpec, step: str | None = None) -> list[str]:
    """Return every source that a step may read, or (without a step) the program's outputs."""
    found = [item.name for item in spec.inputs]
    for earlier in spec.steps:
        if earlier.name == step:
            break
        kind = _kind(earlier.kind)
        found += [f"{earlier.name}.{item.name}" for item in (kind.outputs(earlier) if kind else ())]
    return found


def takes_list(spec: FieldSpec) -> bool:
    """True where several sources may flow into the field."""
    try:
        shape = shape_of_field(spec)
    except (SignatureError, PipelineError):
        return False
    shapes = shape["of"] if shape["kind"] == "union" else [shape]
    return any(item["kind"] in ("list", "any") for item in shapes)


def _may_be_list(spec: FieldSpec) -> bool:
    """True where what flows out of the field can be a list."""
    try:
        shape = shape_of_field(spec)
    except (SignatureError, PipelineError):
        return True  # its type is a problem of its own
    shapes = shape["of"] if shape["kind"] == "union" else [shape]
    inner = [item["of"] if item["kind"] == "optional" else item for item in shapes]
    return any(item["kind"] in ("list", "tuple", "any") for item in inner)


def _kind(name: str) -> StepKind | None:
    return step_kinds.get(name)() if name in step_kinds else None


@dataclass
class _Flow:
    """Walks the program in order, knowing at each step what has been produced."""

    spec: ProgramSpec
    problems: list[Problem] = field(default_factory=list[Problem])
    produced: dict[str, dict[str, FieldSpec]] = field(default_factory=dict[str, dict[str, FieldSpec]])
    used: set[str] = field(default_factory=set[str])

    def add(self, where: str, message: str, hint: str = "", *, warning: bool = False) -> None:
        self.problems.append(Problem(where, message, hint, "warning" if warning else "error"))

    def add_fault(self, where: str, fault: Fault) -> None:
        if fault is not None:
            self.add(where, *fault)

    def check_inputs(self) -> None:
        self.check_fields(self.spec.inputs, "inputs")
        if not self.spec.inputs:
            self.add("inputs", "The program takes no input.", "Declare at least one.")
        if not self.spec.steps:
            self.add("steps", "The program has no step.", "Add one; 'predict' asks the model once.")

    def check_fields(self, fields: Iterable[FieldSpec], where: str, *, record: bool = False) -> None:
        seen: set[str] = set()
        for index, item in enumerate(fields):
            place = f"{where}[{index}]"
            self.add_fault(f"{place}.name", (record_name_fault if record else name_fault)(item.name))
            if item.name in seen:
                self.add(f"{place}.name", f"There are two fields called '{item.name}'.", "Rename one.")
            seen.add(item.name)
            self.check_type(item, place)

    def check_type(self, item: FieldSpec, place: str) -> None:
        if item.fields:
            before = len(self.problems)
            self.check_fields(item.fields, f"{place}.fields", record=True)
            if len(self.problems) > before:
                return  # a member's fault would show a second time as the record's
        try:
            shape = shape_of_field(item)
        except (SignatureError, PipelineError) as error:
            self.add(f"{place}.type", error.message, error.hint)
            return
        self.problems += constraint_problems(shape, f"{place}.constraints")

    def check_step(self, step: StepSpec, where: str) -> None:
        self.add_fault(f"{where}.name", step_name_fault(step.name))
        if step.name in self.produced:
            self.add(f"{where}.name", f"There are two steps called '{step.name}'.", "Rename one.")
        if step.name in {item.name for item in self.spec.inputs}:
            self.add(
                f"{where}.name",
                f"A step and an input of the program are both called '{step.name}'.",
                "Rename one.",
            )
        try:
            kind = step_kinds.get(step.kind)()
        except UnknownNameError as error:
            self.add(f"{where}.kind", error.message, error.hint)
            self.produced.setdefault(step.name, {})
            return
        self.check_signature(step, kind, where)
        self.check_mapping(step, kind, where)
        self.produced[step.name] = {item.name: item for item in kind.outputs(step)}

    def check_signature(self, step: StepSpec, kind: StepKind, where: str) -> None:
        try:
            kind.given(step)
        except PipelineError as error:
            self.add(f"{where}.options", error.message, error.hint)
        for message, hint in kind.problems(step):
            self.add(f"{where}.signature", message, hint)
        if not kind.takes_signature:
            if step.signature is not None:
                self.add(
                    f"{where}.signature", f"A step of kind '{step.kind}' has no signature.", "Remove it."
                )
            return
        if step.signature is None or not step.signature.outputs:
            self.add(
                f"{where}.signature", f"Step '{step.name}' gives nothing.", "Declare at least one output."
            )
        if step.signature is None:
            return
        self.check_fields(step.signature.inputs, f"{where}.signature.inputs")
        self.check_fields(step.signature.outputs, f"{where}.signature.outputs")
        both = {item.name for item in step.signature.inputs} & {item.name for item in step.signature.outputs}
        for name in sorted(both):
            self.add(f"{where}.signature", f"'{name}' is an input and an output.", "Rename one.")

    def check_mapping(self, step: StepSpec, kind: StepKind, where: str) -> None:
        fields = {item.name: item for item in kind.inputs(step)}
        for name, item in fields.items():
            place = f"{where}.inputs.{name}"
            if name not in step.inputs:
                self.add(place, f"Nothing flows into '{name}' of step '{step.name}'.", self.suggestion(name))
            else:
                self.check_sources(step.inputs[name], place, step.name)
                if not isinstance(step.inputs[name], str) and not takes_list(item):
                    self.add(
                        place, f"Several sources flow into '{name}', which is no list.", "Make it a list."
                    )
        for name in kind.goes_over(step):
            self.check_list(step, name, f"{where}.inputs.{name}")
        for name in step.inputs:
            if name not in fields:
                self.add(f"{where}.inputs.{name}", f"Step '{step.name}' has no input '{name}'.", "Remove it.")

    def check_list(self, step: StepSpec, name: str, place: str) -> None:
        """Find what is no list where every item of one is wanted; several sources make a list."""
        given = step.inputs.get(name)
        if not isinstance(given, str):
            return
        owner, source = split_source(given)
        known = self.produced.get(owner, {}) if owner else {item.name: item for item in self.spec.inputs}
        if source in known and not _may_be_list(known[source]):
            self.add(
                place,
                f"'{given}' is no list, and step '{step.name}' goes over one.",
                "Choose another source, or make it a list.",
            )

    def suggestion(self, name: str) -> str:
        known = self.known_sources()
        same = [source for source in known if split_source(source)[1] == name]
        return f"Choose a source, for example '{(same or known or ['question'])[0]}'."

    def known_sources(self) -> list[str]:
        steps = [f"{step}.{name}" for step, outputs in self.produced.items() for name in outputs]
        return [item.name for item in self.spec.inputs] + steps

    def check_sources(self, given: Sources, place: str, here: str = "") -> None:
        for source in sources_of(given):
            self.used.add(source)
            fault = self.source_fault(source, here)
            if fault is not None:
                self.add(place, *fault)

    def source_fault(self, source: str, here: str) -> Fault:
        known = self.known_sources()
        if source in known:
            return None
        step, name = split_source(source)
        if step and step == here:
            return f"Step '{here}' reads its own output '{name}'.", "Read an earlier step."
        if step and step not in self.produced and step in {item.name for item in self.spec.steps}:
            return f"'{source}' comes later than it is needed.", f"Move step '{step}' up."
        near = difflib.get_close_matches(source, known, n=1)
        hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(known) or 'none yet'}."
        if step and step in self.produced:
            return f"Step '{step}' has no output '{name}'.", hint
        return f"There is no step '{step}'." if step else f"The program has no input '{source}'.", hint

    def check_outputs(self) -> None:
        if not self.spec.outputs:
            self.add(
                "outputs", "The program gives no output.", "Name at least one, with the step it comes from."
            )
        for name, given in self.spec.outputs.items():
            self.add_fault(f"outputs.{name}", name_fault(name))
            self.check_sources(given, f"outputs.{name}")
            if hidden_by_prediction(name):
                self.add(
                    f"outputs.{name}",
                    f"A prediction has a method called '{name}'.",
                    f"Read the field as prediction['{name}'], or rename it.",
                    warning=True,
                )

    def check_use(self) -> None:
        for index, item in enumerate(self.spec.inputs):
            if item.name not in self.used:
                self.add(
                    f"inputs[{index}]",
                    f"Nothing reads the input '{item.name}'.",
                    "Use it or remove it.",
                    warning=True,
                )
        for index, step in enumerate(self.spec.steps):
            self.check_step_use(step, f"steps[{index}]")

    def check_step_use(self, step: StepSpec, where: str) -> None:
        outputs = self.produced.get(step.name, {})
        unused = [name for name in outputs if f"{step.name}.{name}" not in self.used]
        if outputs and len(unused) == len(outputs):
            self.add(
                where, f"Nothing reads what step '{step.name}' gives.", "Use it or remove it.", warning=True
            )
            return
        declared = {item.name for item in step.signature.outputs} if step.signature else set[str]()
        for name in unused:
            if name in declared:
                self.add(
                    where, f"Nothing reads '{step.name}.{name}'.", "It costs tokens; remove it.", warning=True
                )

    def check_corpus(self) -> None:
        retrieving = [
            step.name for step in self.spec.steps if (kind := _kind(step.kind)) and kind.uses_retriever(step)
        ]
        corpus = self.spec.corpus
        if corpus is not None and not any(text.strip() for text in corpus):
            self.add(
                "corpus",
                "The corpus is empty.",
                "Add passages, or leave the corpus out.",
                warning=not retrieving,
            )
        elif retrieving and corpus is None:
            self.add(
                "corpus",
                f"Step '{retrieving[0]}' retrieves and the program has no corpus.",
                "Add passages, or configure a retriever: core.configure(rm=...).",
                warning=True,
            )
        elif corpus is not None and not retrieving:
            self.add(
                "corpus", "No step retrieves from the corpus.", "Add a step of kind 'retrieve'.", warning=True
            )
