"""Which names steps and members of records may have, beyond what a field may.

Knows nothing about where a name stands.
"""

from __future__ import annotations

from pydantic import BaseModel

from core.data import Prediction
from core.modules import Module
from core.signature.names import Fault, name_fault

__all__ = ["hidden_by_prediction", "record_name_fault", "step_name_fault"]

_MODULE_NAMES = frozenset({*dir(Module), "spec"})
_PREDICTION_NAMES = frozenset(name for name in dir(Prediction) if not name.startswith("_"))
_RECORD_NAMES = frozenset(dir(BaseModel))


def step_name_fault(name: str) -> Fault:
    """Return why `name` cannot name a step, which is an attribute of the program."""
    fault = name_fault(name)
    if fault is None and name in _MODULE_NAMES:
        return f"Every program has something called '{name}' already.", f"Write '{name}_step', for example."
    return fault


def record_name_fault(name: str) -> Fault:
    """Return why `name` cannot name a member of a record."""
    fault = name_fault(name)
    if fault is None and (name in _RECORD_NAMES or name.startswith("model_")):
        return f"Every record has something called '{name}' already.", f"Write '{name}_value', for example."
    return fault


def hidden_by_prediction(name: str) -> bool:
    """True where `prediction.name` is a method, so that the field is read as `prediction["name"]` only."""
    return name in _PREDICTION_NAMES
