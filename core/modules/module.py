"""The base of programs: sub-modules as attributes, ordinary Python between them.

Knows nothing about prompts or models. A program writes `forward`, or `aforward`, or both; each can be called from
sync and from async code.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

from core.foundation.drive import drive, drive_user
from core.foundation.errors import ConfigurationError
from core.foundation.threads import run_in_thread
from core.modules.overrides import running
from core.modules.parameter import Parameter
from core.modules.usage import counting, usage_is_wanted
from core.trace.tracer import span

__all__ = ["Module", "path_of"]


class _Root:
    """The program whose call this is, and the paths of its predictors, made when first asked for."""

    __slots__ = ("module", "paths")

    def __init__(self, module: Module) -> None:
        self.module = module
        # Keyed by identity, which holds while the parts are kept alive here.
        self.paths: dict[int, tuple[str, Any]] = {}

    def path_of(self, part: Module) -> str:
        if id(part) not in self.paths:  # not asked before, or made while the program runs
            self.paths |= {id(item): (name, item) for name, item in named_parts(self.module, Parameter)}
        return self.paths[id(part)][0] if id(part) in self.paths else ""


def path_of(part: Module) -> str:
    """Return where `part` stands in the running program, e.g. `hops[0].predict`; "self" when it is the program."""
    root: _Root | None = running.get()
    if root is None or root.module is part:
        return "self"
    return root.path_of(part)


class Module:
    """A program or a part of one; see the module's docstring.

    Attributes:
        callbacks: Kept for programs that pass them.
    """

    callbacks: tuple[Any, ...] = ()
    _compiled: bool = False
    _native: ClassVar[bool] = False
    _sync_style: ClassVar[bool] = True

    def __init__(self, callbacks: Any = None) -> None:
        if callbacks:
            self.callbacks = tuple(callbacks)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__mro__:
            if base is Module:
                break
            if "forward" in base.__dict__ or "aforward" in base.__dict__:
                cls._sync_style = "forward" in base.__dict__
                cls._has_async = "aforward" in base.__dict__
                # Our own coroutines wait on nothing but the I/O loop, so sync code can step them.
                cls._native = base.__module__.startswith("core.")
                break

    _has_async: ClassVar[bool] = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program from sync code.

        Raises:
            ConfigurationError: It has neither `forward` nor `aforward`.
        """
        if usage_is_wanted():
            with counting() as count:
                return count.put_on(self(*args, **kwargs))
        token = running.set(_Root(self)) if running.get() is None else None
        try:
            with span("module", type(self).__name__):
                if self._sync_style:
                    return self.forward(*args, **kwargs)
                if self._native:
                    return drive(self.aforward(*args, **kwargs))
                return drive_user(lambda: self.aforward(*args, **kwargs))
        finally:
            if token is not None:
                running.reset(token)

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        """Run the program from async code; a program with only `forward` runs on a thread."""
        if usage_is_wanted():
            with counting() as count:
                return count.put_on(await self.acall(*args, **kwargs))
        token = running.set(_Root(self)) if running.get() is None else None
        try:
            with span("module", type(self).__name__):
                if self._has_async:
                    return await self.aforward(*args, **kwargs)
                return await run_in_thread(lambda: self.forward(*args, **kwargs))
        finally:
            if token is not None:
                running.reset(token)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The program, in sync code; built-in modules have it from their `aforward`."""
        if type(self).aforward is Module.aforward:
            raise ConfigurationError(
                f"{type(self).__name__} has neither forward nor aforward.",
                hint="Define `def forward(self, ...)`.",
            )
        if self._native:
            return drive(self.aforward(*args, **kwargs))
        return drive_user(lambda: self.aforward(*args, **kwargs))

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
        yield from _walk(self, "self", type_ or Module, skip_compiled)

    def map_named_predictors(self, function: Callable[[Any], Any]) -> Self:
        """Replace every predictor by `function(predictor)`, in place."""
        replaced = {id(part): function(part) for part in self.predictors()}
        _substitute(self, replaced)
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
        return copy.deepcopy(self)

    def reset_copy(self) -> Self:
        """Return a copy whose leaves have forgotten what they learned."""
        made = self.deepcopy()
        for parameter in made.parameters():
            parameter.reset()
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        for name, value in self.__dict__.items():
            made.__dict__[name] = _copied(value, memo)
        return made

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

    def save(self, path: str | os.PathLike[str], save_program: bool = False) -> None:
        """Write the state to a JSON file that DSPy reads too.

        Raises:
            StateError: The file is not called *.json, or `save_program` is asked for.
        """
        from core.modules.saving import save

        save(self, path, save_program=save_program)

    def load(self, path: str | os.PathLike[str], *, allow_unsafe_lm_state: bool = False) -> None:
        """Take over a state from a JSON file, ours or DSPy's.

        Raises:
            StateError: It cannot be read or does not fit; this program is unchanged.
        """
        from core.modules.saving import load

        load(self, path, allow_unsafe_lm_state=allow_unsafe_lm_state)

    def __repr__(self) -> str:
        lines = [f"{name} = {part!r}" for name, part in self.named_parameters()]
        return "\n".join(lines) or f"{type(self).__name__}()"


def _copied(value: Any, memo: dict[int, Any]) -> Any:
    if hasattr(value, "respond") and hasattr(value, "kwargs"):
        return value  # a language model: connections and history are shared
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        return value


def _children(module: Module) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a module that may be parts, lists, tuples and dicts opened one level."""
    for name, value in module.__dict__.items():
        if isinstance(value, Module):
            yield name, value
        elif isinstance(value, (list, tuple)):
            yield from (
                (f"{name}[{index}]", item) for index, item in enumerate(value) if isinstance(item, Module)
            )
        elif isinstance(value, dict):
            # Single quotes whatever the key: DSPy's state files name their parts so.
            yield from ((f"{name}['{key}']", item) for key, item in value.items() if isinstance(item, Module))


