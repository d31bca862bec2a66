"""Tagged values and thinking."""

from __future__ import annotations

import pytest

from core.wire.tags import find_tags, tag, without_thoughts


def test_tags_are_found_in_any_order_and_may_hold_markup():
    text = f"Hi <b>{tag('second', 'x <i>y</i>')}\n<first>1</first> bye"
    assert find_tags(text, ["first", "second", "third"]) == {"first": "1", "second": "x <i>y</i>"}


def test_an_open_tag_without_its_end_gives_nothing():
    assert find_tags("<a>1 <b>2</b>", ["a", "b"]) == {"b": "2"}


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>a\nb</think>\n\nanswer", "answer"),
        ("  <thinking>x</thinking>answer", "answer"),
        ("answer <think>x</think>", "answer <think>x</think>"),
        ("<think>never ends", "<think>never ends"),
        ("plain", "plain"),
    ],
)
def test_thinking_in_front_is_dropped(text: str, rest: str):
    assert without_thoughts(text) == rest
