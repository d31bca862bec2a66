"""The menu of a step's kinds is the registry's, each kind with its own options."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from core.pipeline import build, step_kinds
from workbench.services import tasks
from workbench.services.step_kinds import asking_kinds

Open = Callable[..., AppTest]


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


def test_the_menu_offers_every_kind_that_asks(app: Open) -> None:
    at = app("task", new="1")
    choice = at.selectbox(key="new_kind_Classify")
    asking = [entry.name for entry in step_kinds.entries() if entry.value.takes_signature]
    assert sorted(asking) == sorted(asking_kinds())
    assert choice.options == [kind.label for kind in asking_kinds().values()]
    assert choice.options[:2] == ["Simple · Predict", "Simple · Chain of thought"]
    assert {"Several attempts · Majority vote", "Agents and code · Use tools"} <= set(choice.options)
    assert choice.value == "predict"


def test_a_task_is_made_with_a_kind_and_its_options(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_kind_Classify").set_value("majority_vote").run()
    at.number_input(key="new_options_Classify_majority_vote_n").set_value(7).run()
    assert not at.exception
    button(at, "Create the task").click().run()
    (task,) = tasks.list_tasks(ws)
    (step,) = tasks.newest_version(ws, task.id).spec["steps"]
    assert (step["kind"], step["options"]) == ("majority_vote", {"n": 7})
    assert build(tasks.newest_version(ws, task.id).spec).classify.sample.predict.config["n"] == 7


def test_every_kind_can_be_chosen_and_shows_its_messages(app: Open) -> None:
    at = app("task", new="1")
    for kind in asking_kinds():
        at.selectbox(key="new_kind_Classify").set_value(kind).run()
        assert not at.exception, kind


def test_a_kind_that_needs_an_option_says_so_when_it_is_saved(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_kind_Classify").set_value("best_of_n").run()
    button(at, "Create the task").click().run()
    assert not at.exception and not tasks.list_tasks(ws)
    assert any("no rule" in str(item.value) for item in at.error)
    at.text_input(key="new_options_Classify_best_of_n_excludes").set_value("sorry").run()
    button(at, "Create the task").click().run()
    (task,) = tasks.list_tasks(ws)
    assert tasks.newest_version(ws, task.id).spec["steps"][0]["options"] == {"excludes": "sorry"}


def test_an_open_program_shows_its_options_and_counts_as_saved(app: Open, ws: Any) -> None:
    signature = {"inputs": [{"name": "text"}], "outputs": [{"name": "label"}]}
    options = {"n": 5, "temperature": 0.3}  # n is what it would be anyway
    step = {"name": "ask", "kind": "majority_vote", "signature": signature, "options": options}
    spec = {
        "name": "votes",
        "inputs": signature["inputs"],
        "steps": [{**step, "inputs": {"text": "text"}}],
        "outputs": {"label": "ask.label"},
    }
    task = tasks.create_task(ws, "Votes", spec)
    at = app("task", task=task.id)
    assert not at.exception
    assert [box.value for box in at.selectbox if box.label == "How it thinks"] == ["majority_vote"]
    shown = {item.label: item.value for item in at.number_input}
    assert (shown["Samples"], shown["Temperature"]) == (5, 0.3)
    assert any("Saved as" in str(item.value) for item in at.caption)
    next(item for item in at.number_input if item.label == "Samples").set_value(9).run()
    assert any("Unsaved changes" in str(item.value) for item in at.caption)
    button(at, "Save version").click().run()
    saved = tasks.newest_version(ws, task.id).spec["steps"][0]
    assert saved["options"] == {"n": 9, "temperature": 0.3}
