"""Choices that hold for everything in this workbench: above all, the model that runs start with.

Knows nothing about what the choices mean, except that a chosen model must exist.
"""

from __future__ import annotations

import time

from core.foundation.errors import ConfigurationError
from workbench.services.models import EMBEDDED, Connection, list_models
from workbench.services.workspace import Workspace
from workbench.store.tables import PreferenceRow

__all__ = ["default_model", "set_default_model"]

_MODEL = "model"


def default_model(ws: Workspace) -> Connection:
    """Return the model that forms and commands start with: the chosen one, or the embedded one."""
    known = {model.name: model for model in list_models(ws)}
    with ws.store.read() as session:
        row = session.get(PreferenceRow, _MODEL)
        chosen = str(row.value) if row is not None else EMBEDDED
    return known.get(chosen) or known[EMBEDDED]


def set_default_model(ws: Workspace, name: str) -> Connection:
    """Choose the model that forms and commands start with.

    Raises:
        ConfigurationError: There is no model of that name.
    """
    known = {model.name: model for model in list_models(ws)}
    if name not in known:
        raise ConfigurationError(
            f"There is no model called '{name}'.", hint=f"There are: {', '.join(known)}."
        )
    with ws.store.write() as session:
        row = session.get(PreferenceRow, _MODEL) or PreferenceRow(name=_MODEL)
        row.value, row.changed = name, time.time()
        session.add(row)
    return known[name]
