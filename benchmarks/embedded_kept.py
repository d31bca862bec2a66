"""Whether demos hurt answers that the label names already give: `python -m benchmarks.embedded_kept`.

Knows nothing about how the embedded model weighs demos. Scores one program with more and more labelled demos against
itself without any, row by row: which answers demos fix, which they break, and which of the broken ones the names and
definitions gave clearly (`Classifier.named`). Banking77 with ten intents per seed, and both fields of the tickets.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import core
from benchmarks.embedded_lm import ROOT, chosen, parts, program_for
from core.lm.embedded.classify import Classifier
from core.lm.embedded.definitions import definitions
from core.lm.embedded.text import humanized

COUNTS = (2, 4, 8, 16, 32, 100)


@dataclass
class Kept:
    """What some demos did to answers, summed over seeds: `clear` of them the names gave clearly and rightly."""

    rows: int = 0
    right_before: int = 0
    right: int = 0
    fixed: int = 0
    broken: int = 0
    clear: int = 0
    clear_broken: int = 0

    def line(self, what: str, count: int) -> str:
        """Return a row of the table."""
        before, after = self.right_before / self.rows, self.right / self.rows
        return (
            f"| {what} | {count} | {before:.3f} | {after:.3f} | {self.fixed} | {self.broken} | "
            f"{self.clear_broken} of {self.clear} |"
        )


Ask = Callable[[Sequence[Any]], list[str]]


def asking(program: core.Module, field: str, rows: Sequence[Any]) -> Ask:
    """Return what answers all rows with some demos."""

    def ask(demos: Sequence[Any]) -> list[str]:
        shown = program.deepcopy()
        shown.predictors()[0].demos = list(demos)
        return [str(getattr(shown(**row.inputs()), field)) for row in rows]

    return ask


def weighed(
    tables: dict[int, Kept],
    ask: Ask,
    truth: Sequence[str],
    named: Sequence[str | None],
    pool: Sequence[Any],
    seed: int,
) -> None:
    """Add one seed's counts for every number of demos."""
    before = ask([])
    for count, kept in tables.items():
        demos = random.Random(f"demos {seed} {count}").sample(list(pool), min(count, len(pool)))
        after = ask(demos)
        for answer, was, now, clear in zip(truth, before, after, named, strict=True):
            kept.rows += 1
            kept.right_before += was == answer
            kept.right += now == answer
            kept.fixed += now == answer != was
            kept.broken += was == answer != now
            kept.clear += clear == answer
            kept.clear_broken += clear == answer != now


def banking(seeds: range, test: int) -> dict[int, Kept]:
    """Count over choices of ten intents."""
    tables = {count: Kept() for count in COUNTS}
    for seed in seeds:
        intents = chosen(seed)
        train, _, held = parts(intents, seed, 100, test)
        names = Classifier([humanized(intent) for intent in intents], [""] * len(intents), [], [])
        found = [names.named(row.text) for row in held]
        named = [None if at is None else intents[at] for at in found]
        ask = asking(program_for(intents), "intent", held)
        weighed(tables, ask, [row.intent for row in held], named, train, seed)
    return tables


def tickets(field: str, seeds: range) -> dict[int, Kept]:
    """Count over splits of the sample tickets: half of the rows are demos, half are asked."""
    folder = ROOT / "sample_data" / "support_tickets"
    task = json.loads((folder / "task.json").read_text())
    built = core.build(core.ProgramSpec.model_validate(task["program"]))
    program = dict(built.named_predictors())["triage"]
    rows = list(core.load_dataset(folder / "data.csv", inputs=("message",)))
    labels = sorted({row[field] for row in rows})
    said = definitions(labels, [program.signature.output_fields[field].desc, program.signature.instructions])
    names = Classifier(
        [humanized(label) for label in labels], [said.get(label, "") for label in labels], [], []
    )
    tables = {count: Kept() for count in COUNTS}
    for seed in seeds:
        mixed = random.Random(f"tickets {seed}").sample(rows, len(rows))
        held = mixed[len(rows) // 2 :]
        found = [names.named(row.message) for row in held]
        named = [None if at is None else labels[at] for at in found]
        ask = asking(program, field, held)
        weighed(tables, ask, [row[field] for row in held], named, mixed[: len(rows) // 2], seed)
    return tables


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=9, help="choices of intents, and splits of the tickets")
    parser.add_argument("--test", type=int, default=400, help="test rows per choice of intents")
    arguments = parser.parse_args()
    core.configure(lm=core.LM("embedded/in-context", cache=False))
    print("| task | demos | without | with | fixed | broken | broken of those clearly and rightly named |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    seeds = range(arguments.seeds)
    results = {"Banking77, ten intents": banking(seeds, arguments.test)}
    results |= {f"tickets, {field}": tickets(field, seeds) for field in ("priority", "team")}
    for what, tables in results.items():
        for count, kept in tables.items():
            print(kept.line(what, count), flush=True)


if __name__ == "__main__":
    main()
