"""What a compile will take: every phase at the price of the model that answers it, within the caps, true afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from counting_server import CountingServer
from small_task import Small

from core.optimizers.base import optimizers
from workbench.services import estimates, metrics, models, runs
from workbench.services.workspace import Workspace

FEW = {"breadth": 3, "depth": 1}
SMALL: dict[str, dict[str, Any]] = {
    "auto": {"max_calls": 120},
    "bootstrap_optuna": {"num_candidate_programs": 2},
    "copro": FEW,
    "gepa": {"auto": None, "max_metric_calls": 40},
    "infer_rules": {"num_candidates": 2},
    "miprov2": {"auto": None, "num_candidates": 3, "num_trials": 4},
    "opro": {"initial_prompts": 2, "n_iterations": 2},
    "random_search": {"num_candidate_programs": 2},
    "simba": {"max_steps": 1, "num_candidates": 2, "bsize": 8},
}


@pytest.fixture
def priced(ws: Workspace) -> Workspace:
    """Two connections, one a hundred times dearer."""
    for name, price in (("cheap", 1.0), ("dear", 100.0)):
        models.save_connection(ws, name, "http://127.0.0.1:9/v1", name)
        models.set_price(ws, f"openai/{name}", price, price)
    return ws


def estimate(ws: Workspace, small: Small, optimizer: str = "copro", **more: Any) -> estimates.Estimate:
    params = more.pop("params", SMALL.get(optimizer, {}))
    return estimates.estimate_compile(ws, small.version, small.dataset, optimizer, params, **more)


def phase(found: estimates.Estimate, name: str) -> dict[str, Any]:
    return next(item for item in found.phases if item["name"] == name)


def test_calls_of_the_prompt_model_are_priced_at_its_price(priced: Workspace, small: Small) -> None:
    own = estimate(priced, small, model="cheap")
    other = estimate(priced, small, model="cheap", prompt_model="dear")
    write, score = phase(other, "write instructions"), phase(other, "score candidates")
    assert (write["model"], score["model"]) == ("dear", "cheap")
    assert write["cost"]["likely"] == pytest.approx(100 * phase(own, "write instructions")["cost"]["likely"])
    assert score["cost"] == phase(own, "score candidates")["cost"]
    dearer = write["cost"]["likely"] - phase(own, "write instructions")["cost"]["likely"]
    assert own.cost is not None
    assert other.cost == pytest.approx(own.cost + dearer)


def test_a_teacher_is_priced_at_its_own_price(priced: Workspace, small: Small) -> None:
    own = estimate(priced, small, "bootstrap_few_shot", model="cheap")
    taught = estimate(priced, small, "bootstrap_few_shot", model="cheap", teacher_model="dear")
    assert taught.cost is not None
    first, second = own.phases[0]["cost"], taught.phases[0]["cost"]
    assert second["likely"] == pytest.approx(100 * first["likely"])
    assert taught.phases[1]["cost"] == own.phases[1]["cost"], (
        "the result is scored with the program's own model"
    )


def test_a_model_without_a_price_makes_only_its_phases_unknown(priced: Workspace, small: Small) -> None:
    models.save_connection(priced, "secret", "http://127.0.0.1:9/v1", "secret")
    found = estimate(priced, small, model="cheap", prompt_model="secret")
    assert found.cost is None
    assert phase(found, "write instructions")["cost"] is None
    assert phase(found, "score candidates")["cost"] is not None


def test_each_phase_has_calls_tokens_money_and_time_with_ranges(ws: Workspace, small: Small) -> None:
    found = estimate(ws, small, probe_rows=2, testset=True)
    assert [item["name"] for item in found.phases] == [
        "write instructions",
        "score candidates",
        "confirm the winner",
    ]
    for item in found.phases:
        for what in ("tokens", "cost", "seconds"):
            assert item[what]["low"] <= item[what]["likely"] <= item[what]["high"], (item["name"], what)
    assert found.tokens["likely"] == sum(item["tokens"]["likely"] for item in found.phases)
    assert found.seconds is not None
    assert estimate(ws, small).seconds is None


def test_a_probe_measures_the_prompt_model_itself(priced: Workspace, small: Small) -> None:
    server = CountingServer()
    models.save_connection(priced, "counted", server.url, "in-context")
    found = estimate(priced, small, prompt_model="counted", probe_rows=2)
    assert server.total == 1
    assert phase(found, "write instructions")["seconds"] is not None
    again = estimate(priced, small, prompt_model="counted", probe_rows=2)
    assert server.total == 2, "it is asked although the cache knows the answer: only so the time is known"
    assert again.seconds is not None
    server.close()


def test_a_probe_that_fails_is_a_warning_and_the_rest_is_said(priced: Workspace, small: Small) -> None:
    models.save_connection(priced, "down", "http://127.0.0.1:9/v1", "m", options={"num_retries": 0})
    found = estimate(priced, small, model="down", probe_rows=1)
    assert any("probe failed" in text for text in found.warnings)
    assert found.tokens
    assert found.seconds is None


def test_a_budget_caps_what_is_expected(ws: Workspace, small: Small) -> None:
    free = estimate(ws, small, "random_search")
    assert estimate(ws, small, "random_search", budget={"calls": free.likely - 1}).high == free.likely - 1
    assert estimate(ws, small, "auto", params={}).high == 600
    raised = estimate(ws, small, "auto", params={}, budget={"calls": 2_000})
    assert 600 < raised.high <= 2_000, "a budget takes the place of its own cap"


@pytest.mark.parametrize("name", optimizers.names())
@pytest.mark.parametrize("proof", [{"testset": True}, {"confirm": 0.25}])
def test_the_truth_lies_in_the_range(ws: Workspace, small: Small, name: str, proof: dict[str, Any]) -> None:
    found = estimate(ws, small, name, probe_rows=2, **proof)
    params = SMALL.get(name, {})
    run = runs.get_run(
        ws, runs.start_compile(ws, small.version, small.dataset, small.metric, name, params, **proof)
    )
    assert run.result is not None, run.error
    spend = run.result["report"]["spend"]
    assert found.low <= spend["calls"] <= found.high
    assert found.tokens["low"] <= spend["prompt_tokens"] + spend["completion_tokens"] <= found.tokens["high"]


def test_the_calls_of_a_judge_are_counted(ws: Workspace, small: Small) -> None:
    judge = metrics.save_metric(ws, small.task, {"kind": "judge", "params": {"rubric": "the right animal"}})
    plain = estimate(ws, small, "random_search", metric_id=small.metric)
    judged = estimate(ws, small, "random_search", metric_id=judge.id)
    asked = phase(judged, "judge the answers")
    assert "judge the answers" not in {one["name"] for one in plain.phases}
    assert (asked["asks"], asked["likely"]) == ("judge", plain.likely)
    assert judged.high == 2 * plain.high and judged.low == plain.low
    run = runs.get_run(
        ws,
        runs.start_compile(
            ws, small.version, small.dataset, judge.id, "random_search", SMALL["random_search"]
        ),
    )
    assert run.result is not None, run.error
    assert judged.low <= run.result["report"]["spend"]["calls"] <= judged.high


def test_without_racing_more_is_likely(ws: Workspace, small: Small) -> None:
    raced, whole = (estimate(ws, small, "random_search", racing=on) for on in (True, False))
    assert raced.likely < whole.likely and raced.high == whole.high
