"""The form of a program file: what is read, what is refused and how that is said."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from core.foundation.errors import PipelineError
from core.pipeline import ProgramSpec, parse_spec


def test_json_and_plain_data_are_the_same(any_spec):
    text = any_spec.model_dump_json()
    assert parse_spec(text) == any_spec == parse_spec(text.encode()) == parse_spec(json.loads(text))


def test_a_specification_cannot_be_changed(triage):
    with pytest.raises(ValidationError):
        triage.name = "other"


def test_a_step_is_found_by_name(hops):
    assert hops.step("hop2").options == {"k": 2}
    with pytest.raises(PipelineError, match=r"no step called 'hop3'.*hop1"):
        hops.step("hop3")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stepz": []}, r"unknown key 'stepz' in the program \(did you mean 'steps'\?\)"),
        ({"steps": [{"name": "a", "class": "os.system"}]}, r"unknown key 'class' in steps\[0\]"),
        ({"steps": [{"name": "a", "options": {"k": [1]}}]}, r"steps\[0\]\.options\.k"),
        ({"steps": [{"name": "a", "inputs": {"q": []}}]}, r"steps\[0\]\.inputs\.q"),
        ({"inputs": [{"name": 3}]}, r"inputs\[0\]\.name: input should be a valid string"),
        ({"inputs": [{"name": "x" * 81}]}, r"inputs\[0\]\.name"),
        ({"format": 2}, "newer version"),
        ({"format": 0}, "format"),
        ({"corpus": ["x" * 40_001]}, r"corpus\[0\]"),
        ({"steps": [{"name": "a"}] * 51}, "steps"),
        ([], "JSON object"),
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"inputs": [{"name": "x", "constraints": {"ge": NaN}}]}', "finite"),
    ],
)
def test_what_is_refused_is_said(data, message):
    with pytest.raises(PipelineError, match=message) as caught:
        parse_spec(data)
    assert "pydantic" not in str(caught.value)


def test_records_have_a_depth():
    field = {"name": "leaf"}
    for _ in range(30):
        field = {"name": "inner", "type": "object", "fields": [field]}
    with pytest.raises(PipelineError, match="nested more than"):
        parse_spec({"inputs": [field]})


def test_five_levels_of_records_are_allowed():
    field = {"name": "leaf"}
    for _ in range(5):
        field = {"name": "inner", "type": "object", "fields": [field]}
    step = {"name": "a", "signature": {"outputs": [field]}}
    assert parse_spec({"steps": [step]}).steps[0].signature is not None


def test_every_problem_of_the_form_is_listed():
    with pytest.raises(PipelineError) as caught:
        parse_spec({"stepz": 1, "inputz": 2})
    assert len(caught.value.problems) == 2


def test_nothing_in_the_form_names_code_or_places():
    names = json.dumps(ProgramSpec.model_json_schema())
    for word in ("class", "module_path", "import", "endpoint", "api_base", "api_key", "url"):
        assert f'"{word}"' not in names
