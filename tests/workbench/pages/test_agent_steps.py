"""A step that calls tools is made, saved, tried and looked at in the browser like any other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from workbench.services import explore, previews, tasks
from workbench.services.parameters import parameters_of
from workbench.services.signature_form import single_step

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]


def agent(*tools: str) -> dict[str, Any]:
    fields = [{"name": "question", "type": "str"}], [{"name": "answer", "type": "str"}]
    spec = single_step("agent", "Answer the question.", *fields, kind="react", step="work")
    spec["steps"][0]["options"] = {"tools": list(tools), "max_iters": 3}
    return spec


def test_a_new_task_with_tools(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.text_input(key="new_name").set_value("Sums").run()
    at.selectbox(key="new_kind_Classify").set_value("react").run()
    assert not at.exception
    tools = at.multiselect(key="new_options_Classify_react_tools")
    assert tools.options == ["calculator", "calendar", "retrieval"]
    tools.set_value(["calculator", "calendar"]).run()
    next(item for item in at.button if item.label == "Create the task").click().run()
    assert not at.exception
    (task,) = tasks.list_tasks(ws)
    (step,) = tasks.newest_version(ws, task.id).spec["steps"]
    assert (step["kind"], step["options"]) == ("react", {"tools": ["calculator", "calendar"]})


def test_without_a_tool_the_form_says_what_is_missing(app: Open, texts: Texts) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_kind_Classify").set_value("react").run()
    assert not at.exception
    assert "No tool is chosen" in texts(at)


def test_a_saved_one_is_shown_with_its_tools_and_messages(app: Open, ws: Any) -> None:
    task = tasks.create_task(ws, "Sums", agent("calculator"))
    version = tasks.newest_version(ws, task.id)
    at = app("task", task=task.id)
    assert not at.exception
    assert at.multiselect(key=f"task_options_{version.id}_work_react_tools").value == ["calculator"]
    assert any("next_tool_name" in code.value for code in at.code)


def test_it_runs_and_its_steps_are_in_the_trace(ws: Any) -> None:
    task = tasks.create_task(ws, "Sums", agent("calculator"))
    version = tasks.newest_version(ws, task.id)
    result = explore.run_once(ws, version.id, {"question": "What is 17 * 23?"})
    kinds = {span["kind"] if isinstance(span, dict) else span.kind for span in result.spans}
    assert {"module", "predict", "lm"} <= kinds


def test_the_schema_of_its_outputs_is_that_of_the_step() -> None:
    schema = previews.json_schema_of(agent("calculator"), "work")
    assert list(schema["properties"]) == ["reasoning", "termination_reason", "answer"]


def test_choices_of_a_list_are_told_to_the_form() -> None:
    from core.pipeline.kinds.react import ReActOptions

    tools = parameters_of(ReActOptions)[0]
    assert (tools.name, tools.type, tools.default) == ("tools", "array", [])
    assert tools.item_choices == ("calculator", "calendar", "retrieval")


def test_tools_and_code_are_shown_in_the_trace() -> None:
    def page() -> None:
        from workbench.components.trace import trace_view

        span = {
            "parent_id": None,
            "trace_id": "t",
            "path": "",
            "start": 0.0,
            "end": 1.0,
            "status": "ok",
            "error": None,
        }
        code = {"inputs": {"code": "print(n)", "variables": {"n": 1}}, "outputs": "1"}
        trace_view(
            [{**span, "id": "a", "kind": "sandbox", "name": "PythonInterpreter", "attributes": code}],
            key="one",
        )
        tool = {"inputs": {"expression": "1+1"}, "outputs": "2"}
        trace_view([{**span, "id": "b", "kind": "tool", "name": "calculator", "attributes": tool}], key="two")

    at = AppTest.from_function(page).run()
    assert not at.exception
    assert [code.value for code in at.code] == ["print(n)", "1", "2"]
    assert [text.value for text in at.caption] == ["Variables", "What it gave", "Inputs", "What it gave"]


def test_a_row_of_the_trace_says_what_the_step_gave() -> None:
    from core.trace.span import Span
    from workbench.components.trace import gist

    def of(kind: str, **attributes: Any) -> str:
        base = {
            "id": "a",
            "parent_id": None,
            "trace_id": "t",
            "path": "",
            "name": kind,
            "start": 0.0,
            "end": 1.0,
        }
        return gist(
            Span.from_dict({**base, "kind": kind, "status": "ok", "error": None, "attributes": attributes})
        )

    assert of("tool", inputs={"expression": "17 * 23"}, outputs="391") == "17 * 23 → 391"
    assert of("sandbox", inputs={"code": "n = 2\nprint(n)"}, outputs=2) == "n = 2 … → 2"
    assert of("attempt", reward=0.0, threshold=1.0) == "reward 0 · threshold 1"
    assert of("attempt", failed="too long") == "too long"
    assert of("predict", outputs={"reasoning": "because", "answer": "391"}) == "391"
    assert of("predict", outputs={"next_thought": {"content": "so"}, "calls": []}) == "so, []"
    assert of("lm") == ""


def test_what_an_attempt_was_told_is_shown() -> None:
    def page() -> None:
        from workbench.components.trace import trace_view

        span = {
            "id": "a",
            "parent_id": None,
            "trace_id": "t",
            "path": "",
            "name": "2 of 3",
            "kind": "attempt",
        }
        facts = {"reward": 0.5, "threshold": 1.0, "hint_answer": "Be brief.", "inputs": {"question": "?"}}
        trace_view(
            [{**span, "start": 0.0, "end": 1.0, "status": "ok", "error": None, "attributes": facts}],
            key="one",
        )

    at = AppTest.from_function(page).run()
    assert not at.exception
    assert [code.value for code in at.code] == ["Be brief."]
    assert "Reward: **0.5**" in [text.value for text in at.markdown]


def test_conversations_and_lists_of_files_may_be_empty(app: Open, ws: Any) -> None:
    fields = [
        {"name": "files", "type": "list[File]"},
        {"name": "chat", "type": "History"},
        {"name": "question", "type": "str"},
    ]
    spec = single_step(
        "talk", "Answer.", fields, [{"name": "answer", "type": "str"}], kind="predict", step="say"
    )
    at = app("explore", task=tasks.create_task(ws, "Talk", spec).id)
    next(area for area in at.text_area if area.label == "question").set_value("What is 1 + 1?").run()
    next(item for item in at.button if item.label == "Run").click().run()
    assert not at.exception
    assert not at.error, [item.value for item in at.error]
