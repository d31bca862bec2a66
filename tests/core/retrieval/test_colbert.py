"""The ColBERTv2 client against a server of the same protocol: both methods, the cache, failures, fusion."""

from __future__ import annotations

import asyncio

import pytest

from core.foundation.errors import ConfigurationError, RetrieverError
from core.lm.retry import Backoff
from core.modules import Retrieve
from core.retrieval import ColBERTv2
from tests.fakes.colbert import ColBERTServer

PASSAGES = ["Mira founded Ostal.", "Ostal lies at the river Ven.", "The river Ven is cold."]


@pytest.fixture
def server():
    with ColBERTServer(PASSAGES) as running:
        yield running


def client(server, **options):
    made = ColBERTv2(server.url, **options)
    made.backoff = Backoff(base=0.0)
    return made


def test_passages_with_all_the_server_says(server):
    first, second = client(server)("who founded Ostal?", k=2)
    assert first.long_text == first["text"] == PASSAGES[0]
    assert (first.pid, first.rank, first.score) == (0, 1, 2.0)
    assert 0 < second.prob < first.prob < 1
    assert server.asked == [("GET", "/api/search", "who founded Ostal?", 2)]
    with pytest.raises(AttributeError, match="long_text"):
        _ = first.nothing


def test_any_characters_travel_in_the_address(server):
    client(server)("Größe & 東京 +1 = ?", k=1)
    assert server.asked[0][2] == "Größe & 東京 +1 = ?"


def test_post_requests_and_a_port(server):
    made = ColBERTv2("http://127.0.0.1", port=server.port, post_requests=True)
    assert made("cold river", k=1, simplify=True) == [PASSAGES[2]]
    assert server.asked == [("POST", "/", "cold river", 1)]


def test_ten_passages_unless_told_otherwise(server):
    assert len(client(server)("river")) == 3
    assert server.asked[0][3] == 10


def test_known_queries_are_not_asked_again(server):
    made = client(server)
    assert made("river", k=2) == made("river", k=2)
    assert len(server.asked) == 1
    made("river", k=1)
    client(server, cache=False)("river", k=2)
    assert len(server.asked) == 3


def test_failures_that_may_pass_are_tried_again(server):
    server.script = [(500, b"{}"), (429, b"{}"), (200, b'{"error": true, "message": "index is loading"}')]
    assert client(server)("river", k=1)[0].pid == 1
    assert len(server.asked) == 4


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (404, b'{"detail": "no such page"}', "no such page"),
        (200, b"<html>", "no JSON"),
        (200, b'{"passages": []}', "topk"),
        (200, b'{"topk": [{"pid": 1}]}', "without a text"),
    ],
)
def test_what_the_server_gets_wrong_is_said(server, status, body, message):
    server.script = [(status, body)]
    with pytest.raises(RetrieverError, match=message) as caught:
        client(server)("river", k=1)
    assert "ColBERT" in caught.value.hint
    assert client(server)("river", k=1)[0].pid == 1, "a failure must not be kept"


def test_a_server_that_is_not_there():
    with ColBERTServer(PASSAGES) as server:
        url = server.url
    made = ColBERTv2(url, num_retries=0)
    with pytest.raises(RetrieverError, match="Nothing answers"):
        made("river")


def test_an_address_that_is_none():
    with pytest.raises(ConfigurationError, match="no address"):
        ColBERTv2("localhost")


def test_several_queries_are_fused(server):
    found = client(server)(["founded", "cold river"], k=2)
    assert [item.pid for item in found] == [0, 2]
    assert [asked[2] for asked in server.asked] == ["founded", "cold river"]


def test_the_module_retrieve_uses_it(server):
    step = Retrieve(k=1, rm=client(server))
    assert step("who founded Ostal?").passages == [PASSAGES[0]]
    assert asyncio.run(step.acall("cold river")).passages == [PASSAGES[2]]
