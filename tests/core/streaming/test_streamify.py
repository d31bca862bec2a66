"""Programs as streams: fields, statuses, the prediction; sync and async; nested, repeated, cached, repaired, left."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

import core
from core.foundation.errors import AdapterParseError, ConfigurationError, LMServerError
from core.lm import LM, Cache
from core.lm.cache import _Active
from core.lm.deltas import audience, listener
from core.lm.retry import Backoff
from core.streaming import (
    ReplyChunk,
    StatusMessage,
    StatusMessageProvider,
    StreamListener,
    StreamResponse,
    StreamRestart,
    streamify,
)
from tests.fakes.server import FakeServer, Step


@pytest.fixture(autouse=True)
def own_cache(tmp_path):
    before, configured = _Active.value, _Active.configured
    _Active.value, _Active.configured = Cache(tmp_path / "lm-cache"), True
    yield
    _Active.value.close()
    _Active.value, _Active.configured = before, configured


def model(server: FakeServer, **kwargs: Any) -> LM:
    lm = LM("openai/fake", **{"api_base": server.url, "cache": False, **kwargs})
    lm.backoff = Backoff(base=0.01, ceiling=0.05)
    return lm


def reply(**fields: Any) -> str:
    sections = "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
    return f"{sections}\n\n[[ ## completed ## ]]"


async def _collected(stream: Any) -> list[Any]:
    return [item async for item in stream]


def collect(streamed: Any, **inputs: Any) -> list[Any]:
    """What the stream holds, from a sync or an async one."""
    stream = streamed(**inputs)
    return asyncio.run(_collected(stream)) if hasattr(stream, "__anext__") else list(stream)


def field(items: list[Any], name: str, predict: str | None = None, call: int = 0) -> list[str]:
    return [
        item.chunk
        for item in items
        if isinstance(item, StreamResponse)
        and (item.signature_field_name, item.call) == (name, call)
        and predict in (None, item.predict_name)
    ]


both = pytest.mark.parametrize("async_streaming", [True, False])


@both
def test_a_field_comes_in_pieces_then_the_prediction(async_streaming):
    text = "Paris is the capital of France"
    with FakeServer(default=Step(text=reply(answer=text))) as server, core.context(lm=model(server)):
        streamed = streamify(
            core.Predict("question -> answer"),
            stream_listeners=[StreamListener("answer")],
            async_streaming=async_streaming,
        )
        items = collect(streamed, question="q")
    pieces = field(items, "answer")
    assert len(pieces) > 2
    assert "".join(pieces) == text
    assert [item.is_last_chunk for item in items[:-1]] == [False] * (len(items) - 2) + [True]
    assert items[0].predict_name == "self"
    assert isinstance(items[-1], core.Prediction)
    assert items[-1].answer == text


@both
def test_the_prediction_may_be_left_out(async_streaming):
    with FakeServer(default=Step(text=reply(answer="a"))) as server, core.context(lm=model(server)):
        streamed = streamify(
            core.Predict("question -> answer"),
            stream_listeners=[StreamListener("answer")],
            include_final_prediction_in_output_stream=False,
            async_streaming=async_streaming,
        )
        assert not any(isinstance(item, core.Prediction) for item in collect(streamed, question="q"))


def test_pieces_arrive_before_the_reply_is_whole():
    step = Step(events=[{"choices": [{"delta": {"content": "[[ ## answer ## ]]\nOnce upon"}}]}], hold=True)

    async def run() -> str:
        streamed = streamify(core.Predict("question -> answer"), stream_listeners=[StreamListener("answer")])
        stream = streamed(question="q")
        first = await anext(stream)
        await stream.aclose()
        return first.chunk

    with FakeServer(default=step) as server, core.context(lm=model(server)):
        assert asyncio.run(run()) == "Once upon"
        _wait_for(lambda: server.hung_up == 1)


def _wait_for(condition: Any) -> None:
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)


class Report(core.Module):
    def __init__(self) -> None:
        super().__init__()
        self.outline = core.ChainOfThought("topic -> outline")
        self.steps = [core.Predict("outline -> text"), core.Predict("text -> title, summary")]

    def forward(self, topic: str) -> Any:
        outline = self.outline(topic=topic).outline
        text = self.steps[0](outline=outline).text
        return self.steps[1](text=text)


class AsyncReport(Report):
    async def aforward(self, topic: str) -> Any:
        outline = (await self.outline.acall(topic=topic)).outline
        text = (await self.steps[0].acall(outline=outline)).text
        return await self.steps[1].acall(text=text)


def _written(received: Any) -> Step:
    asked = received.body["messages"][0]["content"]
    if "`outline` (str)" in asked.split("Output fields")[1]:
        return Step(text=reply(reasoning="because of this", outline="first, then"))
    if "`title`" in asked:
        return Step(text=reply(title="A title", summary="In short: done"))
    return Step(text=reply(text="A long long text"))


@both
@pytest.mark.parametrize("kind", [Report, AsyncReport])
def test_any_field_of_any_module_inside_a_program(kind, async_streaming):
    listeners = [
        StreamListener("reasoning"),
        StreamListener("summary"),
        StreamListener("text", predict_name="steps[0]"),
    ]
    with FakeServer(_written) as server, core.context(lm=model(server)):
        items = collect(
            streamify(kind(), stream_listeners=listeners, async_streaming=async_streaming), topic="t"
        )
        assert [call.body.get("stream", False) for call in server.calls] == [True, True, True]
    assert "".join(field(items, "reasoning", "outline.predict")) == "because of this"
    assert "".join(field(items, "text", "steps[0]")) == "A long long text"
    assert "".join(field(items, "summary", "steps[1]")) == "In short: done"
    assert items[-1].title == "A title"


def test_only_what_is_wanted_is_streamed():
    with FakeServer(_written) as server, core.context(lm=model(server)):
        collect(streamify(Report(), stream_listeners=[StreamListener("title")]), topic="t")
        assert [call.body.get("stream", False) for call in server.calls] == [False, False, True]


def test_two_fields_of_one_predictor():
    with FakeServer(_written) as server, core.context(lm=model(server)):
        program = Report()
        wanted = [StreamListener("title"), StreamListener("summary", predict=program.steps[1])]
        items = collect(streamify(program, stream_listeners=wanted), topic="t")
    assert ["".join(field(items, name)) for name in ("title", "summary")] == ["A title", "In short: done"]


def test_listeners_that_mean_nothing_or_too_much_are_refused_at_once():
    program = Report()
    with pytest.raises(ConfigurationError, match="No predictor has an output field 'tittle'") as caught:
        streamify(program, stream_listeners=[StreamListener("tittle")])
    assert "steps[1]: title, summary" in caught.value.hint
    with pytest.raises(ConfigurationError, match="no predictor 'nowhere'"):
        streamify(program, stream_listeners=[StreamListener("title", predict_name="nowhere")])

    class Twins(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = core.Predict("q -> answer"), core.Predict("q -> answer")

    with pytest.raises(ConfigurationError, match="Several predictors") as caught:
        streamify(Twins(), stream_listeners=[StreamListener("answer")])
    assert "predict_name='a'" in caught.value.hint


class Twice(core.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ask = core.Predict("question -> answer")

    def forward(self) -> Any:
        return [self.ask(question="one"), self.ask(question="two")][1]


@pytest.mark.parametrize("again", [False, True])
def test_a_predictor_called_again_is_heard_again_if_wanted(again):
    def answer(received: Any) -> Step:
        return Step(text=reply(answer="second" if "two" in str(received.body["messages"]) else "first"))

    with FakeServer(answer) as server, core.context(lm=model(server)):
        streamed = streamify(Twice(), stream_listeners=[StreamListener("answer", allow_reuse=again)])
        for _ in range(2):  # another run hears from the start
            items = collect(streamed)
            assert "".join(field(items, "answer", call=0)) == "first"
            assert "".join(field(items, "answer", call=1)) == ("second" if again else "")


@pytest.mark.parametrize(
    ("adapter", "text"),
    [
        (core.ChatAdapter(), reply(answer="the answer", tags='["a", "b"]')),
        (core.JSONAdapter(), '{"answer": "the answer", "tags": ["a", "b"]}'),
    ],
)
def test_adapters_and_types(adapter, text):
    with (
        FakeServer(default=Step(text=text, piece=3)) as server,
        core.context(lm=model(server), adapter=adapter),
    ):
        wanted = [StreamListener("answer"), StreamListener("tags")]
        items = collect(
            streamify(core.Predict("q -> answer, tags: list[str]"), stream_listeners=wanted), q="q"
        )
    assert "".join(field(items, "answer")) == "the answer"
    assert "".join(field(items, "tags")) == '["a", "b"]'
    assert len(field(items, "tags")) > 1
    assert items[-1].tags == ["a", "b"]


def test_an_adapter_of_ones_own_is_heard_at_the_end():
    class Upper(core.ChatAdapter):
        async def acall(self, lm, lm_kwargs, signature, demos, inputs):
            values = await super().acall(lm, lm_kwargs, signature, demos, inputs)
            return [{name: value.upper() for name, value in fields.items()} for fields in values]

    with (
        FakeServer(default=Step(text=reply(answer="x y"))) as server,
        core.context(lm=model(server), adapter=Upper()),
    ):
        items = collect(
            streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q"
        )
    assert any(isinstance(item, StreamRestart) for item in items)
    last = [item for item in items if isinstance(item, StreamResponse)][-1]
    assert (last.chunk, last.is_last_chunk) == ("X Y", True)


def test_a_cached_answer_comes_as_one_piece():
    with FakeServer(default=Step(text=reply(answer="a b c d e f g"))) as server:
        lm = model(server, cache=True)
        with core.context(lm=lm):
            streamed = streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")])
            first, second = collect(streamed, q="q"), collect(streamed, q="q")
            assert len(server.calls) == 1
            assert (
                core.Predict("q -> answer")(q="q").answer == "a b c d e f g"
            )  # the same answer without a stream
            assert len(server.calls) == 1
    assert "".join(field(first, "answer")) == "".join(field(second, "answer")) == "a b c d e f g"
    assert [item.is_last_chunk for item in second[:-1]] == [True]
    assert len(first) > 3
    assert [entry["cached"] for entry in lm.history[-3:]] == [False, True, True]
    assert lm.history[-2]["cost"] == 0.0


def test_a_reply_that_has_to_be_repaired_restarts():
    script = [
        Step(text="[[ ## number ## ]]\nmany\n\n[[ ## answer ## ]]\nfirst try"),
        Step(text=reply(number="3", answer="ok")),
    ]
    with FakeServer(script) as server, core.context(lm=model(server)):
        items = collect(
            streamify(core.Predict("q -> number: int, answer"), stream_listeners=[StreamListener("answer")]),
            q="q",
        )
    (restart,) = [place for place, item in enumerate(items) if isinstance(item, StreamRestart)]
    assert "".join(field(items[:restart], "answer")) == "first try"
    assert "".join(field(items[restart:], "answer")) == items[-1].answer == "ok"


def test_an_attempt_that_broke_off_restarts():
    broken = Step(events=[{"choices": [{"delta": {"content": "[[ ## answer ## ]]\nhalf of"}}]}], end=False)
    with (
        FakeServer([broken], default=Step(text=reply(answer="all of it"))) as server,
        core.context(lm=model(server)),
    ):
        items = collect(
            streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q"
        )
    (restart,) = [place for place, item in enumerate(items) if isinstance(item, StreamRestart)]
    assert field(items[:restart], "answer") == ["half of"]
    assert "".join(field(items[restart:], "answer")) == "all of it"


def test_the_json_fallback_is_heard():
    script = [
        Step(text="no markers"),
        Step(text="no markers"),
        Step(text='{"a": "one", "b": "two words"}', piece=2),
    ]
    with FakeServer(script) as server:
        adapter = core.ChatAdapter(use_json_adapter_fallback=True)
        with core.context(lm=model(server), adapter=adapter):
            items = collect(
                streamify(core.Predict("q -> a, b"), stream_listeners=[StreamListener("b")]), q="q"
            )
    assert len(field(items, "b")) > 2
    assert "".join(field(items, "b")) == "two words"


def test_several_samples_stream_the_first():
    with FakeServer(lambda r: Step(text=reply(answer="a b c"))) as server, core.context(lm=model(server)):
        streamed = streamify(core.Predict("q -> answer", n=2), stream_listeners=[StreamListener("answer")])
        items = collect(streamed, q="q")
    assert items[-1].completions.answer[0] == "".join(field(items, "answer"))


@both
def test_errors_come_out_of_the_stream(async_streaming):
    broken = [{"choices": [{"delta": {"content": "[[ ## answer ## ]]\nso"}}]}, {"error": {"message": "gone"}}]
    with FakeServer(default=Step(events=broken)) as server, core.context(lm=model(server, num_retries=0)):
        streamed = streamify(
            core.Predict("q -> answer"),
            stream_listeners=[StreamListener("answer")],
            async_streaming=async_streaming,
        )
        with pytest.raises(LMServerError, match="gone"):
            collect(streamed, q="q")
    with (
        FakeServer(default=Step(text="")) as server,
        core.context(lm=model(server)),
        pytest.raises(AdapterParseError),
    ):
        collect(streamify(core.Predict("q -> a, b"), async_streaming=async_streaming), q="q")


@both
def test_without_listeners_the_replies_themselves_come(async_streaming):
    with FakeServer(_written) as server, core.context(lm=model(server)):
        items = collect(streamify(Report(), async_streaming=async_streaming), topic="t")
    chunks = [item for item in items if isinstance(item, ReplyChunk)]
    assert {item.predict_name for item in chunks} == {"outline.predict", "steps[0]", "steps[1]"}
    whole = "".join(item.choices[0].delta.content for item in chunks if item.predict_name == "steps[0]")
    assert whole == reply(text="A long long text")


@both
def test_functions_are_programs_too(async_streaming):
    async def program(question: str) -> Any:
        await asyncio.sleep(0)
        return await core.Predict("question -> answer").acall(question=question)

    def direct(question: str) -> Any:
        return core.settings.lm(question)[0]

    with FakeServer(default=Step(text=reply(answer="a b c d"))) as server, core.context(lm=model(server)):
        listeners = [StreamListener("answer")]
        items = collect(
            streamify(
                program, stream_listeners=listeners, is_async_program=True, async_streaming=async_streaming
            ),
            question="q",
        )
        assert "".join(field(items, "answer")) == "a b c d"
        items = collect(streamify(direct, async_streaming=async_streaming), question="q")
        assert "".join(item.content for item in items[:-1]) == items[-1] == reply(answer="a b c d")


@both
def test_who_stops_listening_hangs_up(async_streaming):
    step = Step(events=[{"choices": [{"delta": {"content": "[[ ## answer ## ]]\nOnce"}}]}], hold=True)
    listeners = [StreamListener("answer")]
    finished = threading.Event()

    class Sync(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ask = core.Predict("q -> answer")

        def forward(self, q: str) -> Any:
            try:
                return self.ask(q=q)
            finally:
                finished.set()

    async def leave(streamed: Any) -> None:
        stream = streamed(q="q")
        await anext(stream)
        await stream.aclose()

    with FakeServer(default=step) as server, core.context(lm=model(server)):
        streamed = streamify(Sync(), stream_listeners=listeners, async_streaming=async_streaming)
        if async_streaming:
            asyncio.run(leave(streamed))
        else:
            stream = streamed(q="q")
            next(stream)
            stream.close()
        _wait_for(lambda: server.hung_up == 1)
        assert finished.wait(10)
        assert len(server.calls) == 1  # no retry of what nobody wants


def test_streams_side_by_side_do_not_mix():
    def echo(received: Any) -> Step:
        said = received.body["messages"][-1]["content"].split("## ]]\n")[1].split("\n")[0]
        return Step(text=reply(answer=f"echo of {said}"), piece=2)

    async def run() -> list[list[Any]]:
        streamed = streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")])
        return await asyncio.gather(*(_collected(streamed(q=f"n{number}")) for number in range(20)))

    with FakeServer(echo) as server, core.context(lm=model(server)):
        for number, items in enumerate(asyncio.run(run())):
            assert "".join(field(items, "answer")) == f"echo of n{number}"


def test_the_same_request_streamed_twice_at_once_is_sent_once():
    async def run() -> list[list[Any]]:
        streamed = streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")])
        return await asyncio.gather(*(_collected(streamed(q="same")) for _ in range(5)))

    with FakeServer(default=Step(text=reply(answer="one two three"), delay=0.1)) as server:
        with core.context(lm=model(server, cache=True)):
            for items in asyncio.run(run()):
                assert "".join(field(items, "answer")) == "one two three"
        assert len(server.calls) == 1


def test_modules_on_threads_are_heard():
    class Spread(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ask = core.Predict("q -> answer")

        async def aforward(self) -> Any:
            return (await asyncio.gather(*(self.ask.acall(q=f"{n}") for n in range(4))))[0]

    with FakeServer(default=Step(text=reply(answer="a b c"))) as server, core.context(lm=model(server)):
        items = collect(streamify(Spread(), stream_listeners=[StreamListener("answer", allow_reuse=True)]))
    assert ["".join(field(items, "answer", call=call)) for call in range(4)] == ["a b c"] * 4


def test_usage_of_a_streamed_program():
    with (
        FakeServer(default=Step(text=reply(answer="a"))) as server,
        core.context(lm=model(server), track_usage=True),
    ):
        items = collect(
            streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q"
        )
    (used,) = items[-1].get_lm_usage().values()
    assert used["total_tokens"] == 15


def test_steps_have_status_messages():
    class Words(StatusMessageProvider):
        def module_start_status_message(self, instance, inputs):
            return f"{type(instance).__name__} begins"

        def lm_start_status_message(self, instance, inputs):
            return "asking"

        def lm_end_status_message(self, outputs):
            return f"{len(outputs)} reply"

    with (
        FakeServer(default=Step(text=reply(reasoning="r", answer="a"))) as server,
        core.context(lm=model(server)),
    ):
        streamed = streamify(
            core.ChainOfThought("q -> answer"), Words(), stream_listeners=[StreamListener("answer")]
        )
        items = collect(streamed, q="q")
    said = [item.message for item in items if isinstance(item, StatusMessage)]
    assert said[0] == "ChainOfThought begins"
    assert said[-2:] == ["asking", "1 reply"]
    assert isinstance(items[-1], core.Prediction)


def test_tools_have_status_messages_by_default():
    from core.callbacks import reported

    class Tool:
        def __init__(self, name: str) -> None:
            self.name = name

        def __call__(self) -> str:
            with reported("tool", self, {}) as call:
                return call.gives("done")

    def program() -> str:
        Tool("search")()
        return Tool("finish")()

    items = collect(streamify(program))
    assert [item.message for item in items[:-1]] == [
        "Calling tool search...",
        "The tool has answered; asking the model again...",
    ]


def test_nothing_is_left_behind():
    with FakeServer(default=Step(text=reply(answer="a"))) as server, core.context(lm=model(server)):
        collect(streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q")
        assert audience.get() is None
        assert listener.get() is None
        core.Predict("q -> answer")(q="z")
        assert "stream" not in server.calls[-1].body


def test_the_embedded_model_streams():
    with core.context(lm=core.LM("embedded/in-context", cache=False)):
        streamed = streamify(core.Predict("question -> answer"), stream_listeners=[StreamListener("answer")])
        items = collect(
            streamed, question="What is the capital of France? Context: Paris is the capital of France."
        )
    assert "".join(field(items, "answer")) == items[-1].answer
    assert isinstance(items[-1], core.Prediction)


def test_reasoning_that_a_model_gives_apart_is_a_field_too():
    def chunk(**delta):
        return {"choices": [{"delta": delta, "finish_reason": None}]}

    text = reply(answer="four")
    events = [chunk(reasoning_content="two and "), chunk(reasoning_content="two"), chunk(content=text)]
    events.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})

    class Sum(core.Signature):
        question: str = core.InputField()
        thoughts: core.Reasoning = core.OutputField()
        answer: str = core.OutputField()

    with (
        FakeServer(default=Step(events=events)) as server,
        core.context(lm=model(server, supports_reasoning=True)),
    ):
        wanted = [StreamListener("thoughts"), StreamListener("answer")]
        items = collect(streamify(core.Predict(Sum), stream_listeners=wanted), question="q")
    assert field(items, "thoughts") == ["two and ", "two", ""]
    assert "".join(field(items, "answer")) == "four"
    assert str(items[-1].thoughts) == "two and two"


def test_an_agents_answer_streams_and_its_tools_are_named():
    def population(city: str) -> int:
        """Return how many live there."""
        return 3

    script = [
        Step(
            text=reply(next_thought="look it up", next_tool_name="population", next_tool_args='{"city": "X"}')
        ),
        Step(text=reply(next_thought="that is all", next_tool_name="finish", next_tool_args="{}")),
        Step(text=reply(reasoning="it said 3", answer="three people live there")),
    ]
    agent = core.ReAct("question -> answer", tools=[population])
    with FakeServer(script) as server, core.context(lm=model(server)):
        items = collect(streamify(agent, stream_listeners=[StreamListener("answer")]), question="q")
    assert "".join(field(items, "answer")) == items[-1].answer == "three people live there"
    said = [item.message for item in items if isinstance(item, StatusMessage)]
    assert said[0] == "Calling tool population..."
    assert len(said) == 2
    assert [call.body.get("stream", False) for call in server.calls] == [False, False, True]


def test_replies_asked_for_at_once_do_not_void_one_another():
    async def program() -> list[str]:
        replies = await asyncio.gather(*(core.settings.lm.acall(f"q{number}") for number in range(6)))
        return [text for (text,) in replies]

    def echo(received: Any) -> Step:
        return Step(text=received.body["messages"][0]["content"] * 5)

    with FakeServer(echo) as server, core.context(lm=model(server)):
        items = collect(streamify(program))
    assert not any(isinstance(item, StreamRestart) for item in items)
    said = "".join(item.content for item in items[:-1])
    assert sorted(said) == sorted("".join(items[-1]))


def test_a_fallback_restarts_the_field():
    broken = [{"choices": [{"delta": {"content": "[[ ## answer ## ]]\nfrom the first"}}]}, {"error": "down"}]
    with (
        FakeServer(default=Step(events=broken)) as first,
        FakeServer(default=Step(text=reply(answer="ok"))) as second,
    ):
        lm = core.FallbackLM([model(first, num_retries=0), model(second)])
        with core.context(lm=lm):
            items = collect(
                streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q"
            )
    (restart,) = [place for place, item in enumerate(items) if isinstance(item, StreamRestart)]
    assert "".join(field(items[:restart], "answer")) == "from the first"
    assert "".join(field(items[restart:], "answer")) == items[-1].answer == "ok"


def test_a_model_that_asks_another_one_is_heard_once():
    class Outer(core.BaseLM):
        async def complete(self, request):
            return await inner.respond(request.messages)

    with FakeServer(default=Step(text=reply(answer="a b c d"))) as server:
        inner = model(server)
        with core.context(lm=Outer("outer")):
            items = collect(
                streamify(core.Predict("q -> answer"), stream_listeners=[StreamListener("answer")]), q="q"
            )
    assert not any(isinstance(item, StreamRestart) for item in items)
    assert "".join(field(items, "answer")) == "a b c d"


@both
def test_predictors_run_in_parallel_are_heard(async_streaming):
    class Many(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ask = core.Predict("q -> answer")

        def forward(self) -> Any:
            examples = [core.Example(q=str(number)).with_inputs("q") for number in range(3)]
            return core.Parallel(num_threads=2, disable_progress_bar=True)(
                [(self.ask, item) for item in examples]
            )

    with FakeServer(default=Step(text=reply(answer="a b c"))) as server, core.context(lm=model(server)):
        items = collect(
            streamify(
                Many(),
                stream_listeners=[StreamListener("answer", allow_reuse=True)],
                async_streaming=async_streaming,
            )
        )
    assert ["".join(field(items, "answer", call=call)) for call in range(3)] == ["a b c"] * 3


def test_attempts_of_a_module_are_heard_one_by_one():
    replies = iter(["bad", "good"])
    tries = core.BestOfN(
        core.Predict("q -> answer"), N=2, reward_fn=lambda _, p: p.answer == "good", threshold=1.0
    )
    with (
        FakeServer(lambda _: Step(text=reply(answer=next(replies)))) as server,
        core.context(lm=model(server)),
    ):
        streamed = streamify(tries, stream_listeners=[StreamListener("answer", allow_reuse=True)])
        items = collect(streamed, q="q")
    assert ["".join(field(items, "answer", call=call)) for call in (0, 1)] == ["bad", "good"]
    assert items[-1].answer == "good"
