"""Values, functions, classes and programs as data that reads the same in every process, for their fingerprints.

Knows nothing about searches. What cannot be told is left out: objects of libraries, locks, what an object changes
while it runs. Memory addresses, credentials and endpoints take no part.
"""

from __future__ import annotations

import functools
import operator
import re
import types
import typing
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from itertools import groupby
from pathlib import PurePath
from typing import Any
from uuid import UUID

from core.data.example import Example
from core.foundation.fingerprint import canonical_json, fingerprint, jsonable
from core.modules.module import Module
from core.modules.parameter import Parameter
from core.modules.parts import Part
from core.search.own_state import changed_names, changes_of, stored_by, stored_in
from core.search.settings_read import (
    model_state,
    name_of,
    parts_of,
    settings_of,
    settings_of_parts,
    signature_data,
    state_of,
)
from core.search.sources import CORE, LIBRARY, OWN, compiled, globals_in, origin, text_of
from core.signature.signature import SignatureMeta
from core.trace.redact import is_secret_name

__all__ = ["LEFT_OUT", "Reader", "read_callable", "read_program", "short"]


class _LeftOut:
    def __repr__(self) -> str:
        return "left out"


LEFT_OUT = _LeftOut()
"""Stands for what cannot be told."""

_DEEPEST = 40

_TEXTS = (date, time, timedelta, Decimal, Fraction, PurePath, UUID, range, complex, type(...))
_TYPES = (types.GenericAlias, types.UnionType, typing.TypeVar)
_CALLERS = (operator.attrgetter, operator.itemgetter, operator.methodcaller)


def short(value: Any) -> str:
    """Return the fingerprint of data, shortened."""
    return fingerprint(value)[:20]


def read_program(program: Module) -> dict[str, Any]:
    """Return what a program is as data, by part: `self.n`, `self.answer: state`, `code of Hops`."""
    kinds = {type(part).__module__.partition(".")[0] for part in parts_of(program).values()}
    return _twice(kinds, lambda reader: reader.program(program))


