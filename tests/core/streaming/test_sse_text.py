"""Streams as server-sent events, and async streams in sync code."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

import core
from core.foundation.errors import LMServerError
from core.lm import ScriptedLM
from core.lm.sse import EventReader
from core.streaming import (
    ReplyChunk,
    StatusMessage,
    StreamListener,
    StreamResponse,
    StreamRestart,
    apply_sync_streaming,
    streamify,
    streaming_response,
)


async def _stream(*items: Any, error: Exception | None = None):
    for item in items:
        yield item
    if error is not None:
        raise error


def _events(stream: Any) -> list[Any]:
    async def read() -> str:
        return "".join([text async for text in streaming_response(stream)])

    reader = EventReader()
    return reader.feed(asyncio.run(read()).encode()) + reader.close()


def test_every_item_is_an_event():
    events = _events(
        _stream(
            StatusMessage("looking"),
            StreamResponse("self", "answer", "a\n\nb", False),
            StreamRestart("self", "answer"),
            ReplyChunk("self", "raw"),
            core.Prediction(answer="ünï", score=3),
            {"x": 1},
        )
    )
    assert events[-1] == "[DONE]"
    assert [json.loads(event) for event in events[:-1]] == [
        {"status": "looking"},
        {
            "chunk": {
                "predict_name": "self",
                "signature_field_name": "answer",
                "chunk": "a\n\nb",
                "is_last_chunk": False,
                "call": 0,
            }
        },
        {"restart": {"predict_name": "self", "signature_field_name": "answer", "call": 0}},
        {"chunk": {"predict_name": "self", "content": "raw", "reasoning_content": ""}},
        {"prediction": {"answer": "ünï", "score": 3}},
        {"value": {"x": 1}},
    ]


def test_a_stream_that_fails_says_so_in_an_event():
    events = _events(_stream(StatusMessage("looking"), error=LMServerError("it broke", hint="wait")))
    assert json.loads(events[1]) == {"error": {"type": "LMServerError", "message": "it broke wait"}}
    assert events[2:] == ["[DONE]"]


def test_a_program_over_server_sent_events():
    lm = ScriptedLM(["[[ ## answer ## ]]\nhello\n\n[[ ## completed ## ]]"])
    with core.context(lm=lm):
        streamed = streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")])
        events = _events(streamed(q="q"))
    assert json.loads(events[-2]) == {"prediction": {"answer": "hello"}}


def test_an_async_stream_in_sync_code():
    assert list(apply_sync_streaming(_stream(1, 2, 3))) == [1, 2, 3]
    with pytest.raises(LMServerError):
        list(apply_sync_streaming(_stream(1, error=LMServerError("it broke"))))

    async def inside() -> list[Any]:  # a notebook: a loop runs already
        return list(apply_sync_streaming(_stream(4, 5)))

    assert asyncio.run(inside()) == [4, 5]


def test_leaving_a_sync_stream_ends_the_async_one():
    ended = threading.Event()

    async def endless():
        try:
            while True:
                yield 1
                await asyncio.sleep(0)
        finally:
            ended.set()

    stream = apply_sync_streaming(endless())
    assert next(stream) == 1
    stream.close()
    assert ended.wait(10)
