"""One call of a tool, from either colour, and which of its errors are no observation for the model.

Knows nothing about agents.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from core.data.types.tool import Tool
from core.foundation.drive import awaited, is_driven
from core.foundation.errors import (
    BudgetExceeded,
    ConfigurationError,
    LMError,
    LMInvalidRequestError,
    UnknownNameError,
)
from core.foundation.fingerprint import jsonable
from core.foundation.threads import run_in_thread
from core.trace import span

__all__ = ["is_ours_to_raise", "use"]


def is_ours_to_raise(error: BaseException) -> bool:
    """True of errors that no model can do anything about: a budget, a model out of reach, a wrong configuration."""
    if isinstance(error, (LMInvalidRequestError, UnknownNameError)):
        return False
    return isinstance(error, (BudgetExceeded, LMError, ConfigurationError))


async def use(
    tool: Callable[..., Any],
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    name: str = "",
) -> Any:
    """Return what a tool gives: in place where sync code steps us, else awaited, or from a thread when it is sync.

    Args:
        tool: A `Tool`, which checks its arguments, or any callable.
        name: What a plain callable is called in traces.
    """
    given = dict(kwargs or {})
    if isinstance(tool, Tool):
        given = {**dict(zip(_names(tool, args), args, strict=True)), **given}
        if not is_driven() and _is_async(tool.func):
            return await tool.acall(**given)
        return await _either(partial(tool, **given))
    with span("tool", name or getattr(tool, "__name__", type(tool).__name__)) as opened:
        if opened.recording:
            opened.set(inputs=jsonable({**({"args": list(args)} if args else {}), **given}))
        result = await _plain(tool, args, given)
        if opened.recording:
            opened.set(outputs=jsonable(result))
        return result


async def _plain(tool: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    if _is_async(tool):
        waiting = tool(*args, **kwargs)
        # Our own coroutines wait on nothing but the I/O loop; a user's may wait for anything.
        own = getattr(tool, "__module__", "").startswith("core.")
        return await (waiting if own else awaited(waiting))
    return await _either(partial(tool, *args, **kwargs))


async def _either(call: Callable[[], Any]) -> Any:
    result = call() if is_driven() else await run_in_thread(call)
    return await awaited(result) if inspect.isawaitable(result) else result


def _is_async(function: Any) -> bool:
    call = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is asked about
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


def _names(tool: Tool, args: Sequence[Any]) -> list[str]:
    names = list(tool.args)[: len(args)]
    if len(names) < len(args):
        raise TypeError(f"{tool.name}() takes {len(tool.args)} arguments, {len(args)} were given")
    return names
