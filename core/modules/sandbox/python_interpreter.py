"""`PythonInterpreter`: Python in a worker process that has no files, no network and none of the host's objects.

Knows nothing about agents. Code that calls a tool stops there; the tool runs in the caller's own colour, async ones
too, and its result goes back in.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from core.callbacks import reported
from core.foundation.drive import drive
from core.foundation.errors import CodeExecutionError, CodeInterpreterError, ConfigurationError
from core.foundation.fingerprint import jsonable
from core.modules.sandbox.explain import explained
from core.modules.sandbox.interpreter import FinalOutput, off_loop
from core.modules.sandbox.limits import Limits
from core.modules.sandbox.pool import Worker
from core.modules.sandbox.submitting import Submission
from core.modules.sandbox.values import from_sandbox, to_sandbox
from core.modules.tool_use import is_ours_to_raise, use
from core.trace import span

__all__ = ["PythonInterpreter"]

SUBMIT = "SUBMIT"


class PythonInterpreter:
    """Runs Python in a sandbox; state lasts until `shutdown`. Not for two calls at a time.

    Args:
        tools: Functions that code may call by name: {name: function or Tool}, or a list of them.
        output_fields: What `SUBMIT` takes: [{"name": …}, …]; without it SUBMIT takes one value or any fields.
        limits: Of memory, time, recursion …; there always are some.
        callbacks: Told of executions, tool calls, start and end; see `core.callbacks`.
        host_access: DSPy's arguments for paths, variables and networks. Here nothing of the host can be opened.

    Raises:
        ConfigurationError: Access to the host was asked for.
    """

    def __init__(
        self,
        tools: Mapping[str, Callable[..., Any]] | Sequence[Callable[..., Any]] | None = None,
        output_fields: Sequence[Mapping[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        *,
        limits: Limits | None = None,
        **host_access: Any,
    ) -> None:
        asked = sorted(name for name, value in host_access.items() if value and name != "sync_files")
        if asked:
            raise ConfigurationError(
                f"The sandbox gives no access to the host, so it has no {', '.join(asked)}.",
                hint="Pass what the code needs as variables, or give it a tool.",
            )
        self.tools: dict[str, Callable[..., Any]] = _by_name(tools or {})
        self.output_fields = list(output_fields) if output_fields is not None else None
        self.callbacks = list(callbacks or [])
        self.limits = limits or Limits()
        self._worker: Worker | None = None
        self._running = False

    def start(self) -> None:
        """Take a worker now rather than at the first `execute`.

        Raises:
            MissingExtraError: The extra `sandbox` is not installed.
        """
        drive(self.astart())

    async def astart(self) -> None:
        """Same as `start`, from async code."""
        if self._worker is None or self._worker.inherited:
            with reported("interpreter_startup", self, {}):
                worker = Worker(self.limits)
                await off_loop(worker.open)
                self._worker = worker

    def shutdown(self) -> None:
        """Give the worker back, and with it all variables; the next `execute` takes another."""
        worker, self._worker = self._worker, None
        if worker is not None:
            with reported("interpreter_shutdown", self, {}):
                worker.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def __del__(self) -> None:
        worker = getattr(self, "_worker", None)
        if worker is not None:
            worker.close()

    def __deepcopy__(self, memo: dict[int, Any]) -> PythonInterpreter:
        """Return a fresh one of the same kind: sessions are not copied."""
        return PythonInterpreter(self.tools, self.output_fields, self.callbacks, limits=self.limits)

    def __call__(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Same as `execute`."""
        return self.execute(code, variables)

    def execute(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Run code, after binding `variables`.

        Returns:
            `FinalOutput` after `SUBMIT(...)`; else what was printed, with the value of a last expression below; else
            that value alone.

        Raises:
            CodeExecutionError: The code raised, cannot be parsed or hit a limit; `.kind`, `.line`.
            CodeInterpreterError: There is no worker, or a call is in progress.
        """
        return drive(self.aexecute(code, variables))

    async def aexecute(self, code: str, variables: Mapping[str, Any] | None = None) -> Any:
        """Same as `execute`, from async code."""
        if self._running:
            raise CodeInterpreterError(
                "This interpreter runs something already.", hint="Use one interpreter for each task."
            )
        given = dict(variables or {})
        asked: dict[str, Any] = {"code": code, "variables": given}
        self._running = True
        try:
            with (
                reported("interpreter_execute", self, asked) as told,
                span("sandbox", type(self).__name__) as opened,
            ):
                if opened.recording:
                    opened.set(inputs={"code": code, "variables": _shown(given)})
                result = await self._run(code, given)
                if opened.recording:
                    opened.set(outputs=jsonable(getattr(result, "output", result)))
                return told.gives(result)
        finally:
            self._running = False

    async def _run(self, code: str, variables: dict[str, Any]) -> Any:
        inputs = {_checked(name): to_sandbox(value) for name, value in variables.items()}
        await self.astart()
        worker = self._worker
        if worker is None:  # shut down in the meantime
            raise CodeInterpreterError("The interpreter was shut down.", hint="Call start() again.")
        run = _Run(self, worker)
        try:
            value = await run.through(code, inputs)
        except CodeExecutionError as error:
            if run.is_lost:
                self.shutdown()
                error.message += "\nThe interpreter was restarted: earlier variables and functions are gone."
            raise
        except BaseException:
            self.shutdown()  # broken off in the middle: nobody knows what state it is in
            raise
        return run.result(value)


class _Run:
    """One execution: steps from one call of the code to the next."""

    def __init__(self, interpreter: PythonInterpreter, worker: Worker) -> None:
        self.interpreter = interpreter
        self.worker = worker
        self.submission = Submission(interpreter.output_fields)
        self.printed: list[str] = []
        self.room = interpreter.limits.output
        self.dropped = 0
        self.stopped_by: BaseException | None = None
        self.is_lost = False

    async def through(self, code: str, inputs: dict[str, Any]) -> Any:
        """Return the value of the last expression.

        Raises:
            CodeExecutionError: See `PythonInterpreter.execute`.
        """
        from pydantic_monty import FunctionSnapshot, MontyComplete, MontyError

        names = dict.fromkeys((*self.interpreter.tools, SUBMIT), _stand_in)
        try:
            stop = await off_loop(self.worker.begin, code, inputs, names, self._show)
            while not isinstance(stop, MontyComplete):
                answer = None
                if isinstance(stop, FunctionSnapshot) and not stop.is_os_function:
                    answer = await self._answer(str(stop.function_name), stop.args, stop.kwargs)
                stop = await off_loop(self.worker.go_on, stop, answer)
        except MontyError as error:
            if self.stopped_by is not None:
                raise self.stopped_by from None
            if self.submission.made:
                return None
            self.is_lost, made = explained(error)
            raise made from None
        if self.stopped_by is not None:
            raise self.stopped_by
        return stop.output

    async def _answer(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to one call of the code."""
        if self.submission.made or self.stopped_by is not None:
            return _ENDED  # it caught the end: it is told again
        args, kwargs = from_sandbox(args), from_sandbox(kwargs)
        try:
            if name == SUBMIT and SUBMIT not in self.interpreter.tools:
                self.submission.take(args, kwargs)
                return _ENDED
            return {"return_value": to_sandbox(await self._called(name, args, kwargs))}
        except Exception as error:
            if is_ours_to_raise(error):
                self.stopped_by = error
                return _ENDED
            return {"exception": _as_builtin(error)}

    async def _called(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        tool = self.interpreter.tools.get(name)
        if tool is None:
            raise NameError(f"name '{name}' is not defined")
        asked = {"tool_name": name, "args": args, "kwargs": kwargs}
        with reported("interpreter_tool_call", self.interpreter, asked) as told:
            return told.gives(await use(tool, args, kwargs, name=name))

    def _show(self, _stream: str, text: str) -> None:
        kept = text[: self.room]
        self.room -= len(kept)
        self.dropped += len(text) - len(kept)
        if kept:
            self.printed.append(kept)

    def result(self, value: Any) -> Any:
        """Return what `execute` gives."""
        if self.submission.made:
            return FinalOutput(self.submission.output)
        value = from_sandbox(value)
        if not self.printed:
            return value
        text = "".join(self.printed).rstrip("\n")
        if self.dropped:
            text += f"\n… ({self.dropped:,} more characters were printed)"
        return text if value is None else f"{text}\n{value!r}"


_ENDED: dict[str, Any] = {"exception": KeyboardInterrupt("ended")}
"""Ends the code: `except Exception` does not catch it."""


def _stand_in(*_args: Any, **_kwargs: Any) -> None:
    """What a tool's name stands for inside; the call itself stops the code and is answered here."""


def _as_builtin(error: Exception) -> Exception:
    """Return an error that the sandbox knows: its own type where that is a built-in one."""
    if type(error).__module__ == "builtins":
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _checked(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise CodeInterpreterError(
            f"'{name}' cannot be a variable.", hint="Use letters, digits and underscores."
        )
    return name


def _shown(variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return variables for a trace: long ones, which stand there in every step, cut."""
    shown = {name: jsonable(value) for name, value in variables.items()}
    return {
        name: value if len(text := str(value)) <= 1_000 else f"{text[:1_000]}…"
        for name, value in shown.items()
    }


def _by_name(tools: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if isinstance(tools, Mapping):
        found = dict(tools)
    else:
        found = {
            getattr(tool, "name", None) or getattr(tool, "__name__", type(tool).__name__): tool
            for tool in tools
        }
    for name in found:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise ConfigurationError(
                f"Code cannot call a tool named '{name}'.", hint="Give it a name that Python allows."
            )
    return found
