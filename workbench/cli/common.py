"""What commands share: opening the workspace, program and data arguments, printing.

Knows nothing about any single command.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from core.foundation.errors import ConfigurationError
from core.foundation.fingerprint import jsonable
from workbench.cli.waiting import Watcher
from workbench.config import read_config
from workbench.services import datasets, files, metrics, preferences, runs, samples, tasks
from workbench.services.workspace import Workspace, open_workspace

__all__ = [
    "add_program_arguments",
    "add_run_arguments",
    "data_line",
    "emit",
    "model_of",
    "open_home",
    "pairs",
    "resolve_program",
]


def open_home(options: argparse.Namespace, *, jobs: Literal["worker", "inline"] | None = None) -> Workspace:
    """Open the workspace that the arguments name."""
    left = getattr(options, "worker", False) or getattr(options, "no_wait", False)
    chosen = jobs or ("worker" if left else "inline")
    watcher = options.watcher = Watcher(quiet=options.json)
    ws = open_workspace(read_config(options.home), jobs=chosen, watch=watcher.look_at)
    watcher.workspace = ws
    return ws


def add_program_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a program, its data and its metric: by file, sample or id."""
    program = parser.add_argument_group("program, data and metric (by file, sample or id)")
    program.add_argument("--program", metavar="FILE", help="program as JSON")
    program.add_argument("--state", metavar="FILE", help="compiled state for the program")
    program.add_argument("--sample", metavar="NAME", help="a sample task with its data and metric")
    program.add_argument(
        "--task", metavar="ID", help="a task; its newest version, dataset and metric unless given"
    )
    program.add_argument("--version", dest="version_id", metavar="ID", help="a version of a program")
    program.add_argument(
        "--run", dest="run_id", metavar="RUN", help="the version that a run made, or else used: id or name"
    )
    program.add_argument("--data", metavar="FILE", help="rows: CSV, JSON, JSONL, Parquet or XLSX")
    program.add_argument("--dataset", metavar="ID", help="a stored dataset")
    program.add_argument(
        "--map", action="append", metavar="FIELD=COLUMN", help="which column is a field; repeatable"
    )
    program.add_argument(
        "--shares", metavar="train=…,validation=…,test=…", help="split --data: shares or row counts"
    )
    program.add_argument(
        "--split-seed", type=int, default=0, metavar="N", help="seed of the split (default 0)"
    )
    program.add_argument(
        "--stratify", metavar="FIELD", help="spread this field's values evenly over the splits"
    )
    program.add_argument("--metric", metavar="KIND|ID|JSON", help="e.g. exact_match")
    program.add_argument(
        "--metric-param", action="append", metavar="NAME=VALUE", help="parameter of the metric; repeatable"
    )


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of everything that asks a model."""
    parser.add_argument("--model", help="a connection, or provider/model (default: that of the settings)")
    parser.add_argument(
        "--adapter", default="chat", metavar="NAME", help="layout of the messages: chat, json, xml …"
    )
    parser.add_argument("--temperature", type=float, metavar="T", help="the model's own unless given")
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="rows in flight (default 8)")
    parser.add_argument("--name", help="name of the run")
    parser.add_argument("--worker", action="store_true", help="leave the run to the worker process")
    parser.add_argument(
        "--no-wait", action="store_true", help="leave it to the worker, print the run's id and end"
    )


def model_of(ws: Workspace, options: argparse.Namespace) -> str:
    """Return the model that the arguments name, or else the one that this workbench starts runs with."""
    return options.model or preferences.default_model(ws).name


def resolve_program(
    ws: Workspace, options: argparse.Namespace, needs: Sequence[str] = ()
) -> tuple[tasks.Version, str, str]:
    """Return (version, dataset id, metric id) as the arguments say; files are stored when all of them were checked.

    Args:
        needs: Splits that --data must have rows in.

    Raises:
        ConfigurationError: Something is not said; the message says what.
    """
    task_id = samples.open_sample(ws, options.sample) if options.sample else options.task
    _check_files(ws, options, task_id, needs)
    version = _version(ws, options, task_id)
    return version, _dataset(ws, options, version), _metric(ws, options, version)


def _check_files(
    ws: Workspace, options: argparse.Namespace, task_id: str | None, needs: Sequence[str]
) -> None:
    """See that the files go together, so that a call that is refused leaves nothing behind."""
    if options.program:
        spec = files.spec_of_file(Path(options.program).read_bytes()).model_dump(mode="json")
    else:
        spec = _stored_version(ws, options, task_id).spec
    if options.data and not options.dataset:
        path, mapping, split = Path(options.data), _mapping(options), _split(options)
        files.check_dataset(spec, path.read_bytes(), path.name, mapping=mapping, split=split, needs=needs)
    if options.metric:
        files.check_metric(ws, options.metric, pairs(options.metric_param))


def _mapping(options: argparse.Namespace) -> dict[str, str]:
    return {column: field for field, column in pairs(options.map).items()}


def data_line(ws: Workspace, dataset_id: str) -> str:
    """Return which data a run is on, and how many rows of each split: "tickets.csv: 40 train, 41 validation rows"."""
    info = datasets.get_dataset(ws, dataset_id)
    named = [f"{info.counts[name]:,} {name}" for name in datasets.SPLITS if info.counts.get(name)]
    return f"{info.name}: {', '.join(named) or f'{info.rows:,}'} rows"


def _version(ws: Workspace, options: argparse.Namespace, task_id: str | None) -> tasks.Version:
    if options.program:
        program = Path(options.program).read_bytes()
    else:
        found = _stored_version(ws, options, task_id)
        if not options.state:
            return found
        program, task_id = json.dumps(found.spec).encode(), found.task_id
    state = Path(options.state).read_bytes() if options.state else None
    return files.version_from_file(ws, program, state=state, task_id=task_id)


def _stored_version(ws: Workspace, options: argparse.Namespace, task_id: str | None) -> tasks.Version:
    if options.run_id:
        run = runs.find_run(ws, options.run_id)
        return tasks.get_version(ws, run.result_version_id or run.version_id)
    if options.version_id:
        return tasks.get_version(ws, options.version_id)
    if task_id is None:
        raise ConfigurationError(
            "Which program?", hint="Give --program FILE, --sample NAME, --task ID, --version ID or --run RUN."
        )
    return _first(
        [tasks.newest_version(ws, task_id, compiled=False) or tasks.newest_version(ws, task_id)], "program"
    )


def _dataset(ws: Workspace, options: argparse.Namespace, version: tasks.Version) -> str:
    if options.dataset:
        return options.dataset
    if not options.data:
        return _first(datasets.list_datasets(ws, version.task_id), "dataset (--data FILE)").id
    path = Path(options.data)
    return files.dataset_from_file(
        ws, version, path.read_bytes(), path.name, mapping=_mapping(options), split=_split(options)
    ).id


def _split(options: argparse.Namespace) -> dict[str, Any] | None:
    if not options.shares:
        return None
    given = pairs(options.shares.split(","))
    unknown = sorted(set(given) - set(datasets.SPLITS))
    if unknown:
        raise ConfigurationError(
            f"There is no split '{unknown[0]}'.", hint="Write train=0.4,validation=0.4,test=0.2."
        )
    shares = {name: given.get(name, 0) for name in datasets.SPLITS}
    return {**shares, "seed": options.split_seed, "stratify": options.stratify}


def _metric(ws: Workspace, options: argparse.Namespace, version: tasks.Version) -> str:
    if not options.metric:
        return _first(metrics.list_metrics(ws, version.task_id), "metric (--metric KIND)").id
    return files.metric_from_text(ws, version.task_id, options.metric, pairs(options.metric_param)).id


def _first(found: Sequence[Any], what: str) -> Any:
    if not found or found[0] is None:
        raise ConfigurationError(f"The task has no {what.partition(' (')[0]}.", hint=f"Give a {what}.")
    return found[0]


def pairs(texts: Sequence[str] | None) -> dict[str, Any]:
    """Return {name: value} of NAME=VALUE texts; values are JSON where they can be, else text.

    Raises:
        ConfigurationError: A text has no "=".
    """
    found: dict[str, Any] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise ConfigurationError(f"'{text}' is not of the form NAME=VALUE.", hint="For example seed=3.")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value
    return found


def emit(options: argparse.Namespace, data: Any, text: str) -> None:
    """Print `data` as one line of JSON with --json, else `text`."""
    print(json.dumps(jsonable(data), ensure_ascii=False) if options.json else text)
