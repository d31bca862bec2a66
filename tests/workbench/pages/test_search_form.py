"""Retrieval is chosen on the Task page: a search before a new step, and the searches of a program that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.foundation.errors import DataError
from core.pipeline import errors_of, parse_spec, step_kinds, validate
from workbench.services import datasets, explore, samples, tasks
from workbench.services.searching import passages_in, passages_of_table, with_search
from workbench.services.signature_form import single_step
from workbench.services.step_kinds import asking_kinds, searching_kinds
from workbench.services.step_wiring import interface_of

Open = Callable[..., AppTest]

PASSAGES = ["Ostal was founded by Mira.", "Ven lies in the north."]


def plain(**more: Any) -> dict[str, Any]:
    return single_step("p", "Answer.", [{"name": "question"}], [{"name": "answer"}], step="ask", **more)


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


def test_every_kind_there_is_can_be_chosen_somewhere() -> None:
    assert set(asking_kinds()) | set(searching_kinds()) == set(step_kinds.names())
    assert list(searching_kinds()) == ["retrieve", "retrieve_by_meaning"]


def test_what_is_found_flows_into_a_list_of_texts_or_a_new_input() -> None:
    spec = with_search(plain(), "retrieve", "question", PASSAGES, {"k": 1})
    assert interface_of(spec) == "question -> answer"
    assert spec["steps"][1]["inputs"] == {"question": "question", "passages": "search.passages"}
    assert not errors_of(validate(parse_spec(spec)))
    fields = [{"name": "context", "type": "list[str]"}, {"name": "question"}], [{"name": "answer"}]
    spec = with_search(single_step("p", "", *fields), "retrieve_by_meaning", "question", PASSAGES, {})
    assert interface_of(spec) == "question -> answer"
    assert spec["steps"][1]["inputs"]["context"] == "search.passages"
    assert not validate(parse_spec(spec))


def test_a_field_of_that_name_is_no_trouble() -> None:
    spec = single_step("p", "", [{"name": "search"}], [{"name": "answer"}])
    made = with_search(spec, "retrieve", "search", PASSAGES, {})
    assert [step["name"] for step in made["steps"]] == ["search_step", "answer_step"]
    assert not validate(parse_spec(made))


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.csv", b"id,text\n1,first one\n2,\n3,third\n", ["first one", "third"]),
        ("a.csv", b"id,note\n1,a long note\n2,another\n", ["a long note", "another"]),
        ("a.jsonl", b'{"id": "a", "long_text": "p"}\n', ["p"]),
    ],
)
def test_passages_of_files(name: str, data: bytes, found: list[str]) -> None:
    assert passages_of_table(datasets.read_table(data, name)) == found


def test_a_file_without_passages_is_said_to_have_none() -> None:
    with pytest.raises(DataError, match="no passages"):
        passages_of_table(datasets.read_table(b"id,text\n1,\n", "a.csv"))
    assert passages_in(" a \n\n b\n") == ["a", "b"]


def test_a_new_task_searches_first(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.segmented_control(key="new_template").set_value("Answer from context").run()
    key = "new_search_Answer from context"
    at.selectbox(key=f"{key}_kind").set_value("retrieve").run()
    assert at.selectbox(key=f"{key}_query").options == ["question", "context"]
    at.number_input(key=f"{key}_retrieve_k").set_value(1).run()
    at.text_area(key=f"{key}_passages_text").set_value("\n".join(PASSAGES)).run()
    assert not at.exception
    assert any("[[ ## context ## ]]" in code.value for code in at.code)
    button(at, "Create the task").click().run()
    assert not at.exception
    (task,) = tasks.list_tasks(ws)
    version = tasks.newest_version(ws, task.id)
    assert version.spec["corpus"] == PASSAGES
    assert version.spec["steps"][0]["options"] == {"k": 1}
    result = explore.run_once(ws, version.id, {"question": "Who founded Ostal?"})
    (found,) = [span for span in result.spans if span["kind"] == "retrieve"]
    assert found["attributes"]["passages"] == PASSAGES[:1]


def test_without_passages_a_search_is_not_made(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.selectbox(key="new_search_Classify_kind").set_value("retrieve").run()
    button(at, "Create the task").click().run()
    assert not at.exception and not tasks.list_tasks(ws)
    assert any("corpus is empty" in str(item.value) for item in at.error)


def test_the_searches_of_a_program_are_edited(app: Open, ws: Any) -> None:
    task = tasks.create_task(ws, "Search", with_search(plain(), "retrieve", "question", PASSAGES, {"k": 3}))
    version = tasks.newest_version(ws, task.id)
    at = app("task", task=task.id)
    at.segmented_control(key=f"task_step_{version.id}").set_value("search").run()
    assert not at.exception
    assert any("Saved as" in str(item.value) for item in at.caption)  # k=3 is what it would be anyway
    at.selectbox(key=f"task_{version.id}_search_kind").set_value("retrieve_by_meaning").run()
    at.text_area(key=f"task_{version.id}_search_passages_text").set_value("Only this.").run()
    button(at, "Save version").click().run()
    assert not at.exception
    saved = tasks.newest_version(ws, task.id).spec
    assert (saved["steps"][0]["kind"], saved["corpus"]) == ("retrieve_by_meaning", ["Only this."])


def test_the_samples_searches_are_shown(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "two_hop_questions")
    version = tasks.newest_version(ws, task)
    at = app("task", task=task)
    for step in version.spec["steps"]:
        at.segmented_control(key=f"task_step_{version.id}").set_value(step["name"]).run()
        assert not at.exception, step["name"]
        assert any("Saved as" in str(item.value) for item in at.caption), step["name"]
