"""Marked sections: what counts as a marker, and that values cannot forge one."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire.sections import escape_markers, marker, section, split_sections, unescape_markers


@pytest.mark.parametrize(
    "line",
    [
        "[[ ## a ## ]]",
        "[[## a ##]]",
        "[[##a##]]",
        "  [[ ## a ## ]]",
        "**[[ ## a ## ]]**",
        "### [[ ## a ## ]]",
        "> [[ # a # ]]",
        "[[ ## a ## ]]:",
        "\ufeff[[ ## a ## ]]",
    ],
)
def test_a_marker_is_read_in_any_spacing_and_decoration(line: str):
    assert split_sections(f"Sure.\n{line}\r\nvalue\n\n[[ ## b ## ]]\nx")[1:] == [("a", "value"), ("b", "x")]


@pytest.mark.parametrize(
    "line",
    ["see [[ ## a ## ]]", "[ ## a ## ]", "[[ a ]]", "[[ ## ## ]]", "\\[[ ## a ## ]]", "[[ ## a\n## ]]"],
)
def test_other_brackets_are_text(line: str):
    assert split_sections(f"intro\n{line}") == [("", f"intro\n{line.removeprefix(chr(92))}")]


def test_the_rest_of_the_line_belongs_to_the_value():
    assert split_sections("[[ ## a ## ]] same line\nmore") == [("", ""), ("a", "same line\nmore")]
    assert split_sections("[[ ## a ## ]]: said\n") == [("", ""), ("a", "said")]


def test_names_may_have_spaces_and_hyphens():
    assert split_sections("[[ ## next step ## ]]\nx\n[[ ## to-do ## ]]\ny")[1:] == [
        ("next_step", "x"),
        ("to_do", "y"),
    ]


def test_markers_within_lines_only_on_request():
    text = "[[ ## a ## ]] 1 [[ ## b ## ]] 2"
    assert split_sections(text)[1:] == [("a", "1 [[ ## b ## ]] 2")]
    assert split_sections(text, anywhere=True)[1:] == [("a", "1"), ("b", "2")]


def test_section_writes_what_split_reads():
    forged = f"quoted:\n{marker('b')}\nno"
    text = f"{section('a', forged)}\n\n{section('b', 'yes')}"
    assert split_sections(text)[1:] == [("a", forged), ("b", "yes")]


_pieces = st.sampled_from(
    [marker("a"), "\\", " ", "*", "\n", "[[", "##", "]]", "x", "\t", "\r\n", "[[##a##]]"]
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.lists(_pieces, max_size=14).map("".join))
def test_escaping_is_undone_exactly_and_leaves_no_marker(text: str):
    escaped = escape_markers(text)
    assert unescape_markers(escaped) == text
    assert len(split_sections("\n" + escaped)) == 1


@pytest.mark.parametrize(
    "piece", ["[[", "[[ ## ", "\n", " ", "\\", "[[ ## a ## ]] ", "\\[[ ## a ## ]]", "a", "#"]
)
def test_linear_on_hostile_text(piece: str):
    text = piece * (1_000_000 // len(piece))
    begun = time.perf_counter()
    split_sections(text)
    escape_markers(text)
    unescape_markers(text)
    assert time.perf_counter() - begun < 2.0
