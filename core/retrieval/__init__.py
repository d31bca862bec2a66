"""Retrieval: passages of a corpus for a query.

Knows nothing about programs.
"""

from core.retrieval.bm25 import BM25
from core.retrieval.by_settings import SettingsEmbeddings
from core.retrieval.colbert import ColBERTv2
from core.retrieval.embeddings import Embeddings, EmbeddingsWithScores
from core.retrieval.fusion import deduplicate, fuse, fuse_texts
from core.retrieval.passage import Found, Passage

__all__ = [
    "BM25",
    "ColBERTv2",
    "Embeddings",
    "EmbeddingsWithScores",
    "Found",
    "Passage",
    "SettingsEmbeddings",
    "deduplicate",
    "fuse",
    "fuse_texts",
]
