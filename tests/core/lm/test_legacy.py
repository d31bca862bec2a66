"""Models written for DSPy: `forward` returns an OpenAI-like object."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace as Obj

import pytest

from core.foundation.errors import LMUnexpectedError
from core.lm import BaseLM


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
