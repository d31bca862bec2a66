"""Each kind of problem is found where it is, and a sound program has none."""

from __future__ import annotations

import copy

import pytest

from core.pipeline import available_sources, errors_of, parse_spec, validate
from tests.core.pipeline.conftest import HOPS, RECORD, TRIAGE


def changed(program, path, value):
    """The program with the value at `path` replaced, or (`...`) removed."""
    data = copy.deepcopy(program)
    place = data
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return parse_spec(data)


def test_a_sound_program_has_no_problems(any_spec):
    assert validate(any_spec) == []


OUTPUTS = ("steps", 0, "signature", "outputs")

CASES = [
    (TRIAGE, ("inputs", 0, "name"), "class", "inputs[0].name", "word of Python"),
    (TRIAGE, ("inputs", 0, "name"), "Customer message", "inputs[0].name", "no name"),
    (TRIAGE, ("inputs", 0, "name"), "", "inputs[0].name", "empty"),
    (TRIAGE, ("inputs", 0, "name"), "ﬁeld", "inputs[0].name", "look-alike"),
    (TRIAGE, ("inputs", 0, "name"), "_private", "inputs[0].name", "internal"),
    (TRIAGE, ("inputs", 0, "name"), "self", "inputs[0].name", "own code"),
    (TRIAGE, ("inputs",), [{"name": "message"}, {"name": "message"}], "inputs[1].name", "two fields"),
    (TRIAGE, ("inputs",), [], "inputs", "takes no input"),
    (TRIAGE, ("steps",), [], "steps", "no step"),
    (TRIAGE, ("steps", 0, "name"), "save", "steps[0].name", "'save' already"),
    (TRIAGE, ("steps", 0, "name"), "spec", "steps[0].name", "'spec' already"),
    (TRIAGE, ("steps", 0, "name"), "message", "steps[0].name", "both called 'message'"),
    (TRIAGE, ("steps", 0, "kind"), "predikt", "steps[0].kind", "no step kind"),
    (TRIAGE, ("steps", 0, "options"), {"api_base": "http://x"}, "steps[0].options", "no option 'api_base'"),
    (TRIAGE, ("steps", 0, "options"), {"temperature": 9}, "steps[0].options", "temperature"),
    (TRIAGE, ("steps", 0, "signature"), ..., "steps[0].signature", "gives nothing"),
    (TRIAGE, (*OUTPUTS, 0, "type"), "strr", "steps[0].signature.outputs[0].type", "strr"),
    (TRIAGE, (*OUTPUTS, 0, "type"), "os.system('x')", "steps[0].signature.outputs[0].type", "not a type"),
    (TRIAGE, (*OUTPUTS, 0, "type"), "Callable", "steps[0].signature.outputs[0].type", "cannot be the type"),
    (TRIAGE, (*OUTPUTS, 0, "type"), "object", "steps[0].signature.outputs[0].type", "no members"),
    (TRIAGE, (*OUTPUTS, 0, "name"), "message", "steps[0].signature", "input and an output"),
    (
        TRIAGE,
        (*OUTPUTS, 0, "constraints"),
        {"ge": 1},
        "steps[0].signature.outputs[0].constraints.ge",
        "bounds",
    ),
    (TRIAGE, (*OUTPUTS, 1, "constraints"), {"gee": 1}, "steps[0].signature.outputs[1].type", "no constraint"),
    (
        TRIAGE,
        (*OUTPUTS, 1, "constraints"),
        {"ge": "1"},
        "steps[0].signature.outputs[1].constraints.ge",
        "number",
    ),
    (
        TRIAGE,
        (*OUTPUTS, 1, "constraints"),
        {"ge": 9, "le": 2},
        "steps[0].signature.outputs[1].constraints",
        "bounds",
    ),
    (TRIAGE, ("steps", 0, "inputs"), {}, "steps[0].inputs.message", "Nothing flows"),
    (TRIAGE, ("steps", 0, "inputs", "message"), "mesage", "steps[0].inputs.message", "no input 'mesage'"),
    (TRIAGE, ("steps", 0, "inputs", "message"), "triage.topic", "steps[0].inputs.message", "own output"),
    (TRIAGE, ("steps", 0, "inputs", "message"), "nope.x", "steps[0].inputs.message", "no step 'nope'"),
    (TRIAGE, ("steps", 0, "inputs", "message"), ["message"], "steps[0].inputs.message", "no list"),
    (TRIAGE, ("steps", 0, "inputs", "extra"), "message", "steps[0].inputs.extra", "no input 'extra'"),
    (TRIAGE, ("outputs",), {}, "outputs", "gives no output"),
    (TRIAGE, ("outputs", "topic"), "triage.topik", "outputs.topic", "no output 'topik'"),
    (TRIAGE, ("outputs", "not a name"), "triage.topic", "outputs.not a name", "no name"),
    (HOPS, ("steps", 0, "inputs", "query"), "ask.query", "steps[0].inputs.query", "later than it is needed"),
    (HOPS, ("steps", 2, "name"), "hop1", "steps[2].name", "two steps"),
    (HOPS, ("steps", 0, "options", "k"), 0, "steps[0].options", "'k'"),
    (HOPS, ("steps", 0, "signature"), {"outputs": [{"name": "x"}]}, "steps[0].signature", "has no signature"),
    (HOPS, ("steps", 3, "signature", "outputs", 0, "name"), "reasoning", "steps[3].signature", "'reasoning'"),
    (HOPS, ("corpus",), [], "corpus", "empty"),
    (HOPS, ("corpus",), [" "], "corpus", "empty"),
    (RECORD, (*OUTPUTS, 0, "type"), "str", "steps[0].signature.outputs[0].type", "has members"),
    (RECORD, (*OUTPUTS, 0, "fields"), [], "steps[0].signature.outputs[0].type", "no members"),
    (
        RECORD,
        (*OUTPUTS, 0, "fields", 0, "name"),
        "copy",
        "steps[0].signature.outputs[0].fields[0].name",
        "Every record",
    ),
    (
        RECORD,
        (*OUTPUTS, 0, "fields", 2, "fields", 1, "type"),
        "number",
        "steps[0].signature.outputs[0].fields[2].fields[1].type",
        "number",
    ),
]


