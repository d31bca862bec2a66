"""What the scores of several searches on the same rows say together: the gain, what to expect, and what to warn of.

Knows nothing about how the searches were run. Scores are given as {row: score}, a row without a score having None.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from core.evaluate.statistics import paired_test
from core.foundation.words import are
from core.search.budget import Spend
from core.search.candidate import Candidate
from core.search.confirm import confirmation_of
from core.search.optimism import expected_score
from core.search.pool import Pool
from core.search.problem import Problem, items_of
from core.search.records import Confirmation

__all__ = ["RowScores", "confirmation", "expected", "improvement", "said_once"]

RowScores = Mapping[str, float | None]


def improvement(before: RowScores, after: RowScores) -> dict[str, Any] | None:
    """Return the paired comparison of two programs on the rows for which both have a score; None without any."""
    pairs = [(before[row], score) for row, score in after.items() if row in before]
    both = [(one, other) for one, other in pairs if one is not None and other is not None]
    if not both:
        return None
    firsts, seconds = [pair[0] for pair in both], [pair[1] for pair in both]
    means = {"before": math.fsum(firsts) / len(both), "after": math.fsum(seconds) / len(both)}
    return {**asdict(paired_test(firsts, seconds)), **means}


def expected(
    rows: Sequence[str], best: RowScores, others: Iterable[RowScores], generator: random.Random
) -> float | None:
    """Return the mean to expect of the winner on other rows, given all that was tried (`core.search.optimism`)."""
    pool, places = Pool(len(rows)), {row: place for place, row in enumerate(rows)}
    for number, scores in enumerate([best, *others]):
        name = f"c{number}"
        pool.add(Candidate(name, name, {}))
        for row, score in scores.items():
            if row in places:
                pool.scores.put(name, places[row], score)
    return expected_score(pool, pool["c0"].candidate, generator)


def confirmation(
    problem: Problem, chosen: RowScores, given: RowScores | None, spend: Spend
) -> Confirmation | None:
    """Return what winner and program as given scored on rows that chose nothing; None without a row of both.

    Args:
        given: None: the winner is the program as given.
    """
    rows = [item.key for item in items_of([item.example for item in problem.confirm], "testset")]
    both = [row for row in rows if row in chosen and (given is None or row in given)]
    before = None if given is None else [given[row] for row in both]
    return confirmation_of(problem, [chosen[row] for row in both], before, spend)


def said_once(own: Sequence[str], of_steps: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return all warnings, each once: those of the whole, then those of steps under the names of all that have them.

    Args:
        of_steps: (name of the step, warning).
    """
    names: dict[str, list[str]] = {}
    for name, text in of_steps:
        if text not in own and name not in names.setdefault(text, []):
            names[text].append(name)
    return (
        *dict.fromkeys(own),
        *(f"{_listed(steps)}: {text}" for text, steps in names.items() if steps),
    )


def _listed(names: Sequence[str]) -> str:
    """Return "Step 1 (i)", or "Steps 1 (i), 2 (d)"; the program as given has no number."""
    numbered = [name for name in names if name[:1].isdigit()]
    whole = [name for name in names if name not in numbered]
    said = f"{are(len(numbered), 'Step', 'Steps')} {', '.join(numbered)}" if numbered else ""
    return ", ".join([*whole, *([said] if said else [])])
