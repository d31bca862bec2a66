"""Metrics: what makes a prediction good. One file each, registered in `metrics`.

Knows nothing about evaluations.
"""

from core.evaluate.metrics.answers import (
    EM,
    F1,
    HotPotF1,
    answer_exact_match,
    answer_exact_match_str,
    answer_passage_match,
    em_score,
    f1_score,
    hotpot_f1_score,
    precision_score,
)
from core.evaluate.metrics.base import Metric, MetricContext, MetricParams, make_metric, metrics
from core.evaluate.metrics.text import normalize_text

__all__ = [
    "EM",
    "F1",
    "HotPotF1",
    "Metric",
    "MetricContext",
    "MetricParams",
    "answer_exact_match",
    "answer_exact_match_str",
    "answer_passage_match",
    "em_score",
    "f1_score",
    "hotpot_f1_score",
    "make_metric",
    "metrics",
    "normalize_text",
    "precision_score",
]
