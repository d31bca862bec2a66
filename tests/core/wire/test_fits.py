"""Exact fits: what a union takes before anything that would have to be converted."""

from __future__ import annotations

from typing import Any

import pytest

from core.wire.coerce import coerce, coerce_data
from core.wire.fits import fits_exactly

STR, INT, FLOAT, BOOL = ({"kind": kind} for kind in ("str", "int", "float", "bool"))
CIRCLE = {"kind": "object", "name": "Circle", "fields": {"r": {"shape": INT, "required": True, "desc": ""}}}
RING = {
    "kind": "object",
    "name": "Ring",
    "fields": {
        "r": {"shape": INT, "required": True, "desc": ""},
        "inner": {"shape": INT, "required": False, "desc": "", "default": 0},
    },
}


def union(*shapes: Any) -> dict[str, Any]:
    return {"kind": "union", "of": list(shapes)}


@pytest.mark.parametrize(
    ("value", "shape", "fits"),
    [
        (True, INT, False),
        (1, INT, True),
        (1, FLOAT, False),
        ("1", INT, False),
        (None, {"kind": "optional", "of": INT}, True),
        (["a"], {"kind": "list", "items": STR}, True),
        ([1], {"kind": "list", "items": STR}, False),
        ([1, "a"], {"kind": "tuple", "of": [INT, STR]}, True),
        ({"k": 1}, {"kind": "dict", "values": INT}, True),
        ({"r": 1}, RING, True),
        ({"r": 1, "x": 1}, RING, False),
        ({}, CIRCLE, False),
        ("a", {"kind": "literal", "values": ["a"]}, True),
        ("2024-01-31", {"kind": "date"}, True),
        ("31 January", {"kind": "date"}, False),
        ({"k": 1}, {"kind": "list", "items": INT}, False),
    ],
)
def test_fits(value: Any, shape: dict[str, Any], fits: bool):
    assert fits_exactly(value, shape) is fits


@pytest.mark.parametrize(
    ("text", "shape", "value"),
    [
        ("3", union(STR, INT), 3),
        ('"3"', union(STR, INT), "3"),
        ("3.0", union(INT, FLOAT), 3.0),
        ("true", union(INT, STR), "true"),
        ("three", union(INT, STR), "three"),
        ('{"r": 1, "inner": 2}', union(CIRCLE, RING), {"r": 1, "inner": 2}),
        ('{"r": "1", "inner": "2"}', union(CIRCLE, RING), {"r": 1, "inner": 2}),
        ('["1"]', union({"kind": "list", "items": INT}, {"kind": "list", "items": STR}), ["1"]),
    ],
)
def test_a_union_takes_what_fits_as_it_is(text: str, shape: dict[str, Any], value: Any):
    found = coerce(text, shape)
    assert (found, type(found)) == (value, type(value))


OPTIONAL_TEXT = {"kind": "optional", "of": STR}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("None", None),
        ("null", None),
        ('"None"', "None"),
        ('"\\"None\\""', '"None"'),
        ("", ""),
        ('"x"', '"x"'),
    ],
)
def test_text_says_nothing_by_a_word_and_quotes_that_word(text: str, value: str | None):
    assert coerce(text, OPTIONAL_TEXT) == value


@pytest.mark.parametrize("text", ["None", "null", "", '"x"', "3"])
@pytest.mark.parametrize("shape", [OPTIONAL_TEXT, union(INT, STR), {"kind": "any"}])
def test_a_json_string_is_that_text(text: str, shape: dict[str, Any]):
    assert coerce_data(text, shape) == text
    assert coerce({"k": text}, {"kind": "dict", "values": shape}) == {"k": text}
