"""What calls on one event loop share: flights, limiters and the HTTP session.

Knows nothing about models. Everything here is touched by its loop's thread alone, so nothing needs a lock.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from typing import Any

from core.lm.limits import Limiter
from core.lm.single_flight import Flights

__all__ = ["LoopState", "loop_state"]


class LoopState:
    """Flights, limiters and session of one loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = weakref.ref(loop)
        self.flights = Flights()
        self.session: Any = None  # aiohttp.ClientSession, made by core.lm.transport on first use
        self._limiters: dict[str, Limiter] = {}

    def limiter(self, endpoint: str, ceiling: int | None) -> Limiter:
        """Return the one limiter of an endpoint; the lowest ceiling that anybody asked for holds."""
        found = self._limiters.get(endpoint)
        if found is None:
            found = self._limiters[endpoint] = Limiter()
        if ceiling is not None and ceiling < found.ceiling:
            found.lower_ceiling(ceiling)
        return found


_states: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, LoopState] = weakref.WeakKeyDictionary()


class _Here(threading.local):
    state: LoopState | None = None  # of the loop that ran in this thread last; asked twice per call


_here = _Here()


def loop_state() -> LoopState:
    """Return the running loop's state."""
    loop = asyncio.get_running_loop()
    state = _here.state
    if state is not None and state.loop() is loop:
        return state
    state = _states.get(loop)
    if state is None:
        state = _states[loop] = LoopState(loop)
    _here.state = state
    return state
