"""Tagged values and thinking."""

from __future__ import annotations

import pytest

from core.wire.tags import tag, without_thoughts


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
