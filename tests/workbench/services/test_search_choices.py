"""How a compile's search ends and how its winner is confirmed: kept by the run, held to by a resumed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from small_task import Small

from core.foundation.errors import ConfigurationError
from workbench.services import datasets, estimates, runs
from workbench.services.workspace import Workspace
from workbench.store.tables import RunRow

PARAMS = {"num_candidate_programs": 2}
Start = Callable[..., runs.Run]


@pytest.fixture
def search(ws: Workspace, small: Small) -> Start:
    """`search("random_search", testset=True)`: the compile as it ended."""

    def start(optimizer: str = "random_search", params: Any = PARAMS, **more: Any) -> runs.Run:
        made = runs.start_compile(ws, small.version, small.dataset, small.metric, optimizer, params, **more)
        return runs.get_run(ws, made)

    return start


def report(run: runs.Run) -> dict[str, Any]:
    assert run.result is not None, run.error
    return run.result["report"]


def test_the_winner_is_confirmed_on_test_rows_that_chose_nothing(
    ws: Workspace, small: Small, search: Start
) -> None:
    run = search(testset=True)
    confirmed, header = report(run)["confirmation"], runs.run_events(ws, run.id)[0]
    test_rows = len(datasets.get_rows(ws, small.dataset, "test"))
    assert (confirmed["on"], confirmed["score"]["rows"]) == ("test", test_rows)
    assert confirmed["given"]["rows"] == test_rows
    assert header["rows"]["confirm"] == test_rows
    assert run.settings["testset"] is True
    assert run.result is not None
    assert "test rows" in run.result["verdict"]


def test_rows_set_aside_confirm_and_do_not_choose(search: Start) -> None:
    run = search(confirm=0.25)
    found = report(run)
    assert found["confirmation"]["on"] == "validation"
    assert found["confirmation"]["score"]["rows"] == 3
    assert found["score"]["of"] == 9, "a quarter of twelve took no part in the choice"
    assert run.settings["confirm"] == 0.25


def test_without_scores_the_confirmation_is_the_score_and_nothing_is_run_twice(search: Start) -> None:
    run = search("labeled_few_shot", {"k": 4}, testset=True)
    assert run.result is not None
    assert run.result["on"] == "test"
    assert run.score == report(run)["confirmation"]["score"]["percent"]
    assert run.result["calls"] == report(run)["spend"]["calls"]


def test_racing_target_and_plateau_reach_the_search(ws: Workspace, search: Start) -> None:
    full = search(racing=False)
    assert report(full)["racing"] is False
    statuses = {item["status"] for item in report(full)["candidates"]}
    assert "dropped" not in statuses
    assert runs.run_events(ws, full.id)[0]["params"]["racing"] is False
    assert report(search(target=0.05))["stop_code"] == "target"
    flat = search("random_search", {"num_candidate_programs": 40, "max_bootstrapped_demos": 0}, plateau=1)
    assert report(flat)["stop_code"] in ("plateau", "perfect")


@pytest.mark.parametrize(
    "wrong",
    [
        {"target": 90},
        {"target": 0},
        {"plateau": 0},
        {"confirm": 0},
        {"confirm": 1.5},
        {"confirm": -1},
        {"testset": True, "confirm": 0.2},
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_hint(
    ws: Workspace, small: Small, search: Start, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        search(**wrong)
    assert caught.value.hint
    with pytest.raises(ConfigurationError):
        estimates.estimate_compile(ws, small.version, small.dataset, "random_search", PARAMS, **wrong)
    assert not runs.list_runs(ws)


def test_a_test_split_without_rows_cannot_confirm(ws: Workspace, small: Small, search: Start) -> None:
    datasets.split_dataset(ws, small.dataset, train=0.5, validation=0.5, test=0.0)
    with pytest.raises(ConfigurationError, match="no rows in 'test'"):
        search(testset=True)


@pytest.mark.parametrize(
    ("started", "changed", "said"),
    [
        ({}, {"racing": False}, "racing"),
        ({}, {"testset": True}, "confirm"),
        ({"testset": True}, {"testset": False, "confirm": 0.25}, "confirm"),
    ],
)
def test_a_resumed_run_that_would_decide_otherwise_is_refused(
    ws: Workspace, search: Start, started: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    run = search(budget={"calls": 20}, **started)
    _change(ws, run.id, changed)
    again = runs.resume_run(ws, run.id, budget={"calls": 400})
    assert again.status == "failed"
    assert again.error is not None
    assert again.error["type"] == "ResumeMismatch"
    assert said in again.error["message"]


def test_when_to_stop_may_change_on_the_way(ws: Workspace, search: Start) -> None:
    run = search(budget={"calls": 20})
    _change(ws, run.id, {"plateau": 50, "target": 1.0})
    assert runs.resume_run(ws, run.id, budget={"calls": None}).status == "done"


def _change(ws: Workspace, run_id: str, changed: dict[str, Any]) -> None:
    with ws.store.write() as session:
        row = session.get(RunRow, run_id)
        assert row is not None
        row.settings = {**row.settings, **changed}


def test_warnings_of_the_budget_stay_with_the_run_until_the_cap_is_raised(
    ws: Workspace, search: Start
) -> None:
    run = search(budget={"calls": 20})
    assert [(item["resource"], item["share"], item["cap"]) for item in run.budget_warnings] == [
        ("calls", 0.5, 20),
        ("calls", 0.8, 20),
    ]
    again = runs.resume_run(ws, run.id, budget={"calls": 4_000})
    assert again.status == "done"
    assert again.budget_warnings == [], "what was said of the old cap says nothing of the new one"


def test_runs_and_versions_are_named_by_the_title_of_the_optimizer(ws: Workspace, search: Start) -> None:
    from workbench.services import tasks
    from workbench.services.optimizers import optimizer_title

    run = search()
    title = optimizer_title("random_search")
    assert "_" not in title
    assert run.name == f"{title} · from v1"
    assert run.result_version_id is not None
    assert tasks.get_version(ws, run.result_version_id).name == f"v2 · {title}"
    assert optimizer_title("gone_since") == "gone_since"
