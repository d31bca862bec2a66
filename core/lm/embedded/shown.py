"""Examples as a prompt's values show them: JSON, `Example({...})`, headed lines, and feedback beside them.

Knows nothing about what is done with them.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.lm.embedded.decoding import decoded

__all__ = ["Shown", "shown_examples"]

_HEAD = re.compile(
    r"^[ \t]*(?:[-*•] |\d+[.)] )?[`*\"']*([^\W\d][\w .-]{0,40}?)[`*\"']*[ \t]*[:：=][ \t]*(.*)$"
)
_RIGHT = re.compile(
    r"(?:(?:right|correct|expected|gold|true|desired|actual|reference|ground[- ]truth)(?: \w+){0,2}"
    r"(?: is| was|:| should be| are)?|"
    r"should (?:be|have been)|expected|instead of [^,.]*?,? (?:it is|use)|(?:->|→))\s*:?\s*[\"'`“«]?([^\"'`”»\n.;,]+)",
    re.IGNORECASE,
)
_INPUT_KEYS = {"inputs", "input", "input fields", "task inputs"}
_OUTPUT_KEYS = {
    "outputs",
    "output",
    "generated outputs",
    "labels",
    "expected",
    "expected outputs",
    "gold",
    "answers",
    "output fields",
}
_SECTIONS = _INPUT_KEYS | _OUTPUT_KEYS
_FEEDBACK_KEYS = {"feedback", "comment", "critique", "score", "notes"}


@dataclass(slots=True)
class Shown:
    """One example: fields as texts; `right` holds the outputs known to be right."""

    inputs: dict[str, str] = field(default_factory=dict[str, str])
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    feedback: str = ""

    @property
    def text(self) -> str:
        """Its inputs, one below another."""
        return "\n".join(self.inputs.values())


def shown_examples(values: Iterable[str]) -> list[Shown]:
    """Return the examples in a prompt's values, whichever way they are written."""
    found: list[Shown] = []
    for value in values:
        found += _from_json(value) or _from_reprs(value) or _from_lines(value)
    return [one for one in (_corrected(example) for example in found) if one.inputs and one.outputs]


def _from_json(value: str) -> list[Shown]:
    text = value.strip()
    if text[:1] not in "[{":
        return []
    data = decoded(text)
    rows = data if isinstance(data, list) else [data]
    return [example for row in rows if isinstance(row, dict) and (example := _from_mapping(row))]


def _from_mapping(row: Mapping[str, Any]) -> Shown | None:
    example = Shown()
    for key, value in row.items():
        folded = str(key).casefold()
        if folded in _INPUT_KEYS and isinstance(value, dict):
            example.inputs |= {str(k): _text(v) for k, v in value.items()}
        elif folded in _OUTPUT_KEYS and isinstance(value, dict):
            example.outputs |= {str(k): _text(v) for k, v in value.items()}
        elif folded in _FEEDBACK_KEYS:
            example.feedback += _text(value)
        elif folded in _OUTPUT_KEYS:
            example.outputs["answer"] = _text(value)
        else:
            example.inputs[str(key)] = _text(value)
    if not example.outputs and len(example.inputs) > 1:
        last = list(example.inputs)[-1]
        example.outputs[last] = example.inputs.pop(last)
    return example if example.inputs else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _from_reprs(value: str) -> list[Shown]:
    """Read `Example({'text': …, 'label': …}) (input_keys={'text'})`: literals only, nothing is run."""
    found: list[Shown] = []
    for match in re.finditer(r"Example\((\{.*?\})\) \(input_keys=(\{.*?\}|None|set\(\))\)", value, re.DOTALL):
        try:
            data, keys = (
                ast.literal_eval(match[1]),
                ast.literal_eval(match[2]) if match[2].startswith("{") else None,
            )
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if not isinstance(data, dict) or len(data) < 2:
            continue
        names = keys or set(list(data)[:-1])
        found.append(
            Shown(
                {str(k): _text(v) for k, v in data.items() if k in names},
                {str(k): _text(v) for k, v in data.items() if k not in names},
            )
        )
    return found


def _from_lines(value: str) -> list[Shown]:
    """Read blocks of `name: value` lines; a name that comes again begins the next example."""
    records: list[list[tuple[str, str, str]]] = [[]]
    section = ""
    for line in value.splitlines():
        match = _HEAD.match(line)
        if match is None:
            if (
                re.fullmatch(r"\s*[-=#]{3,}\s*(?:example.*)?", line, re.IGNORECASE)
                and section not in _INPUT_KEYS
            ):
                records.append([])
            elif records[-1] and line.strip():
                kind, name, held = records[-1][-1]
                records[-1][-1] = (kind, name, f"{held}\n{line.strip()}".strip())
            continue
        name, said = match[1].strip(), match[2].strip()
        if name.casefold() in _SECTIONS and not said:
            if name.casefold() in _INPUT_KEYS and records[-1]:
                records.append([])
            section = name.casefold()
            continue
        if any(name == seen for _, seen, _ in records[-1]):
            records.append([])
        records[-1].append((section, name, said))
    return [made for record in records if (made := _from_record(record))]


def _from_record(record: list[tuple[str, str, str]]) -> Shown | None:
    example = Shown()
    for section, name, said in record:
        folded = name.casefold()
        if folded in _FEEDBACK_KEYS:
            example.feedback += said
        elif section in _OUTPUT_KEYS or folded in _OUTPUT_KEYS:
            example.outputs[name] = said
        else:
            example.inputs[name] = said
    if not example.outputs and len(example.inputs) > 1:
        last = list(example.inputs)[-1]
        example.outputs[last] = example.inputs.pop(last)
    return example if example.inputs and example.outputs else None


def _corrected(example: Shown) -> Shown:
    """Put what the feedback says is right in the place of what was answered."""
    if not example.feedback:
        return example
    outputs = {
        name: value for name, value in example.outputs.items() if name not in {"reasoning", "rationale"}
    }
    if len(outputs) == 1 and (match := _RIGHT.search(example.feedback)):
        name = next(iter(outputs))
        return Shown(example.inputs, {name: match[1].strip()}, example.feedback)
    for name in outputs:
        if match := re.search(
            rf"{re.escape(name)}\b[^.\n]*?{_RIGHT.pattern}", example.feedback, re.IGNORECASE
        ):
            outputs[name] = match[1].strip()
    return Shown(example.inputs, outputs, example.feedback)
