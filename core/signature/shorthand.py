"""The short form: "question, context: list[str] -> answer: Literal['yes', 'no']".

Knows nothing about signatures beyond their fields. Types are read from the syntax tree, never executed.
"""

from __future__ import annotations

import ast
import datetime
import difflib
import enum
import re
import sys
import typing
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from core.foundation.errors import SignatureError
from core.signature.field import Field
from core.signature.missing import MISSING

__all__ = ["parse_shorthand", "parse_type"]

_BUILTIN: dict[str, Any] = {
    **{
        kind.__name__: kind
        for kind in (str, int, float, bool, list, dict, tuple, set, frozenset, bytes, object)
    },
    "string": str,
    "None": None,
    "date": datetime.date,
    "datetime": datetime.datetime,
    "time": datetime.time,
    "Enum": enum.Enum,
    # "datetime" alone is the class, so what is written with the module's name stands here too.
    **{f"datetime.{kind.__name__}": kind for kind in (datetime.date, datetime.datetime, datetime.time)},
}

# An arrow inside a quoted text belongs to a Literal.
_ARROW_OR_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|->""")

_INCOMPLETE = (typing.Optional, typing.Union, typing.Literal, typing.Annotated)

_Names = Mapping[str, Any]


@lru_cache(maxsize=1024)
def _parse_plain(text: str) -> dict[str, Field] | None:
    """Parse once per text; None where a name has to be looked up at the caller."""
    try:
        return _parse(text, {})
    except _UnknownNameInText:
        return None


class _UnknownNameInText(SignatureError):
    """A type's name is not built in."""


def parse_shorthand(text: str, custom_types: _Names | None = None) -> dict[str, Field]:
    """Return the fields of a short form, inputs first.

    Args:
        custom_types: Types by name; other unknown names are looked up in the frames of the callers, unless it says
            `is_closed`.

    Raises:
        SignatureError: Not exactly one "->", a bad name, a duplicate or an unknown type.
    """
    if not custom_types:
        known = _parse_plain(text)
        if known is not None:
            return known
    closed = getattr(custom_types, "is_closed", False)
    try:
        return _parse(text, custom_types if closed and custom_types else _CallerNames(custom_types or {}))
    except _UnknownNameInText as error:  # our own mark, no name for a user to read
        raise SignatureError(error.message, hint=error.hint) from None


class _CallerNames(dict[str, Any]):
    """Names as the code that made the signature sees them, looked up only when asked for."""

    def __missing__(self, name: str) -> Any:
        frame = sys._getframe(1)
        for _ in range(100):
            frame = frame.f_back
            if frame is None:
                break
            if str(frame.f_globals.get("__name__", "")).startswith("core.signature"):
                continue
            for scope in (frame.f_locals, frame.f_globals):
                if name in scope:
                    return scope[name]
        raise KeyError(name)


def _parse(text: str, names: _Names) -> dict[str, Field]:
    arrows = [found.start() for found in _ARROW_OR_QUOTED.finditer(text) if found.group() == "->"]
    if len(arrows) != 1:
        raise SignatureError(
            f"A signature has exactly one '->', this has {len(arrows)}: {text!r}.",
            hint='For example "question, context -> answer".',
        )
    left, right = text[: arrows[0]], text[arrows[0] + 2 :]
    fields: dict[str, Field] = {}
    for role, part in (("input", left), ("output", right)):
        for name, annotation, default in _parse_fields(part, names):
            if name in fields:
                raise SignatureError(
                    f"Field '{name}' stands twice in {text!r}.", hint="Field names are unique."
                )
            fields[name] = Field(role, name=name, annotation=annotation, default=default)  # type: ignore[arg-type]
    if not any(field.role == "output" for field in fields.values()):
        raise SignatureError(f"There is no output field in {text!r}.", hint='Name one behind "->".')
    return fields


def _parse_fields(part: str, names: _Names) -> list[tuple[str, Any, Any]]:
    """Return name, type and default of each field of one side; MISSING for what is not said."""
    part = part.strip().strip(",")
    if not part:
        return []
    try:
        tree = ast.parse(f"def _({part}): pass")
    except SyntaxError as error:
        raise SignatureError(
            f"Cannot read the fields {part!r}.", hint='Write "name" or "name: type", separated by commas.'
        ) from error
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)
    given = function.args
    if given.vararg or given.kwarg or given.kwonlyargs or given.posonlyargs or len(tree.body) != 1:
        raise SignatureError(f"Only names and types can stand in {part!r}.", hint='Write "name: type".')
    out: list[tuple[str, Any, Any]] = []
    without = len(given.args) - len(given.defaults)
    defaults = [*([MISSING] * without), *map(_default_value, given.defaults)]
    for argument, default in zip(given.args, defaults, strict=True):
        if argument.arg == "self":  # calls take fields as keyword arguments
            raise SignatureError("'self' cannot be a field name.", hint="Choose another name.")
        node = argument.annotation
        annotation = MISSING if node is None else _checked(_resolve(node, names), node)
        out.append((argument.arg, annotation, default))
    return out


