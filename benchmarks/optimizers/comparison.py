"""Finished runs, looked up and compared: differences of held-out scores with intervals, shares of calls.

Knows nothing about how runs are made or shown. A *cell* is one task with one seed: both sides had the
same rows there, so their scores are compared row by row.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

Run = dict[str, Any]
Budget = int | str | None
"""A cap on calls; "share": ours capped at the asked share of DSPy's calls; None: none."""

RESAMPLES = 2000


class Pair(NamedTuple):
    """Both sides of one cell."""

    ours: Run
    dspy: Run


class Effect(NamedTuple):
    """A mean difference with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it as a table shows it."""
        return f"{self.mean:+.3f} ({self.low:+.3f} to {self.high:+.3f})"


def read_runs(path: Path) -> list[Run]:
    """Return the last line of every run; no file: none."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    last = {}
    for run in map(json.loads, filter(None, lines)):
        last[tuple(run[part] for part in ("side", "optimizer", "task", "seed", "budget", "size"))] = run
    return list(last.values())


def effect(cells: Sequence[Sequence[float]], seed: int = 0) -> Effect:
    """Return the mean over cells of their rows' mean, with its bootstrap interval.

    Cells are drawn first and rows in them then (Davison and Hinkley 1997, § 3.8), so that both the choice of tasks
    and seeds and that of rows is in the interval.
    """
    rng = random.Random(seed)
    drawn: list[float] = []
    for _ in range(RESAMPLES):
        chosen = rng.choices(cells, k=len(cells))
        drawn.append(fmean(fmean(rng.choices(rows, k=len(rows))) for rows in chosen))
    drawn.sort()
    return Effect(fmean(map(fmean, cells)), drawn[int(0.025 * RESAMPLES)], drawn[int(0.975 * RESAMPLES) - 1])


def held(run: Run) -> float:
    """Return a run's held-out score."""
    return fmean(run["scores"])


def calls(run: Run) -> int:
    """Return the requests that its compile sent."""
    return run["counts"]["compile"]["requests"]


def tokens(run: Run) -> int:
    """Return the tokens of its compile, both ways."""
    counted = run["counts"]["compile"]
    return counted["prompt_tokens"] + counted["completion_tokens"]


def differences(pairs: Iterable[tuple[Run, Run]]) -> list[list[float]]:
    """Return, for every pair, the first's score less the second's, row by row."""
    return [[a - b for a, b in zip(one["scores"], other["scores"], strict=True)] for one, other in pairs]


class Runs:
    """The runs that came to an end, to be looked up."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self.failed = [run for run in runs if "error" in run]
        self.done = [run for run in runs if "error" not in run]
        self._by = {
            (run["side"], run["optimizer"], run["budget"], run["task"], run["seed"]): run for run in self.done
        }

    def get(self, side: str, optimizer: str, budget: Budget, cell: tuple[str, int]) -> Run | None:
        """Return a run, where there is one."""
        return self._by.get((side, optimizer, budget, *cell))

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Every task with a seed."""
        return list(dict.fromkeys((run["task"], run["seed"]) for run in self.done))

    @property
    def optimizers(self) -> list[str]:
        """Names, without the program as it was given."""
        return list(dict.fromkeys(run["optimizer"] for run in self.done if run["optimizer"] != "none"))

    @property
    def budgets(self) -> list[int]:
        """Caps on calls that runs were stopped at."""
        return sorted({run["budget"] for run in self.done if isinstance(run["budget"], int)})

    def pairs(self, optimizer: str, budget: Budget = None) -> list[Pair]:
        """Return the cells that both sides have; with "share", DSPy's has no cap."""
        theirs = None if budget == "share" else budget
        both = (
            (self.get("ours", optimizer, budget, cell), self.get("dspy", optimizer, theirs, cell))
            for cell in self.cells
        )
        return [Pair(ours, dspy) for ours, dspy in both if ours is not None and dspy is not None]

    def ours(self, optimizer: str, budget: Budget = None) -> list[Run]:
        """Return our runs of an optimizer."""
        found = (self.get("ours", optimizer, budget, cell) for cell in self.cells)
        return [run for run in found if run is not None]


def share(pairs: Iterable[tuple[Run, Run]]) -> float:
    """Return the mean over cells of our calls by theirs."""
    return fmean(calls(ours) / max(1, calls(theirs)) for ours, theirs in pairs)


def best_of_theirs(runs: Runs, cells: Sequence[tuple[str, int]], budget: Budget = None) -> str | None:
    """Return DSPy's optimizer with the best mean over cells: a strict measure, as it is chosen afterwards."""
    means: dict[str, float] = {}
    for name in runs.optimizers:
        found = [runs.get("dspy", name, budget, cell) for cell in cells]
        if found and all(run is not None for run in found):
            means[name] = fmean(held(run) for run in found if run is not None)
    return max(means, key=lambda name: means[name], default=None)
