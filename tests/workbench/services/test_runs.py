"""Evaluations and compiles through the services, in this process."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from small_task import METRIC, Small

from core.foundation.errors import ConfigurationError, JobError, ResumeMismatch, StoreError, WorkbenchError
from workbench.services import compare, datasets, estimates, explore, metrics, runs, tasks
from workbench.services.workspace import Workspace

Start = Callable[..., str]


@pytest.fixture
def evaluate(ws: Workspace, small: Small) -> Start:
    def start(version: str | None = None, split: str = "validation", **more: object) -> str:
        return runs.start_evaluation(ws, version or small.version, small.dataset, split, small.metric, **more)  # type: ignore[arg-type]

    return start


def test_an_evaluation_gives_score_rows_and_traces(ws: Workspace, evaluate: Start) -> None:
    run = runs.get_run(ws, evaluate())
    rows = runs.run_rows(ws, run.id)
    assert run.status == "done"
    assert len(rows) == run.done == run.total == 12
    assert run.score == round(100 * sum(row.score or 0 for row in rows) / 12, 2)
    assert run.interval is not None
    assert run.interval[0] <= run.score <= run.interval[1]
    spans = runs.run_trace(ws, run.id, 3).spans
    assert {"lm", "adapter.render", "adapter.parse"} <= {span["kind"] for span in spans}
    assert next(span for span in spans if span["kind"] == "lm")["attributes"]["messages"]
    assert runs.run_row(ws, run.id, 3).example_id == rows[3].example_id


def test_the_figures_are_those_of_the_engine(ws: Workspace, small: Small, evaluate: Start) -> None:
    from core.evaluate import Evaluate
    from core.evaluate.metrics import make_metric
    from core.lm import LM
    from core.settings import context
    from workbench.jobs.engine import load_examples, load_program

    run = runs.get_run(ws, evaluate())
    program = load_program(tasks.get_version(ws, small.version).spec, None)
    with context(lm=LM("embedded/in-context")):
        result = Evaluate(
            devset=load_examples(ws.store, small.dataset, "validation"), metric=make_metric(METRIC)
        )(program)
    assert (run.score, run.result["interval"]) == (result.score, list(result.interval))  # type: ignore[index]


def test_names_tell_runs_apart(ws: Workspace, small: Small, evaluate: Start) -> None:
    other = metrics.save_metric(ws, small.task, {"kind": "f1", "params": {"fields": ["animal"]}})
    made = [
        evaluate(),
        evaluate(),
        evaluate(split="test"),
        evaluate(limit=3),
        runs.start_evaluation(ws, small.version, small.dataset, "validation", other.id),
        evaluate(name="mine"),
    ]
    names = [runs.get_run(ws, run_id).name for run_id in made]
    assert names[:4] == ["v1 · validation", "v1 · validation #2", "v1 · test", "v1 · validation · limit 3"]
    assert "f1" in names[4]
    assert names[5] == "mine"
    assert [run.id for run in runs.list_runs(ws, small.task)] == made[::-1]


def test_repeats_have_samples_of_their_own_and_count_once_per_example(ws: Workspace, evaluate: Start) -> None:
    run = runs.get_run(ws, evaluate(repeats=3, limit=4))
    rows = runs.run_rows(ws, run.id)
    assert [(row.repeat, row.position) for row in rows] == [(r, p) for r in range(3) for p in range(4)]
    assert run.total == 12
    single = runs.get_run(ws, evaluate(limit=4))
    assert run.score == single.score, "at temperature 0 every repeat says the same"


@pytest.mark.parametrize(
    "wrong",
    [
        {"split": "holdout"},
        {"limit": 0},
        {"repeats": 0},
        {"concurrency": 0},
        {"adapter": "yaml"},
        {"model": "nomodel"},
        {"version": "nothere"},
    ],
)
def test_bad_input_starts_nothing(ws: Workspace, evaluate: Start, wrong: dict[str, object]) -> None:
    with pytest.raises(WorkbenchError) as caught:
        evaluate(**wrong)
    assert caught.value.hint
    assert runs.list_runs(ws) == []


def test_a_compile_makes_a_version_that_can_be_compared(ws: Workspace, small: Small, evaluate: Start) -> None:
    before = evaluate()
    compiled = runs.get_run(
        ws, runs.start_compile(ws, small.version, small.dataset, small.metric, "labeled_few_shot", {"k": 9})
    )
    assert compiled.status == "done", compiled.error
    assert compiled.result_version_id is not None
    version = tasks.get_version(ws, compiled.result_version_id)
    assert (version.origin, version.parent_id, version.number) == (f"compile:{compiled.id}", small.version, 2)
    assert version.compiled
    after = runs.get_run(ws, evaluate(version.id))
    assert compiled.score == after.score
    assert compiled.result is not None
    assert compiled.result["calls"] == 12, (
        "scoring the result is paid too; the program as given was in the cache"
    )
    assert compiled.result["report"]["spend"]["calls"] == 12, "and the report counts it, as pages show it"
    assert "took 12 calls of these" in compiled.result["summary"]
    assert "on 12 validation rows that chose nothing" in compiled.result["summary"]
    assert "not scored" not in compiled.result["summary"]
    assert compiled.result["verdict"].startswith(
        ("No detectable difference: 33.3% before", "Improved: 33.3% before")
    )
    assert compiled.result["baseline"]["score"] == runs.get_run(ws, before).score  # type: ignore[index]
    result = compare.compare_runs(ws, before, after.id)
    assert result.b.score == after.score
    assert len(result.fixed) + len(result.broken) + len(result.same) == 12
    assert result.verdict
    assert any(line.startswith("+") for line in result.prompts[0].lines)
    assert result.prompts[0].before[0]["role"] == "system"
    assert [run.id for run in compare.comparable(ws, before)] == [after.id]
    assert any("chosen by these very rows" in note for note in result.notes)
    held_out = [evaluate(split="test"), evaluate(version.id, split="test")]
    assert compare.compare_runs(ws, *held_out).notes == []


def test_what_cannot_be_compared_is_refused(ws: Workspace, small: Small, evaluate: Start) -> None:
    first, other = evaluate(), evaluate(split="test")
    with pytest.raises(ConfigurationError, match="validation, the other test"):
        compare.compare_runs(ws, first, other)
    row = datasets.get_rows(ws, small.dataset, "train")[0]
    datasets.update_rows(ws, small.dataset, removed=[row.id])
    with pytest.raises(ConfigurationError, match="was changed"):
        compare.compare_runs(ws, first, evaluate())


def test_a_budget_is_kept_and_more_can_be_added(ws: Workspace, small: Small) -> None:
    run = runs.get_run(
        ws,
        runs.start_compile(
            ws, small.version, small.dataset, small.metric, "random_search", {"num_candidate_programs": 2},
            budget={"calls": 20},
        ),
    )  # fmt: skip
    assert run.result is not None
    assert run.result["stop_code"] == "budget"
    assert run.result["calls"] <= 20
    again = runs.resume_run(ws, run.id, budget={"calls": None})
    assert again.result is not None
    assert again.result["stop_code"] in ("done", "perfect")
    assert again.attempt == 2


def test_only_what_can_go_on_is_resumed(ws: Workspace, evaluate: Start) -> None:
    with pytest.raises(JobError, match="is done"):
        runs.resume_run(ws, evaluate())


def test_a_changed_dataset_is_not_resumed(ws: Workspace, small: Small, evaluate: Start) -> None:
    from workbench.store.tables import RunRow

    run_id = evaluate()
    row = datasets.get_rows(ws, small.dataset, "train")[0]
    datasets.update_rows(ws, small.dataset, removed=[row.id])
    with ws.store.write() as session:
        stored = session.get(RunRow, run_id)
        assert stored is not None
        stored.status = "stopped"
    run = runs.resume_run(ws, run_id)
    assert run.status == "failed"
    assert run.error is not None
    assert run.error["type"] == ResumeMismatch.__name__
    assert "new run" in run.error["hint"]


def test_rows_are_rated_and_runs_renamed_and_put_away(ws: Workspace, evaluate: Start) -> None:
    run_id = evaluate()
    assert runs.rate_row(ws, run_id, 2, -1, "wrong animal").rating == -1
    assert runs.rate_row(ws, run_id, 2, 1).comment == ""
    assert [row.rating for row in runs.run_rows(ws, run_id)].count(1) == 1
    assert runs.rate_row(ws, run_id, 2, None).rating is None
    with pytest.raises(ConfigurationError):
        runs.rate_row(ws, run_id, 2, 5)
    with pytest.raises(StoreError):
        runs.rate_row(ws, run_id, 99, 1)
    assert runs.rename_run(ws, run_id, "first").name == "first"
    runs.archive_run(ws, run_id)
    assert runs.list_runs(ws) == []
    assert [run.name for run in runs.list_runs(ws, archived=True)] == ["first"]


def test_estimates_ask_no_model_and_agree_with_what_happens(
    ws: Workspace, small: Small, evaluate: Start
) -> None:
    expected = estimates.estimate_evaluation(ws, small.version, small.dataset, "validation")
    assert (expected.likely, expected.cost) == (12, 0.0)
    assert expected.prompt_tokens_per_call > 20
    guess = estimates.estimate_compile(
        ws, small.version, small.dataset, "random_search", {"num_candidate_programs": 2}
    )
    assert 0 < guess.low <= guess.likely <= guess.high
    run_id = runs.start_compile(
        ws, small.version, small.dataset, small.metric, "random_search", {"num_candidate_programs": 2}
    )
    calls = runs.get_run(ws, run_id).result["calls"]  # type: ignore[index]
    assert calls <= guess.high
    assert runs.run_events(ws, run_id)[0]["type"] == "header"
    assert runs.run_events(ws, run_id, since=3)[0]["position"] == 4


def test_a_probe_tells_tokens_and_time_as_ranges_that_hold(ws: Workspace, small: Small) -> None:
    params = {"num_candidate_programs": 2}
    guess = estimates.estimate_compile(
        ws, small.version, small.dataset, "random_search", params, probe_rows=3
    )
    assert guess.seconds is not None
    assert 0 < guess.seconds["low"] < guess.seconds["likely"] < guess.seconds["high"]
    told = estimates.estimate_compile(ws, small.version, small.dataset, "random_search", params)
    assert told.seconds is None  # nothing was asked
    run_id = runs.start_compile(
        ws, small.version, small.dataset, small.metric, "random_search", {"num_candidate_programs": 2}
    )
    spend = runs.get_run(ws, run_id).result["report"]["spend"]  # type: ignore[index]
    used = spend["prompt_tokens"] + spend["completion_tokens"]
    for estimate in (guess, told):
        assert estimate.tokens["low"] <= used <= estimate.tokens["high"]
        assert estimate.to_dict()["tokens"] == estimate.tokens


def test_one_input_by_hand(ws: Workspace, small: Small) -> None:
    result = explore.run_once(ws, small.version, {"text": "a dog that barks"})
    assert result.ok
    assert result.outputs["animal"] == "dog"
    assert result.usage["calls"] == 1
    assert explore.run_once(ws, small.version, {"text": "a dog that barks"}).cached
    assert not explore.run_once(ws, small.version, {"text": "a dog that barks"}, cache=False).cached
    wrong = explore.run_once(ws, small.version, {})
    assert not wrong.ok
    assert wrong.hint
    assert explore.run_once(ws, small.version, {"text": "x"}, "nomodel").error


def test_failures_of_the_endpoint_are_rows_and_resume_runs_only_those(ws: Workspace, small: Small) -> None:
    from counting_server import CountingServer

    from workbench.services import models

    server = CountingServer()
    down = models.save_connection(ws, "flaky", "http://127.0.0.1:9/v1", "m", options={"num_retries": 0})
    run_id = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric, "flaky")
    run = runs.get_run(ws, run_id)
    assert (run.status, run.score, run.unscored) == ("done", None, 6)
    assert {row.outcome for row in runs.run_rows(ws, run_id)} == {"infrastructure_failure"}
    assert run.can_resume
    models.save_connection(ws, "flaky", server.url, "m", connection_id=down.id)
    run = runs.resume_run(ws, run_id)
    assert (run.status, run.unscored, run.can_resume) == ("done", 0, False)
    assert run.score is not None
    assert server.total == 6
    server.close()
