"""Calls anything from async code: a program in whichever colour it was written.

Knows nothing about who calls. Async code runs where it is awaited; sync code runs on a thread, and so does a program
whose async form turns out to wait in sync code inside.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from core.foundation.errors import WouldBlock
from core.foundation.threads import run_in_thread
from core.trace.collect import steps_so_far, take_back_steps

__all__ = ["answered", "called"]


async def called(
    program: Callable[..., Any], args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
) -> Any:
    """Return what `program(*args, **kwargs)` gives, waiting for it as its colour asks.

    Args:
        program: A module, a function or any callable, sync or async.
    """
    given = dict(kwargs or {})
    awaited = _async_form(program)
    if awaited is not None:
        before = steps_so_far()
        try:
            return await awaited(*args, **given)
        except WouldBlock:  # it waits in sync code inside; the same call on a thread may
            take_back_steps(before)
    return await _on_thread(partial(program, *args, **given))


async def answered(function: Callable[..., Any], *args: Any) -> Any:
    """Return what a quick function gives (a reward, a normaliser), sync or async; on a thread where it has to wait."""
    awaited, before = _async_form(function), steps_so_far()
    try:
        returned = function(*args) if awaited is None else awaited(*args)
        return await returned if inspect.isawaitable(returned) else returned
    except WouldBlock:
        take_back_steps(before)
        return await _on_thread(partial(function, *args))


async def _on_thread(work: Callable[[], Any]) -> Any:
    returned = await run_in_thread(work)
    return await returned if inspect.isawaitable(returned) else returned


def _async_form(program: Any) -> Callable[..., Any] | None:
    """The awaitable way in; of `forward` and `aforward`, that of the most derived class is meant."""
    if inspect.iscoroutinefunction(program):
        return program
    entry = getattr(program, "acall", None)
    if entry is None:
        return program if inspect.iscoroutinefunction(type(program).__call__) else None
    for owner in type(program).__mro__:
        if "aforward" in vars(owner):
            return entry
        if "forward" in vars(owner):
            return None
    return entry
