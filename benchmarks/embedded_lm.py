"""How well the embedded model classifies, before and after compiling, on Banking77: `python -m benchmarks.embedded_lm`.

Knows nothing about how the model works. Reads the data from `WORKBENCH_DATA` (default `../shared/data`). The ten
intents are chosen once, by `--seed`; the model was tuned on seeds 100 to 107, which are never reported. Train and
validation rows come from the train file, test rows from the test file, so no search ever sees a test row.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import core  # noqa: E402

DATA = Path(os.environ.get("WORKBENCH_DATA", ROOT.parent / "shared" / "data"))


@dataclass(frozen=True)
class Result:
    """One row of the table: `low` and `high` are the 95 % interval of `accuracy`."""

    what: str
    accuracy: float
    low: float
    high: float
    rows: int
    ms_per_answer: float
    calls_to_compile: int | None = None


def rows_of(name: str) -> core.Dataset:
    """Return a file of Banking77."""
    return core.load_dataset(DATA / name, mapping={"text": "text", "category": "intent"}, inputs=("text",))


def program_for(intents: list[str]) -> core.Module:
    """Return the program that is scored: one step, one closed output."""
    fields = {
        "text": (str, core.InputField(desc="what the customer wrote")),
        "intent": (Literal[tuple(intents)], core.OutputField()),  # type: ignore[misc]
    }
    return core.Predict(core.make_signature(fields, "Tell what the customer's message is about."))


def metric(example: Any, prediction: Any, trace: Any = None) -> bool:
    """Return whether the intent is right."""
    return example.intent == prediction.intent


def score(what: str, program: core.Module, testset: list[Any], calls: int | None = None) -> Result:
    """Score a program on the test rows."""
    started = time.perf_counter()
    result = core.Evaluate(devset=testset, metric=metric)(program)
    spent = 1000 * (time.perf_counter() - started) / len(testset)
    low, high = result.interval
    return Result(what, result.mean, low, high, len(testset), spent, calls)


def parts(intents: list[str], seed: int, train: int, test: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Return train, validation and test rows of some intents."""
    rng = random.Random(f"rows {seed}")
    learn = [row for row in rows_of("banking77_train.csv") if row.intent in intents]
    held = [row for row in rows_of("banking77_test.csv") if row.intent in intents]
    learn = rng.sample(learn, min(2 * train, len(learn)))
    return learn[:train], learn[train:], rng.sample(held, min(test, len(held)))


def chosen(seed: int, count: int = 10) -> list[str]:
    """Return intents drawn by a seed."""
    known = sorted({row.intent for row in rows_of("banking77_train.csv")})
    return sorted(random.Random(f"intents {seed}").sample(known, count))


def ten_intents(seed: int) -> list[Result]:
    """Score zero-shot, 16 labelled demos, random search, and all 100 train rows as demos."""
    intents = chosen(seed)
    train, validation, test = parts(intents, seed, 100, 400)
    program = program_for(intents)
    results = [score("zero-shot", program, test)]
    labelled = core.LabeledFewShot(k=16).compile(program, trainset=train)
    results.append(score("LabeledFewShot(k=16)", labelled, test, 0))
    search = core.BootstrapFewShotWithRandomSearch(metric=metric, num_candidate_programs=8)
    compiled = search.compile(program, trainset=train, valset=validation, seed=seed, racing=False)
    results.append(score("random search, 8 candidates", compiled, test, compiled.report.calls))
    everything = core.LabeledFewShot(k=100).compile(program, trainset=train)
    results.append(score("all 100 train rows as demos", everything, test, 0))
    return results


def all_intents(seed: int, test: int) -> list[Result]:
    """Score zero-shot and 32 labelled demos on all 77 intents."""
    intents = chosen(seed, 77)
    train, _, held = parts(intents, seed, 1000, test)
    program = program_for(intents)
    labelled = core.LabeledFewShot(k=32).compile(program, trainset=train)
    return [
        score("77 intents, zero-shot", program, held),
        score("77 intents, 32 labelled demos", labelled, held, 0),
    ]


def sample_task(folder: Path) -> list[Result]:
    """Score a sample task on its own test rows: zero-shot, 16 labelled demos, random search over 8 candidates."""
    task = json.loads((folder / "task.json").read_text())
    if task.get("corpus"):
        texts = [json.loads(line) for line in (folder / task["corpus"]).read_text().splitlines() if line]
        task["program"]["corpus"] = [f"{text['title']} | {text['text']}" for text in texts]
    program = core.build(core.ProgramSpec.model_validate(task["program"]))
    split = task["split"]
    rows = core.load_dataset(folder / task["dataset"], inputs=tuple(task["inputs"]))
    held = rows.split(**split)
    measure = core.make_metric(task["metric"])

    def scored(what: str, candidate: core.Module) -> Result:
        started = time.perf_counter()
        result = core.Evaluate(devset=held["test"], metric=measure)(candidate)
        spent = 1000 * (time.perf_counter() - started) / len(held["test"])
        return Result(f"{folder.name}: {what}", result.mean, *result.interval, len(held["test"]), spent)

    results = [scored("zero-shot", program)]
    labelled = core.LabeledFewShot(k=16).compile(program, trainset=held["train"])
    results.append(scored("LabeledFewShot(k=16)", labelled))
    search = core.BootstrapFewShotWithRandomSearch(metric=measure, num_candidate_programs=8)
    compiled = search.compile(
        program, trainset=held["train"], valset=held["validation"], seed=0, racing=False
    )
    return [*results, scored("random search, 8 candidates", compiled)]


def averaged(seeds: range) -> list[Result]:
    """Average the table over further seeds: other intents, other rows; no interval, the spread is given instead."""
    tables = [ten_intents(seed) for seed in seeds]
    made: list[Result] = []
    for column in zip(*tables, strict=True):
        values = [result.accuracy for result in column]
        mean = sum(values) / len(values)
        speed = sum(result.ms_per_answer for result in column) / len(column)
        made.append(
            Result(
                f"mean of {len(values)} choices: {column[0].what}", mean, min(values), max(values), 400, speed
            )
        )
    return made


def table(results: list[Result]) -> str:
    """Return the results as Markdown."""
    lines = [
        "| what | score | 95 % interval (of a mean of choices: least and most) | test rows | ms per answer |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {r.what} | {r.accuracy:.3f} | {r.low:.3f} – {r.high:.3f} | {r.rows} | {r.ms_per_answer:.1f} |"
        for r in results
    ]
    return "\n".join(lines)


def main() -> None:
    """Run, print the table, write it where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="chooses intents and rows")
    parser.add_argument("--seeds", type=int, default=0, help="also average over this many further choices")
    parser.add_argument("--test-77", type=int, default=1000, help="test rows for all 77 intents")
    parser.add_argument("--samples", action="store_true", help="also score the sample tasks")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    arguments = parser.parse_args()
    core.configure(lm=core.LM("embedded/in-context", cache=False))
    print(f"ten intents, seed {arguments.seed}: {', '.join(chosen(arguments.seed))}", flush=True)
    results = ten_intents(arguments.seed)
    print(table(results), flush=True)
    results += all_intents(arguments.seed, arguments.test_77)
    if arguments.seeds:
        results += averaged(range(arguments.seed + 1, arguments.seed + 1 + arguments.seeds))
    if arguments.samples:
        for folder in sorted(path.parent for path in (ROOT / "sample_data").glob("*/task.json")):
            results += sample_task(folder)
    print(table(results))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    if arguments.markdown:
        arguments.markdown.write_text(table(results) + "\n")


if __name__ == "__main__":
    main()
