"""Each sample opens with one call and goes from a zero-shot score to a compiled one on the embedded model."""

from __future__ import annotations

import pytest

from core.pipeline import build, parse_spec, validate
from workbench.config import read_config
from workbench.services import datasets, metrics, runs, samples, starting, tasks
from workbench.services.workspace import open_workspace

NAMES = ("support_tickets", "two_hop_questions", "message_extraction")
# Percent on the test split: the least that zero-shot must reach and, for the ones that demos teach, the least gain.
FLOOR = {"support_tickets": 30, "two_hop_questions": 50, "message_extraction": 45}
GAIN = {"support_tickets": 5, "two_hop_questions": 0, "message_extraction": 5}


@pytest.fixture
def ws(tmp_path):
    workspace = open_workspace(read_config(str(tmp_path / "store")), jobs="inline")
    yield workspace
    workspace.close()


def _ids(ws, name):
    task = samples.open_sample(ws, name)
    version = tasks.newest_version(ws, task)
    return version, datasets.list_datasets(ws, task)[0], metrics.list_metrics(ws, task)[0]


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_opens_whole(ws, name):
    version, dataset, _ = _ids(ws, name)
    spec = parse_spec(version.spec)
    assert not validate(spec)
    assert build(spec).named_predictors()
    assert min(dataset.counts[split] for split in ("train", "validation", "test")) >= 25
    assert samples.open_sample(ws, name) == version.task_id


@pytest.mark.parametrize("name", NAMES)
def test_compiling_a_sample_helps_on_rows_that_nothing_has_seen(ws, name):
    version, dataset, metric = _ids(ws, name)

    def score(version_id):
        run = runs.get_run(ws, starting.start_evaluation(ws, version_id, dataset.id, "test", metric.id))
        assert run.status == "done"
        assert run.result["n_infrastructure_failures"] == run.result["n_metric_failures"] == 0
        return run.score

    before = score(version.id)
    params = {"max_labeled_demos": 16, "num_candidate_programs": 8}
    compiled = starting.start_compile(ws, version.id, dataset.id, metric.id, "random_search", params)
    after = score(runs.get_run(ws, compiled).result_version_id)
    assert before >= FLOOR[name]
    assert after >= before + GAIN[name]
