"""Types as data: a *shape* is a type written as JSON, for prompts, parsing, program files and exports.

Knows nothing about signatures. Kinds: str int float bool none any date datetime time bytes; literal (values); enum
(name, values); list, set, tuple (items); dict (values); optional (of); union (of: list); object (name, fields);
custom (name, schema). Pydantic is imported only for types that need it.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.foundation.fingerprint import jsonable
from core.signature.constraints import CONSTRAINTS
from core.signature.missing import MISSING

__all__ = ["bounds_of", "json_schema", "shape_of", "type_name", "type_of"]

_PLAIN: dict[Any, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    bytes: "bytes",
    None: "none",
    type(None): "none",
    Any: "any",
    object: "any",
    datetime.date: "date",
    datetime.datetime: "datetime",
    datetime.time: "time",
}
_TYPES = {kind: annotation for annotation, kind in reversed(_PLAIN.items()) if annotation is not object}
_LISTS = (list, Sequence, Iterable)

Shape = dict[str, Any]


def type_name(annotation: Any) -> str:
    """Return a type as a person writes it: `list[str]`, `Literal['a', 'b']`, `Optional[int]`."""
    if annotation in (None, type(None)):
        return "None"
    if annotation is Any:
        return "Any"
    if annotation is ...:
        return "..."
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is typing.Literal:
        return f"Literal[{', '.join(repr(value) for value in arguments)}]"
    if origin in (typing.Union, types.UnionType):
        rest = [item for item in arguments if item is not type(None)]
        inner = type_name(rest[0]) if len(rest) == 1 else f"Union[{', '.join(map(type_name, rest))}]"
        return f"Optional[{inner}]" if len(rest) < len(arguments) else inner
    name = getattr(origin or annotation, "__name__", None) or str(annotation)
    return f"{name}[{', '.join(map(type_name, arguments))}]" if arguments else name


def shape_of(annotation: Any) -> Shape:
    """Return the shape of a Python type; recursive models end in a "custom" shape."""
    return _shape(annotation, ())


def _shape(annotation: Any, inside: tuple[Any, ...]) -> Shape:
    if _hashable(annotation) and annotation in _PLAIN:
        return {"kind": _PLAIN[annotation]}
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        shape, bounds = _shape(arguments[0], inside), bounds_of(annotation)
        return {**shape, "constraints": bounds} if bounds else shape
    if (renamed := _renamed(annotation)) is not None:
        return _shape(renamed, inside)
    if origin is typing.Literal:
        return {"kind": "literal", "values": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return _union(arguments, inside)
    base = origin or annotation
    if base in (*_LISTS, set, frozenset):
        kind = "set" if base in (set, frozenset) else "list"
        return {"kind": kind, "items": _shape(arguments[0], inside) if arguments else {"kind": "any"}}
    if base is tuple:
        return _tuple(arguments, inside)
    if base in (dict, Mapping):
        return {
            "kind": "dict",
            "values": _shape(arguments[1], inside) if len(arguments) == 2 else {"kind": "any"},
        }
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        values = {name: member.value for name, member in annotation.__members__.items()}
        return {"kind": "enum", "name": annotation.__name__, "values": values}
    if annotation not in inside:
        found = _record(annotation, (*inside, annotation))
        if found is not None:
            return found
    return {"kind": "custom", "name": type_name(annotation), "schema": _pydantic_schema(annotation)}


def _renamed(annotation: Any) -> Any:
    """Return the type behind a NewType or a `type` statement; None for anything else."""
    if type(annotation).__module__ not in ("typing", "typing_extensions"):
        return None
    return getattr(annotation, "__supertype__", None) or getattr(annotation, "__value__", None)


def _hashable(annotation: Any) -> bool:
    try:
        hash(annotation)
    except TypeError:
        return False
    return True


def _union(arguments: tuple[Any, ...], inside: tuple[Any, ...]) -> Shape:
    rest = [item for item in arguments if item is not type(None)]
    inner = (
        _shape(rest[0], inside)
        if len(rest) == 1
        else {"kind": "union", "of": [_shape(item, inside) for item in rest]}
    )
    return {"kind": "optional", "of": inner} if len(rest) < len(arguments) else inner


def _tuple(arguments: tuple[Any, ...], inside: tuple[Any, ...]) -> Shape:
    if len(arguments) == 2 and arguments[1] is ...:
        return {"kind": "tuple", "items": _shape(arguments[0], inside)}
    if not arguments:
        return {"kind": "tuple", "items": {"kind": "any"}}
    return {"kind": "tuple", "of": [_shape(item, inside) for item in arguments]}


def _made(factory: Any) -> Any:
    """Return what a default factory makes; MISSING for one that wants the other values first."""
    try:
        return factory()
    except TypeError:
        return MISSING


def _record(annotation: Any, inside: tuple[Any, ...]) -> Shape | None:
    """Return the shape of a pydantic model, dataclass or TypedDict; None for anything else."""
    members: list[tuple[str, Any, bool, str, Any]] = []
    bounds: dict[str, dict[str, Any]] = {}
    if hasattr(annotation, "model_fields") and isinstance(annotation, type):
        if callable(getattr(annotation, "format", None)) or getattr(annotation, "is_history_type", False):
            return None  # a custom type with a wire form of its own
        for name, info in annotation.model_fields.items():
            default = _made(info.default_factory) if info.default_factory else info.default
            default = MISSING if info.is_required() else default
            members.append((name, info.annotation, info.is_required(), info.description or "", default))
            bounds[name] = _bounds(info.metadata)
    elif dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
        hints = typing.get_type_hints(annotation)
        for item in dataclasses.fields(annotation):
            required = item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
            factory = item.default_factory
            default = MISSING if item.default is dataclasses.MISSING else item.default
            default = default if factory is dataclasses.MISSING else _made(factory)
            members.append((item.name, hints[item.name], required, "", default))
    elif typing.is_typeddict(annotation):
        for name, hint in typing.get_type_hints(annotation, include_extras=True).items():
            # Written as text (`from __future__ import annotations`), the marks are not among the class's own keys.
            marked = typing.get_origin(hint) in (typing.NotRequired, typing.Required)
            required = name in getattr(annotation, "__required_keys__", ())
            required = typing.get_origin(hint) is typing.Required if marked else required
            members.append((name, typing.get_args(hint)[0] if marked else hint, required, "", MISSING))
    else:
        return None
    fields: dict[str, Any] = {}
    for name, hint, required, desc, default in members:
        shape = _shape(hint, inside)
        if bounds.get(name):
            shape["constraints"] = bounds[name]
        fields[name] = {"shape": shape, "required": required, "desc": desc}
        if default is not MISSING:
            fields[name]["default"] = jsonable(default)
    return {"kind": "object", "name": str(getattr(annotation, "__name__", "Record")), "fields": fields}


def bounds_of(annotation: Any) -> dict[str, Any]:
    """Return the constraints of `Annotated[int, Field(ge=0)]`, pydantic's or annotated_types'; {} without any."""
    if typing.get_origin(annotation) is not typing.Annotated:
        return {}
    return _bounds(
        [one for item in annotation.__metadata__ for one in (item, *getattr(item, "metadata", ()))]
    )


def _bounds(metadata: Sequence[Any]) -> dict[str, Any]:
    """Return the constraints that pydantic keeps beside a member's type."""
    found = {
        name: getattr(item, name, None) for item in metadata for name in CONSTRAINTS if hasattr(item, name)
    }
    return {name: bound for name, bound in found.items() if bound is not None}


