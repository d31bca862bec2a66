"""One piece of work per key at a time, its result shared by all who ask meanwhile.

Knows nothing about what the work is. Lives on one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from core.foundation.errors import BudgetExceeded

__all__ = ["Flights"]

T = TypeVar("T")


class _Flight(Generic[T]):
    """The one who asked first, and those who wait for the result."""

    __slots__ = ("waiters",)

    def __init__(self) -> None:
        self.waiters: list[asyncio.Future[T | None]] = []

    def land(self, result: T | None, error: BaseException | None) -> None:
        for waiter in self.waiters:
            if waiter.done():
                continue
            if error is not None:
                waiter.set_exception(error)
            else:
                waiter.set_result(result)


class Flights:
    """The keys under way."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[object]] = {}

    def __len__(self) -> int:
        return len(self._flights)

    async def run(self, key: str, work: Callable[[], Awaitable[T]]) -> tuple[T, bool]:
        """Return the work's result, and whether it was this caller's own work.

        A failure of the endpoint is everybody's; where only the first caller fails, cancelled or out of its
        own budget, the next one in line does the work.
        """
        while True:
            flight = self._flights.get(key)
            if flight is None:
                return await self._lead(key, work), True
            waiter: asyncio.Future[object] = asyncio.get_running_loop().create_future()
            flight.waiters.append(waiter)
            result = await waiter
            if result is not None:
                return result, False  # type: ignore[return-value]

    async def _lead(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        flight = self._flights[key] = _Flight[object]()
        result: T | None = None
        failure: BaseException | None = None
        try:
            result = await work()
            return result
        except BaseException as error:
            if isinstance(error, Exception) and not isinstance(error, BudgetExceeded):
                failure = error
            raise
        finally:
            del self._flights[key]
            flight.land(result, failure)
