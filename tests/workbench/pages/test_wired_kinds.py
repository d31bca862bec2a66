"""Kinds that take or give more than the signature says: lists, a hint, a conversation; in a task and in a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.services import datasets, explore, metrics, previews, runs, tasks
from workbench.services.columns import dataset_of
from workbench.services.signature_form import single_step
from workbench.services.step_wiring import interface_of, needed_inputs, wiring_of

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]

FIELDS = [{"name": "message", "type": "str"}], [{"name": "team", "type": "Literal['a', 'b']"}]


def program(kind: str, **options: Any) -> dict[str, Any]:
    return single_step("p", "Choose.", *FIELDS, kind=kind, step="ask", options=options)


def two_steps(kind: str = "predict") -> dict[str, Any]:
    """A program whose second step may be of any kind."""
    clue = {"inputs": [{"name": "message"}], "outputs": [{"name": "clue"}]}
    sort = {"inputs": [{"name": "message"}], "outputs": [{"name": "team"}]}
    return {
        "name": "two",
        "inputs": [{"name": "message"}],
        "steps": [
            {"name": "think", "signature": clue, "inputs": {"message": "message"}},
            {"name": "ask", "kind": kind, "signature": sort, "inputs": {"message": "message"}},
        ],
        "outputs": {"team": "ask.team", "clue": "think.clue"},
    }


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


@pytest.mark.parametrize(
    ("kind", "options", "line"),
    [
        ("predict", {}, "message -> team: Literal['a', 'b']"),
        ("parallel", {}, "message: list[str] -> team: list[Literal['a', 'b']]"),
        (
            "parallel",
            {"max_errors": 2},
            "message: list[str] -> team: list[Optional[Literal['a', 'b']]], errors: list[Optional[str]]",
        ),
        ("chain_of_thought_with_hint", {}, "message, hint: Optional[str] -> team: Literal['a', 'b']"),
        ("react_v2", {"tools": ["calculator"]}, "message -> team: Literal['a', 'b']"),
        (
            "react_v2",
            {"tools": ["calculator"], "continues": True},
            "message, history: Optional[History] -> team: Literal['a', 'b']",
        ),
    ],
)
def test_a_program_of_one_step_takes_what_its_kind_takes(
    kind: str, options: dict, line: str, ws: Any
) -> None:
    spec = program(kind, **options)
    assert interface_of(spec) == line
    assert needed_inputs(spec) == ["message"]
    task = tasks.create_task(ws, "T", spec)
    assert interface_of(tasks.newest_version(ws, task.id).spec) == line


def test_unfinished_forms_have_no_interface_yet() -> None:
    assert interface_of({**program("predict"), "steps": [{"name": "ask", "kind": "no such"}]}) == ""
    assert single_step("p", "", *FIELDS, kind="no such")["inputs"] == FIELDS[0]


def test_a_task_over_lists_is_made_and_says_what_the_whole_takes(app: Open, ws: Any, texts: Texts) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_kind_Classify").set_value("parallel").run()
    over = at.multiselect(key="new_options_Classify_parallel_over")
    assert over.options == ["text"]
    over.set_value(["text"]).run()
    at.number_input(key="new_options_Classify_parallel_max_errors").set_value(3).run()
    assert not at.exception
    assert "The program as a whole" in texts(at)
    button(at, "Create the task").click().run()
    (task,) = tasks.list_tasks(ws)
    version = tasks.newest_version(ws, task.id)
    assert version.spec["steps"][0]["options"] == {"over": ["text"], "max_errors": 3}
    assert version.spec["inputs"][0]["type"] == "list[str]"
    again = app("task", task=task.id)
    assert not again.exception
    assert any("Saved as" in str(item.value) for item in again.caption)


def test_a_plain_task_says_nothing_of_the_whole(app: Open, texts: Texts) -> None:
    assert "The program as a whole" not in texts(app("task", new="1"))


def test_a_task_with_a_hint_shows_it_in_its_messages(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_kind_Classify").set_value("chain_of_thought_with_hint").run()
    assert not at.exception
    assert any("{hint}" in code.value for code in at.code)
    button(at, "Create the task").click().run()
    (task,) = tasks.list_tasks(ws)
    spec = tasks.newest_version(ws, task.id).spec
    assert spec["steps"][0]["inputs"] == {"text": "text", "hint": "hint"}


def test_a_step_of_several_is_told_where_its_hint_comes_from(app: Open, ws: Any, texts: Texts) -> None:
    task = tasks.create_task(ws, "Two", two_steps())
    version = tasks.newest_version(ws, task.id)
    at = app("task", task=task.id)
    at.segmented_control(key=f"task_step_{version.id}").set_value("ask").run()
    at.selectbox(key=f"task_kind_{version.id}_ask").set_value("chain_of_thought_with_hint").run()
    assert not at.exception
    assert "Nothing flows into 'hint'" in texts(at)
    source = at.selectbox(key=f"task_sources_{version.id}_ask_hint")
    assert source.options == ["–", "message", "think.clue"]
    source.set_value("think.clue").run()
    assert "Nothing flows" not in texts(at)
    button(at, "Save version").click().run()
    assert not at.exception
    saved = tasks.newest_version(ws, task.id).spec["steps"][1]
    assert saved["inputs"] == {"message": "message", "hint": "think.clue"}


def test_sources_of_a_list_are_several_and_unknown_ones_are_dropped() -> None:
    spec = two_steps()
    step = {**spec["steps"][1], "kind": "parallel", "inputs": {"message": ["message", "gone.text"]}}
    (wire,) = wiring_of(spec, step)
    assert (wire.several, wire.given, wire.sources) == (True, ("message",), ("message", "think.clue"))
    step["inputs"] = {}
    assert wiring_of(spec, step)[0].given == ("message",)  # what is called so
    assert wiring_of(spec, {**step, "kind": "no such"}) == []


def test_an_open_program_of_several_steps_counts_as_saved(app: Open, ws: Any) -> None:
    at = app("task", task=tasks.create_task(ws, "Two", two_steps()).id)
    assert not at.exception
    assert any("Saved as" in str(item.value) for item in at.caption)


def test_lists_are_explored_item_by_item(app: Open, ws: Any) -> None:
    task = tasks.create_task(ws, "Lists", program("parallel", max_errors=2))
    at = app("explore", task=task.id)
    next(area for area in at.text_area if area.label == "message").set_value("one\ntwo").run()
    button(at, "Run").click().run()
    assert not at.exception and not at.error
    version = tasks.newest_version(ws, task.id)
    result = explore.run_once(ws, version.id, {"message": ["one", "two"]})
    assert len(result.outputs["team"]) == 2 and result.outputs["errors"] == [None, None]
    assert [span["name"] for span in result.spans if span["kind"] == "item"] == ["1 of 2", "2 of 2"]


@pytest.mark.parametrize(("typed", "hint"), [("", None), ("Rome, I think", "Rome, I think")])
def test_a_hint_may_be_typed_as_text_or_left_empty(app: Open, ws: Any, typed: str, hint: str | None) -> None:
    task = tasks.create_task(ws, "Hints", program("chain_of_thought_with_hint"))
    at = app("explore", task=task.id)
    next(area for area in at.text_area if area.label == "message").set_value("m").run()
    next(area for area in at.text_area if area.label == "hint").set_value(typed).run()
    button(at, "Run").click().run()
    assert not at.exception and not at.error
    assert at.session_state["explore_asked"].inputs == {"message": "m", "hint": hint}


def test_data_without_a_hint_is_imported_evaluated_and_compiled(ws: Any) -> None:
    task = tasks.create_task(ws, "Hints", program("chain_of_thought_with_hint"))
    rows = "message,team\n" + "".join(f"word{row} {'ab'[row % 2]},{'ab'[row % 2]}\n" for row in range(12))
    table = datasets.read_table(rows.encode(), "rows.csv")
    mapping = {"message": "message", "team": "team"}
    assert list(dataset_of(table, mapping, program("chain_of_thought_with_hint"))[0].inputs().keys()) == [
        "message"
    ]
    info = datasets.import_dataset(ws, task.id, "rows", table, mapping)
    metric = metrics.save_metric(ws, task.id, {"kind": "exact_match", "params": {}})
    version = tasks.newest_version(ws, task.id)
    run = runs.start_evaluation(ws, version.id, info.id, "all", metric.id)
    assert {row.outcome for row in runs.run_rows(ws, run)} == {"scored"}


def test_lists_are_imported_evaluated_and_compiled(ws: Any) -> None:
    import json

    task = tasks.create_task(ws, "Lists", program("parallel"))
    lines = [{"message": [f"x{row} a", f"y{row} b"], "team": ["a", "b"]} for row in range(12)]
    table = datasets.read_table("\n".join(map(json.dumps, lines)).encode(), "rows.jsonl")
    info = datasets.import_dataset(ws, task.id, "rows", table, {"message": "message", "team": "team"})
    datasets.split_dataset(ws, info.id, 6, 6, 0, 0, None)
    metric = metrics.save_metric(ws, task.id, {"kind": "exact_match", "params": {}})
    version = tasks.newest_version(ws, task.id)
    run = runs.start_evaluation(ws, version.id, info.id, "validation", metric.id)
    assert {row.outcome for row in runs.run_rows(ws, run)} == {"scored"}
    search = runs.start_compile(
        ws, version.id, info.id, metric.id, "labeled_few_shot", {"k": 4}, budget={"calls": 400}
    )
    better = tasks.get_version(ws, runs.get_run(ws, search).result_version_id)
    demos = better.state["ask.each"]["demos"]
    assert len(demos) == 4 and all(isinstance(demo["message"], str) for demo in demos)
    assert "a" in str(previews.preview_messages(better.spec, "ask", state=better.state)[1]["content"])


def test_items_of_a_trace_say_what_they_gave() -> None:
    from core.trace.span import Span
    from workbench.components.trace import step_rows

    span = {"id": "a", "parent_id": None, "trace_id": "t", "path": "ask.each", "start": 0.0, "end": 1.0}
    facts = {"inputs": {"message": "one"}, "outputs": {"team": "a"}}
    made = {**span, "kind": "item", "name": "1 of 2", "status": "ok", "error": None, "attributes": facts}
    (row,) = step_rows([Span.from_dict(made).to_dict()])
    assert row["step"].endswith("item 1 of 2  ask.each")
    assert row["what it gave"] == "one → a"
