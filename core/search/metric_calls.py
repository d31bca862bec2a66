"""How many calls a metric sends for one answer: a judge asks a model, and its calls count as the program's do.

Knows nothing about what a metric asks. It sees programs that the metric is, or holds: in variables of the function
around it, in an object's attributes, in lists and dicts of these. What a metric reaches by a global name it does not
see; a probe that is given the metric does (`core.search.probing`).
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from core.modules.module import Module
from core.search.estimate import calls_per_run

__all__ = ["calls_of_metric"]


def calls_of_metric(metric: Any) -> int:
    """Return how many calls a metric sends for one answer, as far as one sees: it is a program, or holds some."""
    return _held(metric, set())


def _held(value: Any, seen: set[int]) -> int:
    """Return the calls of the programs in what a function, an object or a container holds, each counted once."""
    if id(value) in seen or isinstance(value, type):
        return 0
    seen.add(id(value))
    if isinstance(value, Module):
        return calls_per_run(value)
    if isinstance(value, Mapping):
        inside: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = value
    elif isinstance(value, partial):
        inside = (value.func, *value.args, *value.keywords.values())
    elif inspect.ismethod(value):
        inside = (value.__self__,)
    elif inspect.isfunction(value):
        inside = [cell.cell_contents for cell in value.__closure__ or () if _is_set(cell)]
    else:
        inside = vars(value).values() if callable(value) and hasattr(value, "__dict__") else ()
    return sum(_held(part, seen) for part in inside)


def _is_set(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