def read_callable(function: Any) -> dict[str, Any]:
    """Return what a metric, rule or class is as data, by part: `source`, `global LIMIT`, `closure within`."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    named = inner if hasattr(inner, "__qualname__") else type(inner)
    top = (getattr(named, "__module__", None) or "").partition(".")[0]
    return _twice({top}, lambda reader: reader.callable(function))


def _twice(own: Iterable[str], read: Callable[[Reader], dict[str, Any]]) -> dict[str, Any]:
    """Read, and again: only the first time through tells all that is changed by something else that is read."""
    reader = Reader(set(own) - {"core"})
    read(reader)
    reader.forget()
    return read(reader)


class Reader:
    """Reads values, each object once.

    Args:
        own: Top-level packages whose code is the user's own, wherever they are installed.
    """

    def __init__(self, own: Iterable[str] = ()) -> None:
        self._own = frozenset(own)
        self._known: dict[int, tuple[Any, Any]] = {}
        self._open: set[int] = set()
        self._walked: dict[int, Any] = {}
        self._root: type | None = None
        self._changed: dict[tuple[int, str], Any] = {}

    def forget(self) -> None:
        """Read everything anew, knowing what is changed."""
        self._known.clear()
        self._walked.clear()
        self._root = None

    def value(self, value: Any) -> Any:
        """Return a value as JSON data, or `LEFT_OUT`."""
        if value is None or type(value) in (str, int, float, bool):
            return value
        try:
            return self._plain(value)
        except Exception:  # whatever its own methods raise, it cannot be told
            return LEFT_OUT

    def _plain(self, value: Any) -> Any:
        if isinstance(value, Enum):
            return [type(value).__qualname__, value.name]
        if isinstance(value, (bytes, bytearray)):
            return ["bytes", value.hex()]
        if isinstance(value, (str, int, float)):
            return next(kind(value) for kind in (str, bool, int, float) if isinstance(value, kind))
        if isinstance(value, (*_TEXTS, datetime)):
            return [type(value).__name__, str(value)]
        if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
            return self.value(value.item())
        if isinstance(value, re.Pattern):
            return ["pattern", self.value(value.pattern), value.flags]
        if isinstance(value, (list, tuple, deque, set, frozenset, dict, types.MappingProxyType)):
            return self._once(value, self._container)
        return self._once(value, self._thing)

    def _once(self, value: Any, read: Callable[[Any], Any]) -> Any:
        """Read an object, unless it was read already; one inside itself stands as a mark."""
        key = id(value)
        if key in self._known:
            return self._known[key][1]
        if key in self._open or len(self._open) > _DEEPEST:
            return ["again"]
        self._open.add(key)
        try:
            found = read(value)
        finally:
            self._open.discard(key)
        self._known[key] = (value, found)  # and the object with it, or another might get its number
        return found

    def _container(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            pairs = [
                [self.value(key), self.value(item)]
                for key, item in value.items()
                if not (isinstance(key, str) and is_secret_name(key))
            ]
            return ["dict", sorted((pair for pair in pairs if LEFT_OUT not in pair), key=canonical_json)]
        items = [item for item in map(self.value, value) if item is not LEFT_OUT]
        return ["set", sorted(items, key=canonical_json)] if isinstance(value, (set, frozenset)) else items

    def _thing(self, value: Any) -> Any:
        """Return an object that is no plain value as a short text, or `LEFT_OUT`."""
        if id(value) in self._walked or type(value) is self._root:
            return "part"  # of the program that is read; a function may hold the one that this is a copy of
        if isinstance(value, Part):
            return short(self.program(value))
        if isinstance(value, SignatureMeta):
            return short(signature_data(value))
        if isinstance(value, Example):
            return [self.value(value.toDict()), sorted(value.input_keys or ())]
        if hasattr(type(value), "respond") and hasattr(value, "kwargs"):
            return short(model_state(value))
        if isinstance(value, _TYPES) or type(value).__module__ == "typing":
            return str(value) if " at 0x" not in str(value) else LEFT_OUT
        if isinstance(value, _CALLERS):
            return repr(value) if " at 0x" not in repr(value) else LEFT_OUT
        if isinstance(value, (property, staticmethod, classmethod, functools.cached_property)):
            return self.value(_inner(value))
        found = self._coded(value)
        return found if found is LEFT_OUT else short(found)

    def callable(self, value: Any) -> dict[str, Any]:
        """Return a function, a class or an object that is called as data by part."""
        if isinstance(value, Module):
            return self.program(value)
        found = self._coded(value, called=True)
        return {} if found is LEFT_OUT else found

    def _coded(self, value: Any, *, called: bool = False) -> Any:
        declared = None if isinstance(value, type) else getattr(value, "spec", None)
        if called and declared is not None and not callable(declared):
            return {"spec": jsonable(declared)}
        if isinstance(value, functools.partial):
            return {
                "function": self.value(value.func),
                "arguments": self.value(value.args),
                "named arguments": self.value(value.keywords),
            }
        if isinstance(value, types.MethodType):
            return self._method(value, called)
        if isinstance(value, types.FunctionType):
            return self._function(value, called)
        if isinstance(value, type):
            return self._class(value)
        if isinstance(
            value, (types.BuiltinFunctionType, types.MethodWrapperType, types.MethodDescriptorType)
        ):
            return {"name": value.__qualname__}
        if isinstance(value, functools._lru_cache_wrapper):
            return {"function": self.value(value.__wrapped__)}
        return self._object(value, {"__call__"} if called else None, anyway=called)

    def _method(self, value: types.MethodType, called: bool) -> dict[str, Any]:
        found = (
            self._function(value.__func__, called) if isinstance(value.__func__, types.FunctionType) else {}
        )
        owner = value.__self__
        if isinstance(owner, (type, Part)) or not called:
            return {**found, "object": told(self.value(owner))}
        own = self._object(owner, {value.__func__.__name__}, anyway=True)
        return {**found, **({} if own is LEFT_OUT else own)}

    def _function(self, value: types.FunctionType, called: bool = False) -> dict[str, Any]:
        """Return a function: its name and source, defaults, and what it reads from outside itself."""
        place = origin(value.__globals__.get("__name__", ""), self._own)
        found: dict[str, Any] = {"name": [value.__module__, value.__qualname__]}
        if place == LIBRARY and not called:
            return {**found, "function": told(self.value(getattr(value, "__wrapped__", None)))}
        changed = changed_names(value)
        code, outside = value.__code__, value.__globals__
        self._changed.update({(id(outside), name): outside for name in changed})
        cells = dict(zip(code.co_freevars, value.__closure__ or (), strict=True))
        self._changed.update({(id(cell), ""): cell for name, cell in cells.items() if name in changed})
        found["defaults"] = [
            told(self.value(value.__defaults__)),
            told(self.value(value.__kwdefaults__)),
        ]
        found |= self._named(
            "closure ",
            {name: _content(cell) for name, cell in cells.items() if (id(cell), "") not in self._changed},
        )
        stored = stored_in(value)
        own = {
            name: item for name, item in vars(value).items() if name not in stored and name != "__wrapped__"
        }
        found |= self._named("attribute ", own)
        if place == OWN or called:
            text = text_of(code)
            found["source"] = [text, compiled(code) if not text or value.__name__ == "<lambda>" else None]
        if place == OWN:
            read = [name for name in globals_in(code) if name in outside and not name.startswith("__")]
            kept = {name: outside[name] for name in read if (id(outside), name) not in self._changed}
            found |= self._named("global ", kept)
        return found

    def _class(self, kind: type) -> dict[str, Any]:
        """Return a class: the source of its own bases and itself, what its methods read, its own values."""
        found: dict[str, Any] = {"name": [kind.__module__, kind.__qualname__]}
        stored = stored_by(kind)
        for base in kind.__mro__:
            if origin(base.__module__, self._own) != OWN:
                continue
            name = ".".join(name_of(base))
            found[f"source of {name}"] = text_of(base)
            members = {
                key: item for key, item in vars(base).items() if _is_own(key, item) and key not in stored
            }
            found |= self._named(f"member {name}.", members)
        return found

    def _object(self, value: Any, entries: set[str] | None, *, anyway: bool) -> Any:
        """Return an object of the user's or of this project by its class and its settings."""
        kind = type(value)
        place = origin(kind.__module__, self._own)
        if place == LIBRARY and not anyway:
            return LEFT_OUT
        name: Any = kind.__qualname__ if place == CORE else told(self.value(kind))
        if place == LIBRARY:
            return {"kind": name}
        return {"kind": name, **self._named("setting ", settings_of(value, changes_of(kind, entries)))}

    def _named(self, what: str, values: Mapping[str, Any]) -> dict[str, Any]:
        read = {name: self.value(item) for name, item in sorted(values.items()) if not is_secret_name(name)}
        return {f"{what}{name}": item for name, item in read.items() if item is not LEFT_OUT}

    def program(self, program: Part) -> dict[str, Any]:
        """Return all that a program is as data by part: states and settings of its parts, and their code."""
        parts = parts_of(program)
        self._walked.update({id(part): part for part in parts.values()})
        if self._root is None and origin(type(program).__module__) == OWN:
            self._root = type(program)
        kinds = sorted(dict.fromkeys(map(type, parts.values())), key=name_of)
        own = [kind for kind in kinds if origin(kind.__module__, self._own) == OWN]
        found: dict[str, Any] = {}
        for name, alike in groupby(own, key=name_of):
            found[f"code of {name[1]}"] = [name, [self.value(kind) for kind in alike]]
        settings = settings_of_parts(parts, own)
        for path, part in parts.items():
            found[f"{path}: kind"] = type(part).__qualname__
            if isinstance(part, Parameter):
                found[f"{path}: state"] = state_of(part)
            if (handler := getattr(part, "_assertions", None)) is not None:
                found[f"{path}: assertions"] = self.value(handler)
            found |= self._named(f"{path}.", settings[path])
        return found


def told(value: Any) -> Any:
    """Return a value that was read, None for one that cannot be told."""
    return None if value is LEFT_OUT else value


def _is_own(name: str, member: Any) -> bool:
    """Return whether a member of a class was written by who wrote the class."""
    if not name.startswith("__"):
        return not (name.startswith("_abc_") or (name.startswith("_") and hasattr(Module, name)))
    inner = _inner(member)
    return (
        isinstance(inner, types.FunctionType)
        and inner.__code__.co_filename != "<string>"
        and "annotate" not in name
    )


def _inner(member: Any) -> Any:
    for name in ("__func__", "fget", "func"):
        if isinstance(member, (property, staticmethod, classmethod, functools.cached_property)) and hasattr(
            member, name
        ):
            return getattr(member, name)
    return member


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not filled yet
        return LEFT_OUT
