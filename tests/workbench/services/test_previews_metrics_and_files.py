"""Previews, metrics and their bench, samples, downloads, exports, files."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from small_task import CSV, METRIC, SPEC, Small

from core.foundation.errors import ConfigurationError, PipelineError, UnknownNameError, WorkbenchError
from workbench.services import (
    datasets,
    downloads,
    explore,
    export,
    files,
    metrics,
    optimizers,
    previews,
    runs,
    samples,
    tasks,
)
from workbench.services.workspace import Workspace


def test_the_preview_is_what_is_sent(ws: Workspace, small: Small) -> None:
    shown = previews.preview_messages(SPEC, "sort", {"text": "It barks."})
    sent = explore.run_once(ws, small.version, {"text": "It barks."}).spans
    assert next(span for span in sent if span["kind"] == "lm")["attributes"]["messages"] == shown
    assert previews.token_count(shown) > 20


def test_previews_know_steps_schema_code_and_the_string_form() -> None:
    assert previews.predict_steps(SPEC) == ["sort"]
    assert previews.preview_messages(SPEC, "sort")[-1]["role"] == "user"
    assert previews.json_schema_of(SPEC, "sort")["properties"]["animal"]["enum"] == ["cat", "dog", "bird"]
    compile(previews.code_of(SPEC), "code", "exec")
    text = previews.signature_text(SPEC["steps"][0]["signature"])
    assert previews.parse_signature(text).outputs[0].name == "animal"
    with pytest.raises(PipelineError, match="no step"):
        previews.preview_messages(SPEC, "nowhere")


def test_kinds_of_metrics_and_optimizers_describe_their_parameters() -> None:
    kinds = {kind.kind: kind for kind in metrics.metric_kinds()}
    assert {"exact_match", "f1", "contains", "numeric", "passage_match", "judge", "weighted"} <= set(kinds)
    fields = {parameter.name: parameter for parameter in kinds["exact_match"].parameters}
    assert fields["ignore_case"].type == "boolean"
    assert fields["ignore_case"].default is True
    assert fields["ignore_case"].description
    assert (fields["fields"].type, fields["fields"].nullable, fields["fields"].item_type) == (
        "array",
        True,
        "string",
    )
    names = {kind.name: kind for kind in optimizers.optimizer_kinds()}
    assert {"labeled_few_shot", "bootstrap_few_shot", "random_search"} <= set(names)
    assert all(parameter.description for kind in names.values() for parameter in kind.parameters)
    with pytest.raises(WorkbenchError, match="nope"):
        optimizers.checked_params("random_search", {"nope": 1})
    with pytest.raises(UnknownNameError, match="no optimizer"):
        optimizers.checked_params("random", {})


def test_a_metric_is_tried_on_pairs_and_a_failing_one_says_so(ws: Workspace) -> None:
    rows = [({"animal": "cat"}, {"animal": "cat"}), ({"animal": "cat"}, {"animal": "dog"}), ({"x": 1}, {})]
    good, bad, failed = metrics.try_metric(ws, METRIC, rows)
    assert (good.score, bad.score, failed.score) == (1.0, 0.0, None)
    assert "dog" in bad.feedback
    assert failed.error


def test_the_bench_warns_of_a_metric_that_cannot_tell(ws: Workspace, small: Small) -> None:
    examples = [item.data for item in datasets.get_rows(ws, small.dataset)]
    assert metrics.bench_metric(ws, METRIC, examples, ["animal"]).warnings == []
    same = [{**row, "animal": "cat"} for row in examples]
    bench = metrics.bench_metric(ws, METRIC, same, ["animal"])
    assert bench.gold == 1.0
    assert "other questions" in bench.warnings[0]


def test_the_same_metric_is_saved_once_and_bad_ones_never(ws: Workspace, small: Small) -> None:
    again = metrics.save_metric(ws, small.task, {"kind": "exact_match", "params": {"fields": ["animal"]}})
    assert again.id == small.metric
    assert again.name == "exact_match (animal)"
    for wrong in (
        {"kind": "exact"},
        {"kind": "f1", "params": {"nope": 1}},
        {"metric": "f1"},
        {"kind": "f1", "x": 1},
    ):
        with pytest.raises(ConfigurationError):
            metrics.save_metric(ws, small.task, wrong)
    assert len(metrics.list_metrics(ws, small.task)) == 1


@pytest.mark.parametrize("name", [sample.name for sample in samples.list_samples()])
def test_a_sample_opens_once_and_runs(ws: Workspace, name: str) -> None:
    task_id = samples.open_sample(ws, name)
    assert samples.open_sample(ws, name) == task_id
    info = datasets.list_datasets(ws, task_id)[0]
    assert min(info.counts[split] for split in datasets.SPLITS) >= 20
    version = tasks.newest_version(ws, task_id)
    assert version is not None
    metric = metrics.list_metrics(ws, task_id)[0]
    run = runs.get_run(ws, runs.start_evaluation(ws, version.id, info.id, "validation", metric.id, limit=5))
    assert run.score is not None
    assert run.result is not None
    assert run.result["n_metric_failures"] == 0


@pytest.mark.parametrize("name", ["nothere", "../core", "/etc"])
def test_a_sample_is_no_path(ws: Workspace, name: str) -> None:
    with pytest.raises(UnknownNameError):
        samples.open_sample(ws, name)


@pytest.mark.parametrize("cell", ["=1+1", "+cmd", "-x", "@sum", "\tx", "\rx"])
def test_a_spreadsheet_finds_no_formula(cell: str) -> None:
    data = downloads.csv_bytes([{"a": cell, cell: 1}])
    header, row = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert row[0] == f"'{cell}"
    assert header[1] == f"'{cell}"
    assert downloads.csv_bytes([{"a": cell}], safe=False).decode("utf-8-sig").splitlines()[1:] != [row[0]]


def test_downloads_keep_numbers_lists_and_missing_cells() -> None:
    rows: list[dict[str, Any]] = [{"a": -1.5, "b": ["x", 1]}, {"a": "-2", "c": None}]
    text = downloads.csv_bytes(rows).decode("utf-8-sig").splitlines()
    assert text == ["a,b,c", '-1.5,"[""x"", 1]",', "-2,,"]
    assert json.loads(downloads.json_bytes(rows)) == rows
    assert [json.loads(line) for line in downloads.jsonl_bytes(rows).splitlines()] == rows


def test_a_version_is_exported_in_every_kind(ws: Workspace, small: Small) -> None:
    assert {kind.name for kind in export.export_kinds()} >= {"state_json", "python_script", "messages"}
    for kind in ("state_json", "python_script", "messages"):
        (name, content), *_ = export.export_version(ws, small.version, kind)
        assert content
        assert "/" not in name
    with pytest.raises(UnknownNameError):
        export.export_version(ws, small.version, "exe")


def test_the_same_files_make_nothing_twice(ws: Workspace) -> None:
    program = json.dumps(SPEC).encode()
    first = files.version_from_file(ws, program)
    assert files.version_from_file(ws, program).id == first.id
    split = {"train": 0.5, "validation": 0.5, "test": 0}
    one = files.dataset_from_file(ws, first, CSV.encode(), "a.csv", split=split)
    two = files.dataset_from_file(ws, first, CSV.encode(), "a.csv", split=split)
    assert one.id == two.id
    assert files.dataset_from_file(ws, first, CSV.encode(), "a.csv").id != one.id
    metric = files.metric_from_text(ws, first.task_id, "exact_match", {"fields": ["animal"]})
    assert files.metric_from_text(ws, first.task_id, json.dumps(METRIC)).id == metric.id
    assert files.metric_from_text(ws, first.task_id, metric.id).id == metric.id


@pytest.mark.parametrize("params", ['"text"', "1.5", "true", "[1]"])
def test_params_of_a_metric_that_are_no_object_are_refused(ws: Workspace, small: Small, params: str) -> None:
    with pytest.raises(ConfigurationError):
        files.metric_from_text(ws, small.task, f'{{"kind": "exact_match", "params": {params}}}')


def test_a_state_file_comes_back_as_the_version_it_was(ws: Workspace, small: Small) -> None:
    run = runs.get_run(
        ws, runs.start_compile(ws, small.version, small.dataset, small.metric, "labeled_few_shot", {"k": 4})
    )
    assert run.result_version_id is not None
    compiled = tasks.get_version(ws, run.result_version_id)
    _, content = export.export_version(ws, compiled.id, "state_json")[0]
    again = files.version_from_file(ws, json.dumps(SPEC).encode(), state=content, task_id=small.task)
    assert again.state == compiled.state
    assert again.id == compiled.id


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"[" * 100_000, b'{"format": 99}', b'{"__class__": "os.system"}']
)
def test_hostile_program_files_are_refused_with_a_reason(ws: Workspace, data: bytes) -> None:
    with pytest.raises(WorkbenchError):
        files.version_from_file(ws, data)
    assert tasks.list_tasks(ws) == []
