"""The tasks, as plain data that both sides read: program, metric, rows. A seed chooses rows and intents.

Knows nothing about optimizers and nothing about either library. Test rows are never among the others. Banking77 and
HotpotQA are read from `WORKBENCH_DATA` (default `../shared/data`).
"""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.optimizers import planted

ROOT = Path(__file__).resolve().parent.parent.parent
DATA = Path(os.environ.get("WORKBENCH_DATA", ROOT.parent / "shared" / "data"))
Sizes = tuple[int, int, int]
"""The most training, validation and test rows."""


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def _table(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return _lines(path)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _parts(rows: list[dict[str, Any]], seed: int, sizes: Sizes) -> dict[str, list[dict[str, Any]]]:
    """Return shuffled rows: 40 % to learn from, 30 % to choose by, 30 % held out, each at most of its size."""
    order = random.Random(f"parts {seed}").sample(rows, len(rows))
    first, second = int(0.4 * len(rows)), int(0.7 * len(rows))
    pieces = (order[:first], order[first:second], order[second:])
    names = ("train", "validation", "test")
    return {name: piece[:size] for name, piece, size in zip(names, pieces, sizes, strict=True)}


def type_of(text: str, fields: list[Mapping[str, Any]] | None = None) -> Any:
    """Return a type of a sample's program in the form that `programs` reads."""
    if text.startswith("Literal["):
        return {"literal": json.loads(text.removeprefix("Literal"))}
    if text == "object":
        return {"record": {field["name"]: _field(field) for field in fields or []}}
    return text


def _field(field: Mapping[str, Any]) -> dict[str, Any]:
    kind = type_of(field["type"], field.get("fields"))
    return {"name": field["name"], "type": kind, "desc": field.get("desc", "")}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    if step["kind"] == "retrieve":
        return {"name": step["name"], "k": step["options"]["k"], "reads": step["inputs"]}
    signature = step["signature"]
    return {
        "name": step["name"],
        "instructions": signature["instructions"],
        "inputs": [_field(field) for field in signature["inputs"]],
        "outputs": [_field(field) for field in signature["outputs"]],
        "reads": step["inputs"],
    }


def sample(name: str, seed: int, sizes: Sizes) -> dict[str, Any]:
    """Return a sample task of `sample_data`."""
    folder = ROOT / "sample_data" / name
    given = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    corpus = _lines(folder / given["corpus"]) if given.get("corpus") else []
    kind = "f1" if given["metric"]["kind"] == "f1" else "exact"
    return {
        "name": name,
        "inputs": given["inputs"],
        "steps": [_step(step) for step in given["program"]["steps"]],
        "outputs": given["program"]["outputs"],
        "metric": {"kind": kind, "fields": given["metric"]["params"]["fields"], "feedback": None},
        "corpus": [f"{text['title']} | {text['text']}" for text in corpus],
        **_parts(_table(folder / given["dataset"]), seed, sizes),
    }


def banking(name: str, seed: int, sizes: Sizes, intents: int = 10) -> dict[str, Any]:
    """Return Banking77 with ten intents drawn by the seed; test rows come from its test file."""
    rng = random.Random(f"banking {seed}")
    learn, held = (_table(DATA / f"banking77_{part}.csv") for part in ("train", "test"))
    chosen = sorted(rng.sample(sorted({row["category"] for row in learn}), intents))
    learn, held = ([row for row in rows if row["category"] in chosen] for rows in (learn, held))
    train, validation, test = sizes
    drawn = rng.sample(learn, min(train + validation, len(learn)))
    step = {
        "name": "tell",
        "instructions": "Tell what the customer's message is about.",
        "inputs": [{"name": "text", "type": "str", "desc": "what the customer wrote"}],
        "outputs": [{"name": "category", "type": {"literal": chosen}}],
        "reads": {"text": "text"},
    }
    return {
        "name": name,
        "inputs": ["text"],
        "steps": [step],
        "outputs": {"category": "tell.category"},
        "metric": {"kind": "exact", "fields": ["category"], "feedback": None},
        "train": drawn[:train],
        "validation": drawn[train:],
        "test": rng.sample(held, min(test, len(held))),
    }


def hotpot(name: str, seed: int, sizes: Sizes) -> dict[str, Any]:
    """Return the two-hop sample's program over HotpotQA's questions and passages."""
    passages = _lines(DATA / "hotpotqa100_passages.jsonl")
    return {
        **sample("two_hop_questions", seed, sizes),
        "name": name,
        "corpus": [f"{text['title']} | {text['text']}" for text in passages],
        **_parts(_lines(DATA / "hotpotqa100.jsonl"), seed, sizes),
    }


BUILDERS: dict[str, Callable[[str, int, Sizes], dict[str, Any]]] = {
    "support_tickets": sample,
    "message_extraction": sample,
    "two_hop_questions": sample,
    "banking77": banking,
    "hotpotqa": hotpot,
    "planted_rule": planted.task,
    "planted_noise": planted.task,
    "planted_feedback": planted.task,
}


def task(name: str, seed: int, sizes: Sizes) -> dict[str, Any]:
    """Return a task; the same seed and sizes give the same rows."""
    return BUILDERS[name](name, seed, sizes)
