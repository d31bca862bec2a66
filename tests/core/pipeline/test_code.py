"""The Python source of a program builds an equal program, whatever texts stand in the specification."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import core
from core.foundation.errors import PipelineError
from core.pipeline import build, code, parse_spec
from tests.core.pipeline.conftest import TRIAGE


def loaded(source, folder, name="written"):
    """The program that a file with this source defines."""
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    found = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.program


def described(program):
    """Everything that a prompt or a state could show of a program."""
    return {
        path: [
            (field.role, name, field.type_name, field.shape, field.desc, field.constraints)
            for name, field in part.signature.fields.items()
        ]
        + [part.signature.instructions, part.config]
        for path, part in program.named_predictors()
    }


def test_the_written_program_is_equal(any_spec, tmp_path):
    written, built = loaded(code(any_spec), tmp_path), build(any_spec)
    assert described(written) == described(built)
    assert [path for path, _ in written.named_parameters()] == [path for path, _ in built.named_parameters()]


def test_the_written_program_sends_the_same_messages(any_spec, tmp_path):
    written, built = loaded(code(any_spec), tmp_path), build(any_spec)
    for (_, left), (_, right) in zip(written.named_predictors(), built.named_predictors(), strict=True):
        assert left.preview() == right.preview()


def test_a_state_of_the_one_fits_the_other(any_spec, tmp_path):
    written, built = loaded(code(any_spec), tmp_path), build(any_spec)
    written.load_state(built.dump_state())
    assert written.dump_state() == built.dump_state()


def test_the_written_program_answers_the_same(hops, tmp_path):
    def reply(request):
        text = str(request.messages)
        field = "query" if "next query" in text else "answer"
        reasoning = "" if field == "query" else "[[ ## reasoning ## ]]\nbecause\n\n"
        return f"{reasoning}[[ ## {field} ## ]]\nMira Ven\n\n[[ ## completed ## ]]"

    answers, requests = [], []
    for program in (loaded(code(hops), tmp_path), build(hops)):
        lm = core.ScriptedLM(reply)
        with core.context(lm=lm):
            answers.append(program(question="Who founded Ostal?").toDict())
        requests.append([request.messages for request in lm.requests])
    assert answers[0] == answers[1]
    assert requests[0] == requests[1]


def test_the_source_runs_in_a_process_of_its_own(record, root, tmp_path):
    path = tmp_path / "extraction.py"
    path.write_text(code(record) + "print(program.extract.signature.signature)\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(root)}
    )
    assert done.stdout == "text -> order, list\n"


def test_the_source_reads_as_a_person_would_write_it(triage):
    plain = triage.steps[0].signature.model_copy(update={"instructions": "Sort the message."})
    step = triage.steps[0].model_copy(update={"signature": plain})
    source = code(triage.model_copy(update={"steps": (step,)}))
    assert (
        source
        == '''# support triage
# Sorts tickets.

from typing import Literal

import core


class Triage(core.Signature):
    """Sort the message."""

    message: str = core.InputField(desc='What the customer wrote')
    topic: Literal['billing', "it's broken", 'other'] = core.OutputField()
    urgency: int = core.OutputField(ge=1, le=5)


class SupportTriage(core.Module):
    def __init__(self):
        super().__init__()
        self.triage = core.Predict(Triage, temperature=0.0)

    def forward(self, message):
        triage = self.triage(message=message)
        return core.Prediction(topic=triage.topic, urgency=triage.urgency)


program = SupportTriage()
'''
    )


def test_fields_named_like_types_and_methods(tmp_path):
    names = ["str", "list", "date", "Literal", "items", "int"]
    types = ["str", "list[int]", "date", "Literal['list', 'str']", "list[str]", "Optional[int]"]
    outputs = [{"name": name, "type": text} for name, text in zip(names, types, strict=True)]
    spec = parse_spec(
        {
            "inputs": [{"name": "text"}],
            "steps": [
                {
                    "name": "read",
                    "signature": {"inputs": [{"name": "text"}], "outputs": outputs},
                    "inputs": {"text": "text"},
                }
            ],
            "outputs": {name: f"read.{name}" for name in names},
        }
    )
    program = loaded(code(spec), tmp_path)
    assert described(program) == described(build(spec))
    program.read = lambda text: core.Prediction(dict.fromkeys(names, text))
    assert program(text="x").toDict() == dict.fromkeys(names, "x")


def test_two_steps_whose_classes_would_share_a_name(tmp_path):
    signature = {
        "inputs": [{"name": "text"}],
        "outputs": [{"name": "out", "type": "object", "fields": [{"name": "a"}]}],
    }
    steps = [
        {"name": name, "signature": signature, "inputs": {"text": "text"}}
        for name in ("out", "Out", "program")
    ]
    spec = parse_spec(
        {
            "inputs": [{"name": "text"}],
            "steps": steps,
            "outputs": {s["name"]: f"{s['name']}.out" for s in steps},
        }
    )
    assert described(loaded(code(spec), tmp_path)) == described(build(spec))


def test_a_program_with_problems_is_not_written():
    with pytest.raises(PipelineError, match="no output"):
        code(parse_spec({**TRIAGE, "outputs": {}}))


hostile = st.one_of(
    st.text(),
    st.sampled_from(
        [
            '"""',
            "'''",
            '"""\nimport os\n"""',
            "\\",
            "a\\",
            'ends"',
            "  indented\n  twice",
            "\t",
            "\r\n# x",
            "\u2028x",
            "{x}",
            "\x00",
        ]
    ),
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(hostile, hostile, hostile, hostile)
def test_no_text_becomes_code(tmp_path, instructions, desc, passage, label):
    surrogates = any("\ud800" <= c <= "\udfff" for c in instructions + desc + passage + label)
    if surrogates:
        return
    spec = parse_spec(
        {
            "name": instructions[:200],
            "description": desc,
            "inputs": [{"name": "text"}],
            "steps": [
                {"name": "find", "kind": "retrieve", "inputs": {"query": "text"}},
                {
                    "name": "read",
                    "signature": {
                        "instructions": instructions,
                        "inputs": [{"name": "text", "desc": desc}],
                        "outputs": [{"name": "label", "type": f"Literal[{label!r}, 'x']"}],
                    },
                    "inputs": {"text": "text"},
                },
            ],
            "outputs": {"label": "read.label", "passages": "find.passages"},
            "corpus": [passage, "a"],
        }
    )
    source = code(spec)
    kinds = {type(node).__name__ for node in ast.parse(source).body}
    assert kinds <= {"Import", "ImportFrom", "ClassDef", "Assign"}
    written, built = loaded(source, tmp_path), build(spec)
    assert described(written) == described(built)
    assert written.find.rm.corpus == built.find.rm.corpus
