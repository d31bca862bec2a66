"""Texts to vectors, by endpoint and by function."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import core
from core.foundation.errors import LMConfigurationError, LMError, LMServerError, LMUnexpectedError
from core.lm import Embedder
from core.lm.tally import counting_calls
from core.trace import MemorySink, sink_to
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


def test_an_async_function_serves_both_colours():
    async def mine(texts):
        await asyncio.sleep(0)
        return [[len(text)] for text in texts]

    embed = Embedder(mine)
    assert embed(["a", "bb"]).tolist() == [[1], [2]]
    assert asyncio.run(embed.acall("abc")).tolist() == [3]


def test_the_embedded_model_needs_no_endpoint():
    embed = Embedder("embedded/in-context", dimensions=64)
    cat, cats, ship = embed(["a small cat", "small cats", "the old ship sailed"])
    assert cat.shape == (64,)
    assert cat.dtype == np.float32
    assert cat @ cats > cat @ ship
    assert np.array_equal(embed("a small cat"), cat)


def test_call_arguments_stand_over_those_of_the_embedder():
    def mine(texts, scale=1):
        return [[len(texts) * scale] for _ in texts]

    embed = Embedder(mine, batch_size=1, scale=10)
    assert embed(["a", "b"], batch_size=2, scale=3).tolist() == [[6], [6]]
    assert embed([]).shape == (0,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Embedder(3), "int"),
        (lambda: Embedder(lambda texts: [])(["a"]), "0 vectors for 1 texts"),
        (lambda: Embedder(lambda texts: [[1.0], [1.0, 2.0]])(["a", "b"]), "one length"),
        (lambda: Embedder(lambda texts: [1.0, 2.0])(["a", "b"]), "one length"),
        (lambda: Embedder(lambda texts: ["x"])(["a"]), "one length"),
        (lambda: Embedder(lambda texts: [[1.0]])([3]), "not int"),
        (lambda: Embedder(lambda texts: [[1.0]])("a", batch_size=0), "batch_size"),
    ],
)
def test_what_cannot_work_is_said(make, message):
    with pytest.raises(LMError, match=message) as caught:
        make()
    assert caught.value.hint


def test_requests_are_counted_priced_and_traced():
    told = []
    with (
        FakeServer() as server,
        core.context(prices={"openai/e": (1_000_000.0, 0.0)}),
        counting_calls(lambda request, response: told.append((response.usage.prompt_tokens, response.cost))),
        sink_to(MemorySink()) as sink,
    ):
        embed = Embedder("openai/e", batch_size=2, api_base=server.url)
        embed(["a", "b", "c"])
        embed(["a", "b", "c"])
    assert told == [(3, 3.0), (3, 3.0)], "what the cache gave costs nothing"
    assert [(item.kind, item.attributes["texts"]) for item in sink.spans] == [
        ("embedding", 2),
        ("embedding", 1),
    ]
    assert sink.spans[0].attributes["usage"]["prompt_tokens"] == 3
