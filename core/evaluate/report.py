"""What an evaluation found: rows in order, their mean with its interval, and how many did not count.

Knows nothing about how rows were run or where the report is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.data.example import Example
from core.data.prediction import Prediction
from core.evaluate.row import Row
from core.evaluate.runner import EndReason
from core.evaluate.statistics import Interval, mean_interval
from core.foundation.fingerprint import canonical_json
from core.messages import Usage

__all__ = ["EvaluationResult", "Slice", "Summary"]


@dataclass(frozen=True)
class Slice:
    """The rows that share one value of a field."""

    value: Any
    summary: Summary


class Summary:
    """Figures over rows. Rows without a score are no part of the mean.

    Args:
        rows: In any order.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = list(rows)

    @cached_property
    def scores(self) -> list[float]:
        """Of the rows that count, in order."""
        return [row.score for row in self.rows if row.score is not None]

    @property
    def mean(self) -> float:
        """Mean score of the rows that count; 0 where there is none (`n_counted` says so)."""
        return math.fsum(self.scores) / len(self.scores) if self.scores else 0.0

    @cached_property
    def interval(self) -> Interval:
        """95 % confidence interval of the mean."""
        return mean_interval(self.scores)

    @property
    def n_counted(self) -> int:
        """Rows that are part of the mean: scored ones and the model's failures."""
        return len(self.scores)

    def count(self, outcome: str) -> int:
        """How many rows met an outcome."""
        return sum(1 for row in self.rows if row.outcome == outcome)

    @property
    def usage(self) -> Usage:
        """Tokens of the programs' calls, cached ones included."""
        return Usage(
            sum(row.usage.prompt_tokens for row in self.rows),
            sum(row.usage.completion_tokens for row in self.rows),
        )

    @property
    def cost(self) -> float | None:
        """US dollars spent by the program; None where a price is unknown."""
        return _total([row.cost for row in self.rows])

    @property
    def metric_cost(self) -> float | None:
        """US dollars spent by the metric (an LM judge); None where a price is unknown."""
        return _total([row.metric_cost for row in self.rows])

    def latency(self, share: float = 0.5) -> float:
        """Seconds that this share of the rows stayed within; the median by default."""
        times = sorted(row.latency for row in self.rows)
        return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] if times else 0.0

    def slices(self, field: str) -> list[Slice]:
        """Group the rows by a field of their inputs or labels, in order of first appearance."""
        groups: dict[str, tuple[Any, list[Row]]] = {}
        for row in self.rows:
            value = row.labels.get(field, row.inputs.get(field))
            groups.setdefault(canonical_json(value), (value, []))[1].append(row)
        return [Slice(value, Summary(rows)) for value, rows in groups.values()]


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return math.fsum(known) if len(known) == len(costs) else None