def _default_value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise SignatureError(
            f"{ast.unparse(node)!r} cannot be a default.",
            hint="Write a number, a text in quotes, True or None.",
        ) from error


def _checked(found: Any, node: ast.expr) -> Any:
    """Return `found` if it is a type: a name may as well be that of some variable of the caller."""
    if found is None or isinstance(found, type) or typing.get_origin(found) is not None:
        return found
    if found in _INCOMPLETE:
        raise SignatureError(
            f"'{ast.unparse(node)}' needs a type in brackets.", hint=f"For example {ast.unparse(node)}[str]."
        )
    if type(found).__module__ in ("typing", "typing_extensions"):  # Any, NewType, type aliases
        return found
    raise SignatureError(
        f"'{ast.unparse(node)}' is a {type(found).__name__} here, not a type.",
        hint="For example: str, list[str].",
    )


def parse_type(text: str, custom_types: _Names | None = None) -> Any:
    """Return the type that `text` names, e.g. "list[str]" or "Literal['a', 'b']".

    Raises:
        SignatureError: It names none; says what is there instead.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError as error:
        raise SignatureError(
            f"{text!r} is not a type.", hint="For example: str, list[str], Literal['a', 'b']."
        ) from error
    return _resolve(tree.body, custom_types or {})


def _resolve(node: ast.expr, names: _Names) -> Any:
    if isinstance(node, ast.Constant):
        if node.value is None or node.value is ...:
            return node.value
        if isinstance(node.value, str):
            return parse_type(node.value, names)
    if isinstance(node, ast.Name):
        return _look_up(node.id, names)
    if isinstance(node, ast.Attribute):
        if (written := ast.unparse(node)) in _BUILTIN:
            return _BUILTIN[written]
        owner = _resolve(node.value, names)
        if hasattr(owner, node.attr):
            return getattr(owner, node.attr)
        raise _unknown(ast.unparse(node))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return typing.Union[_resolve(node.left, names), _resolve(node.right, names)]  # noqa: UP007
    if isinstance(node, ast.Subscript):
        return _subscript(node, names)
    raise SignatureError(
        f"{ast.unparse(node)!r} is not a type.", hint="For example: str, list[str], Optional[int]."
    )


def _subscript(node: ast.Subscript, names: _Names) -> Any:
    origin = _resolve(node.value, names)
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if origin is typing.Literal:
        values: Any = tuple(_literal_value(item) for item in inner)
        return typing.Literal[values]
    if getattr(origin, "takes_words", False):  # Code["python"]
        return origin[str(_word(inner[0]))]
    arguments: Any = tuple(_resolve(item, names) for item in inner)
    try:
        return origin[arguments if len(arguments) != 1 else arguments[0]]
    except TypeError as error:
        raise SignatureError(f"{ast.unparse(node)!r} is not a type: {error}.") from error


def _word(node: ast.expr) -> Any:
    return node.id if isinstance(node, ast.Name) else _literal_value(node)


def _literal_value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise SignatureError(
            f"{ast.unparse(node)!r} cannot stand in a Literal.",
            hint="Put quotes around texts: Literal['a', 'b'].",
        ) from error


def _look_up(name: str, names: _Names) -> Any:
    if name in _BUILTIN:
        return _BUILTIN[name]
    try:
        return names[name]
    except KeyError:
        pass
    if name in typing.__all__:
        return getattr(typing, name)
    if name == "typing":
        return typing
    raise _unknown(name)


def _unknown(name: str) -> SignatureError:
    near = difflib.get_close_matches(name, [*_BUILTIN, "Literal", "Optional", "Union", "Any"], n=1)
    suggestion = f"Did you mean '{near[0]}'? " if near else ""
    return _UnknownNameInText(
        f"There is no type called '{name}'.",
        hint=f"{suggestion}Your own types: import them where the signature is made, or pass custom_types.",
    )
