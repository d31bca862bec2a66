"""Fingerprints of what a search works on: a run log is resumed only by the same work.

Knows nothing about logs. Programs and metrics are named by their state and their source text, so that an edited
metric is noticed; credentials and endpoints take no part.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

from core.data.example import Example
from core.foundation.fingerprint import fingerprint, jsonable
from core.modules.module import Module
from core.search.own_state import changed_attributes, changed_names
from core.settings import current

__all__ = ["of_callable", "of_examples", "of_model", "of_models", "of_program"]

_LENGTH = 20


def of_program(program: Module | None) -> str:
    """Return the fingerprint of a program: its state, its structure and its code."""
    if program is None:
        return ""
    classes = {type(part) for _, part in program.named_sub_modules()}
    own = sorted(of_callable(kind) for kind in classes if not kind.__module__.startswith("core."))
    signatures = {path: _signature(part) for path, part in program.named_predictors()}
    known: dict[str, Any] = {"state": program.dump_state(), "code": own, "signatures": signatures}
    handlers = [part._assertions for _, part in program.named_sub_modules() if part._assertions is not None]
    if handlers:
        known["assertions"] = [of_callable(handler) for handler in handlers]
    return _short(known)


def of_examples(examples: Sequence[Example]) -> str:
    """Return the fingerprint of rows: ids, contents and which fields are inputs, in order."""
    return _short([[example.id, example.toDict(), example.input_keys] for example in examples])


def of_callable(function: Any) -> str:
    """Return the fingerprint of a metric, rule or class: what it declares of itself, or its name and source text.

    Plain values that it holds count too, except those that it changes itself: after some calls a metric that counts
    them is still the same metric.
    """
    if function is None:
        return ""
    declared = getattr(function, "spec", None)
    if declared is not None and not callable(declared):
        return _short(jsonable(declared))
    if isinstance(function, functools.partial):
        return _short([of_callable(function.func), jsonable(function.args), jsonable(function.keywords)])
    named = function if hasattr(function, "__qualname__") else type(function)
    parts = [
        getattr(named, "__module__", ""),
        getattr(named, "__qualname__", ""),
        _source(named),
        _closure(function),
    ]
    if isinstance(function, Module):
        parts.append(of_program(function))
    elif not isinstance(function, type):
        parts.append(_settings(function))
    return _short(parts)


def of_model(model: Any) -> str:
    """Return the fingerprint of a language model: who it is and how it is asked."""
    if model is None:
        return ""
    identity = model.identity() if hasattr(model, "identity") else ""
    state = model.dump_state() if hasattr(model, "dump_state") else {"model": getattr(model, "model", "")}
    for name in ("cache", "num_retries"):
        state.pop(name, None)
    return _short([type(model).__qualname__, identity, state])


def of_models(program: Module) -> str:
    """Return the fingerprint of all models that a program would ask here, and of the adapter between."""
    now = current()
    own = [of_model(predictor.lm) for predictor in program.predictors()]
    adapter = now.adapter if now.adapter is None or isinstance(now.adapter, type) else type(now.adapter)
    return _short([own, of_model(now.lm), getattr(adapter, "__qualname__", "")])


def _short(value: Any) -> str:
    return fingerprint(value)[:_LENGTH]


def _signature(predictor: Any) -> list[Any]:
    signature = predictor.signature
    fields = [[name, field.type_name, field.desc] for name, field in signature.fields.items()]
    return [signature.signature, signature.instructions, fields]


def _source(named: Any) -> str:
    try:
        return inspect.getsource(named)
    except (OSError, TypeError):
        return ""


def _closure(function: Any) -> list[Any]:
    """Return plain values that a function closed over, such as a tolerance; others would not be stable."""
    cells = getattr(function, "__closure__", None) or ()
    if not cells:
        return []
    names, changed = function.__code__.co_freevars, changed_names(function)
    known = zip(names, cells, strict=True)
    values = [cell.cell_contents for name, cell in known if name not in changed and _filled(cell)]
    return [value for value in values if _plain(value)]


def _settings(function: Any) -> dict[str, Any]:
    """Return plain values that an object, or that of a method, holds."""
    holder = getattr(function, "__self__", function)
    own = getattr(holder, "__dict__", {})
    if not own or inspect.isfunction(holder):
        return {name: value for name, value in sorted(own.items()) if _plain(value)}
    changed = changed_attributes(type(holder), getattr(function, "__name__", "__call__"))
    return {name: value for name, value in sorted(own.items()) if name not in changed and _plain(value)}


def _plain(value: Any) -> bool:
    """Return whether a value reads the same in every process."""
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(item) for key, item in value.items())
    return value is None or isinstance(value, (str, int, float, bool))


def _filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - an empty cell raises
    except ValueError:
        return False
    return True
