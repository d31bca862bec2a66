"""Every page opens: on an empty store, with a sample, after an evaluation and a compile, and by its link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.services import runs, samples, tasks
from workbench.shell import PAGES

NAMES = [info.name for info in PAGES]
Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]


@pytest.fixture
def opens_fine(app: Open, texts: Texts) -> Open:
    """Open a page and see that nothing went wrong on it."""

    def start(page: str, **params: str) -> AppTest:
        at = app(page, **params)
        assert not at.exception
        assert not at.error, texts(at)
        assert "did not foresee" not in texts(at)
        return at

    return start


@pytest.mark.parametrize("name", NAMES)
def test_opens_on_an_empty_store_and_leads_on(name: str, opens_fine: Open, texts: Texts) -> None:
    at = opens_fine(name)
    assert len(at.title) == 1
    leads = {button.label for button in at.button} | {link.label for link in at.get("page_link")}
    if name != "settings":
        assert leads & {"See the samples", "New task", "Create the task"}, f"{name} leads nowhere: {leads}"


@pytest.mark.parametrize("sample", ["support_tickets", "two_hop_questions", "message_extraction"])
@pytest.mark.parametrize(
    "name", ["home", "task", "data", "metric", "explore", "evaluate", "compile", "export"]
)
def test_opens_with_each_sample(name: str, sample: str, ws: Any, opens_fine: Open, texts: Texts) -> None:
    task = samples.open_sample(ws, sample)
    at = opens_fine(name, task=task)
    assert at.selectbox(key="shell_task").value == task
    assert at.query_params["task"] == task


@pytest.mark.parametrize("name", NAMES)
def test_opens_after_an_evaluation_and_a_compile(name: str, finished: Any, opens_fine: Open) -> None:
    at = opens_fine(name, task=finished.task)
    assert len(at.title) == 1


def test_runs_are_chosen_by_the_link(finished: Any, ws: Any, opens_fine: Open) -> None:
    for run_id in (finished.zero_shot, finished.compiled):
        at = opens_fine("evaluate", task=finished.task, run=run_id)
        assert at.selectbox(key="select_run").value == run_id
        score = runs.get_run(ws, run_id).score
        assert f"{score:.1f} %" in [metric.value for metric in at.metric]


def test_a_link_to_a_row_opens_its_drawer(finished: Any, ws: Any, opens_fine: Open) -> None:
    at = opens_fine("evaluate", task=finished.task, run=finished.zero_shot, row="3")
    (dialog,) = at.get("dialog")
    item = runs.run_row(ws, finished.zero_shot, 2)
    assert item.inputs["message"] in [code.value for code in dialog.get("code")]


def test_a_link_to_a_row_that_is_not_there_says_so(finished: Any, app: Open) -> None:
    at = app("evaluate", task=finished.task, run=finished.zero_shot, row="400")
    assert not at.exception
    assert any("no row" in error.value for error in at.error)


def test_compare_links_choose_both_sides(finished: Any, opens_fine: Open) -> None:
    at = opens_fine("compare", task=finished.task, a=finished.compiled, b=finished.zero_shot)
    assert at.selectbox(key="select_a").value == finished.compiled
    assert at.selectbox(key="select_b").value == finished.zero_shot


def test_compare_with_only_the_second_named_puts_another_first(finished: Any, opens_fine: Open) -> None:
    at = opens_fine("compare", task=finished.task, b=finished.compiled)
    assert at.selectbox(key="select_a").value == finished.zero_shot
    assert at.selectbox(key="select_b").value == finished.compiled


@pytest.mark.parametrize(("name", "key"), [("explore", "select_version"), ("export", "select_version")])
def test_versions_are_chosen_by_the_link(
    name: str, key: str, finished: Any, ws: Any, opens_fine: Open
) -> None:
    for version in tasks.versions(ws, finished.task):
        at = opens_fine(name, task=finished.task, version=version.id)
        assert at.selectbox(key=key).value == version.id


def test_explore_opens_the_row_of_the_link(finished: Any, opens_fine: Open) -> None:
    at = opens_fine("explore", task=finished.task, row="17")
    assert at.number_input(key="explore_row").value == 17


def test_links_to_what_is_not_there_fall_back(finished: Any, opens_fine: Open) -> None:
    at = opens_fine("evaluate", task="nosuchtask", run="nosuchrun")
    assert at.selectbox(key="shell_task").value == finished.task
    opens_fine("explore", task=finished.task, version="nosuchversion", row="minus one")


def test_the_strip_ticks_what_is_done_and_lights_the_next(finished: Any, ws: Any, opens_fine: Open) -> None:
    other = tasks.create_task(ws, "Bare", tasks.newest_version(ws, finished.task).spec)
    strip = {link.label.strip("*"): link for link in opens_fine("explore", task=other.id).get("page_link")}
    assert strip["Task"].icon == ":material/check_circle:"
    assert strip[":primary[Data]"].icon == ":material/table_chart:"
    done = {link.label.strip("*"): link for link in opens_fine("export", task=finished.task).get("page_link")}
    ticked = {name for name, link in done.items() if link.icon == ":material/check_circle:"}
    assert ticked == {"Task", "Data", "Metric", "Evaluate", "Compile", "Compare"}
