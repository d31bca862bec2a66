"""Handlers: what is done when a constraint of a program fails.

Knows nothing about prompts. A handler takes a program's `forward` and returns what is called in its place, in the same
colour. `backtrack_handler` runs the program again; the predictor at fault gets its past outputs and the messages as
further inputs, and the calls before it are answered from the cache. Compared with DSPy's of 2024: assertions get as
many attempts as suggestions (1 + max_backtracks), the last error is raised, with those before it in `.history`, a
predictor that was once corrected keeps its correction, and there is neither a lock nor state outside the call.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.foundation.errors import AssertionFailed, ConfigurationError, ConstraintFailed, SuggestionFailed
from core.foundation.fingerprint import jsonable
from core.modules.overlay import Attempted, Extension, Overlay, attempt_apart
from core.modules.parameter import Parameter
from core.modules.parts import Part, named_parts
from core.modules.past_outputs import retry_extension
from core.settings import context
from core.trace.collect import TraceStep
from core.trace.tracer import span

__all__ = [
    "assert_no_except_handler",
    "assert_transform_module",
    "backtrack_handler",
    "bypass_assert_handler",
    "bypass_suggest_handler",
    "noop_handler",
]

_log = logging.getLogger("core.assertions")

M = TypeVar("M", bound=Part)
Forward = Callable[..., Any]
Handler = Callable[..., Forward]

_REASONING = {"reasoning", "rationale"}
_FLAGS = ("bypass_assert", "bypass_suggest")


def assert_transform_module(module: M, assertion_handler: Handler | None = None, **handler_args: Any) -> M:
    """Activate a program's assertions, in place, and return it.

    Args:
        module: The program; keep a second instance to compare with.
        assertion_handler: One of the handlers of this module, or `handler(forward, **handler_args)` of one's own;
            None: `backtrack_handler`. A `functools.partial` with arguments serves too.
        handler_args: Arguments of the handler.

    Raises:
        ConfigurationError: The program's assertions are activated already.
    """
    if module._assertions is not None:
        raise ConfigurationError(
            f"The assertions of this {type(module).__name__} are activated already.",
            hint="Activate a fresh instance, or a deepcopy made before.",
        )
    module._assertions = functools.partial(assertion_handler or backtrack_handler, **handler_args)
    return module


def around(handler: Handler, forward: Forward) -> Forward:
    """Return what is called in place of `forward`; a handler written for sync code serves only programs of that colour.

    An argument `bypass_assert` or `bypass_suggest` of the program's own `forward` is honoured.
    """
    handled = handler(forward)
    parameters = inspect.signature(forward).parameters
    if not any(flag in parameters for flag in _FLAGS):
        return handled

    def called(*args: Any, **kwargs: Any) -> Any:
        bound = inspect.signature(forward).bind(*args, **kwargs)
        bound.apply_defaults()
        flags = {flag: bool(bound.arguments[flag]) for flag in _FLAGS if flag in bound.arguments}
        if not inspect.iscoroutinefunction(forward):
            with context(**flags):
                return handled(*args, **kwargs)
        return _awaited_under(flags, handled, args, kwargs)

    return called


async def _awaited_under(
    flags: Mapping[str, bool], handled: Forward, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    with context(**flags):
        return await handled(*args, **kwargs)


def _with_settings(forward: Forward, flags: Mapping[str, bool], swallow: bool = False) -> Forward:
    """Return `forward` under other settings; `swallow` gives None for a failed assertion."""
    errors: tuple[type[Exception], ...] = (AssertionFailed, SuggestionFailed) if swallow else ()

    @functools.wraps(forward)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        try:
            with context(**flags):
                return await forward(*args, **kwargs)
        except errors:
            return None

    @functools.wraps(forward)
    def synchronous(*args: Any, **kwargs: Any) -> Any:
        try:
            with context(**flags):
                return forward(*args, **kwargs)
        except errors:
            return None

    return asynchronous if inspect.iscoroutinefunction(forward) else synchronous


def noop_handler(func: Forward) -> Forward:
    """Ignore failed assertions and suggestions; both are logged."""
    return _with_settings(func, {"bypass_assert": True, "bypass_suggest": True})


def bypass_suggest_handler(func: Forward) -> Forward:
    """Ignore failed suggestions; a failed assertion is raised."""
    return _with_settings(func, {"bypass_suggest": True})


def bypass_assert_handler(func: Forward) -> Forward:
    """Ignore failed assertions; a failed suggestion is raised."""
    return _with_settings(func, {"bypass_assert": True})


def assert_no_except_handler(func: Forward) -> Forward:
    """Return None where an assertion or suggestion fails."""
    return _with_settings(func, {}, swallow=True)


def backtrack_handler(func: Forward, bypass_suggest: bool = True, max_backtracks: int = 2) -> Forward:
    """Try again, with the failure's message, up to `max_backtracks` times; 1 + `max_backtracks` attempts in all.

    Args:
        func: The program's `forward` or `aforward`.
        bypass_suggest: In the last attempt suggestions are only logged; off, one that fails there gives None.
        max_backtracks: Attempts after the first.

    Raises:
        AssertionFailed: An assertion fails in the last attempt; earlier failures are in `.history`.
    """
    if max_backtracks < 0:
        raise ConfigurationError(f"max_backtracks={max_backtracks} is below 0.", hint="0 never tries again.")

    @functools.wraps(func)
    async def asynchronous(*args: Any, **kwargs: Any) -> Any:
        run = _Backtracking(func, max_backtracks, bypass_suggest)
        returned = None
        while True:
            with run.attempt() as last:
                returned = await func(*args, **kwargs)
            if run.ended(last):
                return returned

    @functools.wraps(func)
    def synchronous(*args: Any, **kwargs: Any) -> Any:
        run = _Backtracking(func, max_backtracks, bypass_suggest)
        returned = None
        while True:
            with run.attempt() as last:
                returned = func(*args, **kwargs)
            if run.ended(last):
                return returned

    return asynchronous if inspect.iscoroutinefunction(func) else synchronous


@dataclass
class _Fault:
    """What one predictor is told: its last outputs that failed, and every message so far once."""

    past_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    messages: list[str] = field(default_factory=list[str])


@dataclass
class _Last:
    """How one attempt ended."""

    seen: Attempted
    failure: ConstraintFailed | None = None


class _Backtracking:
    """The attempts of one call of a program; no other call sees anything of it."""

    def __init__(self, forward: Forward, max_backtracks: int, bypass_suggest: bool) -> None:
        self._owner = getattr(forward, "__self__", None)
        self._count = 1 + max_backtracks
        self._left = max_backtracks
        self._bypass = bypass_suggest
        self._failures: list[ConstraintFailed] = []
        self._faults: dict[int, tuple[Any, _Fault]] = {}

    @contextmanager
    def attempt(self) -> Generator[_Last]:
        """Run one attempt; a constraint that fails is noted, other errors pass."""
        number = len(self._failures) + 1
        flags = {"bypass_suggest": True} if self._left == 0 and self._bypass else {}
        extensions = {key: self._extension(part, fault) for key, (part, fault) in self._faults.items()}
        with (
            context(**flags),
            attempt_apart(Overlay(extensions=extensions)) as seen,
            span("attempt", f"{number} of {self._count}") as opened,
        ):
            last = _Last(seen)
            if opened.recording:
                opened.set(feedback=self._told())
            try:
                yield last
            except ConstraintFailed as failure:
                last.failure = failure
                kind = "assertion" if isinstance(failure, AssertionFailed) else "suggestion"
                opened.set(failed=failure.msg, constraint=kind, outputs=self._note(failure, seen.steps))

    def ended(self, last: _Last) -> bool:
        """Decide what follows an attempt: the end, or another one.

        Raises:
            AssertionFailed: It was the last.
        """
        failure = last.failure
        if failure is None:
            last.seen.keep()
            return True
        failure.history = tuple(self._failures)
        self._failures.append(failure)
        if self._left > 0:
            self._left -= 1
            return False
        last.seen.keep()
        if isinstance(failure, AssertionFailed):
            raise failure
        _log.info("A suggestion does not hold in the last attempt: %s", failure.msg)
        return True

    def _note(self, failure: ConstraintFailed, steps: list[TraceStep]) -> Any:
        """Remember whose fault it is; return the outputs that were at fault."""
        step = self._target(failure, steps)
        if step is None:
            return None
        fault = self._faults.setdefault(id(step.predictor), (step.predictor, _Fault()))[1]
        fault.past_outputs = dict(step.outputs.items())
        if failure.msg not in fault.messages:
            fault.messages.append(failure.msg)
        return jsonable(fault.past_outputs)

    def _target(self, failure: ConstraintFailed, steps: list[TraceStep]) -> TraceStep | None:
        """Return the last call of the step that the constraint names; without a name the last call of all."""
        if not steps:
            return None
        if failure.target_module is not None:
            for step in reversed(steps):
                if _is_meant(step, failure.target_module):
                    return step
            _log.warning("No call of %r was made; the last step is tried again.", failure.target_module)
        return steps[-1]

    def _extension(self, part: Any, fault: _Fault) -> Extension:
        return retry_extension(part.signature, fault.past_outputs, "\n".join(fault.messages))

    def _told(self) -> dict[str, list[str]]:
        named = dict(_predictors(self._owner)) if isinstance(self._owner, Part) else {}
        paths = {id(part): path for path, part in named.items()}
        return {paths.get(key, "?"): fault.messages for key, (_, fault) in self._faults.items()}


def _is_meant(step: TraceStep, target: Any) -> bool:
    """Whether a call is one of the module, signature or path that a constraint names, or of one in a list of them."""
    predictor = step.predictor
    if isinstance(target, (list, tuple)):
        return any(_is_meant(step, item) for item in target)
    if isinstance(target, str):
        return target in (step.path, predictor.signature.signature) or step.path.startswith(f"{target}.")
    if isinstance(target, Part):
        return any(part is predictor for _, part in _predictors(target))
    wanted = getattr(target, "signature", None) if not hasattr(target, "output_fields") else target
    if wanted is None or not hasattr(wanted, "output_fields"):
        return False
    return predictor.signature is wanted or _names(predictor.signature) == _names(wanted)


def _predictors(module: Part) -> list[tuple[str, Any]]:
    return [(path, part) for path, part in named_parts(module, Parameter) if part.is_predictor]


def _names(signature: Any) -> tuple[list[str], list[str]]:
    """Fields by name; reasoning, which a chain of thought adds, is left out."""
    return (
        list(signature.input_fields),
        [name for name in signature.output_fields if name not in _REASONING],
    )
