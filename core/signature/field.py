"""One field of a signature: its name, type, role, description and constraints.

Knows nothing about the signature that holds it, nor how it is written into a prompt.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Literal

from core.foundation.errors import SignatureError
from core.signature.constraints import CONSTRAINTS
from core.signature.missing import MISSING
from core.signature.schema import bounds_of, shape_of, type_name
from core.wire.constraints import constraint_words

__all__ = ["Field", "InputField", "OutputField", "infer_prefix"]

Role = Literal["input", "output"]

# Over a name written as the cases of its letters, so that those of every alphabet count: "été_2Vrai" as "aaa_0Aaaa".
_WORDS = re.compile("A+(?!a)|A?a+|0+")


def infer_prefix(name: str) -> str:
    """Return a field's name as words: `camelCaseText` and `snake_case` become "Camel Case Text", "Snake Case"."""
    words = [name[found.start() : found.end()] for found in _WORDS.finditer("".join(map(_case, name)))]
    return " ".join(word if word.isupper() else word.capitalize() for word in words) or name


def _case(character: str) -> str:
    if character.isupper():
        return "A"
    return "0" if character.isdigit() else "_" if character == "_" else "a"


class _Facts(dict[str, Any]):
    """A dict to read; a change would go unseen, so it is refused with the way that works."""

    def _refuse(self, *_args: Any, **_kwargs: Any) -> Any:
        raise SignatureError(
            "What a field says cannot be changed in place.",
            hint="Make a signature with the change: signature.with_updated_fields('name', desc='…').",
        )

    __setitem__ = __delitem__ = __ior__ = pop = clear = popitem = _refuse
    update = setdefault = _refuse  # pyright: ignore[reportAssignmentType]


class Field:
    """One field; immutable. `InputField()` and `OutputField()` make it, a signature gives it name and type.

    Attributes:
        name: Its name; "" until a signature holds it.
        annotation: Its Python type.
        role: "input" or "output".
        desc: What it holds, for the model; `${name}` when nobody said.
        prefix: A label as the 2024 layout printed it; kept because saved states carry it.
        constraints: E.g. {"ge": 0, "max_length": 80}.
        default: The value when absent, or MISSING.
    """

    def __init__(
        self,
        role: Role,
        *,
        name: str = "",
        annotation: Any = MISSING,
        desc: str | None = None,
        prefix: str | None = None,
        constraints: dict[str, Any] | None = None,
        default: Any = MISSING,
        default_factory: Callable[[], Any] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.role: Role = role
        self.name = name
        self.is_type_undefined = annotation is MISSING
        self.annotation = str if annotation is MISSING else annotation
        self._desc = desc
        self._prefix = prefix
        self.constraints = {**bounds_of(annotation), **(constraints or {})}
        self.default = default
        self.default_factory = default_factory
        self.extra = dict(extra or {})

    @property
    def desc(self) -> str:
        """The description; `${name}` when none was given."""
        return self._desc if self._desc is not None else f"${{{self.name}}}"

    @property
    def has_desc(self) -> bool:
        """True where somebody wrote a description."""
        return self._desc is not None and self._desc not in ("", f"${{{self.name}}}")

    @property
    def prefix(self) -> str:
        """The label, e.g. "Search Query:"."""
        return self._prefix if self._prefix is not None else f"{infer_prefix(self.name)}:"

    @property
    def required(self) -> bool:
        """True where an absent value is an error: no default and not Optional."""
        return self.default is MISSING and self.default_factory is None and self.shape["kind"] != "optional"

    def is_required(self) -> bool:
        """The same as `required`, under pydantic's name."""
        return self.required

    @property
    def description(self) -> str:
        """The same as `desc`, under pydantic's name."""
        return self.desc

    @cached_property
    def shape(self) -> dict[str, Any]:
        """The type as JSON-able data (see `core.signature.schema`), constraints included."""
        shape = shape_of(self.annotation)
        return {**shape, "constraints": self.constraints} if self.constraints else shape

    @cached_property
    def type_name(self) -> str:
        """The type as a person writes it, e.g. `list[str]`."""
        return type_name(self.annotation)

    @property
    def json_schema_extra(self) -> Mapping[str, Any]:
        """What DSPy keeps under this name, to read: writing raises, as a field is changed by its signature's edits."""
        words = {"constraints": constraint_words(self.constraints)} if self.constraints else {}
        return _Facts(
            {
                "__dspy_field_type": self.role,
                "desc": self.desc,
                "prefix": self.prefix,
                **words,
                **self.extra,
            }
        )

    def absent_value(self) -> Any:
        """Return the value of an absent field: its default, or None when Optional, or MISSING."""
        if self.default is not MISSING:
            return self.default
        if self.default_factory is not None:
            return self.default_factory()
        return None if self.shape["kind"] == "optional" else MISSING

    def replace(self, **changes: Any) -> Field:
        """Return a copy with other attributes (names as in the constructor); unknown names become extras.

        Raises:
            SignatureError: A name is that of no attribute, and close to one.
        """
        values: dict[str, Any] = {
            "role": self.role,
            "name": self.name,
            "annotation": MISSING if self.is_type_undefined else self.annotation,
            "desc": self._desc,
            "prefix": self._prefix,
            "constraints": self.constraints,
            "default": self.default,
            "default_factory": self.default_factory,
            "extra": self.extra,
        }
        if changes.keys() <= values.keys():
            return Field(**{**values, **changes})
        bounds = {name: changes.pop(name) for name in CONSTRAINTS if name in changes}
        changes["constraints"] = {**changes.get("constraints", self.constraints), **bounds}
        extra = {name: changes.pop(name) for name in changes.keys() - values.keys()}
        for name in extra:
            if near := difflib.get_close_matches(name, values, n=1):
                raise SignatureError(f"A field has no attribute '{name}'.", hint=f"Did you mean '{near[0]}'?")
        merged: dict[str, Any] = {**values, **changes, "extra": {**self.extra, **extra}}
        return Field(**merged)

    def _key(self) -> tuple[Any, ...]:
        return (
            self.name,
            self.role,
            self.annotation,
            self.desc,
            self.prefix,
            tuple(sorted(self.constraints.items())),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Field) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.name, self.role))

    def __repr__(self) -> str:
        maker = "InputField" if self.role == "input" else "OutputField"
        return f"{maker}(name={self.name!r}, type={self.type_name}, desc={self.desc!r})"


