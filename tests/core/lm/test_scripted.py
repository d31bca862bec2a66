"""The test double itself."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.foundation.errors import LMConfigurationError, LMRateLimitError
from core.lm import ScriptedLM
from core.messages import LMOutput, LMResponse


def test_a_list_in_order_and_its_end():
    lm = ScriptedLM(["one", LMOutput("two"), LMResponse([LMOutput("three")])])
    assert [lm("q")[0] for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(LMConfigurationError, match="3 replies"):
        lm("q")
    assert len(lm.requests) == 4


def test_a_function_of_the_request():
    lm = ScriptedLM(
        lambda request: f"{len(request.messages)} {request.params.get('temperature')}", temperature=0.5
    )
    assert lm("q") == ["1 0.5"]


def test_patterns():
    lm = ScriptedLM({"weather": "sunny", re.compile(r"\d{3}"): lambda request: "number", "": "else"})
    assert lm("the weather?") == ["sunny"]
    assert lm("call 911") == ["number"]
    assert lm("?") == ["else"]
    with pytest.raises(LMConfigurationError, match="weather"):
        ScriptedLM({"weather": "sunny"})("nothing of it")


def test_samples():
    lm = ScriptedLM(["same", ["a", "b"]])
    assert lm("q", n=2) == ["same", "same"]
    assert lm("q", n=2) == ["a", "b"]


def test_errors_are_raised_and_retried_like_any():
    lm = ScriptedLM([LMRateLimitError("slow down"), "fine", ValueError("bug")])
    lm.backoff = type(lm.backoff)(base=0.01)
    assert lm("q") == ["fine"]
    with pytest.raises(ValueError, match="bug"):
        lm("q")


def test_usage_is_counted_and_costs_nothing():
    lm = ScriptedLM(["one two three"])
    lm("four words are here")
    assert lm.history[-1]["usage"] == {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}
    assert lm.history[-1]["cost"] == 0.0


def test_two_scripts_never_share_answers():
    assert ScriptedLM(["a"], cache=True)("q") != ScriptedLM(["b"], cache=True)("q")


def test_through_the_io_loop_and_in_threads():
    lm = ScriptedLM([str(i) for i in range(200)], local=False)
    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda i: lm(f"q{i}")[0], range(200)))
    assert sorted(replies, key=int) == [str(i) for i in range(200)]


def test_declared_abilities():
    assert not ScriptedLM([]).supports_response_schema
    assert ScriptedLM([], supports_response_schema=True).supports_response_schema
    assert ScriptedLM([], supports_function_calling=True).supports_function_calling
