"""Values as they stand in prompts."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any

import numpy
import pydantic
import pytest

from core.wire.values import json_text, plain_value, value_text


class Colour(enum.Enum):
    RED = "r"


class Model(pydantic.BaseModel):
    name: str
    when: datetime.date | None = None


@dataclasses.dataclass
class Point:
    x: int
    colour: Colour


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\r\n b ", "a\r\n b "),
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (1.0, "1.0"),
        (float("nan"), "nan"),
        (Colour.RED, "r"),
        (datetime.date(2024, 3, 1), "2024-03-01"),
        (b"x", "x"),
        (["a\nb", Colour.RED], '["a\\nb", "r"]'),
        (("a", 1), '["a", 1]'),
        ({"a"}, '["a"]'),
        ({"ä": [None, True]}, '{"ä": [null, true]}'),
        (Model(name="Zoë"), '{"name": "Zoë", "when": null}'),
        (Point(1, Colour.RED), '{"x": 1, "colour": "r"}'),
    ],
)
def test_value_text(value: Any, text: str):
    assert value_text(value) == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], "N/A"),
        (["one"], "«one»"),
        (["a", "b"], "[1] «a»\n[2] «b»"),
        (["a", "b\n\nc"], "[1] «a»\n[2] «««\n    b\n    \n    c\n»»»"),
        (["«q»"], "«««\n    «q»\n»»»"),
        ([1, None, {"k": 1}], '[1] «1»\n[2] «None»\n[3] «{"k": 1}»'),
    ],
)
def test_a_list_in_a_text_field_becomes_numbered_items(items: list[Any], text: str):
    assert value_text(items, in_text_field=True) == text


def test_plain_value_gives_json_data():
    value = {Colour.RED: {3, 1}, 2: (Model(name="a", when=datetime.date(2024, 1, 2)),)}
    assert plain_value(value) == {"r": [1, 3], "2": [{"name": "a", "when": "2024-01-02"}]}


def test_json_text_can_be_indented():
    assert json_text({"a": [1]}, indent=1) == '{\n "a": [\n  1\n ]\n}'


def test_whatever_stands_in_a_field_can_be_written():
    class Holder(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        thing: object
        count: int = 1

    assert value_text(numpy.arange(3)) == "[0, 1, 2]"
    assert value_text(numpy.int64(5)) == "5"
    assert plain_value(Holder(thing=lambda: 1))["count"] == 1
    assert "Holder" in value_text(Holder)
