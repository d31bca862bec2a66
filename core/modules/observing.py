"""Who looks on while a program runs: its root, the paths of its parts, callbacks and the count of tokens.

Knows nothing about what the program does.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from core.callbacks import reported
from core.modules.overrides import running
from core.modules.parameter import Parameter
from core.modules.parts import Part, named_parts
from core.modules.usage import counting, usage_is_wanted
from core.settings import Settings

__all__ = ["Root", "is_observed", "observed", "path_of"]


class Observable(Protocol):
    """What may have callbacks of its own."""

    callbacks: list[Any]


class Root:
    """The program whose call this is, and the paths of its predictors, made when first asked for."""

    __slots__ = ("module", "paths")

    def __init__(self, module: Part) -> None:
        self.module = module
        # Keyed by identity, which holds while the parts are kept alive here.
        self.paths: dict[int, tuple[str, Any]] = {}

    def path_of(self, part: Part) -> str:
        if id(part) not in self.paths:  # not asked before, or made while the program runs
            self.paths |= {id(item): (name, item) for name, item in named_parts(self.module, Parameter)}
        return self.paths[id(part)][0] if id(part) in self.paths else ""


def path_of(part: Part) -> str:
    """Return where `part` stands in the running program, e.g. `hops[0].predict`; "self" when it is the program."""
    root: Root | None = running.get()
    if root is None or root.module is part:
        return "self"
    return root.path_of(part)


@contextmanager
def observed(
    module: Observable, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Generator[Callable[[Any], Any]]:
    """Report one call of a module to callbacks, and count its tokens where the settings ask for it.

    Gives a function that is handed what the call returns, and returns it.
    """
    with reported("module", module, lambda: {"args": tuple(args), "kwargs": dict(kwargs)}) as call:
        if not usage_is_wanted():
            yield call.gives
            return
        with counting() as count:
            yield lambda outputs: call.gives(count.put_on(outputs))


def is_observed(module: Observable, now: Settings) -> bool:
    """True where `observed` has anything to do."""
    return bool(now.callbacks or module.callbacks or now.track_usage)