def InputField(**options: Any) -> Any:  # noqa: N802 - DSPy's name
    """Declare an input of a class signature.

    Args:
        options: `desc` (or `description`), `default`, `default_factory`, the constraints `gt ge lt le multiple_of
            min_length max_length pattern allow_inf_nan`; `prefix`, `format`, `parser` are accepted as in DSPy.

    Raises:
        SignatureError: An option is unknown.
    """
    return _declare("input", options)


def OutputField(**options: Any) -> Any:  # noqa: N802 - DSPy's name
    """Declare an output of a class signature; options as for `InputField`."""
    return _declare("output", options)


_PYDANTIC = [
    "title",
    "alias",
    "alias_priority",
    "validation_alias",
    "serialization_alias",
    "examples",
    "exclude",
    "deprecated",
    "discriminator",
    "frozen",
    "validate_default",
    "repr",
    "init",
    "init_var",
    "kw_only",
    "coerce_numbers_to_str",
    "strict",
    "union_mode",
    "fail_fast",
]
"""Options of pydantic's `Field` that say nothing to a model: accepted, as in DSPy, and not used."""


def _declare(role: Role, options: dict[str, Any]) -> Field:
    known = {
        "desc",
        "description",
        "default",
        "default_factory",
        "prefix",
        "format",
        "parser",
        *_PYDANTIC,
    }
    extra = dict(options.pop("json_schema_extra", None) or {})
    unknown = options.keys() - known - set(CONSTRAINTS)
    if unknown:
        raise SignatureError(
            f"A field has no option {', '.join(map(repr, sorted(unknown)))}.",
            hint=f"There are: desc, default, default_factory, {', '.join(CONSTRAINTS)}.",
        )
    default = options.get("default", MISSING)
    return Field(
        role,
        desc=options.get("desc", options.get("description", extra.pop("desc", None))),
        prefix=options.get("prefix", extra.pop("prefix", None)),
        constraints={name: options[name] for name in CONSTRAINTS if options.get(name) is not None},
        default=MISSING if default is ... else default,
        default_factory=options.get("default_factory"),
        extra={key: value for key, value in extra.items() if not key.startswith("__")},
    )
