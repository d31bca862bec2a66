"""Programs, data and metrics from files: what the command line works on, and what a page imports.

Knows nothing about the command line. The same file given twice makes nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.foundation.errors import ConfigurationError, DataError, PipelineError, StateError, StoreError
from core.foundation.fingerprint import jsonable
from workbench.services.columns import Table, dataset_of, read_table, suggest_mapping
from workbench.services.datasets import DatasetInfo, get_rows, import_dataset, list_datasets, split_dataset
from workbench.services.metrics import Metric, checked_metric, get_metric, metric_kinds, save_metric
from workbench.services.specs import usable_spec
from workbench.services.tasks import Version, create_task, list_tasks, save_version, versions
from workbench.services.workspace import Workspace

if TYPE_CHECKING:
    from core.pipeline import ProgramSpec

__all__ = [
    "check_dataset",
    "check_metric",
    "dataset_from_file",
    "metric_from_text",
    "spec_of_file",
    "version_from_file",
]


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
    spec = spec_of_file(program)
    compiled = None if state is None else _state(state)
    if task_id is None:
        same = [task for task in list_tasks(ws) if task.name == spec.name]
        task_id = same[0].id if same else create_task(ws, spec.name, spec, origin="import").id
    wanted = spec.model_dump(mode="json")
    known = [item for item in versions(ws, task_id) if item.spec == wanted and item.state == compiled]
    return known[0] if known else save_version(ws, task_id, spec, state=compiled, origin="import")


def spec_of_file(program: bytes) -> ProgramSpec:
    """Return the program that a file describes; nothing is stored.

    Raises:
        PipelineError: It cannot be read or run.
    """
    data = _json(program, PipelineError, "The program file")
    return usable_spec(data["program"] if isinstance(data.get("program"), Mapping) else data)


def check_dataset(
    spec: Mapping[str, Any],
    data: bytes,
    filename: str,
    *,
    mapping: Mapping[str, str] | None = None,
    split: Mapping[str, Any] | None = None,
    needs: Sequence[str] = (),
) -> None:
    """See that a file's rows fit a program and can be split; nothing is stored.

    Args:
        needs: Splits that must have rows.

    Raises:
        DataError: They do not, or cannot.
    """
    table = read_table(data, filename)
    found = dataset_of(table, _chosen(table, spec, mapping), spec)
    parts = found.split(**{**_SPLIT_DEFAULTS, **split, **_no_nothing(split)}) if split else {}
    for name in needs:
        if not parts.get(name):
            raise DataError(
                f"No rows would be in '{name}'.", file=filename, hint="Give more rows, or other --shares."
            )


def _no_nothing(split: Mapping[str, Any]) -> dict[str, Any]:
    """Return the shares that are nothing as none, which leaves a part empty."""
    return {name: None for name in ("train", "validation", "test") if not split.get(name)}


def check_metric(ws: Workspace, text: str, params: Mapping[str, Any] | None = None) -> None:
    """See that a text names a metric; nothing is stored.

    Raises:
        ConfigurationError: It does not, or a parameter does not fit.
    """
    spec = _metric_spec(text, params)
    if spec is None:
        _saved_metric(ws, text)
    else:
        checked_metric(spec)


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
    chosen = _chosen(table, version.spec, mapping)
    info = _known(ws, version, table, chosen, split)
    if info is not None:
        return info
    info = import_dataset(ws, version.task_id, filename, table, chosen)
    return split_dataset(ws, info.id, **split) if split else info


def _chosen(table: Table, spec: Mapping[str, Any], mapping: Mapping[str, str] | None) -> dict[str, str]:
    """Return {column: field} as it was mapped by hand, and by name for the rest."""
    chosen = {**suggest_mapping(table.columns, spec), **(mapping or {})}
    if mapping:  # a field that was mapped by hand is not guessed once more
        chosen = {
            col: field for col, field in chosen.items() if col in mapping or field not in mapping.values()
        }
    return {column: field for column, field in chosen.items() if field}


def metric_from_text(
    ws: Workspace, task_id: str, text: str, params: Mapping[str, Any] | None = None
) -> Metric:
    """Return the metric that a text names: a saved one's id, a kind, or a spec as JSON.

    Raises:
        ConfigurationError: It is none of them, or a parameter does not fit.
    """
    if (spec := _metric_spec(text, params)) is not None:
        return save_metric(ws, task_id, spec)
    return _saved_metric(ws, text)


def _saved_metric(ws: Workspace, text: str) -> Metric:
    try:
        return get_metric(ws, text)
    except StoreError as error:
        raise ConfigurationError(
            f"There is no metric '{text}'.",
            hint=f"Give the id of a saved one, or a kind: {', '.join(_kinds())}.",
        ) from error


def _metric_spec(text: str, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the metric that a text describes; None where it may be the id of a saved one."""
    if text in _kinds():
        return {"kind": text, "params": dict(params or {})}
    if not text.lstrip().startswith("{"):
        return None
    spec = _json(text.encode("utf-8", "surrogatepass"), ConfigurationError, "The metric")
    own = spec.get("params") or {}
    if not isinstance(own, Mapping):
        raise ConfigurationError(
            "The metric's params are no object.", hint='Write {"kind": …, "params": {}}.'
        )
    return {**spec, "params": {**own, **(params or {})}}


def _kinds() -> list[str]:
    return [kind.kind for kind in metric_kinds()]


def _known(
    ws: Workspace,
    version: Version,
    table: Table,
    mapping: Mapping[str, str],
    split: Mapping[str, Any] | None,
) -> DatasetInfo | None:
    """A dataset of the task that came from the same file in the same way and was not edited since."""
    asked = None if split is None else {**_SPLIT_DEFAULTS, **split}
    alike = [
        info
        for info in list_datasets(ws, version.task_id)
        if (info.filename, info.mapping, info.split) == (table.filename, mapping, asked)
    ]
    if not alike:
        return None
    rows = [(row.id, jsonable(row.toDict())) for row in dataset_of(table, mapping, version.spec)]
    same = (info for info in alike if [(item.id, item.data) for item in get_rows(ws, info.id)] == rows)
    return next(same, None)


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
