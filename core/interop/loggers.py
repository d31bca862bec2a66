"""`enable_logging`, `disable_logging` and the same for models, as DSPy has them, over Python's own logging.

Knows nothing about handlers: where messages go is the program's business.
"""

from __future__ import annotations

import logging

__all__ = ["disable_litellm_logging", "disable_logging", "enable_litellm_logging", "enable_logging"]

_ROOT = "core"
_MODELS = logging.getLogger("core.lm")


def disable_logging() -> None:
    """Say nothing, whatever the level."""
    logging.getLogger(_ROOT).disabled = True
    _each(disabled=True)


def enable_logging() -> None:
    """Say again what the loggers' levels let through."""
    logging.getLogger(_ROOT).disabled = False
    _each(disabled=False)


def enable_litellm_logging() -> None:
    """Let all through that calls of models say; there is no litellm underneath, the name is DSPy's."""
    _MODELS.setLevel(logging.DEBUG)


def disable_litellm_logging() -> None:
    """Let nothing through that calls of models say but errors."""
    _MODELS.setLevel(logging.ERROR)


def _each(*, disabled: bool) -> None:
    """A logger that is off does not silence those below it, so each is switched."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith(f"{_ROOT}."):
            logging.getLogger(name).disabled = disabled
