"""JSON as models write it."""

from __future__ import annotations

import json
import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.wire.jsonish import find_object, parse_json, strict_json
from core.wire.mending import JsonishError, mended_json


def _read(text: str) -> Any:
    try:
        return parse_json(text)
    except JsonishError:
        return {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Sure, {x} is: {"a": 1} – done.', {"a": 1}),
        ("{'a': 'it''s', 'b': True,}", {"a": "it''s", "b": True}),
        ("{a: 1, b_c: None}", {"a": 1, "b_c": None}),
        ('{"a": "he said "hi", then left", "b": 2}', {"a": 'he said "hi", then left', "b": 2}),
        ('{"a": "two\nlines"}', {"a": "two\nlines"}),
        ('{"a": [1, 2', {"a": [1, 2]}),
        ('{"a": "cut of', {"a": "cut of"}),
        ('{"a": 1, "b', {"a": 1}),
        ('{"a": [1, 2}, "b": 3}', {"a": [1, 2]}),
        ('{"a": 1 "b": 2}', {"a": 1, "b": 2}),
        ('{"a": "x" "b": 2}', {"a": "x", "b": 2}),
        ('{"a" "x", "b": 2}', {"a": "x", "b": 2}),
        ('{\\n "a": "x",\\n "b": 2\\n}', {"a": "x", "b": 2}),
        ('{"a": "x", // why\n "b": /* how */ 2}', {"a": "x", "b": 2}),
        ("{“a”: “x”, “b“: “y“}", {"a": "x", "b": "y"}),
        ('{"a": [\n "x"\n "y \\"z\\""\n ]}', {"a": ["x", 'y "z"']}),
        ('{"a": """x "y" z"""}', {"a": 'x "y" z'}),
        ('{"a": "\\ud83d\\ude00 \\x \\n", }', {"a": "😀 x \n"}),
        ('{"a": http://x.y/z}', {"a": "http://x.y/z"}),
        ("[1, 2,]", [1, 2]),
        ("{'a': (1, 2)}", {"a": [1, 2]}),
        ("7", 7),
    ],
)
def test_what_is_meant_is_read(text: str, value: Any):
    assert parse_json(text) == value


def test_numbers_beyond_json():
    found = parse_json("{'a': NaN, 'b': -Infinity, 'c': +3, 'd': .5, 'e': 1e3}")
    assert math.isnan(found.pop("a"))
    assert found == {"b": -math.inf, "c": 3, "d": 0.5, "e": 1000.0}


@pytest.mark.parametrize(
    "text", ["", "nothing here", "{{{", "{]", '{"a"; 1}', "[" * 10_000, '{"a":' * 10_000, "{:}"]
)
def test_what_makes_no_sense_is_an_error_or_empty(text: str):
    assert not _read(text)


def test_the_object_with_a_wanted_key_is_chosen():
    text = 'First {"note": 1}, then {"answer": 2}, and {"answer": 3}.'
    assert find_object(text, ["answer"]) == {"answer": 2}
    assert find_object(text) == {"note": 1}
    assert find_object('{"outer": 1, "inner": {"note": 2},}', ["outer"]) == {"outer": 1, "inner": {"note": 2}}


@pytest.mark.parametrize("text", ['[{"a": 1}]', '"{\\"a\\": 1}"'])
def test_an_object_in_a_list_or_a_text_counts(text: str):
    assert find_object(text) == {"a": 1}


@pytest.mark.parametrize("text", ["[1, 2]", '"x"', "3", "null"])
def test_other_json_is_no_object(text: str):
    with pytest.raises(JsonishError, match="object"):
        find_object(text)


def test_absurd_numbers_and_depths_are_errors():
    for text in ("9" * 5000, "[" * 100_000):
        with pytest.raises(JsonishError):
            strict_json(text)


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(value=st.dictionaries(st.text("abc", min_size=1, max_size=3), _json, max_size=3))
def test_mending_reads_good_json_as_it_is(value: dict[str, Any]):
    assert mended_json(json.dumps(value)) == value


@settings(max_examples=300, deadline=None, derandomize=True)
@given(text=st.text(alphabet="{}[]()\"'`:,\\ \nab1.-/*=“”#", max_size=80))
def test_mending_ends_on_any_text(text: str):
    assert isinstance(_read("{" + text), (dict, list))


@pytest.mark.parametrize(
    "piece", ["{", '{"a":', "'", '"', "[", "(", "//", "/*", " ", "\\", "`", ",", "a", '{"a" ']
)
def test_bounded_time_on_hostile_text(piece: str):
    begun = time.perf_counter()
    for size in (40_000, 1_000_000):
        _read("{" + piece * (size // len(piece)))
    assert time.perf_counter() - begun < 2.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a": 1,\n"b": {"c": 2}', {"a": 1, "b": {"c": 2}}),
        ('{"a": ["x",  // first\n "y"]}', {"a": ["x", "y"]}),
        ('{"a": ["x",  /* first */ "y"]}', {"a": ["x", "y"]}),
    ],
)
def test_braces_left_out_and_commented_lists_are_read(text: str, value: dict[str, object]):
    assert find_object(text, ["a", "b"]) == value


def test_a_part_of_broken_json_is_not_the_whole():
    text = """{'n': 1, 'items': [{'label': "it's", 'tags': ["a"]}]}"""
    assert parse_json(text) == {"n": 1, "items": [{"label": "it's", "tags": ["a"]}]}
