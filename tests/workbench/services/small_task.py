"""A task of one step and thirty rows: which animal a sentence is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workbench.services import datasets, metrics, tasks
from workbench.services.workspace import Workspace

SPEC: dict[str, Any] = {
    "name": "animals",
    "inputs": [{"name": "text"}],
    "steps": [
        {
            "name": "sort",
            "signature": {
                "instructions": "Say which animal it is.",
                "inputs": [{"name": "text"}],
                "outputs": [{"name": "animal", "type": "Literal['cat', 'dog', 'bird']"}],
            },
            "inputs": {"text": "text"},
        }
    ],
    "outputs": {"animal": "sort.animal"},
}
WORDS = {
    "cat": ("purrs", "meows", "naps"),
    "dog": ("barks", "fetches", "digs"),
    "bird": ("sings", "flies", "nests"),
}
CSV = "text,animal\n" + "".join(
    f"It {words[number % 3]} at number {number}.,{animal}\n"
    for animal, words in WORDS.items()
    for number in range(10)
)
METRIC = {"kind": "exact_match", "params": {"fields": ["animal"]}}


@dataclass(frozen=True)
class Small:
    """Ids of the small task's things."""

    task: str
    version: str
    dataset: str
    metric: str


def make_small(ws: Workspace) -> Small:
    task = tasks.create_task(ws, "Animals", SPEC)
    version = tasks.newest_version(ws, task.id)
    assert version is not None
    table = datasets.read_table(CSV.encode(), "animals.csv")
    info = datasets.import_dataset(ws, task.id, "animals", table, {"text": "text", "animal": "animal"})
    datasets.split_dataset(ws, info.id, train=0.4, validation=0.4, test=0.2, stratify="animal")
    return Small(task.id, version.id, info.id, metrics.save_metric(ws, task.id, METRIC).id)
