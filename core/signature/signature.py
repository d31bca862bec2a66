"""Signatures as classes: `Signature("question -> answer")` or a class body; every edit gives a new one.

Knows nothing about prompts, models or modules. A signature is a plain class, not a pydantic model: making one costs
microseconds, and pydantic is asked only where a value of a rich type has to be checked.
"""

from __future__ import annotations

import inspect
import keyword
import sys
import typing
from collections.abc import Mapping
from typing import Any

from core.foundation.errors import SignatureError
from core.signature.field import Field
from core.signature.missing import MISSING
from core.signature.shorthand import parse_shorthand

__all__ = ["Signature", "SignatureMeta", "default_instructions", "ensure_signature", "make_signature"]


def default_instructions(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    """Return the instructions of a signature that was given none."""
    wanted = ", ".join(f"`{name}`" for name in outputs)
    given = ", ".join(f"`{name}`" for name in inputs)
    return f"From {given} produce {wanted}." if given else f"Produce {wanted}."


class SignatureMeta(type):
    """The class of signatures: reads class bodies, makes signatures from strings, holds the edits."""

    # Plain attributes, not properties: every call of a predictor reads them several times.
    input_fields: dict[str, Field]
    """Inputs by name, in order."""
    output_fields: dict[str, Field]
    """Outputs by name, in order."""
    fields: dict[str, Field]
    """All fields, inputs first."""
    made: dict[Any, Any]
    """What others derived from this signature once (rendered parts); emptied when it changes."""
    _instructions: str

    def __new__(
        mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> SignatureMeta:
        ready = kwargs.get("fields")
        own = {key: value for key, value in namespace.items() if isinstance(value, Field)}
        body = {key: value for key, value in namespace.items() if key not in own}
        if isinstance(body.get("__doc__"), str):  # half a surrogate pair cannot stand in a docstring
            body["__doc__"] = body["__doc__"].encode("utf-8", "replace").decode("utf-8")
        cls = super().__new__(mcs, name, bases, body)
        if ready is not None:
            cls._set(ready, kwargs["instructions"])
            return cls
        inherited: dict[str, Field] = {}
        signatures = [base for base in bases if isinstance(base, SignatureMeta)]
        for base in reversed(signatures):
            inherited.update(base.fields)
        fields = {**inherited, **_bind(cls, own)} if bases else {}
        doc = namespace.get("__doc__")
        parent = next((base for base in signatures if base.fields), None)
        if doc:
            instructions = inspect.cleandoc(doc)
        elif parent is not None and not (own and parent._instructions == _default_of(parent.fields)):
            instructions = parent._instructions
        else:
            instructions = _default_of(fields)
        cls._set(fields, instructions)
        return cls

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_kwargs: Any) -> None:
        super().__init__(name, bases, namespace)

    def _set(cls, fields: dict[str, Field], instructions: str) -> None:
        inputs, outputs = _by_role(fields)
        cls.input_fields, cls.output_fields, cls.fields = inputs, outputs, {**inputs, **outputs}
        cls._instructions = instructions
        cls.made = {}

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Signature:
            return make_signature(*args, **kwargs)
        raise SignatureError(
            f"{cls.__name__} describes a step and has no instances.",
            hint="Give it to a module: Predict(...).",
        )

    def __getattr__(cls, name: str) -> Field:
        fields = cls.__dict__.get("fields", {})
        if name in fields:
            return fields[name]
        raise AttributeError(f"{cls.__name__} has no field or attribute '{name}'.")

    @property
    def instructions(cls) -> str:
        """What the step should do."""
        return cls._instructions

    @instructions.setter
    def instructions(cls, text: str) -> None:
        cls._instructions = text
        cls.made = {}

    @property
    def model_fields(cls) -> dict[str, Field]:
        """The same as `fields`, under pydantic's name."""
        return cls.fields

    @property
    def signature(cls) -> str:
        """The names as a string, "a, b -> c"."""
        return f"{', '.join(cls.input_fields)} -> {', '.join(cls.output_fields)}"

    def with_instructions(cls, instructions: str) -> SignatureMeta:
        """Return a copy with other instructions."""
        return _derive(cls, cls.fields, instructions)

    def append_instructions(cls, instructions: str) -> SignatureMeta:
        """Return a copy with more instructions after a blank line."""
        return _derive(cls, cls.fields, f"{cls._instructions}\n\n{instructions}")

    def with_updated_fields(cls, name: str, type_: Any = None, **changes: Any) -> SignatureMeta:
        """Return a copy in which one field has another type, description or constraint.

        Raises:
            SignatureError: There is no such field, or no such attribute.
        """
        if name not in cls.fields:
            raise SignatureError(
                f"{cls.__name__} has no field '{name}'.", hint=f"It has: {', '.join(cls.fields)}."
            )
        if type_ is not None:
            changes["annotation"] = type_
        return _derive(cls, {**cls.fields, name: cls.fields[name].replace(**changes)}, cls._instructions)

    def prepend(cls, name: str, field: Field, type_: Any = None) -> SignatureMeta:
        """Return a copy with a field in front of the others of its role."""
        return cls.insert(0, name, field, type_)

    def append(cls, name: str, field: Field, type_: Any = None) -> SignatureMeta:
        """Return a copy with a field behind the others of its role."""
        return cls.insert(-1, name, field, type_)

    def insert(cls, index: int, name: str, field: Field, type_: Any = None) -> SignatureMeta:
        """Return a copy with a field at a position among those of its role; -1 is the end.

        Raises:
            SignatureError: The position is out of range.
        """
        inputs, outputs = list(cls.input_fields.items()), list(cls.output_fields.items())
        row = inputs if field.role == "input" else outputs
        position = index if index >= 0 else len(row) + index + 1
        if not 0 <= position <= len(row):
            raise SignatureError(
                f"Position {index} is out of range: there are {len(row)} {field.role} fields."
            )
        bound = field.replace(name=_checked_name(name))
        if type_ is not None:
            bound = bound.replace(annotation=type_)
        row.insert(position, (name, bound))
        placed = dict((*inputs, *outputs)) | {name: bound}  # one of that name keeps the first of its places
        return _derive(cls, placed, cls._instructions)

    def delete(cls, name: str) -> SignatureMeta:
        """Return a copy without one field; an absent name changes nothing."""
        return _derive(
            cls, {key: value for key, value in cls.fields.items() if key != name}, cls._instructions
        )

    def equals(cls, other: Any) -> bool:
        """True where instructions and fields are the same."""
        return (
            isinstance(other, SignatureMeta)
            and cls._instructions == other._instructions
            and list(cls.fields.items()) == list(other.fields.items())
        )

    def dump_state(cls) -> dict[str, Any]:
        """Return instructions and field labels, in DSPy's form."""
        return {
            "instructions": cls._instructions,
            "fields": [{"prefix": field.prefix, "description": field.desc} for field in cls.fields.values()],
        }

    def load_state(cls, state: Mapping[str, Any]) -> SignatureMeta:
        """Return a copy with the instructions and labels of a saved state; names and types stay.

        Raises:
            SignatureError: The state has another number of fields.
        """
        saved, instructions = state.get("fields", []), state.get("instructions")
        if not isinstance(instructions, str) or not isinstance(saved, list) or not all(map(_is_label, saved)):
            raise SignatureError("The saved signature is not one: it has instructions and a list of fields.")
        if len(saved) != len(cls.fields):
            raise SignatureError(
                f"The saved state has {len(saved)} fields, the signature '{cls.signature}' has {len(cls.fields)}.",
                hint="Load it into the program it was saved from.",
            )
        fields = {
            name: field.replace(prefix=item.get("prefix"), desc=item.get("description"))
            for (name, field), item in zip(cls.fields.items(), saved, strict=True)
        }
        return _derive(cls, fields, instructions)

    def _repr_html_(cls) -> str:
        from core.signature.show import signature_html

        return signature_html(cls)

    def __repr__(cls) -> str:
        if not cls.fields:
            return f"<class '{cls.__module__}.{cls.__qualname__}'>"
        return f"{cls.__name__}({cls.signature}\n    instructions={cls._instructions!r})"


def _by_role(fields: Mapping[str, Field]) -> tuple[dict[str, Field], dict[str, Field]]:
    inputs = {name: field for name, field in fields.items() if field.role == "input"}
    return inputs, {name: field for name, field in fields.items() if field.role == "output"}


def _is_label(saved: Any) -> bool:
    """True where a saved field's labels are texts or absent."""
    return isinstance(saved, Mapping) and all(
        isinstance(saved.get(name), str | None) for name in ("prefix", "description")
    )


def _default_of(fields: Mapping[str, Field]) -> str:
    return default_instructions(*_by_role(fields))


def _derive(cls: SignatureMeta, fields: dict[str, Field], instructions: str) -> SignatureMeta:
    namespace = {"__module__": cls.__module__, "__doc__": instructions}
    return SignatureMeta(cls.__name__, (Signature,), namespace, fields=fields, instructions=instructions)


def _checked_name(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name) or name == "self":
        raise SignatureError(f"'{name}' cannot be a field name.", hint="Use letters, digits and underscores.")
    return name


def _bind(cls: SignatureMeta, own: dict[str, Field]) -> dict[str, Field]:
    """Give the fields of a class body their names and types."""
    annotations = dict(inspect.get_annotations(cls))
    for name in annotations:
        if name not in own and not name.startswith("_"):
            raise SignatureError(
                f"Field '{name}' of {cls.__name__} is neither an input nor an output.",
                hint=f"Write: {name}: ... = InputField() or OutputField().",
            )
    if any(isinstance(annotation, str) for annotation in annotations.values()):
        annotations.update(_resolve_text(cls, annotations))
    return {
        name: field.replace(name=_checked_name(name), annotation=annotations.get(name, MISSING))
        for name, field in own.items()
    }


def _resolve_text(cls: SignatureMeta, annotations: dict[str, Any]) -> dict[str, Any]:
    """Resolve annotations written as text, in the module of the class and in the frames around its body."""
    local: dict[str, Any] = {}
    frame = sys._getframe(1)
    for _ in range(12):
        if frame is None:
            break
        # Of that module alone: what somebody who imports it calls `date` or `Label` is none of its names.
        if frame.f_globals.get("__name__") == cls.__module__:
            local = {**frame.f_locals, **local}
        frame = frame.f_back
    try:
        hints = typing.get_type_hints(cls, localns=local, include_extras=True)
    except NameError as error:
        raise SignatureError(
            f"A type of {cls.__name__} cannot be found: {error}.",
            hint="Import it in the module of the signature.",
        ) from error
    return {name: hints[name] for name in annotations if name in hints}


class Signature(metaclass=SignatureMeta):
    """Base of signatures, and their maker: `Signature("question, context: list[str] -> answer: float")`.

    As a class: the docstring is the instructions, `InputField()` and `OutputField()` declare the fields.
    """


def make_signature(
    signature: str | Mapping[str, Any] | SignatureMeta,
    instructions: str | None = None,
    signature_name: str = "StringSignature",
    custom_types: Mapping[str, Any] | None = None,
) -> Any:
    """Make a signature from a string, or from {name: (type, field)} or {name: field}.

    Args:
        instructions: What the step should do; by default a sentence that names the fields.
        custom_types: Names in the string that are types; others are looked up where the call stands.

    Raises:
        SignatureError: The text cannot be read; says where and what would be right.
    """
    if isinstance(signature, SignatureMeta):
        return signature if instructions is None else signature.with_instructions(instructions)
    if isinstance(signature, str):
        fields = parse_shorthand(signature, custom_types)
    elif not isinstance(signature, Mapping):
        raise SignatureError(
            f"A signature is a string or a Signature class, not {_described(signature)}.",
            hint='For example "question -> answer".',
        )
    else:
        fields = {}
        for name, declared in signature.items():
            annotation, field = declared if isinstance(declared, tuple) else (MISSING, declared)
            if not isinstance(field, Field):
                raise SignatureError(f"Field '{name}' needs an InputField or an OutputField.")
            fields[name] = field.replace(name=_checked_name(name), annotation=annotation)
    text = inspect.cleandoc(instructions) if instructions else _default_of(fields)
    namespace = {"__module__": __name__, "__doc__": text}
    return SignatureMeta(signature_name, (Signature,), namespace, fields=fields, instructions=text)


def ensure_signature(signature: Any, instructions: str | None = None) -> Any:
    """Return a signature for a string, a mapping or a signature, which stays as it is without `instructions`."""
    return make_signature(signature, instructions)


def _described(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__
