"""The chat layout: exact messages, and the ladder by which replies are read."""

from __future__ import annotations

from typing import Any

import pytest

from core.wire.chat_layout import ChatLayout
from core.wire.layout import ReplyError
from core.wire.repair import repair_messages
from tests.core.wire.conftest import field

SYSTEM = """\
Input fields:
1. `text` (str): what to read
2. `passages` (list[str]):
Output fields:
1. `answer` (str):
2. `score` (float):
Constraints: >= 0, <= 1
3. `label` (Literal['a', 'b c']):
4. `tags` (list[str]):
5. `maybe` (Optional[int]):
6. `note` (str):
Structure of every exchange:

[[ ## text ## ]]
{text}

[[ ## passages ## ]]
{passages}

[[ ## answer ## ]]
{answer}

[[ ## score ## ]]
{score}  # a number

[[ ## label ## ]]
{label}  # one of: a; b c

[[ ## tags ## ]]
{tags}  # JSON: {"type": "array"}

[[ ## maybe ## ]]
{maybe}  # a whole number or None

[[ ## note ## ]]
{note}

[[ ## completed ## ]]

Task:
Do it.
Well."""

REMINDER = (
    "Reply with `[[ ## answer ## ]]`, then `[[ ## score ## ]]` (float), then `[[ ## label ## ]]` (one of its values), "
    "then `[[ ## tags ## ]]` (list[str]), then `[[ ## maybe ## ]]` (Optional[int]), then `[[ ## note ## ]]`, "
    "then `[[ ## completed ## ]]`."
)
VALUES = {"answer": "yes", "score": 0.5, "label": "a", "tags": ["x"], "maybe": 3, "note": "n"}


def test_the_messages_of_a_request(wire: dict[str, Any]):
    system, request = ChatLayout(wire).messages([], {"passages": ["p\nq"], "text": "t {x}", "unknown": 1})
    assert system == {"role": "system", "content": SYSTEM}
    text = '[[ ## text ## ]]\nt {x}\n\n[[ ## passages ## ]]\n["p\\nq"]\n\n' + REMINDER
    assert request == {"role": "user", "content": text}


def test_demos_stand_between_incomplete_ones_first(wire: dict[str, Any]):
    whole = {"text": "t", "passages": [], **VALUES}
    part = {"text": "half", "answer": "z"}
    messages = ChatLayout(wire).messages([whole, part, {"text": "no output"}, {"answer": "no input"}], {})
    assert [message["role"] for message in messages] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert messages[1]["content"] == "An example with some fields left out.\n\n[[ ## text ## ]]\nhalf"
    assert messages[2]["content"].startswith("[[ ## answer ## ]]\nz\n\n[[ ## score ## ]]\n(not given)\n\n")
    assert messages[4]["content"].endswith("[[ ## note ## ]]\nn\n\n[[ ## completed ## ]]\n")
    assert messages[5]["content"] == REMINDER


def test_an_answer_reads_back(wire: dict[str, Any]):
    layout = ChatLayout(wire)
    assert layout.parse(layout.answer(VALUES)) == VALUES


def test_absent_fields_take_their_defaults_and_others_are_missing(wire: dict[str, Any]):
    reply = "[[ ## answer ## ]]\nyes\n[[ ## score ## ]]\n2\n[[ ## label ## ]]\nB C"
    with pytest.raises(ReplyError) as caught:
        ChatLayout(wire).parse(reply)
    assert caught.value.problems == {"score": "2.0 breaks the constraint: <= 1", "tags": "missing"}
    assert caught.value.values == {"answer": "yes", "label": "b c", "maybe": None, "note": "none"}
    assert str(caught.value) == "`score`: 2.0 breaks the constraint: <= 1; `tags`: missing"


PAIR = {"instructions": "", "fields": [field("why"), field("n_items", kind="int")]}


@pytest.mark.parametrize(
    "reply",
    [
        "[[ ## why ## ]]\nso\n\n[[ ## n_items ## ]]\n3\n\n[[ ## completed ## ]]",
        "[[ ## n_items ## ]]\n3\n[[ ## why ## ]]\nso",
        "[[ ## why ## ]]\nso\n[[ ## unknown ## ]]\nx\n[[ ## n_items ## ]]\n3\n[[ ## why ## ]]\nlater",
        "Sure:\n[[ ## Why ## ]]\nso\n[[ ## N Items ## ]]\n3\n[[ ## completed ## ]]\nBye",
        "[[ ## why ## ]] so [[ ## n_items ## ]] 3 [[ ## completed ## ]]",
        'Sure: {"why": "so", "n_items": 3}',
        "```json\n{'Why': 'so', 'n-items': '3',}\n```",
        "<why>so</why>\n<n_items>3</n_items>",
        "Why: so\nN items: 3",
        "**Why:** so\n\n**n_items**: 3",
        "<think>[[ ## why ## ]]\nno</think>\n[[ ## why ## ]]\nso\n[[ ## n_items ## ]]\n3",
    ],
)
def test_every_rung_of_the_ladder(reply: str):
    assert ChatLayout(PAIR).parse(reply) == {"why": "so", "n_items": 3}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("", "the reply is empty"),
        ("<think>only</think>", "the reply is empty"),
        ("I do not know.", "the reply has no field markers"),
        ('{"why": "so"}', "the reply has no field markers"),
        ("[[ ## why ## ]]\nso", "`n_items`: missing"),
        # A truncated reply that quotes a marker within a line must not give that field a value.
        ('[[ ## why ## ]]\nThe user wrote "[[ ## n_items ## ]] 3" and', "`n_items`: missing"),
        (
            "[[ ## why ## ]] quoted [[ ## n_items ## ]] 1 [[ ## n_items ## ]] 2 [[ ## completed ## ]]",
            "`n_items`: missing",
        ),
    ],
)
def test_what_cannot_be_read_says_why(reply: str, said: str):
    with pytest.raises(ReplyError) as caught:
        ChatLayout(PAIR).parse(reply)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("reply", "value"),
    [
        ("Paris", "Paris"),
        ("Paris\n\n[[ ## completed ## ]]", "Paris"),
        ("Answer: Paris", "Paris"),
        ('{"answer": "Paris"}', "Paris"),
        ('{"city": "Paris"}', '{"city": "Paris"}'),
        ("see [[ ## answer ## ]]", "see [[ ## answer ## ]]"),
    ],
)
def test_the_whole_text_is_the_only_output(one: dict[str, Any], reply: str, value: str):
    assert ChatLayout(one).parse(reply) == {"answer": value}


def test_an_output_may_be_called_completed():
    layout = ChatLayout({"instructions": "", "fields": [field("completed", kind="bool"), field("rest")]})
    assert layout.parse(layout.answer({"completed": True, "rest": "x"})) == {"completed": True, "rest": "x"}


def test_names_that_differ_in_case_alone_are_kept_apart():
    layout = ChatLayout({"instructions": "", "fields": [field("Answer"), field("answer")]})
    assert layout.parse(layout.answer({"Answer": "A", "answer": "b"})) == {"Answer": "A", "answer": "b"}


def test_the_repair_turn(one: dict[str, Any]):
    layout = ChatLayout(one)
    before = layout.messages([], {"question": "q"})
    error = ReplyError("the reply is empty", {"answer": "missing"})
    *same, reply, complaint = repair_messages(layout, before, "x" * 50_000, error)
    assert same == before
    assert len(reply["content"]) == 20_000
    assert complaint["content"] == (
        "That could not be read: the reply is empty: `answer`: missing. "
        "Reply with `[[ ## answer ## ]]`, then `[[ ## completed ## ]]`."
    )