@pytest.mark.parametrize(("program", "path", "value", "where", "message"), CASES)
def test_the_problem_is_found_in_its_place(program, path, value, where, message):
    found = [
        problem for problem in errors_of(validate(changed(program, path, value))) if problem.where == where
    ]
    assert any(message in problem.message for problem in found), found
    assert all(problem.hint for problem in found)


@pytest.mark.parametrize(
    ("program", "path", "value", "where", "message"),
    [
        (TRIAGE, ("outputs", "urgency"), ..., "steps[0]", "Nothing reads 'triage.urgency'"),
        (TRIAGE, ("inputs",), [{"name": "message"}, {"name": "spare"}], "inputs[1]", "'spare'"),
        (TRIAGE, ("outputs", "items"), "triage.topic", "outputs.items", "method called 'items'"),
        (TRIAGE, ("corpus",), ["text"], "corpus", "No step retrieves"),
        (HOPS, ("corpus",), ..., "corpus", "no corpus"),
        (HOPS, ("outputs",), {"passages": "hop2.passages"}, "steps[3]", "what step 'answer' gives"),
    ],
)
def test_what_is_probably_not_meant_is_a_warning(program, path, value, where, message):
    found = validate(changed(program, path, value))
    assert errors_of(found) == []
    assert [problem.where for problem in found if message in problem.message] == [where]


def test_a_near_name_is_suggested():
    found = validate(changed(TRIAGE, ("outputs", "topic"), "triage.topik"))
    assert found[0].hint == "Did you mean 'triage.topic'?"


def test_a_bad_pattern_is_said():
    path = ("steps", 0, "signature", "inputs", 0, "constraints")
    found = errors_of(validate(changed(TRIAGE, path, {"pattern": "("})))
    assert "regular expression" in found[0].message


def test_sources_for_a_step_are_what_came_before(hops):
    assert available_sources(hops, "hop1") == ["question"]
    assert available_sources(hops, "hop2") == ["question", "hop1.passages", "ask.query"]
    assert available_sources(hops)[-2:] == ["answer.reasoning", "answer.answer"]


def test_validate_bears_anything_that_has_the_form():
    everything_wrong = {
        "inputs": [{"name": "", "type": "", "constraints": {"": ""}, "fields": []}],
        "steps": [
            {"name": "", "kind": "", "inputs": {"": "."}},
            {"name": "", "kind": "retrieve", "inputs": {"query": ".."}},
        ],
        "outputs": {"": "."},
        "corpus": [],
    }
    assert errors_of(validate(parse_spec(everything_wrong)))
