"""What a form or a command line needs to know of a parameter, derived from a frozen pydantic `Params`.

Knows nothing about what is parametrised.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Parameter", "in_words", "parameters_of"]


@dataclass(frozen=True)
class Parameter:
    """One field of a `Params` class."""

    name: str
    type: str
    """"string", "integer", "number", "boolean", "array", "object" or "any" (JSON schema's words)."""
    default: Any
    required: bool
    nullable: bool
    description: str
    choices: tuple[Any, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    item_type: str | None = None
    item_choices: tuple[Any, ...] = ()
    """For an array: what its items may be."""
    fields: str = ""
    """"inputs" where it names inputs of a signature."""
    title: str = ""
    """What a person calls it, where its class says so."""

    @property
    def label(self) -> str:
        """Its title, or its name in words."""
        return self.title or in_words(self.name)


_WORDS = {
    "f1": "F1",
    "init": "initial",
    "iters": "iterations",
    "iter": "iteration",
    "llm": "LM",
    "lm": "LM",
    "max": "max.",
    "min": "min.",
    "maxlen": "max. length",
    "num": "number of",
}
_WHOLE = {
    "auto": "Effort",
    "n_iterations": "Number of iterations",
    "num_threads": "Rows in flight",
    "bsize": "Rows a step",
    "k": "Examples",
    "top_p": "Top p",
    "worth": "Gain that 100 calls must bring",
    "length_worth": "Gain that twice the length must bring",
}


def in_words(name: str) -> str:
    """Return a parameter's name as a person would write it.

    >>> in_words("num_candidate_programs")
    'Number of candidate programs'
    """
    text = _WHOLE.get(name) or " ".join(_WORDS.get(word, word) for word in name.split("_"))
    return text[:1].upper() + text[1:]


def parameters_of(params: Any) -> list[Parameter]:
    """Return the fields of a pydantic class in the order they are written."""
    schema = params.model_json_schema()
    required = set(schema.get("required", ()))
    definitions = schema.get("$defs", {})
    titles = {name: field.title or "" for name, field in params.model_fields.items()}
    return [
        _parameter(name, field, name in required, definitions, titles.get(name, ""))
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter(
    name: str, field: Mapping[str, Any], required: bool, definitions: Mapping[str, Any], title: str
) -> Parameter:
    options = [_resolved(option, definitions) for option in field.get("anyOf", ())]
    nullable = any(option.get("type") == "null" for option in options)
    solid = [option for option in options if option.get("type") != "null"]
    shape = {**(solid[0] if len(solid) == 1 else {}), **_resolved(field, definitions)}
    items = _resolved(shape.get("items", {}), definitions)
    choices = tuple(shape.get("enum", ())) or ((shape["const"],) if "const" in shape else ())
    return Parameter(
        name=name,
        type=shape.get("type", "string" if choices and isinstance(choices[0], str) else "any"),
        default=field.get("default"),
        required=required,
        nullable=nullable,
        description=field.get("description", shape.get("description", "")),
        choices=choices,
        minimum=shape.get("minimum", shape.get("exclusiveMinimum")),
        maximum=shape.get("maximum", shape.get("exclusiveMaximum")),
        item_type=items.get("type"),
        item_choices=tuple(items.get("enum", ())) or ((items["const"],) if "const" in items else ()),
        fields=str(field.get("fields", "")),
        title=title,
    )


def _resolved(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    return {
        **definitions.get(reference.rpartition("/")[2], {}),
        **{k: v for k, v in schema.items() if k != "$ref"},
    }
