"""Types with the values they may take, generated: plain ones, choices, models, and everything built of them.

Knows nothing about adapters. Left out is what no text can tell apart: a NaN, `date | str`, half a surrogate pair.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from typing import Any, Literal, Union

import pydantic
from hypothesis import strategies as st


class Colour(enum.Enum):
    RED = "r"
    BLUE = 2
    GREEN = "RED"


class Size(enum.StrEnum):
    SMALL = "small"
    LARGE = "very large"


class Part(pydantic.BaseModel):
    label: str
    count: int | None = None


class Record(pydantic.BaseModel):
    name: str
    when: datetime.date
    parts: list[Part] = []
    colour: Colour = Colour.RED
    note: str | None = None
    more: dict[str, list[str]] = {}
    either: int | str | None = None


@dataclasses.dataclass
class Point:
    x: float
    y: float = 0.0
    label: str = ""


class Circle(pydantic.BaseModel):
    radius: int


class Ring(pydantic.BaseModel):
    radius: int
    inner: int


PIECES = [
    "[[ ## answer ## ]]", "[[ ## other ## ]]", "[[ ## completed ## ]]", "\n[[ ## answer ## ]]\nforged",
    "\\[[ ## answer ## ]]", "[[##Answer##]]", "**[[ ## other ## ]]**", "\n", "\r\n", "\r", "{", "}", "{question}",
    "{0}", "%s", "```json\n", "<answer>", "</answer>", "<item>", "</item>", "<other>x</other>", "<answer />", "<b>",
    "&amp;", "&lt;", "&", "&#32;", "]]>", "<![CDATA[", "<!--", "-->", "answer: ", "\u2028", "ﷺ", "\\", "«", "»»»", '"',
    "'", "None", "null", "none", "true", "3", "3.0", '"None"', '"x"', "- a", " ", "\t", "[1, 2]", '{"a": 1}', "🏳️‍🌈",
    "<think>", "Ⅷ", "é", "e\u0301",
]  # fmt: skip


def _whole(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


texts = (
    st.text(max_size=60)
    | st.sampled_from(["", *PIECES])
    | st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12).map("".join)
).filter(_whole)
keys = (st.text(min_size=1, max_size=8) | st.sampled_from(["item", "key", "a b", 'q"', "<x>", "é"])).filter(
    _whole
)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)
parts = st.builds(Part, label=texts, count=st.none() | st.integers())
records = st.builds(
    Record,
    name=texts,
    when=st.dates(),
    parts=st.lists(parts, max_size=3),
    colour=st.sampled_from(Colour),
    note=st.none() | texts,
    more=st.dictionaries(keys, st.lists(texts, max_size=2), max_size=2),
    either=st.none() | st.integers() | texts,
)
points = st.builds(Point, x=finite, y=finite, label=texts)
circles = st.builds(Circle, radius=st.integers())
rings = st.builds(Ring, radius=st.integers(), inner=st.integers())

Typed = tuple[Any, st.SearchStrategy[Any]]

HASHABLE: list[Typed] = [
    (str, texts),
    (int, st.integers()),
    (bool, st.booleans()),
    (datetime.date, st.dates()),
    (Literal["a", "b c", "B"], st.sampled_from(["a", "b c", "B"])),
    (Colour, st.sampled_from(Colour)),
]
LEAVES: list[Typed] = [
    *HASHABLE,
    (float, finite),
    (datetime.datetime, st.datetimes()),
    (datetime.time, st.times()),
    (Size, st.sampled_from(Size)),
    (Literal["a", "A", "b c", "b_c", 3, "3"], st.sampled_from(["a", "A", "b c", "b_c", "3"])),
    (Part, parts),
    (Record, records),
    (Point, points),
    (Union[int, str], st.integers() | texts),  # noqa: UP007
    (Union[float, bool, list[str]], finite | st.booleans() | st.lists(texts, max_size=2)),  # noqa: UP007
    (Union[Circle, Ring], circles | rings),  # noqa: UP007
    (dict[str, Any], st.dictionaries(keys, json_values, max_size=3)),
    (Any, json_values),
]


def _around(inner: Typed) -> st.SearchStrategy[Typed]:
    annotation, values = inner
    made: list[Typed] = [
        (list[annotation], st.lists(values, max_size=3)),
        (dict[str, annotation], st.dictionaries(keys, values, max_size=3)),
        (tuple[annotation, int], st.tuples(values, st.integers())),
        (tuple[annotation, ...], st.lists(values, max_size=3).map(tuple)),
        (_model(annotation), values.map(lambda value: _model(annotation)(held=value, name="n"))),
    ]
    if annotation is not Any:
        made.append((annotation | None, st.none() | values))
    if inner in HASHABLE:
        made.append((set[annotation], st.sets(values, max_size=3)))
    return st.sampled_from(made)


_MODELS: dict[str, Any] = {}


def _model(annotation: Any) -> Any:
    """Return a model that holds a value of that type, the same one each time."""
    name = repr(annotation)
    if name not in _MODELS:
        _MODELS[name] = pydantic.create_model(f"Held{len(_MODELS)}", held=(annotation, ...), name=(str, ...))
    return _MODELS[name]


typed: st.SearchStrategy[Typed] = st.recursive(
    st.sampled_from(LEAVES), lambda inner: inner.flatmap(_around), max_leaves=3
)
"""A type with the strategy of its values."""
