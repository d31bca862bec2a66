"""How long to wait before the next attempt, and whether there is one.

Knows nothing about requests. The endpoint's own Retry-After goes before exponential backoff; jitter keeps
clients that failed together from coming back together (Brooker, "Exponential Backoff and Jitter", AWS
Architecture Blog, 2015).
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from core.foundation.errors import is_retryable_lm_error

__all__ = ["Backoff", "retry_after"]


@dataclass(frozen=True)
class Backoff:
    """Waiting times.

    Attributes:
        base: Seconds before the second attempt; each further wait is twice as long.
        ceiling: Seconds that our own waits never exceed.
        patience: Longest Retry-After that is waited for; beyond it the error is raised at once.
    """

    base: float = 0.5
    ceiling: float = 20.0
    patience: float = 120.0

    def wait(self, error: BaseException, attempt: int) -> float | None:
        """Return the seconds to wait after failed attempt `attempt` (from 1); None: do not try again."""
        if not is_retryable_lm_error(error):
            return None
        asked = getattr(error, "retry_after", None)
        if asked is not None:
            return None if asked > self.patience else asked * (1 + 0.1 * random.random())
        return min(self.ceiling, self.base * 2.0 ** (attempt - 1)) * (1 - 0.25 * random.random())


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that a response asks us to wait: `Retry-After` (seconds or date) or its -ms form."""
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None:
        seconds = _number(milliseconds)
        return None if seconds is None else seconds / 1000
    text = headers.get("Retry-After")
    if text is None:
        return None
    seconds = _number(text)
    return seconds if seconds is not None else _until(text, time.time() if now is None else now)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


def _until(text: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - now)
