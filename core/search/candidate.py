"""A candidate: what a search may change about a program, as plain data.

Knows nothing about scores. The state is {predictor path: {"demos": [...], "instructions": text}}; a path or a key that
is absent is left as the student has it. A demo is {"row": key}, a labelled training row, or
{"row": key, "values": {field: value}}, a trace of the program on that row. Rows are named, not copied: the log stays
small, and the demos of the program are the user's own objects. A demo with {"own": n} is the n-th that the student has
at that predictor; its values are there to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.data.example import Example
from core.foundation.errors import ValueCoercionError
from core.foundation.fingerprint import fingerprint
from core.modules.for_each import ForEach
from core.modules.module import Module
from core.signature.validate import validate

__all__ = ["Candidate", "State", "build", "demo_counts", "demo_rows", "labelled_demos", "state_key"]

State = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Candidate:
    """One program of the search.

    Attributes:
        id: Short name in order of proposal: "c0", "c1" …
        key: Fingerprint of the state; equal states are the same program.
        label: What it is, for people: "zero-shot", "bootstrap 3 of 16" …
        parents: Ids of the candidates it was made from.
        seed: The number that DSPy's `candidate_programs` show.
    """

    id: str
    key: str
    state: State
    label: str = ""
    parents: tuple[str, ...] = ()
    seed: int | None = None
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])


def state_key(state: State) -> str:
    """Return the fingerprint of a state, short enough for log lines."""
    return fingerprint(state)[:20]


def demo_counts(state: State) -> dict[str, dict[str, int]]:
    """Return {path: {"bootstrapped": n, "labeled": n}}."""
    counts: dict[str, dict[str, int]] = {}
    for path, part in state.items():
        demos = part.get("demos", [])
        bootstrapped = sum(_is_bootstrapped(demo) for demo in demos)
        counts[path] = {"bootstrapped": bootstrapped, "labeled": len(demos) - bootstrapped}
    return counts


def _is_bootstrapped(demo: Mapping[str, Any]) -> bool:
    return "values" in demo and bool(demo["values"].get("augmented", "own" not in demo))


def demo_rows(state: State) -> set[str]:
    """Return the keys of all rows that are demos somewhere."""
    return {demo["row"] for part in state.values() for demo in part.get("demos", [])}


def build(student: Module, state: State, rows: Mapping[str, Example]) -> Module:
    """Return a copy of the student in that state; the student is untouched.

    Args:
        rows: Training rows by key.
    """
    program = student.deepcopy()
    labelled = labelled_demos(program)
    for path, predictor in program.named_predictors():
        part = state.get(path, {})
        if part.get("instructions") is not None:
            predictor.signature = predictor.signature.with_instructions(part["instructions"])
        if "demos" in part:
            shown, own = labelled.get(path), predictor.demos
            predictor.demos = [
                own[demo["own"]] if "own" in demo else _demo(demo, predictor.signature, rows, shown)
                for demo in part["demos"]
            ]
    return program


def labelled_demos(program: Module) -> dict[str, Callable[[Example], Example]]:
    """Return {path: what makes a demo of a labelled row}, for predictors that are not asked about a whole row."""
    made = {
        id(predictor): part.one_of
        for _, part in program.named_sub_modules(ForEach)
        for predictor in part.predictors()
    }
    if not made:
        return {}
    return {path: made[id(part)] for path, part in program.named_predictors() if id(part) in made}


def _demo(
    demo: Mapping[str, Any],
    signature: Any,
    rows: Mapping[str, Example],
    shown: Callable[[Example], Example] | None,
) -> Example:
    if "values" not in demo:
        return shown(rows[demo["row"]]) if shown else rows[demo["row"]]
    values = {name: _typed(signature.fields.get(name), value) for name, value in demo["values"].items()}
    return Example(augmented=True, **values).with_id(demo["row"])


def _typed(field: Any, value: Any) -> Any:
    """Return a logged value as its field's type again; what no longer fits stays JSON, as in a saved program."""
    if field is None:
        return value
    try:
        return validate(field, value)
    except (ValueCoercionError, TypeError):  # a tool is more than what was logged of it
        return value
