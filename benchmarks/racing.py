"""What a racing rule saves and what it loses, on random tables of scores: `python -m benchmarks.racing`.

Knows nothing about programs or language models. A table is a task: rows of different difficulty, candidates of
different skill, a score for each pair. "Lost" is the share of tables whose winner on all rows is not found; the losses
are those of the score on these rows and of the true mean, which no selection sees.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.optimizers.random_search import BootstrapFewShotWithRandomSearch
from core.search.halving import SuccessiveHalving
from core.search.racing import TIE, Curtailed, PairedBetting, RacingRule

__all__ = ["RULES", "Figures", "simulate"]

RULES: Mapping[str, RacingRule] = {
    "SuccessiveHalving()": SuccessiveHalving(),
    "SuccessiveHalving(keep=0.5)": SuccessiveHalving(keep=0.5),
    "SuccessiveHalving(keep=0.55, first=0.1, growth=1.6, alike=0.2)": BootstrapFewShotWithRandomSearch.rule,
    "Curtailed()": Curtailed(),
    "PairedBetting()": PairedBetting(),
    "PairedBetting(risk=0.05)": PairedBetting(risk=0.05),
    "PairedBetting(risk=0.2)": PairedBetting(risk=0.2),
}
Table = list[list[float]]


@dataclass(frozen=True)
class Figures:
    """Means over tables."""

    lost: float
    """Share of tables whose winner was dropped."""
    score_loss: float
    """Mean on the rows: the best candidate's less the chosen one's."""
    true_loss: float
    """The same of the true means; may be negative, as the winner on the rows need not be the best."""
    saved: float
    """Share of all rows of all candidates that was not run."""


def simulate(rule: RacingRule, *, graded: bool, tables: int = 500, seed: int = 0) -> Figures:
    """Race over seeded random tables.

    Args:
        graded: Scores between 0 and 1 instead of right or wrong.
    """
    generator = random.Random(f"{seed} {graded}")
    sums = [0.0, 0.0, 0.0, 0.0]
    for _ in range(tables):
        table, truth = _table(generator, graded)
        best, _ = race(table, None)
        found, run = race(table, rule)
        lead = math.fsum(table[best]) - math.fsum(table[found])
        lost, rows = lead > TIE, len(table[0])
        saved = 1 - run / (rows * len(table))
        for index, value in enumerate((float(lost), lead / rows, truth[best] - truth[found], saved)):
            sums[index] += value
    return Figures(*(total / tables for total in sums))


def race(table: Sequence[Sequence[float]], rule: RacingRule | None) -> tuple[int, int]:
    """Return the winner and the number of rows that were run; the first candidate sets the mark."""
    count, leader = len(table[0]), 0
    run, waiting = count, list(range(1, len(table)))
    while waiting:
        wave = waiting[: (rule.wave if rule and rule.wave else 1)]
        waiting, done = waiting[len(wave) :], 0
        for stage in rule.stages(count) if rule else (count,):
            wave = _going_on(table, rule, wave, table[leader], done) if rule else wave
            run += len(wave) * (stage - done)
            done = stage
        for index in wave:
            if math.fsum(table[index]) > math.fsum(table[leader]) + TIE:
                leader = index
    return leader, run


def _going_on(
    table: Sequence[Sequence[float]], rule: RacingRule, wave: list[int], leader: Sequence[float], done: int
) -> list[int]:
    hopeful = [index for index in wave if not rule.hopeless(table[index][:done], leader, len(leader) - done)]
    if not done:
        return hopeful
    if rule.one_place(done, len(leader)):
        hopeful = list({tuple(table[index][:done]): index for index in reversed(hopeful)}.values())[::-1]
    ranked = sorted(hopeful, key=lambda index: -math.fsum(table[index][:done]))
    return sorted(ranked[: rule.places(len(wave))])


def _table(generator: random.Random, graded: bool) -> tuple[Table, list[float]]:
    rows, candidates = generator.choice([20, 50, 100, 200, 300]), generator.choice([6, 11, 19])
    hardness = [generator.gauss(0, 1.2) for _ in range(rows)]
    centre, spread = generator.gauss(0.5, 0.8), generator.choice([0.15, 0.4, 0.8])
    skills = [generator.gauss(centre, spread) for _ in range(candidates)]
    table: Table = []
    truth: list[float] = []
    for skill in skills:
        chances = [1 / (1 + math.exp(-1.5 * (skill - hard))) for hard in hardness]
        truth.append(math.fsum(chances) / rows)
        table.append([_score(generator, chance, graded) for chance in chances])
    return table, truth


def _score(generator: random.Random, chance: float, graded: bool) -> float:
    if graded:
        return min(1.0, max(0.0, generator.gauss(chance, 0.15)))
    return float(generator.random() < chance)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tables", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| scores | rule | winners lost | loss on the rows | true loss | rows saved |")
    print("| --- | --- | --- | --- | --- | --- |")
    for graded in (False, True):
        for name, rule in RULES.items():
            found = simulate(rule, graded=graded, tables=arguments.tables, seed=arguments.seed)
            kind = "graded" if graded else "right or wrong"
            print(
                f"| {kind} | `{name}` | {found.lost:.1%} | {found.score_loss:.5f} | {found.true_loss:+.5f} | "
                f"{found.saved:.1%} |"
            )


if __name__ == "__main__":
    main()
