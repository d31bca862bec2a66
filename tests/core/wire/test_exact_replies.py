"""Replies in exactly the form asked for are read without a search, and as the search would read them."""

from __future__ import annotations

import random

import pytest

from core.wire.chat_layout import ChatLayout


def layout(*names: str) -> ChatLayout:
    fields = [
        {"name": name, "role": "output", "type_name": "str", "desc": "", "shape": {"kind": "str"}}
        for name in names
    ]
    return ChatLayout({"instructions": "Answer.", "fields": fields})


PIECES = (
    "[[ ## a ## ]]\n", "[[ ## b ## ]]\n", "[[ ## completed ## ]]", "\n", "\n\n", "words", " ", "\\", "[[", "[",
    "]]", "\r\n", "- ", "\\[[ ## a ## ]]\n", "[[ ## c ## ]]\n", "<think>", "**",
)  # fmt: skip


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("b", "a")])
def test_they_are_read_as_the_ladder_reads_them(names: tuple[str, ...]) -> None:
    made, chance, exact = layout(*names), random.Random(7), 0
    for _ in range(4000):
        text = "".join(
            part
            for name in names
            for part in (f"[[ ## {name} ## ]]\n", *chance.choices(PIECES, k=chance.randint(0, 3)), "\n")
        )
        text = f"{text}[[ ## completed ## ]]{chance.choice(PIECES)}"
        if chance.random() < 0.2:
            text = chance.choice(PIECES) + text
        found = made._as_asked(text)
        if found is not None:
            exact += 1
            assert found == made._by_ladder(text), text
    assert exact > 200


def test_an_output_called_like_the_closing_marker_leaves_it_to_the_search() -> None:
    text = "[[ ## Completed ## ]]\nyes\n\n[[ ## completed ## ]]\n"
    assert layout("Completed")._as_asked(text) is None


def test_empty_values_and_what_stands_behind_the_end_do_not_confuse_it() -> None:
    text = "[[ ## a ## ]]\n[[ ## b ## ]]\n two \n\n[[ ## completed ## ]]\nbye"
    assert layout("a", "b")._as_asked(text) == {"a": "", "b": "two"}
