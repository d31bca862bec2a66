"""Texts to vectors, by endpoint and by function."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from core.foundation.errors import LMConfigurationError, LMServerError, LMUnexpectedError
from core.lm import Embedder
from tests.fakes.server import FakeServer, Step, error


def test_an_endpoint_in_batches():
    with FakeServer() as server:
        embed = Embedder("openai/e", batch_size=2, caching=False, api_base=server.url, dimensions=2)
        found = embed(["a", "bb", "ccc"])
        assert found.dtype == np.float32
        assert found.tolist() == [[1, 1], [2, 1], [3, 1]]
        assert [call.body["input"] for call in server.calls] == [["a", "bb"], ["ccc"]]
        assert server.calls[0].path == "/v1/embeddings"
        assert server.calls[0].body["dimensions"] == 2
        assert embed("four").tolist() == [4, 1]


def test_known_texts_are_not_sent_again():
    with FakeServer() as server:
        embed = Embedder("openai/e", api_base=server.url)
        embed(["a", "bb"])
        assert embed(["bb", "ccc", "a", "bb"]).tolist() == [[2, 1], [3, 1], [1, 1], [2, 1]]
        assert [call.body["input"] for call in server.calls] == [["a", "bb"], ["ccc"]]
        embed(["a"], caching=False)
        assert len(server.calls) == 3


def test_failures_are_retried_and_read():
    with FakeServer([error(500)]) as server:
        assert Embedder("openai/e", api_base=server.url, caching=False)("a").tolist() == [1, 1]
        assert len(server.calls) == 2
        server.default = Step(body=b'{"data": []}')
        with pytest.raises(LMUnexpectedError):
            Embedder("openai/e", api_base=server.url, caching=False)("a")
        server.default = error(500)
        with pytest.raises(LMServerError):
            Embedder("openai/e", api_base=server.url, caching=False, num_retries=0)("a")


def test_a_function():
    seen = []

    def mine(texts, scale=1):
        seen.append(list(texts))
        return [[len(text) * scale] for text in texts]

    embed = Embedder(mine, batch_size=2, scale=10)
    assert embed(["a", "bb", "ccc"]).tolist() == [[10], [20], [30]]
    assert seen == [["a", "bb"], ["ccc"]]
    assert asyncio.run(embed.acall("abc")).tolist() == [30]


def test_a_batch_needs_a_size():
    with pytest.raises(LMConfigurationError):
        Embedder(len, batch_size=0)
