"""Every registered optimizer, run through the page: candidates, lineage, log, and the way on to a comparison."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))

from small_task import make_small

from core.optimizers.base import optimizers as registry
from workbench.components.compile_candidates import candidates_of, lineage_of
from workbench.services import compare, runs
from workbench.services.optimizers import optimizer_title

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]
SMALL: dict[str, dict[str, Any]] = {
    "auto": {"max_calls": 120},
    "bootstrap_optuna": {"num_candidate_programs": 2},
    "copro": {"breadth": 3, "depth": 1},
    "gepa": {"auto": None, "max_metric_calls": 40},
    "infer_rules": {"num_candidates": 2},
    "miprov2": {"auto": None, "num_candidates": 3, "num_trials": 4},
    "opro": {"initial_prompts": 2, "n_iterations": 2},
    "random_search": {"num_candidate_programs": 2},
    "simba": {"max_steps": 1, "num_candidates": 2, "bsize": 8},
}


@pytest.mark.parametrize("name", registry.names())
def test_a_compile_can_be_read_and_leads_on_to_a_comparison(
    app: Open, ws: Any, texts: Texts, name: str
) -> None:
    small = make_small(ws)
    before = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
    run = runs.get_run(
        ws, runs.start_compile(ws, small.version, small.dataset, small.metric, name, SMALL.get(name, {}))
    )
    assert run.status == "done", run.error
    candidates = candidates_of(runs.run_events(ws, run.id))
    at = app("compile", task=small.task, run=run.id)
    assert not at.exception
    assert optimizer_title(name) in texts(at)
    tables = [item.value for item in at.dataframe if "candidate" in item.value.columns]
    assert len(tables) == 1
    assert list(tables[0]["id"]) == [item["id"] for item in candidates]
    assert any("Event log" in item.label for item in at.expander)
    winner = (run.result or {})["report"]["best"]
    assert any(text.startswith("winner") for text in tables[0]["outcome"]), winner
    if len(candidates) > 1 and candidates[0]["label"] in ("as given", "zero-shot"):
        assert any("Lineage" in item.label for item in at.expander)
        assert "-->" in lineage_of(candidates, winner)
    assert run.result_version_id is not None
    after = runs.start_evaluation(ws, run.result_version_id, small.dataset, "test", small.metric)
    assert [other.id for other in compare.comparable(ws, after)] == [before]
    at = app("compare", task=small.task, a=before, b=after)
    assert not at.exception
    assert compare.compare_runs(ws, before, after).verdict in texts(at).replace("\\", "")
