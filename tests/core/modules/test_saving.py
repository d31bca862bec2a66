"""Saved state: our files, DSPy's files, hostile files."""

import json
from datetime import date
from pathlib import Path

import pydantic
import pytest

import core
from core.foundation.errors import StateError
from core.lm import ScriptedLM
from core.modules import ChainOfThought, Module, Predict, Retrieve


class Point(pydantic.BaseModel):
    x: int


class Program(Module):
    def __init__(self) -> None:
        self.first = Predict("question -> query")
        self.retrieve = Retrieve(k=5)
        self.hops = [ChainOfThought("question -> answer: float")]


def trained() -> Program:
    program = Program()
    program.first.demos = [
        core.Example(question="q", query=Point(x=1), augmented=True),
        {"question": "ü", "query": "z"},
    ]
    program.first.signature = program.first.signature.with_instructions("Learned.")
    program.hops[0].predict.lm = core.LM("openai/gpt-x", api_key="sk-canary-987654321", temperature=0.5)
    return program


def test_a_state_goes_round(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    trained().save(path)
    program = Program()
    program.retrieve.k = 1
    program.load(path)
    assert program.first.signature.instructions == "Learned."
    assert program.first.demos[0].query == {"x": 1}
    assert program.first.demos[1].question == "ü"
    assert program.retrieve.k == 5
    assert program.hops[0].predict.lm.model == "openai/gpt-x"
    assert program.dump_state()["first"]["demos"] == trained().dump_state()["first"]["demos"]


def test_the_file_has_dspys_form_and_no_secrets(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    trained().save(path)
    text = path.read_text("utf-8")
    state = json.loads(text)
    assert list(state) == ["first", "retrieve", "hops[0].predict", "metadata"]
    assert set(state["first"]) == {"traces", "train", "demos", "signature", "lm"}
    assert state["first"]["signature"]["fields"][0] == {"prefix": "Question:", "description": "${question}"}
    assert state["first"]["demos"][0] == {"question": "q", "query": {"x": 1}, "augmented": True}
    assert set(state["metadata"]["dependency_versions"]) <= {"python", "dspy", "cloudpickle"}
    assert state["hops[0].predict"]["lm"]["temperature"] == 0.5
    assert "canary" not in text
    assert text.endswith("}\n")


@pytest.mark.parametrize("flat", [True, False])
def test_a_state_of_dspy_loads(tmp_path: Path, flat: bool) -> None:
    path = tmp_path / "theirs.json"
    state = {
        "self": {
            "traces": [],
            "train": [],
            "demos": [{"augmented": True, "question": "1+1", "answer": "2"}],
            "signature": {
                "instructions": "Add.",
                "fields": [
                    {"prefix": "Question:", "description": "${question}"},
                    {"prefix": "Answer:", "description": "a number"},
                ],
            },
            "lm": {
                "_dspy_lm_class": "dspy.clients.lm.LM",
                "model": "openai/gpt-4o-mini",
                "model_type": "chat",
                "cache": True,
                "num_retries": 3,
                "temperature": None,
                "max_tokens": None,
                "finetuning_model": None,
                "launch_kwargs": {},
                "train_kwargs": {},
            },
        },
        "metadata": {"dependency_versions": {"python": "3.11", "dspy": "3.4.1", "cloudpickle": "3.1"}},
    }
    path.write_text(json.dumps({**state["self"], "metadata": state["metadata"]} if flat else state))
    program = Predict("question -> answer")
    program.load(path)
    assert program.signature.instructions == "Add."
    assert program.signature.answer.desc == "a number"
    assert program.demos[0].answer == "2"
    assert program.lm.model == "openai/gpt-4o-mini"


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda state: state.pop("hops[0].predict"), "nothing for hops"),
        (lambda state: state["first"].pop("signature"), "'first'"),
        (lambda state: state["first"]["signature"]["fields"].pop(), "1 fields"),
        (
            lambda state: state["first"].update(lm={"model": "x", "_dspy_lm_class": "evil.Module"}),
            "class of its own",
        ),
        (lambda state: state["first"].update(demos="text"), "'first'"),
        (lambda state: state["metadata"]["core"].update(format=99), "newer version"),
        (lambda state: state["metadata"]["core"].update(format="9"), "another format"),
        (lambda state: state.update(first=[]), "'first'"),
        (lambda state: state["first"].update(demos=[None]), "list of demos"),
        (lambda state: state["first"].update(lm="openai/x"), "are objects"),
        (lambda state: state["first"]["signature"].update(instructions={"a": 1}), "not one"),
        (lambda state: state["first"]["signature"].update(fields=[{"prefix": []}, {}]), "not one"),
        (lambda state: state["first"].update(lm={"model": "openai/x", "temperature": "hot"}), "temperature"),
        (lambda state: state["first"].update(lm={"model": "openai/x", "num_retries": 10**9}), "num_retries"),
        (lambda state: state["first"].update(lm={"model": "openai/x", "n": 10**9}), "n=1000000000"),
        (lambda state: state["first"].update(lm={"model": "openai/x", "cache": "no"}), "cache"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(tmp_path: Path, change: object, match: str) -> None:
    path = tmp_path / "program.json"
    trained().save(path)
    state = json.loads(path.read_text("utf-8"))
    change(state)  # type: ignore[operator]
    path.write_text(json.dumps(state))
    program = Program()
    before = program.dump_state()
    with pytest.raises(StateError, match=match):
        program.load(path)
    assert program.dump_state() == before


def test_a_file_cannot_choose_where_requests_go(tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    program = Predict("q -> a")
    program.lm = core.LM("openai/x")
    program.save(path)
    state = json.loads(path.read_text("utf-8"))
    state["lm"].update(api_base="http://127.0.0.1:1/steal", api_key="k")
    state["__class__"] = "x"
    state["config"] = {"api_base": "http://127.0.0.1:1"}
    path.write_text(json.dumps(state))
    fresh = Predict("q -> a")
    fresh.load(path)
    assert "api_base" not in json.dumps(fresh.lm.dump_state())
    assert getattr(fresh.lm, "api_base", None) in (None, "") or "127.0.0.1:1" not in str(fresh.lm.api_base)
    assert fresh.config == {}
    assert type(fresh) is Predict


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", "not json"),
        ("x.json", "[]"),
        ("x.pkl", ""),
        ("none.json", None),
        ("deep.json", '{"self":' + "[" * 100_000 + "]" * 100_000 + "}"),
    ],
)
def test_files_that_hold_no_state_are_refused(tmp_path: Path, name: str, content: str | None) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(StateError):
        Predict("q -> a").load(tmp_path / name)


def test_metadata_of_any_form_is_passed_over(tmp_path: Path) -> None:
    for metadata in ([1], "x", None, {"core": 5}):
        state = Predict("q -> a").dump_state()
        (tmp_path / "x.json").write_text(json.dumps({**state, "metadata": metadata}))
        Predict("q -> a").load(tmp_path / "x.json")


def test_half_a_character_in_a_demo_is_saved_and_read_back(tmp_path: Path) -> None:
    program = Predict("q -> a")
    program.demos = [core.Example(q="cut \ud83d", a="ü")]
    program.save(tmp_path / "x.json")
    program.demos = []
    program.load(tmp_path / "x.json")
    assert program.demos[0].q == "cut \ud83d"
    assert program.demos[0].a == "ü"


def test_only_json_is_written(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="json"):
        Predict("q -> a").save(tmp_path / "x.pkl")
    with pytest.raises(StateError, match="json"):
        Predict("q -> a").save(tmp_path / "folder", save_program=True)
    assert list(tmp_path.iterdir()) == []


def test_a_scripted_model_leaves_no_trace_in_a_state() -> None:
    program = Predict("q -> a")
    program.lm = ScriptedLM(["x"])
    assert json.dumps(program.dump_state())


def test_what_is_missing_is_an_error_of_pythons_own_too(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*lost\.json.* Check the path") as caught:
        Program().load(tmp_path / "lost.json")
    assert isinstance(caught.value, StateError)
    with pytest.raises(KeyError, match="nothing for first") as lacking:
        Program().load_state({})
    assert isinstance(lacking.value, StateError)


def test_values_of_demos_that_json_does_not_know_are_saved_as_data(tmp_path: Path) -> None:
    step = Predict("when, pair -> answer")
    step.demos = [core.Example(when=date(2024, 1, 2), pair=(1, 2), answer="a")]
    step.save(tmp_path / "step.json")
    step.load(tmp_path / "step.json")
    assert step.demos[0].toDict() == {"when": "2024-01-02", "pair": [1, 2], "answer": "a"}
