"""Retrieval: passages of a corpus for a query.

Knows nothing about programs or models.
"""

from core.retrieval.bm25 import BM25
from core.retrieval.fusion import fuse
from core.retrieval.passage import Passage

__all__ = ["BM25", "Passage", "fuse"]
