"""`workbench samples`: list the sample tasks or open one.

Knows nothing about what is in them.
"""

from __future__ import annotations

import argparse

from workbench.cli.common import emit, open_home
from workbench.cli.run_text import table
from workbench.services import datasets, metrics, samples, tasks

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("name", nargs="?", help="the sample to open as a task")
    parser.add_argument("--again", action="store_true", help="open it once more where it is open already")


def run(options: argparse.Namespace) -> int:
    """List or open."""
    if not options.name:
        found = samples.list_samples()
        rows = [(sample.name, sample.steps, sample.licence, sample.title) for sample in found]
        emit(options, {"samples": found}, table(rows, ("name", "steps", "licence", "title")))
        return 0
    ws = open_home(options)
    task_id = samples.open_sample(ws, options.name, again=options.again)
    version = tasks.newest_version(ws, task_id, compiled=False)
    data = {
        "task": task_id,
        "version": version.id if version else None,
        "dataset": datasets.list_datasets(ws, task_id)[0].id,
        "metric": metrics.list_metrics(ws, task_id)[0].id,
    }
    emit(options, data, "\n".join(f"{name}: {value}" for name, value in data.items()))
    return 0
