"""A step that fetches the passages whose meaning is nearest to a query's.

Knows nothing about vectors. The embedder is that of the settings, as the model of other steps is.
"""

from __future__ import annotations

from typing import Any

from core.modules import Module, Retrieve
from core.pipeline.kind import step_kinds
from core.pipeline.kinds.retrieve import RetrieveKind
from core.pipeline.spec import StepSpec
from core.retrieval.by_settings import EMBEDDED, SettingsEmbeddings

__all__ = ["RetrieveByMeaningKind"]


@step_kinds.register(
    "retrieve_by_meaning",
    summary="Fetch the passages nearest in meaning, by the embedder of the settings.",
    title="Retrieve by meaning",
    group="Retrieval",
)
class RetrieveByMeaningKind(RetrieveKind):
    """`core.Retrieve` over embeddings: input `query` (a text or several), output `passages`."""

    def build(self, step: StepSpec, retriever: Any) -> Module:
        """Return a retriever over the corpus, or that of the settings where the program has none."""
        rm = None if retriever is None else SettingsEmbeddings(retriever.corpus)
        return Retrieve(**self.given(step), rm=rm)

    def expression(self, step: StepSpec, signature: str, retriever: str) -> str:
        """Return `core.Retrieve(k=3, rm=core.Embeddings(...))`."""
        made = f'core.Embeddings(CORPUS, core.settings.embedder or "{EMBEDDED}")' if retriever else ""
        return super().expression(step, signature, made)
