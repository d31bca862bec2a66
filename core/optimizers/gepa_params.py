"""The parameters of GEPA: what may be chosen, within which bounds.

Knows nothing about how they are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from core.optimizers.base import OptimizerParams

__all__ = ["BUDGETS", "GEPAParams"]

BUDGETS = ("auto", "max_full_evals", "max_metric_calls")
"""Exactly one of them is given."""


class GEPAParams(OptimizerParams):
    """Parameters of `GEPA`."""

    auto: Literal["light", "medium", "heavy"] | None = Field(
        None, description="A budget by name; 'light' where neither this nor another is set."
    )
    max_full_evals: int | None = Field(
        None, ge=1, le=10_000, description="The budget as passes over all training and validation rows."
    )
    max_metric_calls: int | None = Field(
        None, ge=1, le=10_000_000, description="The budget as runs of the program that are scored."
    )
    reflection_minibatch_size: int = Field(
        3, ge=1, le=100, description="Training rows that one reflection reads."
    )
    candidate_selection_strategy: Literal["pareto", "current_best"] = Field(
        "pareto", description="Breed from those who lead on some row, or from the best mean."
    )
    component_selector: Literal["round_robin", "all"] = Field(
        "round_robin", description="Which steps a reflection rewrites: one after the other, or all."
    )
    reflection_temperature: float = Field(1.0, ge=0, le=2, description="Temperature of the reflecting model.")
    skip_perfect_score: bool = Field(True, description="Do not reflect on runs that have full marks.")
    add_format_failure_as_feedback: bool = Field(
        False, description="Also reflect on replies that could not be read."
    )
    use_merge: bool = Field(True, description="Also join candidates that improved different steps.")
    max_merge_invocations: int = Field(5, ge=0, le=1_000, description="The most such joins.")
    failure_score: float = Field(0.0, description="Score of a training row on which the program failed.")
    perfect_score: float = Field(1.0, description="Full marks of the metric.")
    warn_on_score_mismatch: bool = Field(
        True, description="Warn where the metric scores a step otherwise than the whole."
    )
    track_stats: bool = Field(False, description="Keep all candidates on the program: detailed_results.")
    num_threads: int | None = Field(
        None,
        ge=1,
        description="Rows in flight; without it that of the settings.",
        json_schema_extra={"execution": True},
    )

    @model_validator(mode="before")
    @classmethod
    def _with_a_budget(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and all(values.get(name) is None for name in BUDGETS):
            return {**values, "auto": "light"}
        return values

    @model_validator(mode="after")
    def _with_one_budget(self) -> GEPAParams:
        if sum(getattr(self, name) is not None for name in BUDGETS) != 1:
            raise ValueError(f"give exactly one of {', '.join(BUDGETS)}")
        return self
