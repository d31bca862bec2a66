"""Forms do what they say: signature both ways, constraints, upload, split, metric, evaluation, compile, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from workbench.services import datasets, metrics, models, preferences, runs, samples, tasks

Open = Callable[..., AppTest]
Texts = Callable[[AppTest], str]

CSV = (
    b"text,category\nMy card is late,card_arrival\nCharged twice,fee\nWhere is it,card_arrival\nA fee?,fee\n"
)


def button(at: AppTest, label: str) -> Any:
    return next(item for item in at.button if item.label == label)


def edited(at: AppTest, key: str, **changes: Any) -> AppTest:
    """Leave edits in a data editor, as the browser does."""
    empty = {"edited_rows": {}, "added_rows": [], "deleted_rows": []}
    at.session_state[key] = {**empty, **changes}
    return at.run()


def test_a_new_task_from_one_line(app: Open, ws: Any) -> None:
    at = app("task", new="1")
    at.text_input(key="new_name").set_value("Reviews").run()
    at.text_input(key="new_Classify_line").set_value(
        'review -> mood: Literal["glad", "sad"], stars: int'
    ).run()
    button(at, "Create the task").click().run()
    assert not at.exception
    (task,) = tasks.list_tasks(ws)
    spec = tasks.newest_version(ws, task.id).spec
    assert task.name == "Reviews"
    assert [field["name"] for field in spec["inputs"]] == ["review"]
    kinds = {field["name"]: field["type"] for field in spec["steps"][0]["signature"]["outputs"]}
    assert kinds == {"mood": 'Literal["glad", "sad"]', "stars": "int"}


def test_tables_change_the_line_and_the_messages(app: Open) -> None:
    at = app("task", new="1")
    before = "\n".join(code.value for code in at.code)
    added = {"name": "sure", "type": "yes / no", "description": "whether it is certain"}
    at = edited(at, "new_Classify_outputs_0", added_rows=[added])
    assert at.text_input(key="new_Classify_line").value.endswith("sure: bool")
    after = "\n".join(code.value for code in at.code)
    assert "sure" in after
    assert "sure" not in before


def test_what_was_typed_last_outlives_a_change_of_the_line(app: Open) -> None:
    at = app("task", new="1")
    at.text_area(key="new_Classify_instructions").set_value("Say how it feels.")
    at.session_state["new_Classify_inputs_0"] = {
        "edited_rows": {0: {"description": "one review"}}, "added_rows": [], "deleted_rows": []
    }  # fmt: skip
    at.text_input(key="new_Classify_line").set_value("text -> mood: bool").run()
    sent = "\n".join(code.value for code in at.code)
    assert "Say how it feels." in sent
    assert "one review" in sent
    assert "mood" in sent


def test_a_line_that_cannot_be_read_says_so_and_changes_nothing(app: Open) -> None:
    at = app("task", new="1")
    at.text_input(key="new_Classify_line").set_value("text, -> , label: Nonsense[").run()
    assert not at.exception
    assert at.error
    assert any("label" in code.value for code in at.code)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"name": "two words", "type": "text"}, "cannot be a field name"),
        ({"name": "class", "type": "text"}, "cannot be a field name"),
        ({"name": "label", "type": "text"}, "two fields are called"),
        ({"name": "n", "type": "whole number", "constraints": "atleast=3"}, "is not a constraint"),
        ({"name": "kind", "type": "choice"}, "needs its options"),
    ],
)
def test_a_row_that_cannot_be_used_says_why(row: dict[str, str], said: str, app: Open) -> None:
    at = edited(app("task", new="1"), "new_Classify_outputs_0", added_rows=[row])
    assert not at.exception
    assert any(said in error.value for error in at.error), [error.value for error in at.error]


def test_constraints_reach_the_program(app: Open, ws: Any) -> None:
    row = {"name": "stars", "type": "whole number", "constraints": "ge=1, le=5"}
    at = edited(app("task", new="1"), "new_Classify_outputs_0", added_rows=[row])
    button(at, "Create the task").click().run()
    (task,) = tasks.list_tasks(ws)
    fields = tasks.newest_version(ws, task.id).spec["steps"][0]["signature"]["outputs"]
    assert fields[-1]["constraints"] == {"ge": 1, "le": 5}


def test_an_edited_program_is_saved_as_a_new_version(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    version = tasks.newest_version(ws, task)
    at = app("task", task=task)
    assert button(at, "Save version").disabled
    at.text_area(key=f"task_{version.id}_triage_instructions").set_value("Be quick.").run()
    at.text_input(key=f"task_message_{version.id}").set_value("shorter").run()
    button(at, "Save version").click().run()
    newest = tasks.newest_version(ws, task)
    assert (newest.number, newest.label) == (2, "shorter")
    assert newest.spec["steps"][0]["signature"]["instructions"] == "Be quick."


def test_a_compiled_program_shows_its_examples_in_the_messages(
    finished: Any, app: Open, texts: Texts
) -> None:
    at = app("task", task=finished.task)
    assert "10 messages" in texts(at)
    newest = next(item for item in at.text_area if item.label == "Instructions")
    newest.set_value("Something else.").run()
    assert "2 messages" in texts(at)
    assert "starts without the examples" in texts(at)


def test_a_program_of_several_steps_shows_each(app: Open, ws: Any, texts: Texts) -> None:
    task = samples.open_sample(ws, "two_hop_questions")
    at = app("task", task=task)
    version = tasks.newest_version(ws, task)
    assert "Searches in" in texts(at)
    at.segmented_control(key=f"task_step_{version.id}").set_value("second_query").run()
    assert any("second_query" in code.value or "passages" in code.value for code in at.code)


def test_upload_mapping_import_and_split(app: Open, ws: Any, texts: Texts) -> None:
    task = tasks.create_task(ws, "Cards", _classify())
    at = app("data", task=task.id)
    at.file_uploader[0].upload("cards.csv", CSV).run()
    assert "4 rows, 2 columns" in texts(at)
    assert at.selectbox(key="data_map_cards.csv_text").value == "text"
    assert at.selectbox(key="data_map_cards.csv_label").value == "category"
    button(at, "Import").click().run()
    assert not at.exception
    (info,) = datasets.list_datasets(ws, task.id)
    assert (info.rows, info.name) == (4, "cards")
    at = app("data", task=task.id, data_tab="Splits")
    for name, share in (("train", 0.5), ("validation", 0.5), ("test", 0.0)):
        at.number_input(key=f"data_share_{name}").set_value(share)
    at.selectbox(key="data_stratify").select("label")
    button(at, "Split").click().run()
    counts = datasets.get_dataset(ws, info.id).counts
    assert (counts.get("train"), counts.get("validation")) == (2, 2)


def test_rows_that_are_not_split_say_so_wherever_it_matters(app: Open, ws: Any, texts: Texts) -> None:
    task = tasks.create_task(ws, "Cards", _classify())
    table = datasets.read_table(CSV, "cards.csv")
    datasets.import_dataset(ws, task.id, "cards", table, {"text": "text", "category": "label"})
    metrics.save_metric(ws, task.id, {"kind": "exact_match", "params": {}})
    assert "not split yet" in texts(app("data", task=task.id))
    at = app("compile", task=task.id)
    assert not at.exception
    assert "split" in texts(at).casefold()
    at = app("evaluate", task=task.id)
    assert at.selectbox(key="eval_split").value == "all"
    button(at, "Start").click().run()
    assert runs.list_runs(ws, task.id)[0].status == "done"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("empty.csv", b""),
        ("head.csv", b"text,label\n"),
        ("torn.json", b'[{"text": "a"'),
        ("odd.csv", b"\xff\xfe\x00\x00text"),
        ("twice.csv", b"text,text\na,b\n"),
        ("fake.xlsx", b"not a workbook"),
    ],
)
def test_a_bad_file_is_a_readable_error(name: str, data: bytes, app: Open, ws: Any, texts: Texts) -> None:
    task = tasks.create_task(ws, "Cards", _classify())
    at = app("data", task=task.id)
    at.file_uploader[0].upload(name, data).run()
    assert not at.exception
    assert at.error
    assert "did not foresee" not in texts(at)


def test_an_input_without_a_column_cannot_be_imported(app: Open, ws: Any, texts: Texts) -> None:
    task = tasks.create_task(ws, "Cards", _classify())
    at = app("data", task=task.id)
    at.file_uploader[0].upload("cards.csv", CSV).run()
    at.selectbox(key="data_map_cards.csv_text").select("–").run()
    assert button(at, "Import").disabled
    assert "No column for text" in texts(at)


def test_rows_are_edited_together(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    (info,) = datasets.list_datasets(ws, task)
    at = app("data", task=task)
    first = datasets.get_rows(ws, info.id, limit=1)[0]
    key = f"data_editor_{info.fingerprint}_1_all_"
    at = edited(at, key, edited_rows={0: {"message": "changed by hand", "split": "train"}})
    button(at, "Save 1 changed row").click().run()
    row = next(item for item in datasets.get_rows(ws, info.id) if item.id == first.id)
    assert (row.data["message"], row.split) == ("changed by hand", "train")


def test_a_metric_is_saved_and_used(app: Open, ws: Any, texts: Texts) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("metric", task=task)
    at.pills(key=f"metric_kind_{task}").set_value("f1").run()
    at.text_input(key=f"metric_name_{task}").set_value("overlap").run()
    button(at, "Use this metric").click().run()
    assert metrics.list_metrics(ws, task)[0].name == "overlap"
    assert "It tells them apart" in texts(at)


def test_a_judge_is_asked_only_when_a_button_is_pressed(app: Open, ws: Any, texts: Texts) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("metric", task=task)
    at.pills(key=f"metric_kind_{task}").set_value("judge").run()
    assert "Judge needs its rubric." in texts(at)
    assert button(at, "Use this metric").disabled
    assert not at.error
    at.text_area(key=f"metric_{task}_judge_rubric").set_value("The team can act on it.").run()
    assert "Score" not in [metric.label for metric in at.metric]
    button(at, "Ask the judge about this answer").click().run()
    assert not at.exception
    assert "Score" in [metric.label for metric in at.metric]


def test_a_mix_of_metrics_is_saved_with_its_weights(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("metric", task=task)
    at.pills(key=f"metric_kind_{task}").set_value("weighted").run()
    at.number_input(key=f"metric_{task}_weight_1").set_value(3.0)
    at.selectbox(key=f"metric_{task}_part_1").select("f1").run()
    button(at, "Use this metric").click().run()
    parts = metrics.list_metrics(ws, task)[0].spec["params"]["parts"]
    assert [(part["metric"]["kind"], part["weight"]) for part in parts] == [("exact_match", 1.0), ("f1", 3.0)]


def test_an_answer_typed_in_is_scored(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("metric", task=task)
    assert [metric.value for metric in at.metric if metric.label == "Score"] == ["1"]
    next(item for item in at.text_input if item.label == "Answer for team").set_value("nobody").run()
    assert [metric.value for metric in at.metric if metric.label == "Score"] == ["0.5"]


def test_explore_runs_a_row_and_shows_its_trace(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "two_hop_questions")
    at = app("explore", task=task)
    button(at, "Run").click().run()
    assert not at.exception
    steps = next(table.value for table in at.dataframe if "step" in table.value)
    assert any("first_search" in step for step in steps["step"])
    assert len(steps) == 9


def test_explore_runs_two_versions_on_the_same_input(finished: Any, ws: Any, app: Open, texts: Texts) -> None:
    at = app("explore", task=finished.task)
    first = tasks.versions(ws, finished.task)[-1]
    at.selectbox(key="explore_other").select(first.id).run()
    button(at, "Run").click().run()
    assert not at.exception
    assert texts(at).count("Trace of") == 2


def test_an_evaluation_is_started_with_what_the_form_says(app: Open, ws: Any) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("evaluate", task=task)
    at.selectbox(key="eval_split").select("train").run()
    at.number_input(key="eval_limit").set_value(3).run()
    command = next(code.value for code in at.code if code.value.startswith("workbench eval"))
    assert "--split train" in command
    assert "--limit 3" in command
    button(at, "Start").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, task)
    assert (run.split, run.settings["limit"], run.status) == ("train", 3, "done")
    assert at.query_params["run"] == run.id


def test_a_compile_is_started_with_what_the_form_says(app: Open, ws: Any, texts: Texts) -> None:
    task = samples.open_sample(ws, "support_tickets")
    at = app("compile", task=task)
    at.selectbox(key="compile_optimizer").set_value("labeled_few_shot").run()
    at.number_input(key="compile_labeled_few_shot_k").set_value(2).run()
    at.number_input(key="compile_calls").set_value(50).run()
    command = next(code.value for code in at.code if code.value.startswith("workbench compile"))
    assert "--param k=2" in command
    assert "--budget calls=50" in command
    button(at, "Start compiling").click().run()
    assert not at.exception
    (run,) = runs.list_runs(ws, task, kind="compile")
    assert run.settings["budget"] == {"calls": 50}
    assert run.status in ("done", "stopped")
    assert "Score of the winner" in [metric.label for metric in at.metric]


def test_a_run_needs_data_and_a_metric_first(app: Open, ws: Any) -> None:
    task = tasks.create_task(ws, "Bare", _classify())
    at = app("evaluate", task=task.id)
    assert {"Bring examples", "Choose a metric"} <= {item.label for item in at.button}
    assert "Start" not in {item.label for item in at.button}


def test_a_model_is_connected_made_the_default_and_removed(app: Open, ws: Any, texts: Texts) -> None:
    at = app("settings")
    at.text_input[0].set_value("local")
    at.text_input[1].set_value("some-model")
    at.text_input[2].set_value("http://127.0.0.1:9/v1")
    at.text_input[3].set_value("NO_SUCH_KEY")
    button(at, "Connect").click().run()
    assert "NO_SUCH_KEY is not set" in "".join(item.value for item in at.get("badge")) + texts(at)
    at.selectbox(key="settings_default").select("local").run()
    assert preferences.default_model(ws).name == "local"
    button(at, "Remove").click().run()
    assert preferences.default_model(ws).embedded


@pytest.mark.parametrize(
    "values", [("", "", "", ""), ("x", "m", "not a url", ""), ("x", "m", "http://h/v1", "a b")]
)
def test_a_bad_connection_is_a_readable_error(values: tuple[str, ...], app: Open, texts: Texts) -> None:
    at = app("settings")
    for index, value in enumerate(values):
        at.text_input[index].set_value(value)
    button(at, "Connect").click().run()
    assert not at.exception
    assert at.error
    assert "did not foresee" not in texts(at)


def test_kinds_of_requests_and_checkpoints_are_connected(app: Open, ws: Any, texts: Texts) -> None:
    at = app("settings")
    for index, value in enumerate(("old", "m", "http://127.0.0.1:9/v1")):
        at.text_input[index].set_value(value)
    next(item for item in at.selectbox if item.label == "Requests").select("text")
    button(at, "Connect").click().run()
    for index, value in enumerate(("mine", "local/checkpoints/mine", "")):
        at.text_input[index].set_value(value)
    next(item for item in at.selectbox if item.label == "Requests").select("chat")
    button(at, "Connect").click().run()
    assert not at.exception
    made = {model.name: model for model in models.list_models(ws)}
    assert made["old"].options == {"model_type": "text"}
    assert (made["mine"].model, made["mine"].base_url) == ("local/checkpoints/mine", "")
    assert "text completions" in texts(at)
    assert "on this machine" in texts(at)


def test_the_embedded_model_answers_its_test(app: Open) -> None:
    at = app("settings")
    button(at, "Test").click().run()
    assert any("answered in" in item.value for item in at.success)


def _classify() -> dict[str, Any]:
    from workbench.services.signature_form import TEMPLATES

    spec = TEMPLATES["Classify"]
    step = spec["steps"][0]
    outputs = [{"name": "label", "type": "str", "desc": ""}]
    return {**spec, "steps": [{**step, "signature": {**step["signature"], "outputs": outputs}}]}


def test_explore_takes_an_image_by_its_address(app: Open, ws: Any, texts: Texts) -> None:
    fields = [{"name": "picture", "type": "Image"}, {"name": "question", "type": "str"}]
    answer = {"inputs": fields, "outputs": [{"name": "caption", "type": "str"}]}
    step = {"name": "look", "signature": answer, "inputs": {"picture": "picture", "question": "question"}}
    spec = {"name": "looks", "inputs": fields, "steps": [step], "outputs": {"caption": "look.caption"}}
    task = tasks.create_task(ws, "Looks", spec)
    at = app("explore", task=task.id)
    at.text_input(key=f"explore_input_{tasks.newest_version(ws, task.id).id}_own_picture_url").set_value(
        "https://example.org/cat.png"
    ).run()
    button(at, "Run").click().run()
    assert not at.exception
    asked = at.session_state["explore_asked"]
    assert asked.inputs["picture"] == {"url": "https://example.org/cat.png"}
    assert "image_url" in texts(at) or any("image_url" in code.value for code in at.code)
