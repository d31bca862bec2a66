"""Passages for a query, from the retriever in the settings or one of its own.

Knows nothing about how passages are found.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from core.data.example import Example
from core.data.prediction import Prediction
from core.foundation.drive import awaited, drive, is_driven
from core.foundation.errors import ConfigurationError
from core.foundation.threads import run_in_thread
from core.modules.module import Module, is_observed, observed, path_of
from core.modules.parameter import Parameter
from core.retrieval.fusion import FUSION_DEPTH, fuse_texts
from core.retrieval.passage import passage_text
from core.settings import current
from core.trace.tracer import is_tracing, span

__all__ = ["Retrieve"]


class Retrieve(Module, Parameter):
    """Fetch the `k` best passages.

    Args:
        k: How many; a call may ask for another number.
        rm: The retriever; None takes the settings'. One of ours, or anything that is called as `rm(query, k=k)` or has
            `search(query, k)`, sync or async, and gives passages: texts, records with `long_text` or `text`, or a
            prediction with `passages`. A callable is asked query by query.

    A subclass may write `forward(query, k=None)` and find passages itself; it serves as a retriever too.
    """

    def __init__(self, k: int = 3, callbacks: Any = None, rm: Any = None) -> None:
        super().__init__(callbacks)
        self.k = k
        self.rm = rm

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "forward" in cls.__dict__ or "aforward" in cls.__dict__:
            # It finds passages itself, with whatever arguments it likes: called as any module is.
            cls.__call__ = Module.__call__
            cls.acall = Module.acall

    def __call__(self, query: str | Sequence[str], k: int | None = None, **options: Any) -> Prediction:
        """Fetch from sync code.

        Raises:
            ConfigurationError: There is no retriever.
        """
        return drive(self.acall(query, k, **options))

    async def acall(self, query: str | Sequence[str], k: int | None = None, **options: Any) -> Prediction:
        """Fetch from async code."""
        if is_observed(self, current()):
            with observed(self, (query, k), options) as gives:
                return gives(await self.aforward(query, k, **options))
        return await self.aforward(query, k, **options)

    async def aforward(self, query: str | Sequence[str], k: int | None = None, **options: Any) -> Prediction:
        """Return a prediction with `passages`; several queries are fused by their ranks."""
        rm = self.rm or current().rm
        if rm is None:
            raise ConfigurationError(
                "No retriever is configured.",
                hint="Call core.configure(rm=BM25(passages)) or Retrieve(rm=...).",
            )
        wanted = k or self.k
        path = path_of(self) if is_tracing() else ""
        with span("retrieve", type(rm).__name__, path=path) as opened:
            passages = await _passages(rm, query, wanted, options)
            if opened.recording:
                opened.set(
                    query=query if isinstance(query, str) else list(query), k=wanted, passages=passages
                )
        return Prediction(passages=passages)

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return k."""
        return {"k": self.k}

    def load_state(self, state: dict[str, Any], *, allow_unsafe_lm_state: bool = False) -> None:
        """Take over k."""
        self.k = int(state.get("k", self.k))


async def _passages(rm: Any, query: str | Sequence[str], k: int, options: dict[str, Any]) -> list[str]:
    if isinstance(query, str) or _takes_several(rm):
        found = await _ask(rm, query, k, options)
    else:
        found = fuse_texts([await _ask(rm, item, k * FUSION_DEPTH, options) for item in query], k)
    return [passage_text(item) for item in found][:k]


def _takes_several(rm: Any) -> bool:
    """Whether it fuses several queries itself: ours do, and what is no callable but has `search`."""
    return hasattr(rm, "search") and (_is_ours(rm) or not callable(rm))


def _is_ours(rm: Any) -> bool:
    return type(rm).__module__.startswith("core.")


async def _ask(rm: Any, query: str | Sequence[str], k: int, options: dict[str, Any]) -> list[Any]:
    if _takes_several(rm):
        ask = partial(rm.search, query, k, **options)
    elif isinstance(rm, Module):
        ask = partial(rm.acall, query, k=k, **options)
    else:
        ask = partial(rm, query, k=k, **options)
    if _is_ours(rm) or isinstance(rm, Module):
        return _listed(await _result(ask()))
    if is_driven() or inspect.iscoroutinefunction(ask.func):
        found = ask()
    else:  # it may wait, and must not hold up the event loop
        found = await run_in_thread(ask)
    return _listed(await awaited(found) if inspect.isawaitable(found) else found)


async def _result(found: Any) -> Any:
    return await found if inspect.isawaitable(found) else found


def _listed(found: Any) -> list[Any]:
    """What a retriever gave as a list: many give a prediction with `passages`."""
    inner = found.get("passages") if isinstance(found, (Example, Mapping)) else None
    items = found if inner is None else inner
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise ConfigurationError(
            f"The retriever gave a {type(found).__name__}, not passages.",
            hint="It returns a list of texts, or of records with `long_text`.",
        )
    return list(cast("Iterable[Any]", items))
