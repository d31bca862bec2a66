"""The base of programs: sub-modules as attributes, ordinary Python between them.

Knows nothing about prompts or models. A program writes `forward`, or `aforward`, or both; each can be called from
sync and from async code.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Self, TextIO

from core.foundation.drive import drive, drive_user
from core.foundation.errors import ConfigurationError
from core.foundation.overrides import means_call
from core.foundation.threads import run_in_thread, run_sync
from core.lm.history import Entry, History
from core.modules.observing import Root, is_observed, observed, path_of
from core.modules.overrides import running
from core.modules.parameter import Parameter
from core.modules.parts import Part, copied, named_parts, substitute, walk
from core.settings import callers, current
from core.trace.tracer import span

__all__ = ["Module", "is_observed", "observed", "path_of"]

_log = logging.getLogger("core.modules")

HISTORY = 200
"""Calls that a module's own log keeps; those of the models reach further back."""


class _OwnHistory:
    """Shows a module's log; a program may keep something of its own under that name."""

    def __get__(self, module: Module | None, owner: type[Module]) -> Any:
        return self if module is None else module._history


def _warning(forward: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(forward)
    def checked(self: Module, *args: Any, **kwargs: Any) -> Any:
        self._warn_of_direct_call()
        return forward(self, *args, **kwargs)

    return checked


class Module(Part):
    """A program or a part of one; see the module's docstring.

    Args:
        callbacks: Told of this module's calls; see `core.callbacks`.

    Attributes:
        callbacks: The list of them.
        suggest_failures, assert_failures: How often constraints with `is_metric=True` failed in the last evaluation.
        history: The last calls of language models made inside this module, oldest first, as DSPy's dicts.
    """

    callbacks: list[Any]
    suggest_failures: int = 0
    assert_failures: int = 0
    history = _OwnHistory()
    _history: History
    _native: ClassVar[bool] = False
    _sync_style: ClassVar[bool] = True
    _has_async: ClassVar[bool] = False
    _own_call: ClassVar[bool] = False
    _as_built: ClassVar[bool] = False
    _assertions: Callable[..., Any] | None = None

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        made = super().__new__(cls)
        made.callbacks = []  # here, as programs forget to call super().__init__()
        made._history = History(HISTORY)
        return made

    def __init__(self, callbacks: Any = None) -> None:
        if callbacks:
            self.callbacks = list(callbacks)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__:
            if base is Module:
                break
            if "forward" in base.__dict__ or "aforward" in base.__dict__:
                cls._sync_style = "forward" in base.__dict__
                cls._has_async = "aforward" in base.__dict__
                break
        # Our own coroutines wait on nothing but the I/O loop, so sync code can step them.
        cls._native = cls.aforward.__module__.startswith("core.")
        cls._own_call = means_call(cls, "acall", "aforward")
        cls._as_built = cls._native and not (cls._sync_style or cls._own_call)
        if "forward" in cls.__dict__ and not cls.__module__.startswith("core."):
            cls.forward = _warning(cls.__dict__["forward"])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program from sync code.

        Raises:
            ConfigurationError: It has neither `forward` nor `aforward`.
        """
        if is_observed(self, current()):
            with observed(self, args, kwargs) as gives:
                return gives(self._call(args, kwargs))
        return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        token = running.set(Root(self)) if running.get() is None else None
        inside = callers.set((*callers.get(), self))
        try:
            with span("module", type(self).__name__):
                if self._sync_style:
                    return self._entered(self.forward)(*args, **kwargs)
                aforward = self._entered(self.aforward)
                if self._native:
                    return drive(aforward(*args, **kwargs))
                return drive_user(lambda: aforward(*args, **kwargs))
        finally:
            callers.reset(inside)
            if token is not None:
                running.reset(token)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program from async code; a program with only `forward` runs on a thread."""
        if self._own_call:
            return await run_sync(functools.partial(self, *args, **kwargs))
        if is_observed(self, current()):
            with observed(self, args, kwargs) as gives:
                return gives(await self._acall(args, kwargs))
        return await self._acall(args, kwargs)

    async def _acall(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        token = running.set(Root(self)) if running.get() is None else None
        inside = callers.set((*callers.get(), self))
        try:
            with span("module", type(self).__name__):
                if self._has_async:
                    return await self._entered(self.aforward)(*args, **kwargs)
                forward = self._entered(self.forward)
                return await run_in_thread(lambda: forward(*args, **kwargs))
        finally:
            callers.reset(inside)
            if token is not None:
                running.reset(token)

    def _entered(self, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return what is called in place of the program's own method: the same, unless assertions are activated."""
        if self._assertions is None:
            return method
        from core.modules.backtracking import around

        return around(self._assertions, method)

    def activate_assertions(self, handler: Callable[..., Any] | None = None, **handler_args: Any) -> Self:
        """Let failing assertions be handled, in place: by `backtrack_handler` unless another handler is given.

        Raises:
            ConfigurationError: They are activated already.
        """
        from core.modules.backtracking import assert_transform_module

        return assert_transform_module(self, handler, **handler_args)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The program, in sync code; built-in modules have it from their `aforward`. Call the module instead."""
        if type(self).aforward is Module.aforward:
            raise ConfigurationError(
                f"{type(self).__name__} has neither forward nor aforward.",
                hint="Define `def forward(self, ...)`.",
            )
        self._warn_of_direct_call()
        if self._native:
            return drive(self.aforward(*args, **kwargs))
        return drive_user(lambda: self.aforward(*args, **kwargs))

    def _warn_of_direct_call(self) -> None:
        inside = callers.get()
        if not inside or inside[-1] is not self:
            told = "%s.forward() was called directly, unseen by callbacks, traces and histories. Use program(...)."
            _log.warning(told, type(self).__name__)

    async def aforward(self, *args: Any, **kwargs: Any) -> Any:
        """The program, in async code."""
        return await run_in_thread(lambda: self.forward(*args, **kwargs))

    def named_parameters(self) -> list[tuple[str, Parameter]]:
        """Leaves by path (`a`, `a[0]`, `a['k']`, `a.b`, or `self`); those of frozen sub-modules are left out."""
        return list(named_parts(self, Parameter, skip_compiled=True))

    def parameters(self) -> list[Parameter]:
        """Leaves without their paths."""
        return [part for _, part in self.named_parameters()]

    def named_predictors(self) -> list[tuple[str, Any]]:
        """Predictors by path."""
        return [(name, part) for name, part in self.named_parameters() if part.is_predictor]

    def predictors(self) -> list[Any]:
        """Predictors without their paths."""
        return [part for _, part in self.named_predictors()]

    def named_sub_modules(
        self, type_: type | None = None, skip_compiled: bool = False
    ) -> Iterator[tuple[str, Any]]:
        """Yield (path, module), this one first as `self`, each object once."""
        yield from walk(self, "self", type_ or Module, skip_compiled)

    def map_named_predictors(self, func: Callable[[Any], Any]) -> Self:
        """Replace every predictor by `func(predictor)`, in place."""
        replaced = {id(part): func(part) for part in self.predictors()}
        substitute(self, replaced)
        return self

    def set_lm(self, lm: Any) -> None:
        """Give every predictor this language model."""
        for predictor in self.predictors():
            predictor.lm = lm

    def get_lm(self) -> Any:
        """Return the language model that all predictors share.

        Raises:
            ConfigurationError: They differ.
        """
        models = [predictor.lm for predictor in self.predictors()]
        if any(model is not models[0] for model in models):
            raise ConfigurationError(
                "The predictors have different language models.", hint="Ask each predictor."
            )
        return models[0] if models else None

    def deepcopy(self) -> Self:
        """Return an independent copy; language models are shared, what cannot be copied too."""
        return self.__deepcopy__({})

    def reset_copy(self) -> Self:
        """Return a copy whose leaves have forgotten what they learned."""
        made = self.deepcopy()
        for parameter in made.parameters():
            parameter.reset()
        return made

    def __getstate__(self) -> dict[str, Any]:
        """What goes along to another process: all but the log of calls."""
        return {name: value for name, value in self.__dict__.items() if name != "_history"}

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            if name == "callbacks":
                made.callbacks = list(value)
            elif name != "_history":
                made.__dict__[name] = copied(value, memo)
        return made

    def batch(
        self,
        examples: Sequence[Any],
        num_threads: int | None = None,
        max_errors: int | None = None,
        return_failed_examples: bool = False,
        provide_traceback: bool | None = None,
        disable_progress_bar: bool = False,
        timeout: float | None = 120,
        straggler_limit: int = 3,
    ) -> Any:
        """Run the program on many examples at once; see `core.Parallel` for the arguments and what is returned."""
        from core.modules.pairs import PairOptions, run_pairs

        options = PairOptions(
            num_threads,
            max_errors,
            return_failed_examples=return_failed_examples,
            provide_traceback=provide_traceback,
            disable_progress_bar=disable_progress_bar,
        )
        return drive(run_pairs([(self, example) for example in examples], options))

    def inspect_history(self, n: int = 1, file: TextIO | None = None) -> None:
        """Print the last `n` calls made inside this module; `history` has them as data."""
        self._history.show(n, file)

    def calls_with(self, inside: int) -> int:
        """Return how many calls one run takes, given how many the parts take; more where parts run several times."""
        return inside

    def remember(self, entry: Entry, limit: int) -> None:
        """Put a call into the log; called by the call itself."""
        self._history.add(entry, limit)

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return {path: state of the leaf}."""
        return {name: part.dump_state(json_mode) for name, part in self.named_parameters()}

    def load_state(self, state: dict[str, Any], *, allow_unsafe_lm_state: bool = False) -> None:
        """Take over a state, all of it or (on an error) nothing.

        Raises:
            StateError: A path is missing or its state does not fit.
        """
        from core.modules.saving import load_state

        load_state(self, state, allow_unsafe_lm_state=allow_unsafe_lm_state)

    def save(
        self,
        path: str | os.PathLike[str],
        save_program: bool = False,
        modules_to_serialize: Sequence[Any] | None = None,
    ) -> None:
        """Write the state to a JSON file that DSPy reads too.

        Raises:
            StateError: The file is not called *.json, or `save_program` or `modules_to_serialize` ask for pickle.
        """
        from core.modules.saving import save

        save(self, path, save_program=save_program or bool(modules_to_serialize))

    def load(
        self,
        path: str | os.PathLike[str],
        allow_pickle: bool = False,
        *,
        allow_unsafe_lm_state: bool = False,
    ) -> None:
        """Take over a state from a JSON file: ours, DSPy's, or one that DSPy wrote in 2024.

        Args:
            allow_pickle: Accepted from programs that pass it; pickles are never read.
            allow_unsafe_lm_state: Take over endpoints that the file names.

        Raises:
            StateError: It cannot be read or does not fit; this program is unchanged.
        """
        del allow_pickle
        from core.modules.saving import load

        load(self, path, allow_unsafe_lm_state=allow_unsafe_lm_state)

    def _repr_html_(self) -> str:
        from core.modules.show import module_html

        return module_html(self)

    def __repr__(self) -> str:
        lines = [f"{name} = {part!r}" for name, part in self.named_parameters() if part is not self]
        return "\n".join(lines) or f"{type(self).__name__}()"
