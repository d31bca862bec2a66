"""Models written for DSPy: `forward` returns an OpenAI-like object."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace as Obj

import pytest

import core
from core.foundation.errors import LMUnexpectedError
from core.lm import LM, BaseLM
from tests.fakes.server import FakeServer


def _response(text):
    return Obj(
        choices=[Obj(message=Obj(content=text, tool_calls=None), finish_reason="stop")],
        usage=Obj(prompt_tokens=3, completion_tokens=2, total_tokens=5),
        model="legacy-1",
    )


class Legacy(BaseLM):
    def forward(self, prompt=None, messages=None, **kwargs):
        self.seen = (prompt, messages, kwargs, threading.current_thread())
        return _response("hello")


def test_forward_answers():
    lm = Legacy("legacy", temperature=0.2, custom=7)
    assert lm("hi", top_p=0.5) == ["hello"]
    prompt, messages, kwargs, thread = lm.seen
    assert prompt is None
    assert messages == [{"role": "user", "content": "hi"}]
    assert kwargs == {"temperature": 0.2, "custom": 7, "top_p": 0.5}
    assert thread is threading.current_thread()
    assert lm.history[-1]["usage"]["total_tokens"] == 5
    assert lm.history[-1]["response_model"] == "legacy-1"


def test_its_answers_are_not_cached():
    lm = Legacy("legacy")
    lm("hi")
    lm.seen = None
    lm("hi")
    assert lm.seen is not None


def test_a_blocking_forward_does_not_block_an_event_loop():
    class Slow(BaseLM):
        def forward(self, prompt=None, messages=None, **kwargs):
            time.sleep(0.2)
            return _response("slow")

    async def ten():
        lm = Slow("slow")
        return await asyncio.gather(*(lm.acall("x") for _ in range(10)))

    started = time.monotonic()
    assert asyncio.run(ten()) == [["slow"]] * 10
    assert time.monotonic() - started < 1.8  # 2 s one after another


def test_aforward_is_awaited():
    class Modern(BaseLM):
        async def aforward(self, prompt=None, messages=None, **kwargs):
            await asyncio.sleep(0.01)
            return _response("async")

    assert asyncio.run(Modern("m").acall("x")) == ["async"]
    assert Modern("m")("x") == ["async"]


def test_dicts_and_text_completions_and_tools():
    replies = [
        {"choices": [{"text": "plain"}]},
        {
            "choices": [
                {
                    "message": {
                        "content": None,
                        "tool_calls": [Obj(id="1", function=Obj(name="f", arguments="{}"))],
                    }
                }
            ]
        },
    ]

    class Dicts(BaseLM):
        def forward(self, prompt=None, messages=None, **kwargs):
            return replies.pop(0)

    lm = Dicts("d")
    assert lm("x") == ["plain"]
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert lm("x") == [{"text": "", "tool_calls": [call]}]


def test_anything_else_is_an_error_that_says_so():
    class Wrong(BaseLM):
        def forward(self, prompt=None, messages=None, **kwargs):
            return "text"

    with pytest.raises(LMUnexpectedError, match="choices"):
        Wrong("w")("x")


class Told(LM):
    """Counts its calls by overriding `__call__`, as models of DSPy 2.5 do."""

    def __init__(self, model, **kwargs):
        super().__init__(model, **kwargs)
        self.calls = 0

    def __call__(self, prompt=None, messages=None, **kwargs):
        self.calls += 1
        return super().__call__(prompt, messages, **kwargs)


def test_a_call_of_ones_own_is_what_predictors_use():
    class Fixed(BaseLM):
        def __call__(self, prompt=None, messages=None, **kwargs):
            return [f"[[ ## answer ## ]]\n{messages[-1]['role']} {kwargs['temperature']}"]

    predictor = core.Predict("question -> answer", temperature=0.5)
    with core.context(lm=Fixed("fixed")):
        assert predictor(question="x").answer == "user 0.5"
        assert asyncio.run(predictor.acall(question="x")).answer == "user 0.5"


def test_a_call_of_ones_own_goes_on_to_the_model():
    with FakeServer() as server:
        lm = Told("openai/fake", api_base=server.url, cache=False)
        assert lm("hi") == ["ok"]
        with core.context(lm=lm):
            assert core.Predict("question -> answer")(question="x").answer == "ok"
        assert lm.calls == len(server.calls) == len(lm.history) == 2


def test_a_call_of_ones_own_gives_texts():
    class Odd(BaseLM):
        def __call__(self, prompt=None, messages=None, **kwargs):
            return 5

    with core.context(lm=Odd("odd")), pytest.raises(LMUnexpectedError, match="list of texts"):
        core.Predict("question -> answer")(question="x")


@pytest.mark.parametrize("name", ["forward", "aforward"])
def test_a_client_answers_by_the_forward_of_a_subclass(name):
    async def aforward(self, prompt=None, messages=None, **kwargs):
        return _response("mine")

    def forward(self, prompt=None, messages=None, **kwargs):
        return _response("mine")

    kind = type("Mine", (LM,), {name: {"forward": forward, "aforward": aforward}[name]})
    lm = kind("openai/fake", api_base="http://127.0.0.1:9")
    assert lm("hi") == asyncio.run(lm.acall("hi")) == ["mine"]
    assert lm.identity() == ""  # what it says is nobody else's answer, so it is not cached as one


def test_forward_of_a_client_sends_one_request():
    class Passing(LM):
        def forward(self, prompt=None, messages=None, **kwargs):
            reply = super().forward(prompt, messages, **kwargs)
            reply.choices[0].message.content += "!"
            return reply

    with FakeServer() as server:
        assert Passing("openai/fake", api_base=server.url)("hi", top_p=0.5) == ["ok!"]
        assert server.calls[0].body["top_p"] == 0.5
        reply = LM("openai/fake", api_base=server.url, api_key="k").forward(prompt="hi")
        assert reply["choices"][0]["message"]["content"] == reply.choices[0].message.content == "ok"
        assert reply.usage.total_tokens > 0
