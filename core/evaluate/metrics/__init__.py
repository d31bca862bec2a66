"""Metrics: what makes a prediction good. One file each, registered in `metrics`.

Knows nothing about evaluations.
"""

from core.evaluate.metrics.base import Metric, MetricContext, MetricParams, make_metric, metrics

__all__ = ["Metric", "MetricContext", "MetricParams", "make_metric", "metrics"]
