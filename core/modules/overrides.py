"""Other demos, instructions, model or settings for some predictors of one run, without touching the program.

Knows nothing about who wants that. Keyed by the predictor's path, carried in a context variable: many runs of one
program may each have their own at the same time.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

__all__ = ["Override", "any_overrides", "outside_programs", "override_for", "overriding", "running"]


@dataclass(frozen=True)
class Override:
    """What differs for one predictor; None leaves it as it is. `config` is laid over the predictor's own."""

    demos: list[Any] | None = None
    instructions: str | None = None
    lm: Any = None
    config: Mapping[str, Any] | None = None


running: ContextVar[Any] = ContextVar("running_program", default=None)
"""The program whose call this is; paths start there."""

_overrides: ContextVar[Mapping[str, Override]] = ContextVar("predictor_overrides", default={})  # noqa: B039


@contextmanager
def overriding(overrides: Mapping[str, Override]) -> Generator[None]:
    """Run predictors differently inside the block, where the next program called is the one that paths start from.

    Args:
        overrides: By path, as `named_predictors` gives it; "*" stands for every predictor without one of its own.
    """
    token, outer = _overrides.set(overrides), running.set(None)
    try:
        yield
    finally:
        running.reset(outer)
        _overrides.reset(token)


@contextmanager
def outside_programs() -> Generator[None]:
    """Run programs inside the block as ones of their own, not as parts of a program that is running around it.

    An evaluation or a search inside a program needs that: neither paths nor overrides of the outer one are its own.
    """
    if running.get() is None:
        yield
    else:
        with overriding({}):
            yield


def any_overrides() -> bool:
    """True inside `overriding` with something to override."""
    return bool(_overrides.get())


def override_for(path: str) -> Override | None:
    """Return what was asked for the predictor at `path`."""
    overrides = _overrides.get()
    return overrides.get(path) or overrides.get("*")
