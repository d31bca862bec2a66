"""Evaluation: run programs over examples, score them, and say what the scores allow to conclude.

Knows nothing about optimizers.
"""

from core.evaluate.compare import Comparison, RowPair, compare
from core.evaluate.evaluate import Evaluate, EvaluationInterrupted
from core.evaluate.report import EvaluationResult, Slice, Summary
from core.evaluate.row import Row, RowOptions, evaluate_row
from core.evaluate.score import Score, as_score

__all__ = [
    "Comparison",
    "Evaluate",
    "EvaluationInterrupted",
    "EvaluationResult",
    "Row",
    "RowOptions",
    "RowPair",
    "Score",
    "Slice",
    "Summary",
    "as_score",
    "compare",
    "evaluate_row",
]
