"""Evaluation: run programs over examples, score them, and say what the scores allow to conclude.

Knows nothing about optimizers. The metrics, whose parameters are pydantic's, resolve on first use: an evaluation with a
metric of one's own does not pay for them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from core.evaluate.compare import Comparison, RowPair, compare
from core.evaluate.evaluate import Evaluate, EvaluationInterrupted
from core.evaluate.report import EvaluationResult, Slice, Summary
from core.evaluate.row import Row, RowOptions, evaluate_row
from core.evaluate.score import Score, as_score

if TYPE_CHECKING:
    from core.evaluate.auto_evaluation import CompleteAndGrounded, SemanticF1
    from core.evaluate.metrics import (
        EM,
        F1,
        HotPotF1,
        Metric,
        answer_exact_match,
        answer_exact_match_str,
        answer_passage_match,
        make_metric,
        normalize_text,
    )

__all__ = [
    "EM",
    "F1",
    "Comparison",
    "CompleteAndGrounded",
    "Evaluate",
    "EvaluationInterrupted",
    "EvaluationResult",
    "HotPotF1",
    "Metric",
    "Row",
    "RowOptions",
    "RowPair",
    "Score",
    "SemanticF1",
    "Slice",
    "Summary",
    "answer_exact_match",
    "answer_exact_match_str",
    "answer_passage_match",
    "as_score",
    "compare",
    "evaluate_row",
    "make_metric",
    "normalize_text",
]

_JUDGES = frozenset({"CompleteAndGrounded", "SemanticF1"})


def __getattr__(name: str) -> Any:
    if name not in __all__:
        if name in {"metrics", "auto_evaluation"}:
            return importlib.import_module(f"{__name__}.{name}")
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "auto_evaluation" if name in _JUDGES else "metrics"
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
