"""Everything that a GEPA search found, in the shape that DSPy's users know as `detailed_results`.

Knows nothing about how it was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.modules.module import Module
from core.optimizers.pareto import fronts_of, row_scores
from core.search.candidate import build
from core.search.view import SearchView

__all__ = ["GEPAResult", "result_of"]


@dataclass(frozen=True)
class GEPAResult:
    """All scored candidates of a search, in order of discovery; lists run parallel.

    Attributes:
        candidates: The programs.
        parents: Indices of those that each was made from; `[None]` for the program as given.
        val_aggregate_scores: Means over the validation rows that each ran.
        val_subscores: Scores by validation row; None for rows that it did not run.
        per_val_instance_best_candidates: For every row the indices of those with its best score.
        discovery_eval_counts: Scored runs before each was found.
        total_metric_calls: Scored runs in all.
        num_full_val_evals: Candidates that ran on every row.
        best_idx: Index of the winner.
        best_outputs_valset: None: outputs on validation rows are not kept.
        log_dir: Where the run log is.
        seed: Of the search.
    """

    candidates: list[Module]
    parents: list[list[int | None]]
    val_aggregate_scores: list[float]
    val_subscores: list[list[float | None]]
    per_val_instance_best_candidates: list[set[int]]
    discovery_eval_counts: list[int]
    total_metric_calls: int
    num_full_val_evals: int
    best_idx: int
    best_outputs_valset: None = None
    log_dir: str | None = None
    seed: int | None = None

    @property
    def best_candidate(self) -> Module:
        """The winning program."""
        return self.candidates[self.best_idx]

    @property
    def highest_score_achieved_per_val_task(self) -> list[float]:
        """The best score that any candidate has, row by row."""
        known = [
            [score for score in row if score is not None] for row in zip(*self.val_subscores, strict=True)
        ]
        return [max(row, default=0.0) for row in known]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data; of programs their instructions."""
        texts = [
            {path: part.signature.instructions for path, part in program.named_predictors()}
            for program in self.candidates
        ]
        fronts = [sorted(front) for front in self.per_val_instance_best_candidates]
        plain = {name: value for name, value in vars(self).items() if name != "candidates"}
        return {**plain, "candidates": texts, "per_val_instance_best_candidates": fronts}


def result_of(view: SearchView, best: str | None, spent: int, log_dir: str | None) -> GEPAResult:
    """Return what a search found.

    Args:
        best: Id of the winner.
        spent: Scored runs in all.
    """
    pool, problem, scores = view.pool, view.problem, row_scores(view.pool)
    index = {name: place for place, name in enumerate(scores)}
    found = [pool[name].candidate for name in scores]
    rows = range(len(problem.scoring))
    fronts = fronts_of(scores)
    return GEPAResult(
        candidates=[build(problem.student, one.state, problem.train_rows) for one in found],
        parents=[[index.get(name) for name in one.parents] or [None] for one in found],
        val_aggregate_scores=[pool.mean(one) for one in found],
        val_subscores=[[scores[one.id].get(row) for row in rows] for one in found],
        per_val_instance_best_candidates=[{index[name] for name in fronts.get(row, set())} for row in rows],
        discovery_eval_counts=[one.notes.get("found_after", 0) for one in found],
        total_metric_calls=spent,
        num_full_val_evals=sum(pool[name].status == "full" for name in scores),
        best_idx=index.get(best or "", 0),
        log_dir=log_dir,
        seed=problem.seed,
    )
