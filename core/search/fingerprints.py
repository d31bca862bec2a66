"""Fingerprints of what a search works on: a run log is resumed only by the same work.

Knows nothing about logs. Programs and metrics are named by their state, their settings and their source text, so that
an edited metric is noticed; `described` says what of them counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.data.example import Example
from core.modules.module import Module
from core.search.described import read_callable, read_program, short
from core.search.settings_read import model_state
from core.settings import current

__all__ = [
    "details_of_callable",
    "details_of_program",
    "of_callable",
    "of_examples",
    "of_model",
    "of_models",
    "of_program",
]

_DETAIL = 8


def of_program(program: Module | None) -> str:
    """Return the fingerprint of a program: the states and settings of its parts, its tools and functions, its code."""
    return "" if program is None else short(read_program(program))


def details_of_program(program: Module | None) -> dict[str, str]:
    """Return {part: fingerprint} of what a program is, so that a difference can be named: `self.n`, `code of Hops`."""
    return {} if program is None else _each(read_program(program))


def of_examples(examples: Sequence[Example]) -> str:
    """Return the fingerprint of rows: ids, contents and which fields are inputs, in order."""
    return short([[example.id, example.toDict(), example.input_keys] for example in examples])


def of_callable(function: Any) -> str:
    """Return the fingerprint of a metric, rule or class: what it declares of itself, or its name and source text.

    Values and functions that it holds, closes over or reads as globals count too, except those that it changes itself:
    after some calls a metric that counts them is still the same metric.
    """
    return "" if function is None else short(read_callable(function))


def details_of_callable(function: Any) -> dict[str, str]:
    """Return {part: fingerprint} of what a metric is: `source`, `global LIMIT`, `closure within`, `setting n`."""
    return {} if function is None else _each(read_callable(function))


def of_model(model: Any) -> str:
    """Return the fingerprint of a language model: who it is and how it is asked."""
    if model is None:
        return ""
    identity = model.identity() if hasattr(model, "identity") else ""
    return short([identity, model_state(model)])


def of_models(program: Module) -> str:
    """Return the fingerprint of all models that a program would ask here, and of the adapter between."""
    now = current()
    own = [of_model(predictor.lm) for predictor in program.predictors()]
    adapter = now.adapter if now.adapter is None or isinstance(now.adapter, type) else type(now.adapter)
    return short([own, of_model(now.lm), getattr(adapter, "__qualname__", "")])


def _each(parts: dict[str, Any]) -> dict[str, str]:
    return {name: short(part)[:_DETAIL] for name, part in parts.items()}
