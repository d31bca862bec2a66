"""Passages for a query, from the retriever in the settings or one of its own.

Knows nothing about how passages are found.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from core.data.prediction import Prediction
from core.foundation.drive import drive
from core.foundation.errors import ConfigurationError
from core.modules.module import Module, is_observed, observed, path_of
from core.modules.parameter import Parameter
from core.settings import current
from core.trace.tracer import is_tracing, span

__all__ = ["Retrieve"]


class Retrieve(Module, Parameter):
    """Fetch the `k` best passages.

    Args:
        k: How many; a call may ask for another number.
        rm: The retriever: has `async search(query, k)`, or is called as `rm(query, k=k)`; None takes the settings'.
    """

    def __init__(self, k: int = 3, callbacks: Any = None, rm: Any = None) -> None:
        super().__init__(callbacks)
        self.k = k
        self.rm = rm

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
            found = await _ask(rm, query, wanted, options)
            passages = [_text(item) for item in found][:wanted]
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


async def _ask(rm: Any, query: str | Sequence[str], k: int, options: dict[str, Any]) -> Any:
    if hasattr(rm, "search"):
        found = rm.search(query, k, **options)
    else:
        found = rm(query, k=k, **options)
    return await found if inspect.isawaitable(found) else found


def _text(passage: Any) -> str:
    if isinstance(passage, str):
        return passage
    for name in ("text", "long_text"):
        value = passage.get(name) if isinstance(passage, dict) else getattr(passage, name, None)
        if value is not None:
            return str(value)
    return str(passage)
