"""Answers that are heard while they are written: put together as whole ones are, never silently cut."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from core.foundation.errors import (
    LMBillingError,
    LMRateLimitError,
    LMServerError,
    LMTransportError,
    LMUnexpectedError,
)
from core.lm.call import call_meter
from core.trace import MemorySink, sink_to
from tests.fakes.ears import hearing
from tests.fakes.server import FakeServer, Step, error


def _chunk(content: str | None = None, finish: str | None = None, index: int = 0, **delta: Any) -> dict:
    said = delta if content is None else {"content": content, **delta}
    return {"choices": [{"index": index, "delta": said, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}


@pytest.mark.parametrize("kind", ["chat", "text"])
def test_pieces_are_heard_and_the_whole_is_the_same(client, kind):
    with FakeServer(default=Step(text="one two three")) as server, hearing() as ear:
        lm = client(server, model_type=kind)
        assert lm("q") == ["one two three"]
        assert ear.texts == ["one two", " three"]
        assert ear.begun == 1
        assert lm.history[-1]["usage"] == {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
        assert server.calls[0].body["stream_options"] == {"include_usage": True}


def test_nobody_listening_nothing_is_streamed(client):
    with FakeServer() as server:
        client(server)("q")
        assert "stream" not in server.calls[0].body


def test_tool_calls_reasoning_and_logprobs_come_in_pieces(client):
    def call(index, arguments, **more):
        return {"index": index, "function": {"arguments": arguments, **more.pop("f", {})}, **more}

    events = [
        _chunk(reasoning_content="let "),
        _chunk(reasoning_content="me"),
        _chunk("a") | {"model": "m"},
        _chunk(tool_calls=[call(0, "", id="c0", f={"name": "look"})]),
        _chunk(tool_calls=[call(0, '{"q":'), call(1, "{}", id="c1", f={"name": "stop"})]),
        _chunk(tool_calls=[call(0, "1}")]),
        {"choices": [{"index": 0, "delta": {}, "logprobs": {"content": [{"token": "a"}]}}]},
        _chunk("", "tool_calls"),
        USAGE,
    ]
    with FakeServer(default=Step(events=events)) as server, hearing() as ear:
        lm = client(server)
        reply = lm("q")[0]
    assert reply["text"] == "a"
    assert reply["reasoning_content"] == "let me"
    assert ear.reasons == ["let ", "me"]
    assert reply["logprobs"] == {"content": [{"token": "a"}]}
    assert [(c["id"], c["function"]["name"], c["function"]["arguments"]) for c in reply["tool_calls"]] == [
        ("c0", "look", '{"q":1}'),
        ("c1", "stop", "{}"),
    ]
    assert lm.history[-1]["usage"]["total_tokens"] == 7


def test_samples_arrive_side_by_side_and_the_first_is_heard(client):
    events = [_chunk("a", index=0), _chunk("x", index=1), _chunk("b", "stop"), _chunk("y", "stop", 1)]
    with FakeServer(default=Step(events=events)) as server, hearing() as ear:
        assert client(server)("q", n=2) == ["ab", "xy"]
        assert ear.texts == ["a", "b"]


def test_samples_that_an_endpoint_leaves_out_are_asked_for_unheard(client):
    with FakeServer(lambda r: Step(choices=1)) as server, hearing() as ear:
        assert client(server)("q", n=3) == ["ok"] * 3
        assert ear.begun == 1
        assert [call.body.get("stream") for call in server.calls] == [True, None, None]


def test_an_answer_cut_in_the_middle_is_an_error_never_an_answer(client):
    with FakeServer(default=Step(events=[_chunk("half an ans")], end=False)) as server, hearing():
        with pytest.raises(LMTransportError, match="middle of its answer"):
            client(server, num_retries=0)("q")
        assert len(server.calls) == 1


def test_a_cut_answer_is_tried_again_from_the_start(client):
    with (
        FakeServer([Step(events=[_chunk("half")], end=False)], default=Step(text="whole")) as server,
        hearing() as ear,
    ):
        lm = client(server, cache=True)
        assert lm("q") == ["whole"]
        assert ear.begun == 2
        assert ear.texts == ["whole"]
        assert lm("q") == ["whole"]
        assert len(server.calls) == 2  # the whole one is in the cache, the half is not
        assert [response.cached for response in ear.whole] == [False, True]


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"error": {"message": "slow down", "code": 429}}, LMRateLimitError),
        ({"error": {"message": "slow down", "type": "rate_limit_error"}}, LMRateLimitError),
        ({"error": {"message": "no money", "code": "insufficient_quota"}}, LMBillingError),
        ({"error": "it broke"}, LMServerError),
        ({"type": "error", "message": "it broke", "code": "server_error"}, LMServerError),
    ],
)
def test_errors_in_the_middle_are_errors_of_their_kind(client, event, wanted):
    with FakeServer(default=Step(events=[_chunk("so f"), event])) as server, hearing():
        with pytest.raises(wanted) as caught:
            client(server, num_retries=0, api_key="sk-secret-key")("q")
        assert "sk-secret-key" not in str(caught.value)


def test_a_refusal_before_the_stream_is_the_usual_error(client):
    with FakeServer(default=error(500, "down")) as server, hearing() as ear:
        with pytest.raises(LMServerError, match="down"):
            client(server, num_retries=1)("q")
        assert ear.begun == 2


def test_broken_events_are_said(client):
    with (
        FakeServer(default=Step(events=["{not json"])) as server,
        hearing(),
        pytest.raises(LMTransportError, match="broken JSON"),
    ):
        client(server, num_retries=0)("q")
    with (
        FakeServer(default=Step(events=[{"choices": 3}])) as server,
        hearing(),
        pytest.raises(LMUnexpectedError),
    ):
        client(server, num_retries=0)("q")


def test_an_endpoint_that_does_not_stream_is_heard_at_the_end(client):
    with FakeServer(default=Step(text="whole", streams=False)) as server, hearing() as ear:
        assert client(server)("q") == ["whole"]
        assert ear.texts == []
        assert [response.text for response in ear.whole] == ["whole"]


def test_an_endpoint_that_knows_no_stream_options_is_asked_without(client):
    refusal = error(400, "Unknown field: stream_options")

    def script(received):
        return refusal if "stream_options" in received.body else Step()

    with FakeServer(script) as server, hearing():
        lm = client(server, num_retries=0)
        assert lm("a") == lm("b") == ["ok"]
        assert [len(call.body.get("stream_options", {})) for call in server.calls] == [1, 0, 0]


def test_usage_cost_and_trace_are_those_of_any_call(client):
    settled: list[Any] = []

    class Meter:
        async def reserve(self, request):
            settled.append("reserved")

        def settle(self, response):
            settled.append(response.usage.total_tokens)

    token = call_meter.set(Meter())
    try:
        with FakeServer() as server, hearing(), sink_to(MemorySink()) as sink:
            client(server)("q")
    finally:
        call_meter.reset(token)
    assert settled == ["reserved", 15]
    (span,) = [span for span in sink.spans if span.kind == "lm"]
    assert span.attributes["raw"] == ["ok"]
    assert span.attributes["usage"]["total_tokens"] == 15


def test_a_caller_that_is_cancelled_hangs_up(client):
    async def run(server):
        with hearing():
            task = asyncio.create_task(client(server).acall("q"))
            while not server.calls:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            for _ in range(400):
                if server.hung_up:
                    return
                await asyncio.sleep(0.005)

    with FakeServer(default=Step(events=[_chunk("so")], hold=True)) as server:
        asyncio.run(run(server))
        assert server.hung_up == 1


def test_the_embedded_server_streams_to_this_client():
    from core.lm import LM
    from core.lm.embedded.server import running_server

    with running_server() as url:
        lm = LM("openai/in-context", api_base=url, cache=False)
        plain = lm("What is 12 + 30? Answer in a sentence.")
        with hearing() as ear:
            assert lm("What is 12 + 30? Answer in a sentence.") == plain
        assert "".join(ear.texts) == plain[0]
        assert lm.history[-1]["usage"]["completion_tokens"] > 0


def test_a_server_that_repeats_the_whole_message_at_the_end(client):
    last = {"choices": [{"index": 0, "message": {"content": "ab"}, "finish_reason": "stop"}]}
    with FakeServer(default=Step(events=[_chunk("a"), _chunk("b"), last])) as server, hearing() as ear:
        assert client(server)("q") == ["ab"]
        assert json.dumps(ear.texts) == '["a", "b"]'