def _pydantic_schema(annotation: Any) -> dict[str, Any]:
    try:
        from pydantic import TypeAdapter

        return TypeAdapter(annotation).json_schema()
    except Exception:
        return {}


def type_of(shape: Shape, name: str = "Record") -> Any:
    """Return a Python type for a shape; objects become pydantic models, enums become literals of their values."""
    kind = shape["kind"]
    if kind in _TYPES:
        return _TYPES[kind]
    if kind == "literal":
        return typing.Literal[tuple(shape["values"])]
    if kind == "enum":
        return typing.Literal[tuple(shape["values"].values())]
    if kind in ("list", "set"):
        inner = type_of(shape["items"], name)
        return list[inner] if kind == "list" else set[inner]  # type: ignore[valid-type]
    if kind == "tuple":
        return (
            tuple[type_of(shape["items"], name), ...]
            if "items" in shape
            else tuple[*map(type_of, shape["of"])]
        )
    if kind == "dict":
        return dict[str, type_of(shape["values"], name)]  # type: ignore[misc]
    if kind == "optional":
        return typing.Optional[type_of(shape["of"], name)]  # noqa: UP045
    if kind == "union":
        return typing.Union[tuple(type_of(item, name) for item in shape["of"])]  # noqa: UP007
    if kind == "object":
        return _model_of(shape, name)
    return Any


def _model_of(shape: Shape, name: str) -> Any:
    import pydantic

    members: dict[str, Any] = {}
    for key, member in shape["fields"].items():
        default = ... if member.get("required", True) else member.get("default")
        inner = type_of(member["shape"], key.title().replace("_", ""))
        bounds = member["shape"].get("constraints", {})
        members[key] = (inner, pydantic.Field(default, description=member.get("desc") or None, **bounds))
    return pydantic.create_model(shape.get("name") or name, **members)


def json_schema(shape: Shape) -> dict[str, Any]:
    """Return the JSON schema of a shape: objects closed, all that is required named, constraints included."""
    schema = _schema(shape)
    names = {
        "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum",
        "multiple_of": "multipleOf", "pattern": "pattern",
    }  # fmt: skip
    lengths = {"array": "Items", "object": "Properties"}.get(str(schema.get("type")), "Length")
    for key, bound in shape.get("constraints", {}).items():
        if key in names:
            schema[names[key]] = bound
        elif key in ("min_length", "max_length"):
            schema[f"{key[:3]}{lengths}"] = bound
    return schema


_SCALARS: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "none": {"type": "null"},
    "any": {},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
    "bytes": {"type": "string"},
}


def _schema(shape: Shape) -> dict[str, Any]:
    kind = shape["kind"]
    if kind in _SCALARS:
        return dict(_SCALARS[kind])
    if kind in ("literal", "enum"):
        return {"enum": list(shape["values"] if kind == "literal" else shape["values"].values())}
    if kind in ("list", "set") or (kind == "tuple" and "items" in shape):
        return {"type": "array", "items": json_schema(shape["items"])} | (
            {"uniqueItems": True} if kind == "set" else {}
        )
    if kind == "tuple":
        count = len(shape["of"])
        return {
            "type": "array",
            "prefixItems": [json_schema(item) for item in shape["of"]],
            "minItems": count,
            "maxItems": count,
        }
    if kind == "dict":
        return {"type": "object", "additionalProperties": json_schema(shape["values"])}
    if kind == "optional":
        return {"anyOf": [json_schema(shape["of"]), {"type": "null"}]}
    if kind == "union":
        return {"anyOf": [json_schema(item) for item in shape["of"]]}
    if kind == "object":
        return _object_schema(shape)
    return dict(shape.get("schema") or {})


def _object_schema(shape: Shape) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for name, member in shape["fields"].items():
        properties[name] = json_schema(member["shape"])
        if member.get("desc"):
            properties[name]["description"] = member["desc"]
    required = [name for name, member in shape["fields"].items() if member.get("required", True)]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
