"""What runs have spent: counted in full, never thrown away by a lower cap, measured without their pauses."""

from __future__ import annotations

from typing import Any

import pytest
from small_task import Small

from core.foundation.errors import ConfigurationError
from workbench.services import runs
from workbench.services.estimates import estimate_compile
from workbench.services.run_records import Run
from workbench.services.spending import cap_text, higher_caps, reached_caps, spent_by
from workbench.services.workspace import Workspace
from workbench.store.tables import RunRow


def compiled(ws: Workspace, small: Small, optimizer: str = "random_search", **more: Any) -> Run:
    params = {"num_candidate_programs": 2} if optimizer == "random_search" else {}
    started = runs.start_compile(ws, small.version, small.dataset, small.metric, optimizer, params, **more)
    return runs.get_run(ws, started)


def change(ws: Workspace, run: Run, **values: Any) -> Run:
    with ws.store.write() as session:
        row = session.get(RunRow, run.id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
    return runs.get_run(ws, run.id)


def test_a_cap_below_what_was_spent_is_refused_and_loses_nothing(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small)
    assert run.result is not None
    calls = run.result["calls"]
    assert calls > 5
    with pytest.raises(
        ConfigurationError, match=f"has spent {calls} calls, more than the new cap of 5 calls"
    ) as said:
        runs.resume_run(ws, run.id, budget={"calls": 5})
    assert said.value.hint
    after = runs.get_run(ws, run.id)
    assert (after.score, after.result, after.attempt) == (run.score, run.result, 1)
    assert runs.resume_run(ws, run.id, budget={"calls": calls + 50}).score == run.score


def test_of_a_run_that_did_not_end_the_events_say_what_was_spent(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small)
    assert run.result is not None
    calls, lost = run.result["calls"], change(ws, run, status="interrupted", result=None, progress={})
    assert spent_by(lost, runs.run_events(ws, run.id))["calls"] == calls
    with pytest.raises(ConfigurationError, match=f"{calls} calls"):
        runs.resume_run(ws, run.id, budget={"calls": calls - 1})


def test_scoring_the_result_stays_within_the_budget(ws: Workspace, small: Small) -> None:
    within = compiled(ws, small, "labeled_few_shot", budget={"calls": 60})
    assert within.result is not None
    assert within.score is not None
    assert within.result["calls"] == 24
    assert within.result["verdict"]


def test_what_scoring_the_result_cannot_afford_is_said(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small, "labeled_few_shot", budget={"calls": 20})
    assert run.result is not None
    assert (run.score, run.result["calls"]) == (None, 0)
    assert "that takes about 24 calls, and 20 calls of the budget are left" in run.result["summary"]


def test_scores_that_were_paid_are_not_paid_again(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small, "labeled_few_shot", budget={"calls": 60})
    again = runs.resume_run(ws, run.id, budget={"calls": 100})
    assert run.result is not None
    assert again.result is not None
    assert (again.score, again.result["calls"]) == (run.score, run.result["calls"])
    measured = [event for event in runs.run_events(ws, run.id) if event["type"] == "measured"]
    assert len(measured) == 2, "one of each program"


def test_the_confirmed_score_is_the_one_that_a_run_names(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small, testset=True)
    assert run.result is not None
    confirmed = run.result["report"]["confirmation"]
    assert run.result["on"] == "test"
    assert run.score == confirmed["score"]["percent"]
    assert run.result["baseline"]["score"] == confirmed["given"]["percent"]
    assert list(run.interval or ()) == [100 * end for end in confirmed["score"]["interval"]]


def test_pauses_are_no_part_of_how_long_it_took(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small)
    paused = change(ws, run, started=run.created - 5000)
    assert run.result is not None
    assert paused.seconds == run.result["seconds"]
    evaluated = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
    late = change(ws, runs.get_run(ws, evaluated), started=run.created - 5000)
    assert late.seconds is not None
    assert late.seconds < 100
    lost = change(ws, late, status="interrupted", result=None, finished=None)
    assert lost.seconds is not None
    assert lost.seconds < 100


def test_only_caps_that_were_reached_are_raised(ws: Workspace, small: Small) -> None:
    run = compiled(ws, small, budget={"calls": 20, "tokens": 6_000_000})
    assert reached_caps(run) == ["calls"]
    assert higher_caps(run) == {"calls": 40}
    nothing = compiled(ws, small, budget={"calls": 0, "tokens": 6_000_000})
    assert higher_caps(nothing) == {"calls": 100}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("tokens", 3_000_000.0, "3,000,000 tokens"),
        ("calls", 1, "1 call"),
        ("cost", 0.5, "$0.50"),
        ("cost", 0.0004, "$0.0004"),
        ("seconds", 1.5, "1.5 seconds"),
    ],
)
def test_amounts_are_written_out(name: str, value: float, text: str) -> None:
    assert cap_text(name, value) == text


@pytest.mark.parametrize("optimizer", ["labeled_few_shot", "bootstrap_few_shot"])
@pytest.mark.parametrize("budget", [None, {"calls": 200}, {"calls": 20}])
def test_the_estimate_counts_what_scoring_the_result_takes(
    ws: Workspace, small: Small, optimizer: str, budget: dict[str, float | None] | None
) -> None:
    ids = small.version, small.dataset
    told = estimate_compile(ws, *ids, optimizer, budget=budget, metric_id=small.metric)
    run = compiled(ws, small, optimizer, budget=budget)
    assert run.result is not None
    assert told.low <= run.result["calls"] <= told.high
    phases = {phase["name"]: phase for phase in told.phases}
    assert phases["score the result and the program as given"]["likely"] == 24
    scoring = run.result["report"]["spend_by_purpose"].get("score the result and the program as given", {})
    assert scoring.get("calls", 0) == (0 if budget == {"calls": 20} else 24)


def test_what_confirms_the_winner_is_not_counted_twice(ws: Workspace, small: Small) -> None:
    told = estimate_compile(ws, small.version, small.dataset, "labeled_few_shot", testset=True)
    assert [phase["name"] for phase in told.phases] == ["labelled demos", "confirm the winner"]
    chosen = estimate_compile(ws, small.version, small.dataset, "random_search")
    assert "score the result and the program as given" not in {phase["name"] for phase in chosen.phases}
