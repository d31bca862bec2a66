"""Fields found in replies that arrive in any pieces: what a reader says begins what the layout parses."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core import Signature
from core.adapters.signatures import layout_of, reader_of
from core.streaming.field import FieldStream
from core.streaming.messages import StreamRestart
from core.streaming.readers import reader_for, readers
from core.wire.baml_layout import BamlLayout
from core.wire.chat_layout import ChatLayout
from core.wire.json_layout import JsonLayout
from core.wire.layout import Layout
from core.wire.xml_layout import XmlLayout

LAYOUTS: dict[str, type[Layout]] = {
    "chat": ChatLayout,
    "json": JsonLayout,
    "xml": XmlLayout,
    "baml": BamlLayout,
}
SIGNATURE = Signature("question -> thoughts, answer, tags: list[str], score: float")

texts = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(list('[]# \n\r\\"{}:,<>*`_'))),
    max_size=60,
)
tricky = st.sampled_from(
    [
        "[[ ## answer ## ]]",
        "a\n[[ ## completed ## ]]\nb",
        "\\[[ ## answer ## ]]",
        "x [[ ## tags ## ]] y",
        "**bold**\n- item\n# head",
        'say "hi" \\ \u2028',
        "</answer><answer>",
        "<think>no</think>",
        "🎉 漢字 é",
        "[[",
        "a\n\n[[ #",
    ]
)
values = st.one_of(texts, tricky, st.tuples(texts, tricky, texts).map("".join))


def pieces_of(whole: str, places: list[int]) -> list[str]:
    edges = [0, *sorted({place % (len(whole) + 1) for place in places}), len(whole)]
    return [whole[a:b] for a, b in itertools.pairwise(edges)]


def said(layout: Layout, field: str, pieces: list[str]) -> str:
    reader = reader_for(layout, field)
    assert reader is not None
    return "".join(reader.feed(piece) for piece in pieces)


def streamed(layout: Any, field: str, pieces: list[str], value: Any) -> list[Any]:
    items: list[Any] = []
    stream = FieldStream(items.append, "self", field, 0, SIGNATURE)
    stream.restart(layout)
    for piece in pieces:
        stream.text(piece)
    stream.finish(value)
    return items


def text_of(items: list[Any]) -> str:
    """The chunks since the last restart."""
    for place in range(len(items) - 1, -1, -1):
        if isinstance(items[place], StreamRestart):
            items = items[place + 1 :]
            break
    assert [item.is_last_chunk for item in items] == [False] * (len(items) - 1) + [True]
    return "".join(item.chunk for item in items)


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
@given(
    thoughts=values,
    answer=values,
    tags=st.lists(values, max_size=3),
    score=st.floats(allow_nan=False, allow_infinity=False),
    places=st.lists(st.integers(0, 10_000), max_size=30),
)
@example(thoughts="", answer="[[", tags=[], score=0.0, places=list(range(500)))
@example(thoughts="", answer="_[[#0#]]", tags=[], score=0.0, places=[])
def test_the_chunks_put_together_are_the_parsed_field(kind, thoughts, answer, tags, score, places):
    layout = layout_of(SIGNATURE, LAYOUTS[kind])
    whole = layout.answer({"thoughts": thoughts, "answer": answer, "tags": tags, "score": score})
    parsed = reader_of(SIGNATURE).read(layout, whole)
    pieces = pieces_of(whole, places)
    for field in ("thoughts", "answer"):
        items = streamed(layout, field, pieces, parsed[field])
        assert text_of(items) == parsed[field]
        assert not any(isinstance(item, StreamRestart) for item in items), "it was said right the first time"
    for field in ("tags", "score"):
        if kind == "xml" and field == "tags":
            assert reader_for(layout, field) is None  # elements in the reply, JSON in the stream
        items = streamed(layout, field, pieces, parsed[field])
        assert layout.by_name[field].read(text_of(items), reader_of(SIGNATURE).finish) == parsed[field]


@pytest.mark.parametrize("kind", sorted(LAYOUTS))
@given(whole=st.one_of(texts, values), places=st.lists(st.integers(0, 10_000), max_size=10), value=texts)
def test_whatever_a_model_writes_the_parsed_value_has_the_last_word(kind, whole, places, value):
    layout = layout_of(SIGNATURE, LAYOUTS[kind])
    assert text_of(streamed(layout, "answer", pieces_of(whole, places), value)) == value


@pytest.mark.parametrize(
    ("kind", "whole", "answer"),
    [
        ("chat", "[[ ## answer ## ]]\nParis\n[[ ## completed ## ]]", "Paris"),
        ("chat", "Sure!\n**[[ ## Answer ## ]]**: Paris, I think\n\n[[ ## tags ## ]]\n[]", "Paris, I think"),
        ("chat", "[[ ## answer ## ]] Paris\nor Rome\n\n[[ ## tags ## ]]", "Paris\nor Rome"),
        ("chat", "<think>\n[[ ## answer ## ]]\nno\n</think>[[ ## answer ## ]]\nyes\n[[ ## end ## ]]", "yes"),
        (
            "chat",
            "[[ ## answer ## ]]\na\n\\[[ ## tags ## ]]\nb\n[[ ## tags ## ]]\n",
            "a\n[[ ## tags ## ]]\nb",
        ),
        ("chat", "[[ ## answer ## ]]\nfirst\n[[ ## answer ## ]]\nsecond", "first"),
        (
            "json",
            'Here: ```json\n{"tags": ["answer", "x"], "answer": "Par\\u0069s \\ud83c\\udf89"}\n```',
            "Paris 🎉",
        ),
        ("json", '{"score": 1.5, "Answer": "yes \\"really\\"\\n"}', 'yes "really"\n'),
        ("json", '{"x": {"answer": "inner"}, "answer": "outer"}', "outer"),
        (
            "xml",
            "So:\n<answer>\n a &lt;b&gt; <i>c</i> &amp; 1 < 2 \n</answer>",
            "a <b> <i>c</i> & 1 < 2",
        ),
        ("xml", "<thoughts>an <answer>no</answer></thoughts><Answer>yes</Answer>", "yes"),
        ("xml", "<answer>a <answer>b</answer> c</answer>", "a <answer>b</answer> c"),
    ],
)
def test_what_models_write(kind, whole, answer):
    layout = layout_of(SIGNATURE, LAYOUTS[kind])
    for size in (1, 2, 3, 7, len(whole)):
        pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
        assert said(layout, "answer", pieces) == answer


def test_text_is_said_as_soon_as_it_is_certain():
    layout = layout_of(SIGNATURE, ChatLayout)
    reader = reader_for(layout, "answer")
    assert reader is not None
    steps = ["[[ ## ans", "wer ## ]]\n", "Once ", "upon", " a\n", "[[", " time\n", "[[ ## completed ## ]]\n"]
    assert [reader.feed(step) for step in steps] == ["", "", "Once", " upon", " a", "", "\n[[ time", ""]
    assert reader.done
    reader = reader_for(layout_of(SIGNATURE, JsonLayout), "tags")
    assert reader is not None
    assert [reader.feed(step) for step in ['{"tags": ["a"', ', "b', '"]', ', "x": 1}']] == [
        '["a"',
        ', "b',
        '"]',
        "",
    ]
    assert reader.done


def test_a_layout_without_a_reader_is_heard_at_the_end():
    class Other:
        name = "other"

    assert reader_for(Other(), "answer") is None
    assert {"chat", "json", "xml", "baml", "two_step"} <= set(readers.names())
