"""Ablations through the services, in this process: planned, run, stopped at a cap, gone on with, resumed."""

from __future__ import annotations

from typing import Any

import pytest
from small_task import Small

from core.foundation.errors import ConfigurationError, JobError
from core.search.ablation import ablate
from workbench.services import ablations, compile_report, datasets, metrics, runs, samples, tasks
from workbench.services.workspace import Workspace


@pytest.fixture
def compiled(ws: Workspace, small: Small) -> str:
    """A compile whose winner differs by its demos only."""
    return runs.start_compile(ws, small.version, small.dataset, small.metric, "labeled_few_shot", {"k": 9})


def test_a_plan_says_what_would_run_and_what_it_takes_at_most(ws: Workspace, compiled: str) -> None:
    plan = ablations.plan_ablation(ws, compiled)
    assert plan.names == ["as given", "instructions only", "demos only", "both"]
    assert plan.runs == ["as given", "demos only"], "equal programs are run once"
    assert (plan.split, plan.rows, plan.empty) == ("test", 6, False)
    assert (plan.estimate.low, plan.estimate.high) == (12, 24), "every reply may need a repair turn"
    assert ablations.plan_ablation(ws, compiled, "validation", 5).estimate.high == 20
    assert ablations.rows_text("test", 6) == "6 test rows that chose nothing"
    assert "flatters" in ablations.rows_text("validation", 5)


def test_a_metric_that_asks_a_model_is_counted_too(ws: Workspace, small: Small) -> None:
    judge = {"kind": "judge", "params": {"rubric": "Is it the animal?"}}
    metric = metrics.save_metric(ws, small.task, judge)
    run = runs.start_compile(ws, small.version, small.dataset, metric.id, "labeled_few_shot", {"k": 2})
    plan = ablations.plan_ablation(ws, run)
    assert [phase["name"] for phase in plan.estimate.phases] == ["run rows", "judge the answers"]
    assert plan.estimate.high == 2 * 24


def test_an_ablation_is_a_run_whose_table_is_the_engines(ws: Workspace, small: Small, compiled: str) -> None:
    run = runs.get_run(ws, ablations.start_ablation(ws, compiled))
    assert (run.status, run.kind, run.split) == ("done", "ablation", "test"), run.error
    assert run.name == "Ablation of v2 · test"
    assert run.settings["budget"] == {"calls": 24}
    assert run.done == run.total == 12
    found = ablations.ablation_of(run)
    assert found is not None
    assert [variant.rows for variant in found.variants] == [6] * 4
    assert run.result["calls"] == 12
    assert found.to_dict() == _by_the_engine(ws, small, compiled).to_dict()
    assert [item.id for item in ablations.ablations_of(ws, compiled)] == [run.id]
    assert run.id not in [item.id for item in runs.list_runs(ws, small.task, kind="evaluate")]
    again = runs.get_run(ws, ablations.start_ablation(ws, compiled))
    assert again.result["calls"] == 0, "the cache has the answers"


def _by_the_engine(ws: Workspace, small: Small, compiled: str) -> Any:
    from core.evaluate.metrics import make_metric
    from workbench.jobs.engine import engine_context, load_examples, load_program, open_model

    run = runs.get_run(ws, compiled)
    assert run.result_version_id is not None
    given, made = (tasks.get_version(ws, item) for item in (run.version_id, run.result_version_id))
    with engine_context(ws.store, open_model(ws.store, run.model), "chat"):
        return ablate(
            load_program(made.spec, made.state),
            load_program(given.spec, given.state),
            load_examples(ws.store, small.dataset, "test"),
            make_metric(metrics.get_metric(ws, small.metric).spec),
        )


