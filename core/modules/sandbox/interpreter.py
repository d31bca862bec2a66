"""What an interpreter is, and how modules use any of them without blocking a loop.

Knows nothing about single interpreters. The names are DSPy's, so interpreters written for it serve here.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar, runtime_checkable

from core.callbacks import reported
from core.foundation.drive import is_driven, on_io_thread
from core.foundation.errors import WouldBlock
from core.foundation.threads import run_in_thread
from core.trace import span

__all__ = ["CodeInterpreter", "FinalOutput", "closing", "off_loop", "run_code"]

T = TypeVar("T")


class FinalOutput:
    """What code handed to `SUBMIT(...)`: the result of the whole run, not of one step.

    Attributes:
        output: A dict of fields, or the one value that was given.
    """

    def __init__(self, output: Any) -> None:
        self.output = output

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FinalOutput) and self.output == other.output

    __hash__ = None  # type: ignore[assignment]  # what it holds can change

    def __repr__(self) -> str:
        return f"FinalOutput({self.output!r})"


@runtime_checkable
class CodeInterpreter(Protocol):
    """Runs code with state that lasts from call to call."""

    @property
    def tools(self) -> dict[str, Callable[..., Any]]:
        """Functions that code may call, by name; may be added to."""
        ...

    def start(self) -> None:
        """Get ready; `execute` does it where nobody did."""
        ...

    def execute(self, code: str, variables: dict[str, Any] | None = None) -> Any:
        """Run code.

        Returns:
            `FinalOutput` after `SUBMIT(...)`; else what was printed; else the value of the last expression.

        Raises:
            CodeExecutionError: The code raised, cannot be parsed or hit a limit.
            CodeInterpreterError: The interpreter itself failed.
        """
        ...

    def shutdown(self) -> None:
        """Give everything back; the next `execute` starts anew."""
        ...


async def off_loop(function: Callable[..., T], *args: Any) -> T:
    """Return what a blocking function gives: in place where sync code steps us, else from a thread.

    Raises:
        WouldBlock: Sync code on the I/O loop's own thread; the function was not called.
    """
    if not is_driven():
        return await run_in_thread(function, *args)
    if on_io_thread():
        raise WouldBlock
    return function(*args)


async def run_code(
    interpreter: CodeInterpreter, code: str, variables: Mapping[str, Any] | None = None
) -> Any:
    """Return what `interpreter.execute(code, variables)` gives, from either colour; errors as there."""
    given = dict(variables or {})
    native = getattr(interpreter, "aexecute", None)
    if native is not None:
        return await native(code, given)
    asked = {"code": code, "variables": given}
    with (
        reported("interpreter_execute", interpreter, asked) as told,
        span("sandbox", type(interpreter).__name__, inputs=asked) as opened,
    ):
        result = await off_loop(interpreter.execute, code, given)
        opened.set(outputs=result.output if isinstance(result, FinalOutput) else result)
        return told.gives(result)


@asynccontextmanager
async def closing(
    factory: Callable[[], CodeInterpreter], given: CodeInterpreter | None = None
) -> AsyncGenerator[CodeInterpreter]:
    """Give a new interpreter for the block and shut it down after; one that was `given` stays open."""
    if given is not None:
        yield given
        return
    interpreter = factory()
    try:
        yield interpreter
    finally:
        interpreter.shutdown()
