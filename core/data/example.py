"""One record: fields by name, some of them inputs, the others labels.

Knows nothing about where it came from or what reads it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from core.foundation.errors import DataError
from core.foundation.fingerprint import fingerprint, jsonable, text_fingerprint

__all__ = ["Example", "plain_fields", "shown_fields", "sides_of"]

_log = logging.getLogger("core.data")

_HIDDEN = "dspy_"
_TEXT = frozenset({str})
_set = object.__setattr__


class Example:
    """A dict-like record, read by attribute or item.

    Args:
        base: A mapping or an example to start from.
        values: Fields, over those of `base`.

    `with_inputs` says which fields a program gets; the others are labels. Methods that change return copies.
    """

    __slots__ = ("_content", "_id", "_input_keys", "_store")

    _store: dict[str, Any]
    _input_keys: tuple[str, ...] | None
    _id: str | None
    _content: tuple[dict[str, Any], str]
    """The fields when their fingerprint was last taken, and it; only where all of them are texts, which cannot change
    in place."""

    def __init__(self, base: Example | Mapping[str, Any] | None = None, **values: Any) -> None:
        keys = own = None
        if isinstance(base, Example):
            keys, own, base = base._input_keys, base._id, base._store
        _set(self, "_store", {**(base or {}), **values})
        _set(self, "_input_keys", keys)
        _set(self, "_id", own)

    @property
    def id(self) -> str:
        """A stable name: the field `id`, what a dataset gave, or the start of the content's fingerprint."""
        store = self._store
        own = store.get("id", self._id)
        if own is not None:
            return str(own)
        try:
            if self._content[0] == store:
                return self._content[1]
        except AttributeError:  # not asked before
            pass
        if not _TEXT.issuperset((*map(type, store), *map(type, store.values()))):
            return fingerprint(store)[:12]
        found = text_fingerprint(store)[:12]
        _set(self, "_content", (dict(store), found))
        return found

    @property
    def input_keys(self) -> tuple[str, ...] | None:
        """Names of the inputs; None where nobody said."""
        return self._input_keys

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self._store[name]
        except KeyError:
            if name == "rationale" and "reasoning" in self._store:  # its name in programs of 2024
                return self._store["reasoning"]
            raise AttributeError(
                f"{type(self).__name__} has no field '{name}'. It has: {', '.join(self.keys())}."
            ) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Example.__slots__:
            object.__setattr__(self, name, value)
        else:
            self._store[name] = value

    def __delattr__(self, name: str) -> None:
        del self._store[name]

    def __getitem__(self, name: str) -> Any:
        return self._store[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._store[name] = value

    def __delitem__(self, name: str) -> None:
        del self._store[name]

    def __contains__(self, name: object) -> bool:
        return name in self._store

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self, include_dspy: bool = False) -> list[str]:
        """Field names; those that start with `dspy_` only on request."""
        return [key for key in self._store if include_dspy or not key.startswith(_HIDDEN)]

    def values(self, include_dspy: bool = False) -> list[Any]:
        """Field values."""
        return [self._store[key] for key in self.keys(include_dspy)]

    def items(self, include_dspy: bool = False) -> list[tuple[str, Any]]:
        """(name, value) pairs."""
        return [item for item in self._store.items() if include_dspy or not item[0].startswith(_HIDDEN)]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a field or `default`."""
        return self._store.get(key, default)

    def copy(self, **values: Any) -> Any:
        """Return a copy with some fields set."""
        made = type(self)(self)
        made._store.update(values)
        return made

    def without(self, *names: str) -> Any:
        """Return a copy that lacks some fields."""
        made = self.copy()
        for name in names:
            made._store.pop(name, None)
        return made

    def with_inputs(self, *names: str | Iterable[str]) -> Any:
        """Return a copy whose inputs are the named fields; one that the example lacks is warned of."""
        flat = [name for item in names for name in ([item] if isinstance(item, str) else item)]
        missing = [name for name in flat if name not in self._store]
        if missing:
            _log.warning(
                "An example has no field %s; it has: %s.",
                ", ".join(map(repr, missing)),
                ", ".join(self.keys()),
            )
        made = self.copy()
        made._input_keys = tuple(flat)
        return made

    def with_id(self, name: str) -> Any:
        """Return a copy with a stable name that is not a field."""
        made = self.copy()
        made._id = name
        return made

    def inputs(self) -> Example:
        """Return the inputs alone.

        Raises:
            DataError: `with_inputs` was never called.
        """
        made = Example(self.input_values())
        made._input_keys, made._id = self._input_keys, self._id
        return made

    def labels(self) -> Example:
        """Return the fields that are not inputs."""
        made = Example(self.label_values())
        made._id = self._id
        return made

    def input_values(self) -> dict[str, Any]:
        """Return the inputs as a plain dict: what a program is called with.

        Raises:
            DataError: `with_inputs` was never called.
        """
        if self._input_keys is None:
            raise DataError(
                "Nobody said which fields are inputs.", hint="Call example.with_inputs('question') first."
            )
        store = self._store
        return {key: store[key] for key in self._input_keys if key in store}

    def label_values(self) -> dict[str, Any]:
        """Return the fields that are not inputs as a plain dict."""
        if self._input_keys is None:
            self.input_values()
        inputs = self._input_keys or ()
        return {key: value for key, value in self._store.items() if key not in inputs}

    def toDict(self) -> dict[str, Any]:  # noqa: N802 - DSPy's name
        """Return the fields as a dict, nested records and pydantic models as dicts; other values stay what they are."""
        return {key: _unrecorded(value) for key, value in self._store.items()}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Example) and self._store == other._store

    def __hash__(self) -> int:
        return hash(fingerprint(self._store))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())!r}) (input_keys={self._input_keys!r})"


# Functions, as a method's name is lost to fields.
def sides_of(example: Example) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return inputs and labels as people see them: no labels called `dspy_…`, no inputs where nobody named any."""
    store = example._store
    inputs = {key: store[key] for key in example._input_keys or () if key in store}
    if len(inputs) == len(store):
        return inputs, {}
    return inputs, {
        key: value for key, value in store.items() if key not in inputs and not key.startswith(_HIDDEN)
    }


def shown_fields(example: Example) -> dict[str, Any]:
    """Return the fields as people see them, without those called `dspy_…`, as a plain dict."""
    return {key: value for key, value in example._store.items() if not key.startswith(_HIDDEN)}


def plain_fields(example: Example) -> dict[str, Any]:
    """Return the fields as JSON-able data, nested records included."""
    return {key: jsonable(value) for key, value in example._store.items()}


def _unrecorded(value: Any) -> Any:
    if isinstance(value, Example):
        return value.toDict()
    if isinstance(value, dict):
        return {key: _unrecorded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unrecorded(item) for item in value]
    if hasattr(value, "model_dump") and not isinstance(value, type):
        return value.model_dump()
    return value