def test_every_step_of_a_longer_program_is_left_out_once(ws: Workspace) -> None:
    task = samples.open_sample(ws, "two_hop_questions")
    version = tasks.newest_version(ws, task)
    assert version is not None
    (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
    run = runs.start_compile(ws, version.id, data.id, metric.id, "labeled_few_shot", {"k": 2})
    plan = ablations.plan_ablation(ws, run, limit=3)
    paths = [name.partition(" ")[2] for name in plan.names if name.startswith("only ")]
    assert plan.steps == len(paths) >= 2
    assert ablations.parts_name(f"without {paths[0]}") == f"All but step {paths[0]} compiled"
    found = ablations.ablation_of(runs.get_run(ws, ablations.start_ablation(ws, run, limit=3)))
    assert found is not None
    assert [variant.name for variant in found.variants] == plan.names
    assert len(ablations.plan_ablation(ws, run, limit=3, steps=False).names) == 4


def test_a_cap_is_never_exceeded_and_raising_it_goes_on(ws: Workspace, compiled: str) -> None:
    run_id = ablations.start_ablation(ws, compiled, budget={"calls": 8})
    run = runs.get_run(ws, run_id)
    assert (run.status, run.result["stop_code"], run.result["calls"]) == ("done", "budget", 8)
    found = ablations.ablation_of(run)
    assert found is not None
    assert found["as given"].rows == 6
    assert found["both"].rows == 2
    assert found["both"].note == "The budget was used up after 2 of 6 rows."
    runs.resume_run(ws, run_id, budget={"calls": 12})
    run = runs.get_run(ws, run_id)
    assert (run.result["stop_code"], run.result["calls"]) == ("done", 12), "what was paid is not paid again"
    found = ablations.ablation_of(run)
    assert found is not None
    assert [variant.note for variant in found.variants] == [""] * 4


def test_what_ended_at_its_cap_says_so_and_how_to_go_on(ws: Workspace, compiled: str) -> None:
    run_id = ablations.start_ablation(ws, compiled, budget={"calls": 8})
    result = runs.get_run(ws, run_id).result
    assert result is not None
    assert "figures so far" in result["stop_reason"] and "Raise it to go on" in result["stop_reason"]
    with pytest.raises(JobError, match="its budget was used up") as caught:
        runs.resume_run(ws, run_id)
    assert "--budget calls=" in caught.value.hint


def test_data_that_were_changed_after_the_compile_are_warned_of(
    ws: Workspace, small: Small, compiled: str
) -> None:
    assert ablations.plan_ablation(ws, compiled).warning == ""
    before = runs.get_run(ws, ablations.start_ablation(ws, compiled))
    row = datasets.get_rows(ws, small.dataset, "train")[0]
    datasets.update_rows(ws, small.dataset, removed=[row.id])
    plan = ablations.plan_ablation(ws, compiled)
    assert plan.warning.startswith("The dataset was changed after this compile")
    assert ablations.rows_text(plan.split, plan.rows, plan.warning) == "6 test rows"
    run = runs.get_run(ws, ablations.start_ablation(ws, compiled))
    assert run.status == "done", run.error
    assert ablations.warning_of(run) == plan.warning
    assert ablations.warning_of(before) == ""
    page = compile_report.report_html(ws, compiled)
    assert plan.warning in page and "that chose nothing" not in page.partition("Which part does the work")[2]


def test_calls_in_flight_at_a_cap_are_counted_when_it_goes_on(ws: Workspace, compiled: str) -> None:
    run_id = ablations.start_ablation(ws, compiled, budget={"calls": 8})
    events = runs.run_events(ws, run_id)
    assert sum(event["calls"] for event in events) == 8
    assert events[-1]["type"] == "variant"
    assert events[-1]["ended"] == "budget"


def test_rows_that_fail_are_said_and_run_again(ws: Workspace, compiled: str, monkeypatch: Any) -> None:
    broken = _Broken(times=1)
    monkeypatch.setattr("core.evaluate.metrics.make_metric", lambda spec: broken)
    run_id = ablations.start_ablation(ws, compiled)
    run = runs.get_run(ws, run_id)
    found = ablations.ablation_of(run)
    assert found is not None
    assert found["as given"].note.startswith("1 of 6 rows has no score; the last failure: MetricError")
    assert "no gold" in found["as given"].note
    assert run.unscored == 1
    assert run.can_resume
    runs.resume_run(ws, run_id)
    run = runs.get_run(ws, run_id)
    found = ablations.ablation_of(run)
    assert found is not None
    assert (run.unscored, found["as given"].note, found["as given"].rows) == (0, "", 6)


class _Broken:
    """A metric that fails so many times and then gives one point."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, example: Any, prediction: Any, trace: Any = None) -> float:
        self.left -= 1
        if self.left >= 0:
            raise ValueError("no gold")
        return 1.0


def test_where_nothing_can_be_scored_the_run_fails_with_the_reason(
    ws: Workspace, compiled: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr("core.evaluate.metrics.make_metric", lambda spec: _Broken(times=1000))
    monkeypatch.setattr("workbench.jobs.request._LEAST_ERRORS", 1)
    run = runs.get_run(ws, ablations.start_ablation(ws, compiled))
    assert run.status == "failed"
    assert "no gold" in run.error["message"]
    assert "resume" in run.error["hint"]


def test_what_cannot_be_taken_apart_is_refused_and_nothing_starts(
    ws: Workspace, small: Small, compiled: str
) -> None:
    evaluated = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
    with pytest.raises(ConfigurationError, match="no compile"):
        ablations.start_ablation(ws, evaluated)
    with pytest.raises(ConfigurationError, match="split"):
        ablations.start_ablation(ws, compiled, "holdout")
    with pytest.raises(ConfigurationError, match="limit is 0"):
        ablations.start_ablation(ws, compiled, limit=0)
    nothing = runs.start_compile(ws, small.version, small.dataset, small.metric, "labeled_few_shot", {"k": 0})
    assert ablations.plan_ablation(ws, nothing).empty
    with pytest.raises(ConfigurationError, match="as given"):
        ablations.start_ablation(ws, nothing)
    assert ablations.ablations_of(ws, compiled) == []


def test_only_compiles_and_ablations_have_a_budget(ws: Workspace, small: Small) -> None:
    run = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
    with pytest.raises((ConfigurationError, JobError)):
        runs.resume_run(ws, run, budget={"calls": 3})
