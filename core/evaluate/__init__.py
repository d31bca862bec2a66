"""Evaluation: run programs over examples, score them, and say what the scores allow to conclude.

Knows nothing about optimizers.
"""

from core.evaluate.auto_evaluation import CompleteAndGrounded, SemanticF1
from core.evaluate.compare import Comparison, RowPair, compare
from core.evaluate.evaluate import Evaluate, EvaluationInterrupted
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
from core.evaluate.report import EvaluationResult, Slice, Summary
from core.evaluate.row import Row, RowOptions, evaluate_row
from core.evaluate.score import Score, as_score

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
