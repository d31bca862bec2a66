"""Text completions: one prompt out, text back."""

from __future__ import annotations

import pytest

from core.foundation.errors import LMUnsupportedFeatureError
from tests.fakes.server import FakeServer


def test_messages_become_one_prompt(client):
    parts = [{"type": "text", "text": "b"}]
    messages = [{"role": "system", "content": "a"}, {"role": "user", "content": parts}]
    with FakeServer() as server:
        assert client(server, model_type="text", max_tokens=9)(messages=messages, stop=["x"]) == ["ok"]
        assert server.calls[0].body == {"model": "fake", "prompt": "a\n\nb", "max_tokens": 9, "stop": ["x"]}


def test_samples(client):
    with FakeServer() as server:
        assert client(server, model_type="text")("q", n=2) == ["ok 0", "ok 1"]


def test_an_image_is_refused_before_anything_is_sent(client):
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]
    with FakeServer() as server, pytest.raises(LMUnsupportedFeatureError, match="text alone"):
        client(server, model_type="text")(messages=messages)
    assert server.calls == []
