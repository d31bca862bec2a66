"""Different keys for different questions, the same key for the same question."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from core.lm.cache_key import decode, encode, request_key
from core.messages import LMOutput, LMRequest, LMResponse, Usage

BASE = LMRequest("m", [{"role": "user", "content": "q"}], {"temperature": 0.5, "stop": ["a"]})
KEY = request_key("who", BASE)

CHANGES = {
    "model": replace(BASE, model="n"),
    "text": replace(BASE, messages=[{"role": "user", "content": "q "}]),
    "role": replace(BASE, messages=[{"role": "system", "content": "q"}]),
    "order": replace(BASE, messages=[*BASE.messages, *BASE.messages]),
    "temperature": replace(BASE, params={**BASE.params, "temperature": 0.6}),
    "stop": replace(BASE, params={**BASE.params, "stop": ["b"]}),
    "n": replace(BASE, params={**BASE.params, "n": 2}),
    "seed": replace(BASE, params={**BASE.params, "seed": 0}),
    "tools": replace(BASE, params={**BASE.params, "tools": []}),
    "format": replace(BASE, params={**BASE.params, "response_format": {"type": "json_object"}}),
    "absent": replace(BASE, params={"stop": ["a"]}),
    "kind": replace(BASE, model_type="text"),
    "sample": replace(BASE, rollout_id=1),
    "sample 0": replace(BASE, rollout_id=0),
}


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES.keys())
def test_every_semantic_change_is_another_key(changed):
    assert request_key("who", changed) != KEY


def test_all_changes_differ_from_one_another_and_so_do_models_elsewhere():
    keys = {request_key("who", changed) for changed in CHANGES.values()}
    assert len(keys) == len(CHANGES)
    assert request_key("someone else", BASE) != KEY


SAME = {
    "order of params": replace(BASE, params={"stop": ["a"], "temperature": 0.5}),
    "order in a message": replace(BASE, messages=[{"content": "q", "role": "user"}]),
    "tuple": replace(BASE, params={"temperature": 0.5, "stop": ("a",)}),
    "timeout": replace(BASE, params={**BASE.params, "timeout": 3}),
}


@pytest.mark.parametrize("same", SAME.values(), ids=SAME.keys())
def test_what_does_not_change_the_question_does_not_change_the_key(same):
    assert request_key("who", same) == KEY


def test_whole_numbers_are_numbers():
    one, same = (replace(BASE, params={"temperature": value}) for value in (1, 1.0))
    assert request_key("w", one) == request_key("w", same)
    assert request_key("w", replace(BASE, params={"x": True})) != request_key(
        "w", replace(BASE, params={"x": 1})
    )


def test_the_key_is_stable_across_processes():
    # A change here makes every cache on every disk miss: raise FORMAT and say so in the changelog.
    assert KEY == "1a8291d81a5d79ad69937a6501c3baccf7bb4842a4f6927e60893267ad804b0f"


def test_keys_of_mixed_types_do_not_break_it():
    odd = replace(BASE, params={"logit_bias": {1: 2, "a": 3}})
    assert request_key("w", odd) == request_key("w", odd)


def test_a_response_survives_the_bytes():
    outputs = [
        LMOutput("a\ud800", [{"id": "1"}], "because", {"content": [{"token": "a", "logprob": -0.5}]}, "stop"),
        LMOutput(""),
    ]
    found = decode(encode(LMResponse(outputs, Usage(3, 4), model="m", cost=0.5, latency=9, attempts=2)))
    assert found is not None
    assert found.outputs == outputs
    assert (found.usage, found.model) == (Usage(3, 4), "m")
    assert (found.cost, found.saved_cost, found.cached, found.attempts) == (0.0, 0.5, True, 0)


def test_a_shared_system_message_changes_no_key() -> None:
    request = LMRequest(
        "m",
        [{"role": "system", "content": 'Say "é".'}, {"role": "user", "content": "\ud800?"}],
        {"n": 2},
        "chat",
        3,
    )
    whole = [1, "who", "m", "chat", request.messages, {"n": 2}, 3]
    expected = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    assert [request_key("who", request) for _ in range(2)] == [expected, expected]
