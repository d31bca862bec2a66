"""What the page of a compile says of its figures: on which rows, what was spent, which examples, what is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.components.compile_candidates import candidates_of, outcome_text
from workbench.components.compile_examples import demo_rows
from workbench.components.compile_log import event_text
from workbench.components.compile_outcome import rows_text
from workbench.components.compile_view import changed_params
from workbench.components.figures import gain
from workbench.components.warning_list import folded
from workbench.services import datasets, metrics, runs, samples, tasks
from workbench.store.tables import RunRow

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]
SMALL = {"num_candidate_programs": 1, "max_bootstrapped_demos": 1, "max_labeled_demos": 2}


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


@pytest.fixture
def task(ws: Any) -> str:
    return samples.open_sample(ws, "message_extraction")


@pytest.fixture
def search(ws: Any, task: str) -> Callable[..., runs.Run]:
    """`search(budget=…)`: a compile of the sample as it ended."""

    def start(optimizer: str = "random_search", params: Any = SMALL, **more: Any) -> runs.Run:
        version = tasks.newest_version(ws, task, compiled=False)
        assert version is not None
        (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
        run_id = runs.start_compile(ws, version.id, data.id, metric.id, optimizer, params, **more)
        return runs.get_run(ws, run_id)

    return start


def changed(ws: Any, run_id: str, **columns: Any) -> None:
    """Change what the store says of a run."""
    with ws.store.write() as session:
        row = session.get(RunRow, run_id)
        for name, value in columns.items():
            setattr(row, name, value)


# ── rows ────────────────────────────────────────────────────────────────────────────────────────────────


def report(chosen: float, confirmed: float, rows: int = 81, *, kept: bool = False) -> dict[str, Any]:
    return {
        "best": "c1",
        "candidates": [{"id": "c1", "notes": {"baseline": kept}}],
        "score": {"mean": chosen, "rows": rows, "on": "validation"},
        "baseline": {"mean": 0.34, "rows": 81, "on": "validation"},
        "confirmation": {"score": {"mean": confirmed, "rows": 80, "on": "test"}},
    }


def test_scores_that_chose_are_compared_with_the_same_rows_and_called_flattering_only_where_they_are() -> (
    None
):
    plain = rows_text({}, report(0.6, 0.5), tested=True)
    assert plain.endswith(
        "On the 81 validation rows that chose the winner it has 60.0 %, 34.0 % before: that flatters it."
    )
    few = rows_text({}, report(0.75, 0.5, rows=2), tested=True)
    assert few.endswith("On the 2 validation rows that chose the winner it has 75.0 %: that flatters it.")
    assert rows_text({}, report(0.4, 0.5), tested=True).endswith("it has 40.0 %, 34.0 % before.")
    kept = rows_text({}, report(0.34, 0.3, kept=True), tested=True)
    assert kept.endswith("the program as given, which was kept, has 34.0 %.")


def test_test_rows_are_named_only_where_there_are_some() -> None:
    own = {name: value for name, value in report(0.6, 0.5).items() if name != "confirmation"}
    assert "the score on test rows says how good it really is" in rows_text({}, own, tested=True)
    assert "test rows" not in rows_text({}, own, tested=False)


def test_evaluating_what_was_compiled_begins_with_its_data_metric_and_test_rows(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search()
    (data,) = datasets.list_datasets(ws, task)
    fields = {name: name for name in data.fields}
    first = datasets.get_rows(ws, data.id, limit=1)[0].data
    table = datasets.read_table(json.dumps([first]).encode(), "later.json")
    later = datasets.import_dataset(ws, task, "later", table, fields)
    assert datasets.list_datasets(ws, task)[0].id == later.id, "what forms begin with where nothing is said"
    at = app(
        "evaluate",
        task=task,
        version=run.result_version_id,
        dataset=data.id,
        metric=run.metric_id,
        split="test",
    )
    assert not at.exception
    assert at.selectbox(key="eval_data").value == data.id
    assert at.selectbox(key="eval_split").value == "test"
    assert at.selectbox(key="eval_version").value == run.result_version_id
    at = app("compile", task=task, run=run.id)
    links = {item.proto.label: item.proto.query_string for item in at.get("page_link")}
    where = links["Evaluate the compiled program"]
    for part in (
        f"version={run.result_version_id}",
        f"dataset={data.id}",
        f"metric={run.metric_id}",
        "split=test",
    ):
        assert part in where


def test_a_compiled_program_without_its_like_leads_to_the_one_before_on_the_same_rows(
    app: Open, ws: Any, task: str, search: Any
) -> None:
    run = search()
    first = runs.start_evaluation(ws, run.result_version_id, run.dataset_id, "test", run.metric_id, limit=3)
    at = app("evaluate", task=task, run=first)
    links = {item.proto.label: item.proto.query_string for item in at.get("page_link")}
    assert f"version={run.version_id}" in links["Evaluate the program before on these rows"]
    assert "split=test" in links["Evaluate the program before on these rows"]
    runs.start_evaluation(ws, run.version_id, run.dataset_id, "test", run.metric_id, limit=3)
    at = app("evaluate", task=task, run=first)
    assert "Compare with before" in {item.proto.label for item in at.get("page_link")}


# ── what was spent ──────────────────────────────────────────────────────────────────────────────────────


def test_no_cap_and_a_cap_of_nothing_are_two_things(app: Open, ws: Any, task: str) -> None:
    at = app("compile", task=task)
    for name in ("calls", "tokens"):
        at.number_input(key=f"compile_{name}").set_value(0)
    for name in ("cost", "minutes"):
        at.number_input(key=f"compile_{name}").set_value(0.0)
    at.run()
    button(at, "Start compiling").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, task, kind="compile")
    assert run.settings["budget"] == {"calls": 0, "tokens": 0, "cost": 0.0, "seconds": 0.0}
    assert not (run.result or {}).get("calls")
    assert len(at.get("progress")) == 4, "each cap has its bar, full from the start"


def test_a_cap_of_nothing_that_ended_a_search_is_raised_to_something(
    app: Open, ws: Any, task: str, search: Any
) -> None:
    run = search(budget={"tokens": 0, "calls": 500})
    at = app("compile", task=task, run=run.id)
    key = f"go_on_{run.id}_{run.attempt}"
    assert at.number_input(key=f"{key}_tokens").value == 100_000
    assert at.number_input(key=f"{key}_calls").value == 500, "not reached, not doubled"


def test_tokens_are_those_of_prompts_and_replies(app: Open, ws: Any, task: str, search: Any) -> None:
    run = search(budget={"tokens": 3_000_000})
    told = run.result["report"]["spend"]  # type: ignore[index]
    tokens = told["prompt_tokens"] + told["completion_tokens"]
    assert tokens > 0
    for result in (run.result, None):  # as it ended, and as its events told it before
        changed(ws, run.id, result=result)
        at = app("compile", task=task, run=run.id)
        assert f"{tokens:,} of 3,000,000 tokens" in at.get("progress")[0].proto.text


def test_nothing_was_kept_back_where_another_cap_was_reached(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search(budget={"calls": 300, "tokens": 30_000})
    spend = {"calls": 119, "prompt_tokens": 29_000, "completion_tokens": 1_000, "cost": 0.0}
    for tokens, said in ((30_000, False), (90_000, True)):
        told = {
            **run.result["report"],  # type: ignore[index]
            "stop_code": "budget",
            "spend": spend,
            "confirmation": {
                "score": {"mean": 0.5, "rows": 3, "on": "test"},
                "given": {"mean": 0.5, "rows": 3},
            },
        }
        changed(
            ws,
            run.id,
            progress={},
            result={**run.result, **spend, "report": told},
            settings={**run.settings, "budget": {"calls": 300, "tokens": tokens}},
        )
        shown = texts(app("compile", task=task, run=run.id))
        assert ("was kept for confirming the winner, and not needed" in shown) is said, tokens


def test_large_and_small_figures_read_as_people_write_them() -> None:
    used = {"type": "budget", "kind": "warning", "resource": "tokens", "used": 1.5e6, "cap": 3e6}
    assert event_text(used) == "budget: 1,500,000 of 3,000,000 tokens used"
    lost = {"type": "dropped", "candidate": "c4", "reason": "44.4% on the first 9 rows"}
    assert event_text(lost) == "c4: dropped, 44.4 % on the first 9 rows", "as the table beside it has them"
    assert event_text({**used, "resource": "seconds", "used": 1, "cap": 2}) == "budget: 1 of 2 seconds used"
    assert event_text({**used, "resource": "cost", "used": 0.25, "cap": 0.5}) == "budget: $0.25 of $0.50 used"
    assert (gain(0.23745), gain(0.0001), gain(-0.5), gain(None)) == (
        "+23.7 points",
        "±0.0 points",
        "-50.0 points",
        None,
    )


# ── what was made ───────────────────────────────────────────────────────────────────────────────────────


def test_the_examples_of_a_winner_can_be_read(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search("labeled_few_shot", {"k": 4})
    at = app("compile", task=task, run=run.id)
    assert "The 4 examples in its prompts" in {item.label for item in at.expander}
    (made,) = [item for item in candidates_of(runs.run_events(ws, run.id)) if item["examples"]]
    (demos,) = made["demos"].values()
    rows = {item.id: item.data for item in datasets.get_rows(ws, run.dataset_id)}
    table = demo_rows(demos, rows)
    assert len(table) == 4
    assert all(set(line) > {"row", "from"} and line["from"] == "the row" for line in table)
    own = demo_rows([{"row": "r", "values": {"a": 1}}, {"row": "gone"}], {})
    assert own == [{"row": "r", "from": "a run that passed", "a": 1}, {"row": "gone", "from": "the row"}]


def test_a_winner_that_is_the_program_as_given_changes_nothing(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search()
    told = {**run.result["report"], "best": "c0"}  # type: ignore[index]
    changed(ws, run.id, result={**run.result, "report": told})
    shown = texts(app("compile", task=task, run=run.id))
    assert "**The winner c0 is the program as given**: nothing was changed." in shown
    assert "changes**" not in shown


def test_what_became_of_a_candidate_is_said_with_its_reason() -> None:
    assert outcome_text({"status": "dropped", "reason": "it cannot win"}) == "dropped: it cannot win"
    assert outcome_text({"status": "scored", "reason": ""}) == "scored"
    assert outcome_text({"status": "scored", "reason": ""}, winner=True) == "winner · scored"


def test_a_run_that_was_cut_off_says_what_it_knows(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search(budget={"calls": 300})
    changed(ws, run.id, status="interrupted", result=None)
    at = app("compile", task=task, run=run.id)
    assert not at.exception
    shown = {item.label: item.value for item in at.metric}
    assert shown["Best so far"] == f"{run.progress['score']:.1f} %"
    assert int(shown["Calls so far"]) > 0
    assert "resume it to go on" in texts(at)


def test_a_run_that_goes_on_shows_what_its_events_say_and_not_how_it_ended_before(
    app: Open, ws: Any, task: str, search: Any
) -> None:
    from workbench.jobs.holder import this_process

    run = search(budget={"calls": 300})
    calls = run.result["calls"]  # type: ignore[index]
    changed(
        ws,
        run.id,
        status="running",
        worker=this_process("inline"),
        progress={**run.progress, "calls": calls + 7},
    )
    at = app("compile", task=task, run=run.id)
    assert {item.label for item in at.metric} == {"Best so far", "Before", "Candidates", "Calls so far"}
    assert f"Budget: {calls + 7} of 300 calls" in {item.proto.text for item in at.get("progress")}


def test_parameters_are_called_as_in_the_form() -> None:
    assert changed_params("simba", {"bsize": 16, "max_steps": 8}) == {"Rows a step": 16}


def test_warnings_that_say_the_same_are_one_in_the_words_of_the_page() -> None:
    same = "0 traces kept of 2 attempts. Use a stronger teacher (teacher_settings)."
    said = folded(
        [
            "There is 1 row to choose by. Give a valset of 20 rows or more.",
            f"bootstrapped, rows in order: {same}",
            *(f"bootstrapped, shuffle {number}: {same}" for number in range(16)),
            "There are 2 training rows, fewer than bsize=32. Give a smaller bsize.",
        ]
    )
    assert said == [
        "There is 1 row to choose by. Give a validation set of 20 rows or more.",
        "bootstrapped, rows in order: 0 traces kept of 2 attempts. Use a stronger teacher (the teacher model). "
        "(16 more like it are in the event log.)",
        "There are 2 training rows, fewer than 32 rows a step. Give a smaller number of rows a step.",
    ]


# ── where one is ────────────────────────────────────────────────────────────────────────────────────────


def test_an_address_that_names_a_run_alone_means_its_task(app: Open, finished: Any, ws: Any) -> None:
    other = samples.open_sample(ws, "message_extraction")
    for page, run_id in (("compile", finished.compile), ("evaluate", finished.zero_shot)):
        at = app(page, run=run_id)
        assert not at.exception
        assert at.query_params["task"] == [finished.task] or at.query_params["task"] == finished.task
        assert at.query_params["run"] in (run_id, [run_id])
    at = app("compile", run="nosuchrun1")
    assert not at.exception
    assert other


def test_runs_that_a_filter_hides_are_not_called_none(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    empty = samples.open_sample(ws, "message_extraction")
    at = app("runs", task=empty)
    shown = texts(at)
    assert "No runs yet" not in shown
    assert "No run matches" in shown
    button(at, "Show all runs").click().run()
    assert not at.exception
    assert len(at.dataframe[0].value) == 3


def test_a_number_that_may_be_nothing_can_be_emptied(app: Open, ws: Any, task: str) -> None:
    at = app("compile", task=task)
    field = at.number_input(key="compile_auto_max_calls")
    assert field.value == 600
    assert not field.proto.HasField("default"), "the browser lets nobody empty a field that has a default"
    at.number_input(key="compile_auto_max_calls").set_value(None).run()
    assert at.number_input(key="compile_auto_max_calls").value is None
    said = next(code.value for code in at.code if code.value.startswith("workbench compile"))
    assert "--param max_calls=null" in said


def test_the_card_of_an_optimizer_says_what_is_what(app: Open, task: str, texts: Texts) -> None:
    shown = texts(app("compile", task=task))
    assert "**When to use it:** Always a good start" in shown
    assert "**Needs:** A metric" in shown


def test_a_run_whose_state_changed_draws_the_whole_page_anew(
    app: Open, ws: Any, task: str, search: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = search()
    earlier = runs.list_runs
    seen: list[str] = []

    def once_queued(*args: Any, **more: Any) -> list[runs.Run]:
        from dataclasses import replace

        found = earlier(*args, **more)
        if more.get("kind") == "compile" and not seen:
            seen.append("queued")
            return [replace(item, status="queued", result=None) for item in found]
        return found

    monkeypatch.setattr(runs, "list_runs", once_queued)
    at = app("compile", task=task, run=run.id)
    assert seen
    assert "queued" not in at.selectbox(key="select_run").options[0]
    assert "%" in at.selectbox(key="select_run").options[0]
