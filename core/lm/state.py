"""A language model from what a saved program keeps of it.

Knows nothing about programs. A file never says where to send requests or with which key (CVE-2024-6587 and
its kin): such entries are dropped with a warning.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from core.foundation.errors import StateError
from core.lm.openai_client import LM

__all__ = ["load_lm"]

log = logging.getLogger(__name__)

_DROPPED = frozenset(
    {"api_base", "base_url", "api_key", "model_list", "headers", "extra_headers", "api_version"}
)
_OURS = "dspy.clients.lm.LM"


def load_lm(state: Mapping[str, Any]) -> LM:
    """Return the model of a saved state, DSPy's or ours.

    Raises:
        StateError: The state names another class, or no model.
    """
    kind = state.get("_dspy_lm_class", _OURS)
    if kind != _OURS:
        raise StateError(
            "The saved language model is of a class of its author's own.",
            hint="Set one after loading: program.set_lm(LM(…)).",
        )
    if not isinstance(state.get("model"), str):
        raise StateError("The saved language model has no name.")
    dropped = sorted(_DROPPED & state.keys())
    if dropped:
        log.warning("Ignored in the saved language model: %s. Say it where you connect.", ", ".join(dropped))
    kept = {name: value for name, value in state.items() if name not in _DROPPED and name != "_dspy_lm_class"}
    return LM(**kept)
