"""Callbacks: objects that are told when a call starts and how it ended.

Knows nothing about what is called. Global ones (`configure(callbacks=[...])`) come before those of the instance; ids
nest through `ACTIVE_CALL_ID`. Where nobody listens, a call pays one truth test.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, TypeVar

from core.settings import current
from core.trace.span import new_id

__all__ = ["ACTIVE_CALL_ID", "KINDS", "BaseCallback", "is_listened_to", "reported", "with_callbacks"]

_log = logging.getLogger("core.callbacks")

T = TypeVar("T")
Inputs = Mapping[str, Any]

ACTIVE_CALL_ID: ContextVar[str | None] = ContextVar("active_call_id", default=None)
"""The id of the call around this place: the parent, where `on_X_start` and `on_X_end` read it."""

KINDS = (
    "module",
    "lm",
    "adapter_format",
    "adapter_parse",
    "tool",
    "evaluate",
    "compile",
    "interpreter_execute",
    "interpreter_tool_call",
    "interpreter_startup",
    "interpreter_shutdown",
)
"""What can be reported."""


class BaseCallback:
    """Base of callbacks: every hook does nothing until it is overridden.

    A hook runs in the thread of the call, on the I/O loop where the call runs there, so it should answer at once.
    What it raises is logged and otherwise ignored.

    Each start hook gets the call's id, the object that was called and its arguments by name; each end hook the same
    id, what was returned (None after an error) and the exception (None without one).
    """

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A module was called; `inputs` holds `args` and `kwargs`."""

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A module returned or raised."""

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A language model was asked; `inputs` holds `prompt` or `messages`, the other None, and `kwargs`."""

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A language model answered; `outputs` is the list of its completions."""

    def on_adapter_format_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter is asked for messages; `inputs` holds `signature`, `demos` and `inputs`."""

    def on_adapter_format_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """An adapter gave the messages."""

    def on_adapter_parse_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An adapter reads a reply; `inputs` holds `signature` and `completion`."""

    def on_adapter_parse_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """An adapter gave the fields, or could not read them."""

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A tool was called; `inputs` holds `kwargs`, its arguments by name."""

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A tool returned or raised."""

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An evaluation began; `inputs` holds the program and all arguments, `callback_metadata` too."""

    def on_evaluate_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """An evaluation gave its result."""

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An optimizer began to compile."""

    def on_compile_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """An optimizer gave its program."""

    def on_interpreter_execute_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Code begins to run."""

    def on_interpreter_execute_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """Code ran."""

    def on_interpreter_tool_call_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """Running code calls a tool."""

    def on_interpreter_tool_call_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """A tool called by running code returned."""

    def on_interpreter_startup_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An interpreter is being started."""

    def on_interpreter_startup_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """An interpreter is ready."""

    def on_interpreter_shutdown_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An interpreter is being ended."""

    def on_interpreter_shutdown_end(
        self, call_id: str, outputs: Any, exception: BaseException | None = None
    ) -> None:
        """An interpreter has ended."""


def is_listened_to(instance: Any) -> bool:
    """True where calls of `instance` are reported to somebody: the one test that silence costs."""
    return bool(current().callbacks or getattr(instance, "callbacks", None))


class _Silent:
    """What `reported` gives when nobody listens."""

    __slots__ = ()

    def __enter__(self) -> _Silent:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def gives(self, outputs: T) -> T:
        return outputs


class _Reported:
    """One call on its way; `gives` notes what it returned."""

    __slots__ = ("_id", "_inputs", "_instance", "_kind", "_listeners", "_outputs", "_token")

    def __init__(self, kind: str, instance: Any, inputs: Inputs, listeners: Sequence[Any]) -> None:
        self._kind, self._instance, self._inputs, self._listeners = kind, instance, inputs, listeners
        self._id = new_id()
        self._outputs: Any = None
        self._token: Token[str | None] | None = None

    def __enter__(self) -> _Reported:
        for listener in self._listeners:
            _tell(
                listener,
                f"on_{self._kind}_start",
                call_id=self._id,
                instance=self._instance,
                inputs=dict(self._inputs),
            )
        self._token = ACTIVE_CALL_ID.set(self._id)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._token is not None:
            ACTIVE_CALL_ID.reset(self._token)
        outputs = self._outputs if error is None else None
        for listener in self._listeners:
            _tell(listener, f"on_{self._kind}_end", call_id=self._id, outputs=outputs, exception=error)

    def gives(self, outputs: T) -> T:
        """Note what the call returns, and return it."""
        self._outputs = outputs
        return outputs


_silent = _Silent()


def reported(kind: str, instance: Any, inputs: Inputs | Callable[[], Inputs]) -> _Reported | _Silent:
    """Return a context manager around one call, for sync and async code alike.

        with reported("tool", tool, arguments) as call:
            return call.gives(function(**arguments))

    Args:
        kind: One of `KINDS`.
        instance: What is called; its attribute `callbacks` holds the local listeners.
        inputs: Arguments by name, or a function that gives them, asked only when somebody listens.
    """
    everywhere, own = current().callbacks, getattr(instance, "callbacks", None)
    if not everywhere and not own:
        return _silent
    listeners = (*everywhere, *(own or ()))
    return _Reported(kind, instance, inputs() if callable(inputs) else inputs, listeners)


def _tell(listener: Any, hook: str, **arguments: Any) -> None:
    try:
        method = getattr(listener, hook, None)
        if method is not None:
            method(**arguments)
    except Exception:
        _log.warning("The callback %s.%s raised.", type(listener).__name__, hook, exc_info=True)


def with_callbacks(fn: Callable[..., Any] | None = None, *, kind: str | None = None) -> Any:
    """Decorate a method, sync or async, so that its calls are reported.

    Args:
        kind: One of `KINDS`; without it the instance's `callback_kind`, `adapter_format` and `adapter_parse` for
            methods called `format` and `parse` of an adapter, else "module".
    """
    if fn is None:
        return functools.partial(with_callbacks, kind=kind)
    method = fn
    parameters = inspect.signature(method)

    def call_of(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Reported | _Silent:
        def inputs() -> dict[str, Any]:
            bound = parameters.bind(self, *args, **kwargs)
            bound.apply_defaults()
            return dict(list(bound.arguments.items())[1:])

        return reported(kind or _kind_of(self, method.__name__), self, inputs)

    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def asynchronous(self: Any, *args: Any, **kwargs: Any) -> Any:
            if not is_listened_to(self):
                return await method(self, *args, **kwargs)
            with call_of(self, args, kwargs) as call:
                return call.gives(await method(self, *args, **kwargs))

        return asynchronous

    @functools.wraps(method)
    def synchronous(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not is_listened_to(self):
            return method(self, *args, **kwargs)
        with call_of(self, args, kwargs) as call:
            return call.gives(method(self, *args, **kwargs))

    return synchronous


def _kind_of(instance: Any, method: str) -> str:
    own = getattr(instance, "callback_kind", "module")
    return f"adapter_{method}" if own == "adapter" else own
