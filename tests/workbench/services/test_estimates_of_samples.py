"""What really happens lies within the estimate: on every sample task, with every registered optimizer.

`make test` takes each optimizer on one sample and each sample with several; `make test-full` takes all pairs.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from core.optimizers.base import optimizers
from workbench.services import datasets, estimates, metrics, runs, samples, tasks
from workbench.services.workspace import Workspace

SMALL: dict[str, dict[str, Any]] = {
    "auto": {"max_calls": 150},
    "bootstrap_optuna": {"num_candidate_programs": 3},
    "copro": {"breadth": 3, "depth": 2},
    "gepa": {"auto": None, "max_metric_calls": 120},
    "infer_rules": {"num_candidates": 2},
    "miprov2": {"auto": None, "num_candidates": 3, "num_trials": 5},
    "opro": {"initial_prompts": 2, "n_iterations": 2},
    "random_search": {"num_candidate_programs": 3},
    "simba": {"max_steps": 2, "num_candidates": 2, "bsize": 12},
}
NAMES = [sample.name for sample in samples.list_samples()]
EVERY = os.environ.get("WORKBENCH_TEST_FULL", "") not in {"", "0"}
PAIRS = [
    (sample, name)
    for at, sample in enumerate(NAMES)
    for place, name in enumerate(optimizers.names())
    if EVERY or (at + place) % len(NAMES) == 0
]


@pytest.mark.parametrize(("sample", "name"), PAIRS)
def test_calls_tokens_and_money_lie_within_the_estimate(ws: Workspace, sample: str, name: str) -> None:
    task, params = samples.open_sample(ws, sample), SMALL.get(name, {})
    version = tasks.newest_version(ws, task)
    assert version is not None
    (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
    told, probed = (
        estimates.estimate_compile(ws, version.id, data.id, name, params, testset=True, probe_rows=rows)
        for rows in (0, 3)
    )
    run = runs.get_run(ws, runs.start_compile(ws, version.id, data.id, metric.id, name, params, testset=True))
    assert run.result is not None, run.error
    report = run.result["report"]
    spend = report["spend"]
    tokens = spend["prompt_tokens"] + spend["completion_tokens"]
    for expected in (told, probed):
        assert expected.low <= spend["calls"] <= expected.high
        assert expected.tokens["low"] <= tokens <= expected.tokens["high"]
        assert expected.cost_range is not None
        assert expected.cost_range[0] <= spend["cost"] <= expected.cost_range[1]
    assert probed.seconds is not None
    assert probed.seconds["low"] <= report["seconds"]
