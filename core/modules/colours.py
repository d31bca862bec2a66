"""`asyncify` and `syncify`: a program in the other colour.

Knows nothing about the program. Threads grow with demand, so a program awaited inside another one finds a place even
when the outer ones fill the limit: nested calls do not count.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from core.foundation.drive import drive_user, on_io
from core.foundation.threads import run_in_thread
from core.modules.module import Module
from core.settings import current

__all__ = ["asyncify", "syncify"]

_inside: ContextVar[bool] = ContextVar("inside_asyncified", default=False)


class _Places:
    """At most so many calls at once; lives on the I/O loop, so it needs no lock."""

    def __init__(self) -> None:
        self._width = 0
        self._slots: asyncio.Semaphore | None = None

    def slots(self, width: int) -> asyncio.Semaphore:
        if self._slots is None or width != self._width:
            self._width, self._slots = width, asyncio.Semaphore(width)
        return self._slots


def asyncify(program: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """Return an async function that runs a sync program on a thread, with this place's settings.

    At most `settings.async_max_workers` calls of it run at once; one made inside another has no limit.
    """
    places = _Places()

    @functools.wraps(program, updated=())
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        async def go() -> Any:
            if nested:
                return await run_in_thread(work)
            async with places.slots(width):
                return await run_in_thread(work)

        def work() -> Any:
            _inside.set(True)  # in this call's own copy of the context
            return program(*args, **kwargs)

        width, nested = current().async_max_workers, _inside.get()
        return await on_io(go)

    return awaited


class _Synchronous(Module):
    """An async program under a sync `forward`."""

    def __init__(self, program: Module) -> None:
        super().__init__()
        self.program = program

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.program(*args, **kwargs)


def syncify(program: Any, in_place: bool = True) -> Any:
    """Return a program, or an async function, that sync code can call.

    Args:
        program: A module, whose call is sync in any case, or an async function.
        in_place: Return the module itself; False: another one around it.
    """
    if isinstance(program, Module):
        return program if in_place else _Synchronous(program)
    if not inspect.iscoroutinefunction(program):
        return program

    @functools.wraps(program)
    def called(*args: Any, **kwargs: Any) -> Any:
        return drive_user(lambda: program(*args, **kwargs))

    return called
