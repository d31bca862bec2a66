"""A program as Python source: what a person would write who builds it with `import core`.

Knows nothing about running it. Every text goes through `repr` or is proved to survive as a docstring, so nothing in
a specification can become code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from core.foundation.errors import PipelineError
from core.pipeline.custom_types import CUSTOM_TYPES
from core.pipeline.fields import annotation_of, record_title, record_wrappers, signature_of, type_title
from core.pipeline.interface import may_be_left_out
from core.pipeline.kind import StepKind, step_kinds
from core.pipeline.names import hidden_by_prediction
from core.pipeline.sources import sources_of, split_source
from core.pipeline.spec import FieldSpec, ProgramSpec, SignatureSpec, Sources, StepSpec, parse_spec
from core.pipeline.validate import errors_of, validate
from core.signature import type_name

__all__ = ["code"]

_HOMES = {
    "builtins": ("bool", "dict", "float", "int", "list", "set", "str", "tuple"),
    "datetime": ("date", "datetime", "time"),
    "typing": ("Any", "Iterable", "Literal", "Mapping", "Optional", "Sequence", "Union"),
}
_TYPE_NAMES = frozenset(name for names in _HOMES.values() for name in names)
# A quoted text inside a Literal, or a name.
_QUOTED_OR_NAME = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[A-Za-z_]\w*""")
_WIDTH = 100


def code(spec: ProgramSpec) -> str:
    """Return Python source that defines the same program and binds it to `program`.

    Raises:
        PipelineError: The specification has problems.
    """
    spec = parse_spec(spec)
    problems = errors_of(validate(spec))
    if problems:
        raise PipelineError(
            f"The program '{spec.name}' cannot be written as code: {problems[0]}",
            problems=tuple(problems),
            hint=problems[0].hint,
        )
    return _Writer(spec).source()


class _Writer:
    """Collects the parts of one file, and the names that are taken."""

    def __init__(self, spec: ProgramSpec) -> None:
        self.spec = spec
        self.names = _names_of(spec)
        self.taken: set[str] = {"CORPUS", "BaseModel", "Field", *_TYPE_NAMES, *self.names}
        self.classes: list[str] = []
        self.records: dict[str, str] = {}
        self.types: set[str] = set()

    def source(self) -> str:
        steps = [(step, step_kinds.get(step.kind)()) for step in self.spec.steps]
        for item in _fields_of(self.spec):
            self.annotation(item)  # records take their names first: a prompt shows them
        signatures = {step.name: self.signature(step) for step, kind in steps if kind.takes_signature}
        program = self.free_name(type_title(self.spec.name if self.spec.name.isascii() else "Program"))
        body = [f"class {program}(core.Module):", *self.constructor(steps, signatures), "", *self.forward()]
        parts = [self.header(), *self.corpus(), *self.classes, "\n".join(body), f"program = {program}()"]
        return "\n\n\n".join(parts) + "\n"

    def free_name(self, wanted: str) -> str:
        name = wanted if wanted.isidentifier() else f"Program{wanted}"
        while name in self.taken or name.lower() == "core":
            name += "_"
        self.taken.add(name)
        return name

    def header(self) -> str:
        about = [
            self.spec.name.strip() or "program",
            *([self.spec.description] if self.spec.description else []),
        ]
        lines = [f"# {line}" for text in about for line in _printable(text)]
        imports = ["import core"]
        if self.uses_merge():
            imports.append("from core.pipeline import merge_lists")
        standard = [line for module in ("datetime", "typing") if (line := self.type_import(module))]
        pydantic = ["from pydantic import BaseModel, Field"] if "BaseModel" in self.types else []
        renamed = [f"{self.alias(name)} = {name}" for name in self.clashing("builtins")]
        blocks = [lines, standard, pydantic, imports, renamed]
        return "\n\n".join("\n".join(block) for block in blocks if block)

    def type_import(self, module: str) -> str:
        used = sorted(self.types & set(_HOMES[module]))
        texts = [f"{name} as {self.alias(name)}" if name in self.names else name for name in used]
        return f"from {module} import {', '.join(texts)}" if texts else ""

    def clashing(self, module: str) -> list[str]:
        return sorted(self.types & set(_HOMES[module]) & self.names)

    def alias(self, name: str) -> str:
        """Return what a type is called in the file.

        `date: date = core.InputField()` would read the field itself as its type, so a type whose name is also a
        field's gets another one.
        """
        return f"{name}_type" if name in self.names else name

    def uses_merge(self) -> bool:
        flows = [
            *self.spec.outputs.values(),
            *(given for step in self.spec.steps for given in step.inputs.values()),
        ]
        return any(not isinstance(given, str) for given in flows)

    def corpus(self) -> list[str]:
        if not self.spec.corpus:
            return []
        lines = [f"    {text!r}," for text in self.spec.corpus]
        return ["\n".join(["CORPUS = [", *lines, "]"])]

    def signature(self, step: StepSpec) -> str:
        """Write the class of a step's signature; return the expression that stands for it."""
        spec = step.signature or SignatureSpec()
        rows = [(item, "core.InputField") for item in spec.inputs] + [
            (item, "core.OutputField") for item in spec.outputs
        ]
        fields = [self.field(item, maker, "desc") for item, maker in rows]
        name = self.free_name(type_title(step.name))
        instructions = signature_of(spec).instructions
        docstring = _docstring(instructions)
        self.classes.append("\n".join([f"class {name}(core.Signature):", *docstring, *fields]))
        return name if docstring else f"{name}.with_instructions({instructions!r})"

    def field(self, item: FieldSpec, maker: str, describe: str) -> str:
        options: dict[str, Any] = {describe: item.desc} if item.desc else {}
        options |= item.constraints
        return f"    {item.name}: {self.annotation(item)} = {StepKind.call_text(maker, **options)}"

    def annotation(self, item: FieldSpec) -> str:
        if item.fields is None:
            return _QUOTED_OR_NAME.sub(self.type_word, type_name(annotation_of(item)))
        text = self.record(item)
        for word in reversed(record_wrappers(item.type) or ()):
            text = f"{self.type_named(word)}[{text}]"
        return text

    def type_word(self, found: re.Match[str]) -> str:
        word = found.group()
        if word in CUSTOM_TYPES:
            return f"core.{word}" if word != "Document" else "core.experimental.Document"
        if word.startswith("Code_"):
            return f"core.Code[{word.removeprefix('Code_')!r}]"
        return self.type_named(word) if word in _TYPE_NAMES else word

    def type_named(self, name: str) -> str:
        self.types.add(name)
        return self.alias(name)

    def record(self, item: FieldSpec) -> str:
        """Write the class of a record before whatever uses it, equal ones once; return its name."""
        key = item.model_dump_json(include={"name", "fields"})
        if key in self.records:
            return self.records[key]
        self.types.add("BaseModel")
        members: list[str] = []
        for member in item.fields or ():
            text = self.annotation(member)
            options: dict[str, Any] = {"description": member.desc} if member.desc else {}
            options |= member.constraints
            default = "None" if text.startswith(f"{self.alias('Optional')}[") else ""
            value = StepKind.call_text("Field", default, **options) if options else default
            members.append(f"    {member.name}: {text}{f' = {value}' if value else ''}")
        name = self.records[key] = self.free_name(record_title(item.name))
        self.classes.append("\n".join([f"class {name}(BaseModel):", *members]))
        return name

    def constructor(self, steps: list[tuple[StepSpec, StepKind]], signatures: dict[str, str]) -> list[str]:
        retrieving = (
            [step.name for step, kind in steps if kind.uses_retriever(step)] if self.spec.corpus else []
        )
        retriever = "" if not retrieving else "core.BM25(CORPUS)" if len(retrieving) == 1 else "search"
        lines = ["    def __init__(self):", "        super().__init__()"]
        if retriever == "search":
            lines.append("        search = core.BM25(CORPUS)")
        for step, kind in steps:
            given = retriever if kind.uses_retriever(step) else ""
            made = kind.expression(step, signatures.get(step.name, ""), given)
            lines.append(f"        self.{step.name} = {made}")
        return lines

    def forward(self) -> list[str]:
        absent = {item.name for item in self.spec.inputs if may_be_left_out(item)}
        names = sorted((item.name for item in self.spec.inputs), key=lambda name: name in absent)
        given = ", ".join(f"{name}=None" if name in absent else name for name in names)
        lines = [f"    def forward(self, {given}):"]
        for step in self.spec.steps:
            lines += _call(f"{step.name} = self.{step.name}", step.inputs)
        return lines + _call("return core.Prediction", self.spec.outputs)


