"""The JSON layout: exact messages, and the ladder by which replies are read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.wire.json_layout import JsonLayout
from core.wire.layout import ReplyError
from tests.core.wire.conftest import field

VALUES = {"answer": "yes", "score": 0.5, "label": "a", "tags": ["x"], "maybe": None, "note": "n"}


def test_the_messages_of_a_request(one: dict[str, Any]):
    one["fields"].append(field("sure", kind="bool"))
    system, request = JsonLayout(one).messages([], {"question": "q"})
    assert system["content"] == (
        "Input fields:\n1. `question` (str):\nOutput fields:\n1. `answer` (str):\n2. `sure` (bool):\n"
        "Inputs come as:\n\n[[ ## question ## ]]\n{question}\n\n"
        'Reply with a JSON object:\n\n{\n  "answer": "{answer}",\n  "sure": "{sure}  # True or False"\n}\n\n'
        "Task:\nAnswer."
    )
    assert request["content"] == (
        "[[ ## question ## ]]\nq\n\nReply with a JSON object of `answer`, then `sure` (bool)."
    )


def test_demos_answer_with_an_object(wire: dict[str, Any]):
    demos = [{"text": "t", "passages": [], **VALUES, "maybe": 1}, {"text": "u", "score": 1}]
    messages = JsonLayout(wire).messages(demos, {})
    partial, whole = json.loads(messages[2]["content"]), json.loads(messages[4]["content"])
    assert partial == {name: 1 if name == "score" else "(not given)" for name in VALUES}
    assert whole == {**VALUES, "maybe": 1}


def test_an_answer_reads_back(wire: dict[str, Any]):
    layout = JsonLayout(wire)
    assert layout.parse(layout.answer(VALUES)) == VALUES


PAIR = {"instructions": "", "fields": [field("why"), field("n_items", kind="int")]}


@pytest.mark.parametrize(
    "reply",
    [
        '{"why": "so", "n_items": 3}',
        '{"n_items": "3", "why": "so", "more": [1]}',
        'Sure {x}:\n```json\n{"why": "so", "n_items": 3}\n```\nBye',
        "{'Why': 'so', 'n items': 3.0,",
        '[{"why": "so", "n_items": 3}]',
        "[[ ## why ## ]]\nso\n[[ ## n_items ## ]]\n3",
        '[[ ## why ## ]]\nso\n[[ ## n_items ## ]]\n3\n[[ ## data ## ]]\n{"a": 1}',
        '<think>{"why": "no"}</think>{"why": "so", "n_items": 3}',
    ],
)
def test_every_rung_of_the_ladder(reply: str):
    assert JsonLayout(PAIR).parse(reply) == {"why": "so", "n_items": 3}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("", "the reply is empty"),
        ("no object", "holds no JSON object"),
        ("[1, 2]", "a list where an object belongs"),
        ('{"why": null, "n_items": 3}', "`why`: null where a text belongs"),
        ('{"why": "so"}', "`n_items`: missing"),
        ('{"other": 1}', "`why`: missing; `n_items`: missing"),
    ],
)
def test_what_cannot_be_read_says_why(reply: str, said: str):
    with pytest.raises(ReplyError) as caught:
        JsonLayout(PAIR).parse(reply)
    assert said in str(caught.value)


def test_text_without_a_brace_is_the_only_text_output(one: dict[str, Any]):
    assert JsonLayout(one).parse("Paris") == {"answer": "Paris"}
    with pytest.raises(ReplyError):
        JsonLayout(one).parse('{"answer')


def test_an_object_may_be_the_value_of_the_only_output():
    record = {"kind": "object", "name": "R", "fields": {"name": {"shape": {"kind": "str"}, "required": True}}}
    layout = JsonLayout({"instructions": "", "fields": [field("person", shape=record)]})
    assert layout.parse('{"name": "Zoë"}') == {"person": {"name": "Zoë"}}
    assert layout.parse('{"person": {"name": "Zoë"}}') == {"person": {"name": "Zoë"}}
