"""The section of a finished compile that says which part of its winner does the work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.components.runs import address_of
from workbench.services import ablations, datasets, metrics, runs, samples, tasks

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]


def starter(at: AppTest) -> Any:
    return next((item for item in at.button if item.label.startswith("Find out")), None)


def table(at: AppTest) -> Any:
    return next(item.value for item in at.dataframe if "against the program as given" in item.value.columns)


def test_it_says_what_it_takes_at_most_runs_and_is_there_after_a_reload(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    at = app("compile", task=finished.task, run=finished.compile)
    assert not at.exception
    plan = ablations.plan_ablation(ws, finished.compile)
    assert starter(at).label == f"Find out: at most {plan.estimate.high:,} calls"
    shown = texts(at)
    assert "2 different programs (the program as given, examples (demos) only)" in shown
    assert "test rows that chose nothing" in shown
    assert ablations.ablations_of(ws, finished.compile) == [], "looking starts nothing"
    at.number_input(key=f"ablation_{finished.compile}_limit").set_value(5).run()
    assert starter(at).label == "Find out: at most 20 calls"
    command = next(code.value for code in at.code if code.value.startswith("workbench ablate"))
    assert command.endswith("--split test --limit 5")
    starter(at).click().run()
    assert not at.exception
    (run,) = ablations.ablations_of(ws, finished.compile)
    assert (run.status, run.settings["budget"]) == ("done", {"calls": 20})
    again = app("compile", task=finished.task, run=finished.compile)
    for page in (at, again):
        assert list(table(page)["program"]) == [ablations.parts_name(name) for name in plan.names]
        assert list(table(page)["rows"]) == ["5 of 5"] * 4
        assert "On 5 test rows that chose nothing" in texts(page)
        assert run.result["verdict"].partition(":")[0] in texts(page)
    assert table(again)["score %"][0] == pytest.approx(100 * run.result["ablation"]["variants"][0]["mean"]), (
        "the page shows the run's digits"
    )


def test_other_rows_can_be_chosen_and_an_older_one_stays_in_reach(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    first = ablations.start_ablation(ws, finished.compile, "test", 3)
    at = app("compile", task=finished.task, run=finished.compile)
    at.segmented_control(key=f"ablation_{finished.compile}_split").set_value("validation").run()
    assert "flatters" in texts(at)
    at.number_input(key=f"ablation_{finished.compile}_limit").set_value(4).run()
    starter(at).click().run()
    assert not at.exception
    newest, oldest = ablations.ablations_of(ws, finished.compile)
    assert (newest.split, oldest.id) == ("validation", first)
    assert "On 4 validation rows that also chose the winner" in texts(at)
    page, where = address_of(oldest)
    assert page == "compile"
    older = app(page, task=finished.task, **where)
    assert "On 3 test rows that chose nothing" in texts(older)


def test_what_could_not_be_scored_says_why_and_can_go_on(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    run_id = ablations.start_ablation(ws, finished.compile, limit=4, budget={"calls": 5})
    at = app("compile", task=finished.task, run=finished.compile)
    assert not at.exception
    reasons = list(table(at)["why rows are missing"])
    assert reasons == ["", "", *["The budget was used up after 1 of 4 rows."] * 2]
    assert any(box.label == "Raise the budget and go on" for box in at.expander)
    assert any("figures so far" in box.value for box in at.info)
    next(item for item in at.button if item.label == "Go on").click().run()
    assert not at.exception
    assert runs.get_run(ws, run_id).result["stop_code"] == "done"
    assert list(table(at)["rows"]) == ["4 of 4"] * 4
    assert not any("figures so far" in box.value for box in at.info)


def test_data_that_were_changed_after_the_compile_are_warned_of(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    row = datasets.get_rows(ws, finished.dataset, "train")[0]
    datasets.update_rows(ws, finished.dataset, removed=[row.id])
    at = app("compile", task=finished.task, run=finished.compile)
    at.number_input(key=f"ablation_{finished.compile}_limit").set_value(2).run()
    assert any("was changed after this compile" in box.value for box in at.warning)
    starter(at).click().run()
    assert not at.exception
    assert (
        sum("was changed after this compile" in box.value for box in at.warning) == 2
    )  # of it, and of the next
    assert "On 2 test rows**" in texts(at) and "test rows that chose nothing" not in texts(at)


def test_a_winner_that_is_the_program_as_given_cannot_be_taken_apart(
    app: Open, finished: Any, ws: Any, texts: Texts
) -> None:
    version = tasks.versions(ws, finished.task)[-1]
    run = runs.start_compile(
        ws, version.id, finished.dataset, finished.metric, "labeled_few_shot", {"k": 0}, budget={"calls": 400}
    )
    at = app("compile", task=finished.task, run=run)
    assert not at.exception
    assert "nothing to take away" in texts(at)
    assert starter(at) is None


def test_steps_of_a_longer_program_can_be_left_out_of_it(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "two_hop_questions")
    version = tasks.newest_version(ws, task)
    (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
    run = runs.start_compile(ws, version.id, data.id, metric.id, "labeled_few_shot", {"k": 2})
    at = app("compile", task=task, run=run)
    assert not at.exception
    before = starter(at).label
    at.toggle(key=f"ablation_{run}_steps").set_value(False).run()
    assert starter(at).label != before
    assert any("--no-steps" in code.value for code in at.code)


def test_the_list_of_runs_offers_ablations_as_a_kind(app: Open, finished: Any, ws: Any) -> None:
    ablations.start_ablation(ws, finished.compile, limit=2)
    at = app("runs", task=finished.task)
    at.segmented_control(key="runs_kind").set_value("ablation").run()
    assert not at.exception
    assert [list(item.value["kind"]) for item in at.dataframe] == [["ablation"]]
