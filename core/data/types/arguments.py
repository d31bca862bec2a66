"""The arguments of a tool: their JSON schemas from a signature, and the check and coercion of what a model gave.

Knows nothing about tools beyond a callable. Checks are pydantic's; where there is a JSON schema and no Python type
(tools of other systems) a type is made from the schema.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pydantic

from core.foundation.errors import ValueCoercionError

__all__ = ["Parameters", "checked_arguments", "inlined", "json_schema_of", "parameters_of", "type_of_schema"]

Schema = dict[str, Any]

_TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "null": type(None),
    "object": dict[str, Any],
}


@dataclass(frozen=True)
class Parameters:
    """What a callable takes.

    Attributes:
        types: Python types by argument name.
        schemas: JSON schemas by argument name, defaults included.
        required: Arguments without a default.
        positional: Those that Python takes by position only, in order.
        open: It takes further arguments by name (`**kwargs`).
    """

    types: dict[str, Any]
    schemas: dict[str, Schema]
    required: tuple[str, ...]
    positional: tuple[str, ...] = ()
    open: bool = False


def parameters_of(function: Callable[..., Any]) -> Parameters:
    """Return what `function` takes, from its signature and annotations.

    Raises:
        ValueError: It has no signature that Python can see (some built-ins).
    """
    hints = _hints(function)
    types: dict[str, Any] = {}
    schemas: dict[str, Schema] = {}
    required: list[str] = []
    positional: list[str] = []
    is_open = False
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            is_open = True
        if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            continue
        types[name] = hints.get(name, Any)
        schemas[name] = json_schema_of(types[name])
        if parameter.default is parameter.empty:
            required.append(name)
        else:
            schemas[name]["default"] = _jsonable_default(parameter.default)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(name)
    return Parameters(types, schemas, tuple(required), tuple(positional), is_open)


def _hints(function: Any) -> dict[str, Any]:
    """Return annotations as types; those that cannot be found stay unknown rather than failing the tool."""
    bare = function
    while hasattr(bare, "func") and not inspect.isroutine(bare):  # functools.partial
        bare = bare.func
    if not inspect.isroutine(bare) and not inspect.isclass(bare):
        bare = type(bare).__call__
    try:
        return typing.get_type_hints(bare, include_extras=True)
    except (NameError, TypeError):
        found = getattr(bare, "__annotations__", {})
        return {name: kind for name, kind in found.items() if not isinstance(kind, str)}


def _jsonable_default(value: Any) -> Any:
    from core.foundation.fingerprint import jsonable

    return jsonable(value)


def json_schema_of(annotation: Any) -> Schema:
    """Return the JSON schema of a Python type, references inlined and titles left out; {} for anything."""
    if annotation in (Any, inspect.Parameter.empty):
        return {}
    try:
        return inlined(_adapter(annotation).json_schema())
    except (pydantic.PydanticUserError, TypeError):
        return {}


def inlined(schema: Any) -> Schema:
    """Return a schema with its `$ref`s replaced by what they stand for; a recursive one ends in {}."""
    return _inline(schema, schema.get("$defs", schema.get("definitions", {})), ())


def _inline(node: Any, known: Mapping[str, Any], inside: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(item, known, inside) for item in node]
    if not isinstance(node, Mapping):
        return node
    reference = node.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        target = {} if name in inside else _inline(known.get(name, {}), known, (*inside, name))
        return {**target, **_inline(beside, known, inside)}
    left_out = {"$defs", "definitions"} | ({"title"} if isinstance(node.get("title"), str) else set[str]())
    found: Schema = {}
    for key, value in node.items():
        if key == "properties" and isinstance(value, Mapping):  # a property may be called "title" or "$ref"
            found[key] = {name: _inline(inner, known, inside) for name, inner in value.items()}
        elif key not in left_out:
            found[key] = (
                value if key in ("default", "const", "enum", "examples") else _inline(value, known, inside)
            )
    return found


def type_of_schema(schema: Any) -> Any:
    """Return a Python type that checks what a JSON schema says about types, choices and members."""
    if not isinstance(schema, Mapping) or not schema:
        return Any
    if values := schema.get("enum"):
        return _literal(tuple(values))
    if "const" in schema:
        return _literal((schema["const"],))
    for key in ("anyOf", "oneOf"):
        if options := schema.get(key):
            return typing.Union[tuple(map(type_of_schema, options))]  # noqa: UP007
    kind = schema.get("type")
    if isinstance(kind, list):
        return typing.Union[tuple(type_of_schema({**schema, "type": one}) for one in kind)]  # noqa: UP007
    if kind == "array":
        return list[type_of_schema(schema.get("items"))]
    if kind == "object" and schema.get("properties"):
        return _model_of_schema(schema)
    return _TYPES.get(str(kind), Any)


def _literal(values: tuple[Any, ...]) -> Any:
    plain = all(isinstance(value, (str, int, bool, type(None))) for value in values)
    return typing.Literal[values] if plain else Any


def _model_of_schema(schema: Mapping[str, Any]) -> Any:
    """Return a TypedDict of the members, so that checked values stay plain dicts."""
    required = set(schema.get("required", ()))
    members = {
        name: type_of_schema(inner) if name in required else typing.NotRequired[type_of_schema(inner)]
        for name, inner in schema["properties"].items()
    }
    from typing_extensions import TypedDict

    made: Any = TypedDict("Members", members)  # type: ignore[operator]
    made.__pydantic_config__ = pydantic.ConfigDict(extra="allow")
    return made


@lru_cache(maxsize=1024)
def _adapter(annotation: Any) -> pydantic.TypeAdapter[Any]:
    return pydantic.TypeAdapter(annotation, config=_config(annotation))


def _config(annotation: Any) -> pydantic.ConfigDict | None:
    """Return a configuration that allows any class; None where the type brings its own and would refuse ours."""
    try:
        pydantic.TypeAdapter(annotation)
    except pydantic.errors.PydanticSchemaGenerationError:
        return pydantic.ConfigDict(arbitrary_types_allowed=True)
    return None


def checked_arguments(
    tool: str, given: Mapping[str, Any], types: Mapping[str, Any], required: tuple[str, ...], is_open: bool
) -> dict[str, Any]:
    """Return what was given as the types asked for: "3" as 3, a dict as its model.

    Args:
        tool: The tool's name, for messages.
        is_open: Arguments beyond `types` are passed on as they are.

    Raises:
        ValueCoercionError: An argument is missing, unknown or does not fit; names it.
    """
    unknown = [name for name in given if name not in types]
    if unknown and not is_open:
        raise ValueCoercionError(
            f"Tool '{tool}' has no argument {', '.join(map(repr, unknown))}.",
            hint=f"It takes: {', '.join(types) or 'no arguments'}.",
        )
    if missing := [name for name in required if name not in given]:
        raise ValueCoercionError(
            f"Tool '{tool}' needs the argument {', '.join(map(repr, missing))}.",
            hint=f"It takes: {', '.join(types)}.",
        )
    return {name: _checked(tool, name, value, types.get(name, Any)) for name, value in given.items()}


def _checked(tool: str, name: str, value: Any, annotation: Any) -> Any:
    if annotation is Any:
        return value
    try:
        return _adapter(annotation).validate_python(value)
    except pydantic.ValidationError as error:
        reasons = "; ".join(
            f"{'.'.join(map(str, item['loc'])) + ': ' if item['loc'] else ''}{item['msg']}"
            for item in error.errors()[:3]
        )
        raise ValueCoercionError(
            f"Argument '{name}' of tool '{tool}' does not fit: {reasons}.",
            hint=f"Its schema is {json_schema_of(annotation)}.",
        ) from error
    except (pydantic.PydanticUserError, TypeError):  # a type that pydantic cannot check: pass it on
        return value
