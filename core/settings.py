"""Which model, adapter and limits a program uses unless it says otherwise.

Knows nothing about what they do. One frozen default that `configure` replaces, and overrides in a context variable:
no owner thread and no lock, so tabs, notebooks and threads do not disturb one another.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, fields, replace
from types import ModuleType
from typing import Any

from core.foundation.errors import SettingsError

__all__ = ["Settings", "callers", "configure", "context", "current", "settings"]


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults.

    Attributes:
        lm: The language model that predictors use.
        adapter: Turns signatures into messages and replies into fields; None is the chat adapter.
        rm: The retriever that `Retrieve` uses.
        embedder: What programs that search by meaning embed with; None is the embedded model.
        callbacks: Told of every call's start and end, before those of the instance; see `core.callbacks`.
        num_threads: Examples in flight in an evaluation.
        max_errors: So many failures of infrastructure or the metric end an evaluation.
        provide_traceback: Keep the traceback of a failed example.
        track_usage: Add up tokens per model; what the outermost program returns has them, `get_lm_usage()`.
        warn_on_type_mismatch: Warn when an input does not fit its field's type.
        max_history_size: Calls that `lm.history` keeps; `disable_history` keeps none.
        trace: A list that gets (predictor, inputs, prediction) of every call of a predictor: `context(trace=[])`.
        bypass_assert, bypass_suggest: Failing assertions or suggestions are logged and otherwise ignored.
        prices: US dollars per million tokens, {model: (prompt, completion)}, before the built-in table.
    """

    lm: Any = None
    adapter: Any = None
    rm: Any = None
    embedder: Any = None
    callbacks: tuple[Any, ...] = ()
    num_threads: int = 8
    max_errors: int = 10
    provide_traceback: bool = False
    track_usage: bool = False
    warn_on_type_mismatch: bool = True
    async_max_workers: int = 8
    allow_tool_async_sync_conversion: bool = False
    disable_history: bool = False
    max_history_size: int = 10_000
    max_trace_size: int = 10_000
    trace: list[Any] | None = None
    bypass_assert: bool = False
    bypass_suggest: bool = False
    experimental: bool = False
    prices: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])


_NAMES = frozenset(item.name for item in fields(Settings))
_override: ContextVar[Settings | None] = ContextVar("settings", default=None)


callers: ContextVar[tuple[Any, ...]] = ContextVar("caller_modules", default=())
"""The modules that are being called around this place, outermost first; `settings.caller_modules` shows them."""


class _Default:
    """Holds the process's default; replaced as a whole, so readers never see half a change."""

    value = Settings()


def current() -> Settings:
    """Return the settings in force here."""
    return _override.get() or _Default.value


def configure(**changes: Any) -> None:
    """Change the process's default settings, from any thread.

    Raises:
        SettingsError: A name is unknown.
    """
    _Default.value = _changed(_Default.value, changes)
    inside = _override.get()
    if inside is not None:
        _override.set(_changed(inside, changes))


@contextmanager
def context(**changes: Any) -> Generator[Settings]:
    """Use other settings inside the block, in this thread or task and those it starts.

    Raises:
        SettingsError: A name is unknown.
    """
    changed = _changed(current(), changes)
    token = _override.set(changed)
    try:
        yield changed
    finally:
        _override.reset(token)


def _changed(base: Settings, changes: dict[str, Any]) -> Settings:
    for name in changes:
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            hint = f"Did you mean '{near[0]}'?" if near else f"There are: {', '.join(sorted(_NAMES))}."
            raise SettingsError(f"There is no setting called '{name}'.", hint=hint)
    if "callbacks" in changes:
        changes = {**changes, "callbacks": tuple(changes["callbacks"] or ())}
    return replace(base, **changes)


class _SettingsView:
    """Reads the settings in force as attributes or items: `settings.lm`, `settings["lm"]`."""

    def __getattr__(self, name: str) -> Any:
        if name == "caller_modules":
            return list(callers.get())
        if name not in _NAMES:
            raise AttributeError(f"There is no setting called '{name}'.")
        value = getattr(current(), name)
        return [] if value is None and name == "trace" else value

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        return name in _NAMES or name == "caller_modules"

    def __setattr__(self, name: str, value: Any) -> None:
        configure(**{name: value})

    def get(self, name: str, default: Any = None) -> Any:
        """Return a setting, or `default` where there is none of that name."""
        return getattr(self, name) if name in self else default

    def configure(self, **changes: Any) -> None:
        """Same as `core.configure`."""
        configure(**changes)

    def context(self, **changes: Any) -> Any:
        """Same as `core.context`."""
        return context(**changes)

    def copy(self) -> dict[str, Any]:
        """Return all settings as a dict."""
        now = current()
        return {name: getattr(now, name) for name in _NAMES}

    @property
    def config(self) -> dict[str, Any]:
        """The same as `copy()`, under DSPy's name."""
        return self.copy()

    def __repr__(self) -> str:
        return f"settings({asdict(replace(current(), lm=None, adapter=None, rm=None, embedder=None, callbacks=()))})"


settings = _SettingsView()


class _SettingsModule(ModuleType):
    """Lets `core.settings`, the module, be read like the settings themselves: `core.settings.lm`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(settings, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _NAMES:  # `settings.lm = …`, which on a plain module would hide the setting from then on
            configure(**{name: value})
        else:
            super().__setattr__(name, value)

    def __getitem__(self, name: str) -> Any:
        return settings[name]

    def __contains__(self, name: object) -> bool:
        return name in settings


sys.modules[__name__].__class__ = _SettingsModule
