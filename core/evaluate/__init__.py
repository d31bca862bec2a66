"""Evaluation: run programs over examples, score them, and say what the scores allow to conclude.

Knows nothing about optimizers.
"""

from core.evaluate.evaluate import Evaluate, EvaluationInterrupted
from core.evaluate.report import EvaluationResult, Slice, Summary
from core.evaluate.row import Row, RowOptions, evaluate_row
from core.evaluate.score import Score, as_score

__all__ = [
    "Evaluate",
    "EvaluationInterrupted",
    "EvaluationResult",
    "Row",
    "RowOptions",
    "Score",
    "Slice",
    "Summary",
    "as_score",
    "evaluate_row",
]
