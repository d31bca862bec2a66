"""How many requests one endpoint bears at once, learned from its answers.

Knows nothing about requests. Additive increase, multiplicative decrease (Chiu and Jain, "Analysis of the
Increase and Decrease Algorithms for Congestion Avoidance", 1989), as TCP does it: one step up per window of
answers, half the window after a refusal, at most once per window. A Retry-After holds back everybody who
would run into the same refusal. A request that is refused while others are answered only waits for its turn: that
takes none of its retries.
"""

from __future__ import annotations

import asyncio
from collections import deque
from types import TracebackType

from core.foundation.errors import LMError, LMRateLimitError, LMServerError

__all__ = ["CEILING", "Limiter", "Slot", "Turns", "is_refusal"]

CEILING = 512
"""Requests in flight at one endpoint; more would exhaust a process's usual 1,024 open files."""

LONGEST_PAUSE = 120.0

MOST_TURNS = 50
"""Refusals in the crowd that one request bears; after that they take its retries too."""


class Limiter:
    """Admission to one endpoint; first come, first served."""

    def __init__(self, ceiling: int = CEILING) -> None:
        self.ceiling = ceiling
        self.limit = float(ceiling)
        self.in_flight = 0
        self.answered = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._open_at = 0.0
        self._cut_at = -1.0
        self._alarm: asyncio.TimerHandle | None = None

    def lower_ceiling(self, ceiling: int) -> None:
        """Never admit more than `ceiling` at once from now on."""
        self.ceiling = max(1, ceiling)
        self.limit = min(self.limit, float(self.ceiling))

    async def acquire(self) -> None:
        """Wait for a place."""
        loop = asyncio.get_running_loop()
        if not self._waiting and self._free(loop.time()):
            self.in_flight += 1
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # admitted and cancelled in the same step
                self.in_flight -= 1
                self._admit()
            raise

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        if self._waiting:
            self._admit()

    def succeeded(self) -> None:
        """An answer came: bear a little more."""
        self.answered += 1
        if self.limit < self.ceiling:
            self.limit = min(float(self.ceiling), self.limit + 1.0 / self.limit)

    def refused(self, sent_at: float, retry_after: float | None) -> None:
        """The endpoint said "too many"; `sent_at` is the loop time at which that request was sent."""
        now = asyncio.get_running_loop().time()
        if sent_at >= self._cut_at:  # not an echo of the window that was cut already
            self._cut_at = now
            self.limit = max(1.0, min(self.limit, float(self.in_flight)) / 2)
        if retry_after:
            self._open_at = max(self._open_at, now + min(retry_after, LONGEST_PAUSE))

    def _free(self, now: float) -> bool:
        return self.in_flight < int(self.limit) and now >= self._open_at

    def _admit(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._waiting and self._free(now):
            turn = self._waiting.popleft()
            if not turn.done():
                self.in_flight += 1
                turn.set_result(None)
        if self._waiting and now < self._open_at and self._alarm is None:
            self._alarm = loop.call_at(self._open_at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._admit()


class Slot:
    """`async with Slot(limiter):` holds a place for one request and tells the limiter how it went."""

    __slots__ = ("_limiter", "_sent_at")

    def __init__(self, limiter: Limiter) -> None:
        self._limiter = limiter
        self._sent_at = 0.0

    async def __aenter__(self) -> None:
        await self._limiter.acquire()
        self._sent_at = asyncio.get_running_loop().time()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._limiter.succeeded()
        elif isinstance(error, LMError) and is_refusal(error):
            self._limiter.refused(self._sent_at, error.retry_after)
        self._limiter.release()


class Turns:
    """How often one request was refused only because it was one of too many.

    Args:
        limiter: That of its endpoint; None where there is none, and every failure is its own.
    """

    __slots__ = ("_answered", "_left", "_limiter")

    def __init__(self, limiter: Limiter | None) -> None:
        self._limiter = limiter
        self._answered = 0 if limiter is None else limiter.answered
        self._left = MOST_TURNS

    def forgive(self, error: LMError) -> bool:
        """Return whether that failure takes no retry: others were answered since the last one, and it was a refusal."""
        if self._limiter is None or not self._left or not is_refusal(error):
            return False
        others, self._answered = self._limiter.answered - self._answered, self._limiter.answered
        self._left -= others > 0
        return others > 0


def is_refusal(error: LMError) -> bool:
    """Whether the endpoint said "too many" or "overloaded": nothing is wrong with the request."""
    overloaded = isinstance(error, LMServerError) and error.status in {503, 529}
    return overloaded or isinstance(error, LMRateLimitError)
