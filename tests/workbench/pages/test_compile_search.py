"""Compile in the browser: how it races, stops and is confirmed; what it will take; its budget; its report to keep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.services import datasets, metrics, runs, samples, tasks
from workbench.services.compile_report import report_html, report_of

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]
SMALL = {"num_candidate_programs": 1, "max_bootstrapped_demos": 1, "max_labeled_demos": 2}


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


def command(at: AppTest) -> str:
    return next(code.value for code in at.code if code.value.startswith("workbench compile"))


@pytest.fixture
def task(ws: Any) -> str:
    return samples.open_sample(ws, "message_extraction")


@pytest.fixture
def search(ws: Any, task: str) -> Callable[..., runs.Run]:
    """`search(budget=…)`: a compile of the sample as it ended."""

    def start(optimizer: str = "random_search", params: Any = SMALL, **more: Any) -> runs.Run:
        version = tasks.newest_version(ws, task, compiled=False)
        (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
        run_id = runs.start_compile(ws, version.id, data.id, metric.id, optimizer, params, **more)
        return runs.get_run(ws, run_id)

    return start


def test_racing_stops_and_confirmation_are_fields_that_reach_the_run(
    app: Open, ws: Any, task: str, texts: Texts
) -> None:
    at = app("compile", task=task)
    at.selectbox(key="compile_optimizer").set_value("random_search").run()
    for name, value in SMALL.items():
        at.number_input(key=f"compile_random_search_{name}").set_value(value)
    at.toggle(key="compile_racing").set_value(False)
    at.number_input(key="compile_target").set_value(99.0)
    at.number_input(key="compile_plateau").set_value(7)
    at.selectbox(key="compile_proof").set_value("testset").run()
    assert not at.exception
    assert "chose nothing" in at.selectbox(key="compile_proof").help
    assert "is confirmed on 29 test rows" in texts(at)
    for flag in ("--no-racing", "--target 0.99", "--plateau 7", "--testset"):
        assert flag in command(at), flag
    button(at, "Start compiling").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, task, kind="compile")
    kept = {name: run.settings[name] for name in ("racing", "target", "plateau", "testset", "confirm")}
    assert kept == {"racing": False, "target": 0.99, "plateau": 7, "testset": True, "confirm": None}
    shown = texts(at)
    for said in (
        "racing off",
        "stops at 99 %",
        "after 7 candidates without gain",
        "confirmed on the test rows",
    ):
        assert said in shown, said
    assert "**On 29 test rows that chose nothing.**" in shown


def test_rows_set_aside_are_a_share_of_the_form(app: Open, task: str) -> None:
    at = app("compile", task=task)
    assert not [field for field in at.number_input if field.key == "compile_confirm"]
    at.selectbox(key="compile_proof").set_value("confirm").run()
    at.number_input(key="compile_confirm").set_value(30).run()
    assert "--confirm 0.3" in command(at)
    assert "--testset" not in command(at)


def test_an_optimizer_that_scores_nothing_has_only_a_winner_to_confirm(app: Open, task: str) -> None:
    at = app("compile", task=task)
    at.selectbox(key="compile_optimizer").set_value("labeled_few_shot").run()
    assert not [field for field in at.toggle if field.key == "compile_racing"]
    assert at.selectbox(key="compile_proof").options[0] == "no"


def test_without_test_rows_there_is_no_choice_of_them(app: Open, ws: Any, task: str) -> None:
    (data,) = datasets.list_datasets(ws, task)
    datasets.split_dataset(ws, data.id, train=0.5, validation=0.5, test=0.0)
    at = app("compile", task=task)
    assert at.selectbox(key="compile_proof").options == ["no", "on rows set aside"]


def test_the_estimate_has_a_line_for_each_phase_and_time_once_measured(
    app: Open, task: str, texts: Texts
) -> None:
    at = app("compile", task=task)
    at.selectbox(key="compile_optimizer").set_value("copro").run()
    at.selectbox(key="compile_proof").set_value("testset").run()
    table = at.dataframe[0].value
    assert list(table["phase"]) == ["write instructions", "score candidates", "confirm the winner"]
    assert list(table.columns) == ["phase", "calls", "tokens", "money"]
    assert " to " in table["calls"][1]
    at.button(key="compile_measure").click().run()
    assert not at.exception
    table = at.dataframe[0].value
    assert "time" in table.columns
    assert all(" s" in cell or "min" in cell for cell in table["time"])
    assert not [item for item in at.button if item.key == "compile_measure"], "it is known now"
    at.number_input(key="compile_copro_depth").set_value(1).run()
    assert "time" in at.dataframe[0].value.columns, "other parameters are reckoned from the same measurement"


def test_whose_price_counts_is_said_where_models_differ(app: Open, ws: Any, task: str) -> None:
    from workbench.services import models

    models.save_connection(ws, "dear", "http://127.0.0.1:9/v1", "dear")
    models.set_price(ws, "openai/dear", 100.0, 100.0)
    at = app("compile", task=task)
    at.selectbox(key="compile_optimizer").set_value("copro").run()
    at.selectbox(key="compile_prompt_model").set_value("dear").run()
    table = at.dataframe[0].value
    assert list(table["asks"]) == ["dear", "embedded/in-context"]
    assert table["money"][0].startswith("$")
    assert table["money"][1] == "free"


def test_a_budget_that_ended_a_search_is_raised_on_its_page(
    app: Open, ws: Any, task: str, search: Any, texts: Texts
) -> None:
    run = search(budget={"calls": 40})
    at = app("compile", task=task, run=run.id)
    assert "The budget of 40 calls is used up" in texts(at)
    key = f"go_on_{run.id}_{run.attempt}"
    assert at.number_input(key=f"{key}_calls").value == 80, "twice what was not enough"
    at.number_input(key=f"{key}_calls").set_value(4_000)
    button(at, "Go on").click().run()
    assert not at.exception
    again = runs.get_run(ws, run.id)
    assert (again.status, again.attempt, again.settings["budget"]) == ("done", 2, {"calls": 4_000})
    assert again.result["stop_code"] in ("done", "perfect")  # type: ignore[index]
    at = app("compile", task=task, run=run.id)
    assert not [item for item in at.button if item.label == "Go on"]


def test_the_cap_that_an_optimizer_sets_itself_can_be_raised_too(
    app: Open, ws: Any, task: str, search: Any
) -> None:
    from workbench.store.tables import RunRow

    run = search("auto", {"max_calls": 50})
    with ws.store.write() as session:  # as where all of it was needed
        row = session.get(RunRow, run.id)
        report = {**row.result["report"], "spend": {**row.result["report"]["spend"], "calls": 50}}
        row.result = {**row.result, "stop_code": "budget", "report": report}
    at = app("compile", task=task, run=run.id)
    assert at.number_input(key=f"go_on_{run.id}_{run.attempt}_calls").value == 100


def test_half_and_four_fifths_of_a_budget_are_warnings_while_it_runs(
    app: Open, ws: Any, task: str, search: Any
) -> None:
    from workbench.jobs.holder import this_process
    from workbench.store.tables import RunRow

    run = search(budget={"calls": 40})
    with ws.store.write() as session:  # as the page sees it shortly before the end
        row = session.get(RunRow, run.id)
        row.status, row.result, row.worker = "running", None, this_process("inline")
    at = app("compile", task=task, run=run.id)
    assert not at.exception
    (warning,) = [item.value for item in at.warning if "budget" in item.value]
    assert "80 %" in warning
    assert "40 calls" in warning
    assert next(item for item in at.button if item.label == "Stop and keep the best")


def test_the_report_of_a_compile_is_a_page_to_keep(app: Open, ws: Any, task: str, search: Any) -> None:
    run = search(testset=True)
    page = report_html(ws, run.id)
    report = report_of(run)
    assert page.startswith("<!doctype html>")
    assert "Bootstrapped examples, best of many" in page
    assert "rows that chose nothing" in page
    assert report.best == run.result["report"]["best"]  # type: ignore[index]
    assert report.to_dict()["candidates"] == run.result["report"]["candidates"]  # type: ignore[index]
    at = app("compile", task=task, run=run.id)
    assert not at.exception
    assert any(item.proto.label == "Report" for item in at.get("download_button"))


def test_scores_on_other_rows_are_not_called_a_gain(app: Open, ws: Any, task: str, search: Any) -> None:
    from workbench.store.tables import RunRow

    run = search()
    with ws.store.write() as session:
        row = session.get(RunRow, run.id)
        report = {**row.result["report"], "baseline": {**row.result["report"]["baseline"], "rows": 3}}
        row.result = {**row.result, "report": report}
    at = app("compile", task=task, run=run.id)
    winner, before = (
        next(item for item in at.metric if item.label == label) for label in ("Score of the winner", "Before")
    )
    assert (winner.delta, before.delta) == ("", "3 rows")


def test_home_says_the_gain_in_two_words(app: Open, finished: Any) -> None:
    at = app("home", task=finished.task)
    latest = next(item for item in at.metric if item.label == "Latest score")
    assert latest.delta.endswith(" points")
    assert len(latest.delta) < 15
    assert "same rows" in latest.help