def _printable(text: str) -> list[str]:
    """Return the lines of a text without anything that could end a comment."""
    return ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in text.splitlines()]


def _names_of(spec: ProgramSpec) -> set[str]:
    """Return every name that a field or a member has: those stand beside types, in the bodies of classes."""
    names: set[str] = set()
    rows = [tuple(_fields_of(spec))]
    while rows:
        for item in rows.pop():
            names.add(item.name)
            rows.append(item.fields or ())
    return names


def _fields_of(spec: ProgramSpec) -> list[FieldSpec]:
    """Return the fields of all signatures."""
    signatures = [step.signature for step in spec.steps if step.signature]
    return [item for signature in signatures for item in (*signature.inputs, *signature.outputs)]


def _call(start: str, arguments: dict[str, Sources]) -> list[str]:
    """Write a call with keyword arguments, on one line where it fits."""
    parts = [f"{name}={_value(given)}" for name, given in arguments.items()]
    line = f"        {start}({', '.join(parts)})"
    if len(line) <= _WIDTH:
        return [line]
    return [f"        {start}(", *(f"            {part}," for part in parts), "        )"]


def _value(given: Sources) -> str:
    if not isinstance(given, str):
        return f"merge_lists({', '.join(map(_value, sources_of(given)))})"
    step, name = split_source(given)
    if not step:
        return name
    return f"{step}[{name!r}]" if hidden_by_prediction(name) else given


def _docstring(text: str) -> list[str]:
    """Return the lines of a docstring that reads back as exactly `text`; none where that is impossible."""
    plain = all(character == "\n" or character.isprintable() for character in text)
    if (
        not plain
        or "\\" in text
        or '"""' in text
        or text.endswith('"')
        or inspect.cleandoc(text) != text
        or not text
    ):
        return []
    first, *rest = text.split("\n")
    lines = [f'    """{first}', *(f"    {line}" if line else "" for line in rest)]
    written = "\n".join(lines)
    if inspect.cleandoc(written.strip()[3:]) != text:
        return []
    return [*_closed(lines), ""]


def _closed(lines: Iterable[str]) -> list[str]:
    """Put the closing quotes behind one line, or below several."""
    rows = list(lines)
    return [rows[0] + '"""'] if len(rows) == 1 else [*rows, '    """']
