"""Server-sent events in pieces cut anywhere."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lm.sse import EventReader


def _read(pieces: list[bytes]) -> list[str]:
    reader = EventReader()
    events = [event for piece in pieces for event in reader.feed(piece)]
    return events + reader.close()


def _cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted({place % (len(whole) + 1) for place in places}), len(whole)]
    return [whole[a:b] for a, b in itertools.pairwise(edges)]


@given(
    texts=st.lists(st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1)),
    newline=st.sampled_from(["\n", "\r\n"]),
    places=st.lists(st.integers(0, 10_000)),
)
def test_events_survive_any_cut(texts, newline, places):
    whole = "".join(f"data: {text}{newline}{newline}" for text in texts).encode()
    assert _read(_cut(whole, places)) == texts


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b": a comment\n\ndata: x\n\n", ["x"]),
        (b"event: ping\nid: 3\ndata: x\nretry: 5\n\n", ["x"]),
        (b"data: one\ndata: two\n\n", ["one\ntwo"]),
        (b"data:tight\n\n", ["tight"]),
        (b"data: no blank line at the end", ["no blank line at the end"]),
        (b"event: nothing\n\n", []),
        (b"data: old\r\rdata: macs\r\r", ["old", "macs"]),
        (b"", []),
    ],
)
def test_what_the_format_allows(raw, events):
    assert _read([raw]) == events
    assert _read([raw[i : i + 1] for i in range(len(raw))]) == events
