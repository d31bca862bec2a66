"""Tagged values and thinking."""

from __future__ import annotations

import pytest

from core.wire.tags import tag, unix_lines, without_thoughts


def test_a_tagged_value_stands_on_lines_of_its_own():
    assert tag("a", "x <i>y</i>") == "<a>\nx <i>y</i>\n</a>"


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


def test_line_ends_are_read_as_one_where_all_are_written_as_two():
    assert unix_lines("a\r\nb\r\n") == "a\nb\n"
    assert unix_lines("a\r\nb\n") == "a\r\nb\n"
