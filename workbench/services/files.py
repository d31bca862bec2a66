"""Programs, data and metrics from files: what the command line works on, and what a page imports.

Knows nothing about the command line. The same file given twice makes nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.foundation.errors import ConfigurationError, DataError, PipelineError, StateError, StoreError
from workbench.services.columns import Table, read_table, suggest_mapping
from workbench.services.datasets import DatasetInfo, get_rows, import_dataset, list_datasets, split_dataset
from workbench.services.metrics import Metric, get_metric, metric_kinds, save_metric
from workbench.services.specs import usable_spec
from workbench.services.tasks import Version, create_task, list_tasks, save_version, versions
from workbench.services.workspace import Workspace

__all__ = ["dataset_from_file", "metric_from_text", "version_from_file"]


def version_from_file(
    ws: Workspace, program: bytes, *, state: bytes | None = None, task_id: str | None = None
) -> Version:
    """Return the version that a program file (and a state file) describes, saving it where it is new.

    Args:
        program: A ProgramSpec as JSON, or a sample's task.json.
        state: A compiled state, ours or DSPy's.
        task_id: The task it belongs to; one of the program's name where not given.

    Raises:
        PipelineError: The program cannot be read or run.
        StateError: The state cannot be read or does not fit.
    """
    data = _json(program, PipelineError, "The program file")
    spec = usable_spec(data["program"] if isinstance(data.get("program"), Mapping) else data)
    compiled = None if state is None else _state(state)
    if task_id is None:
        same = [task for task in list_tasks(ws) if task.name == spec.name]
        task_id = same[0].id if same else create_task(ws, spec.name, spec, origin="import").id
    wanted = spec.model_dump(mode="json")
    known = [item for item in versions(ws, task_id) if item.spec == wanted and item.state == compiled]
    return known[0] if known else save_version(ws, task_id, spec, state=compiled, origin="import")


def dataset_from_file(
    ws: Workspace,
    version: Version,
    data: bytes,
    filename: str,
    *,
    mapping: Mapping[str, str] | None = None,
    split: Mapping[str, Any] | None = None,
) -> DatasetInfo:
    """Return the dataset that a file holds, importing and splitting it where it is new.

    Args:
        mapping: Column → field; by name where not given.
        split: Arguments of `split_dataset`; no splits where not given.

    Raises:
        DataError: The file cannot be read, or does not fit the program.
    """
    table = read_table(data, filename)
    chosen = {**suggest_mapping(table.columns, version.spec), **(mapping or {})}
    if mapping:  # a field that was mapped by hand is not guessed once more
        chosen = {
            col: field for col, field in chosen.items() if col in mapping or field not in mapping.values()
        }
    info = _known(ws, version.task_id, table, chosen, split)
    if info is not None:
        return info
    info = import_dataset(ws, version.task_id, filename, table, chosen)
    return split_dataset(ws, info.id, **split) if split else info


def metric_from_text(
    ws: Workspace, task_id: str, text: str, params: Mapping[str, Any] | None = None
) -> Metric:
    """Return the metric that a text names: a saved one's id, a kind, or a spec as JSON.

    Raises:
        ConfigurationError: It is none of them, or a parameter does not fit.
    """
    if text.lstrip().startswith("{"):
        spec = _json(text.encode("utf-8", "surrogatepass"), ConfigurationError, "The metric")
        own = spec.get("params") or {}
        if not isinstance(own, Mapping):
            raise ConfigurationError(
                "The metric's params are no object.", hint='Write {"kind": …, "params": {}}.'
            )
        return save_metric(ws, task_id, {**spec, "params": {**own, **(params or {})}})
    kinds = [kind.kind for kind in metric_kinds()]
    if text in kinds:
        return save_metric(ws, task_id, {"kind": text, "params": dict(params or {})})
    try:
        return get_metric(ws, text)
    except StoreError as error:
        raise ConfigurationError(
            f"There is no metric '{text}'.",
            hint=f"Give the id of a saved one, or a kind: {', '.join(kinds)}.",
        ) from error


def _known(
    ws: Workspace,
    task_id: str,
    table: Table,
    mapping: Mapping[str, str],
    split: Mapping[str, Any] | None,
) -> DatasetInfo | None:
    """A dataset of the task that came from the same file in the same way and was not edited since."""
    for info in list_datasets(ws, task_id):
        asked = None if split is None else {**_SPLIT_DEFAULTS, **split}
        if info.filename != table.filename or info.mapping != mapping or info.split != asked:
            continue
        texts = [[str(row.get(column)) for column in mapping] for row in table.rows]
        stored = [[str(item.data.get(field)) for field in mapping.values()] for item in get_rows(ws, info.id)]
        if texts == stored:
            return info
    return None


_SPLIT_DEFAULTS: dict[str, Any] = {"train": 0.4, "validation": 0.4, "test": 0.2, "seed": 0, "stratify": None}


def _state(data: bytes) -> dict[str, Any]:
    """A state file's part that is the program's, without what says where it was saved."""
    state = _json(data, StateError, "The state file")
    return {name: value for name, value in state.items() if name != "metadata"}


def _json(data: bytes, error: type[Exception], what: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as cause:
        raise error(f"{what} is not valid JSON: {cause}.") from cause
    if not isinstance(value, dict):
        raise DataError(f"{what} must hold a JSON object.", hint="It begins with {.")
    return value