class EvaluationResult(Prediction):
    """The result of `Evaluate`: DSPy's `score` and `results`, and everything behind them.

    `score` is 100 times the mean, rounded to 2 places. `results` holds (example, prediction, what the metric returned)
    in the order of the devset: a bool, a number, a `Prediction` with score and feedback. In its place is
    `failure_score` where the reply could not be used, None where the row does not count; `rows` have plain numbers.

    Attributes:
        summary: The figures.
        end_reason: "finished", or why rows are missing: "budget", "stopped", "errors", "interrupted".
        n_examples: Rows asked for; `rows` holds the finished ones.
        metric_name: What the scores mean.
    """

    __slots__ = ("end_reason", "metric_name", "n_examples", "summary")

    summary: Summary
    end_reason: EndReason
    n_examples: int
    metric_name: str

    def __init__(
        self,
        score: float | Example | Mapping[str, Any] | None = None,
        results: Sequence[tuple[Any, Any, Any]] = (),
        *,
        rows: Sequence[Row] = (),
        n_examples: int | None = None,
        end_reason: EndReason = "finished",
        metric_name: str = "score",
    ) -> None:
        if isinstance(score, (int, float)):
            super().__init__(score=score, results=list(results))
        else:
            super().__init__(score)
        origin = score if isinstance(score, EvaluationResult) else None
        asked = len(rows) if n_examples is None else n_examples
        self.summary = origin.summary if origin else Summary(rows)
        self.n_examples = origin.n_examples if origin else asked
        self.end_reason = origin.end_reason if origin else end_reason
        self.metric_name = origin.metric_name if origin else metric_name

    def __setattr__(self, name: str, value: Any) -> None:
        if name in EvaluationResult.__slots__:  # other names are fields of the prediction
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    @property
    def rows(self) -> list[Row]:
        """Finished rows in the order of the devset."""
        return self.summary.rows

    @property
    def mean(self) -> float:
        """Mean score, 0 to 1 for the usual metrics."""
        return self.summary.mean

    @property
    def interval(self) -> Interval:
        """95 % confidence interval of the mean."""
        return self.summary.interval

    @property
    def n_scored(self) -> int:
        """Rows that the metric scored."""
        return self.summary.count("scored")

    @property
    def n_model_failures(self) -> int:
        """Rows whose reply could not be used; part of the mean with `failure_score`."""
        return self.summary.count("model_failure")

    @property
    def n_infrastructure_failures(self) -> int:
        """Rows without a score because the model could not be asked."""
        return self.summary.count("infrastructure_failure")

    @property
    def n_metric_failures(self) -> int:
        """Rows without a score because the metric failed."""
        return self.summary.count("metric_failure")

    @property
    def suggest_failures(self) -> int:
        """How often suggestions with `is_metric=True` failed, in all attempts of all rows."""
        return sum(row.suggest_failures for row in self.rows)

    @property
    def assert_failures(self) -> int:
        """How often assertions with `is_metric=True` failed, in all attempts of all rows."""
        return sum(row.assert_failures for row in self.rows)

    @property
    def fallbacks(self) -> int:
        """How often a reply had to be asked for in another layout (`use_json_adapter_fallback`)."""
        return sum(row.fallbacks for row in self.rows)

    @property
    def usage(self) -> Usage:
        """Tokens of the program's calls."""
        return self.summary.usage

    @property
    def cost(self) -> float | None:
        """US dollars spent by the program; None where a price is unknown."""
        return self.summary.cost

    @property
    def complete(self) -> bool:
        """Whether every example became a row."""
        return len(self.rows) == self.n_examples

    @property
    def flagged(self) -> bool:
        """Whether the mean rests on less than all examples, or the program itself raised."""
        return bool(self.flags)

    @property
    def flags(self) -> list[str]:
        """What a reader of the score has to know, one sentence each; empty for a clean run."""
        raised = sum(1 for row in self.rows if not row.expected_error)
        found = [
            (self.n_infrastructure_failures, "rows have no score: the model could not be asked"),
            (self.n_metric_failures, "rows have no score: the metric failed"),
            (raised, "rows count as failures: the program's own code raised"),
            (self.n_examples - len(self.rows), f"rows were not run ({self.end_reason})"),
        ]
        return [f"{count} of {self.n_examples} {what}" for count, what in found if count]

    def slices(self, field: str) -> list[Slice]:
        """The figures for each value of a field."""
        return self.summary.slices(field)

    def to_dict(self) -> dict[str, Any]:
        """Return the whole report as JSON data."""
        return {
            "metric": self.metric_name,
            "score": self.score,
            "mean": self.mean,
            "interval": list(self.interval),
            "n_examples": self.n_examples,
            "n_scored": self.n_scored,
            "n_model_failures": self.n_model_failures,
            "n_infrastructure_failures": self.n_infrastructure_failures,
            "n_metric_failures": self.n_metric_failures,
            "suggest_failures": self.suggest_failures,
            "assert_failures": self.assert_failures,
            "fallbacks": self.fallbacks,
            "end_reason": self.end_reason,
            "flags": self.flags,
            "usage": self.usage.to_dict(),
            "cost": self.cost,
            "metric_cost": self.summary.metric_cost,
            "rows": [row.to_dict() for row in self.rows],
        }

    def _repr_html_(self) -> str:
        from core.evaluate.show import result_html

        return result_html(self)

    def __repr__(self) -> str:
        low, high = self.interval
        flags = f", flags={self.flags}" if self.flags else ""
        return (
            f"EvaluationResult(score={self.score}, interval=({100 * low:.1f}, {100 * high:.1f}), "
            f"results=<list of {len(self.rows)} results>{flags})"
        )