def named_parts(
    module: Module, kind: type, prefix: str = "", skip_compiled: bool = False, seen: set[int] | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield (path, part) for all parts of `kind`, depth first, each once."""
    known = seen if seen is not None else set()
    if isinstance(module, kind) and not prefix:
        known.add(id(module))
        yield "self", module
    for name, part in _children(module):
        if id(part) in known or (skip_compiled and part._compiled):
            continue
        known.add(id(part))
        path = f"{prefix}{name}"
        if isinstance(part, kind):
            yield path, part
        yield from named_parts(part, kind, f"{path}.", skip_compiled, known)


def _walk(module: Module, path: str, kind: type, skip_compiled: bool) -> Iterator[tuple[str, Any]]:
    queue: list[tuple[str, Module]] = [(path, module)]
    seen = {id(module)}
    while queue:
        name, part = queue.pop(0)
        if isinstance(part, kind):
            yield name, part
        for child_name, child in _children(part):
            if id(child) not in seen and not (skip_compiled and child._compiled):
                seen.add(id(child))
                queue.append((f"{name}.{child_name}", child))


def _substitute(module: Module, replaced: dict[int, Any]) -> None:
    """Put new parts into the places of old ones; containers without any stay the objects they are."""
    for part in [part for _, part in _walk(module, "self", Module, skip_compiled=False)]:
        if id(part) in replaced:
            continue
        for name, value in list(part.__dict__.items()):
            if isinstance(value, Module):
                part.__dict__[name] = replaced.get(id(value), value)
            elif isinstance(value, list):
                value[:] = [replaced.get(id(item), item) for item in value]
            elif isinstance(value, tuple) and any(id(item) in replaced for item in value):
                made = (replaced.get(id(item), item) for item in value)
                part.__dict__[name] = getattr(value, "_make", type(value))(made)  # named tuples
            elif isinstance(value, dict):
                value.update((key, replaced[id(item)]) for key, item in value.items() if id(item) in replaced)
