"""The endpoint, asked by the real `openai` client and by bad ones."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from core.foundation.errors import ConfigurationError
from core.lm.embedded import InContextModel
from core.lm.embedded.protocol import ChatProtocol
from core.lm.embedded.server import running_server

PROMPT: Any = [
    {"role": "user", "content": "Classify as one of: red, blue, green.\n\nText: a red and blue thing"}
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running_server() as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Any]:
    import openai

    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as made:
        yield made


def _post(url: str, path: str, body: bytes) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(url + path, data=body, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_it_lists_its_model(client: Any) -> None:
    assert [model.id for model in client.models.list()] == ["in-context"]
    assert client.models.retrieve("in-context").id == "in-context"


def test_it_answers_as_in_process(client: Any) -> None:
    made = client.chat.completions.create(model="in-context", messages=PROMPT)
    reply = InContextModel().complete(PROMPT)[0]
    assert made.choices[0].message.content == reply.text
    assert made.choices[0].finish_reason == "stop"
    assert made.usage.prompt_tokens == reply.prompt_tokens
    assert made.usage.total_tokens == reply.prompt_tokens + reply.completion_tokens


def test_several_choices(client: Any) -> None:
    made = client.chat.completions.create(model="m", messages=PROMPT, n=3, temperature=1.0, seed=1)
    assert [choice.index for choice in made.choices] == [0, 1, 2]


def test_a_stream_adds_up_to_the_answer(client: Any) -> None:
    whole = client.chat.completions.create(model="m", messages=PROMPT).choices[0].message.content
    chunks = list(
        client.chat.completions.create(
            model="m", messages=PROMPT, stream=True, stream_options={"include_usage": True}
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == whole
    assert chunks[-1].usage.completion_tokens > 0
    assert all(chunk.usage is None for chunk in chunks[:-1])
    plain = list(client.chat.completions.create(model="m", messages=PROMPT, stream=True))
    assert plain[-1].choices[0].finish_reason == "stop"


def test_json_is_written_when_asked_for(client: Any) -> None:
    made = client.chat.completions.create(model="m", messages=PROMPT, response_format={"type": "json_object"})
    assert json.loads(made.choices[0].message.content)["answer"] in {"red", "blue", "green"}


def test_repeats_above_temperature_zero_are_further_samples() -> None:
    def draw(protocol: ChatProtocol, count: int) -> list[str]:
        body = {"messages": PROMPT, "temperature": 1.5, "seed": 7}
        return [protocol.chat(body)["choices"][0]["message"]["content"] for _ in range(count)]

    first = draw(ChatProtocol(), 20)
    assert len(set(first)) > 1
    assert draw(ChatProtocol(), 20) == first


def test_the_table_of_arrivals_is_bounded() -> None:
    protocol = ChatProtocol(most_counted=3)
    for number in range(10):
        protocol.chat({"messages": PROMPT, "temperature": 1.0, "seed": number})
    assert len(protocol._arrivals) == 3


def test_embeddings_are_near_for_near_texts(client: Any) -> None:
    texts = ["the card has not arrived", "has my card arrived?", "quantum chromodynamics"]
    card, same, other = (item.embedding for item in client.embeddings.create(model="m", input=texts).data)
    assert len(card) == 256
    assert sum(a * a for a in card) == pytest.approx(1.0, abs=1e-5)
    assert sum(a * b for a, b in zip(card, same, strict=True)) > 0.3 + sum(
        a * b for a, b in zip(card, other, strict=True)
    )
    assert (
        len(
            client.embeddings.create(model="m", input="x", dimensions=16, encoding_format="float")
            .data[0]
            .embedding
        )
        == 16
    )


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"not json", "JSON"),
        (b"[1]", "object"),
        (b"{}", "messages"),
        (b'{"messages": []}', "messages"),
        (b'{"messages": [{"content": "x"}]}', "role"),
        (b'{"messages": [{"role": "user", "content": 3}]}', "content"),
        (b'{"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}', "temperature"),
        (b'{"messages": [{"role": "user", "content": "x"}], "n": 0}', "`n`"),
        (b'{"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}', "max_tokens"),
    ],
)
def test_bad_requests_are_told_what_is_wrong(url: str, body: bytes, word: str) -> None:
    status, said = _post(url, "/chat/completions", body)
    assert status == 400
    assert word in said["error"]["message"]
    assert said["error"]["type"] == "invalid_request_error"


def test_unknown_paths_and_bad_embeddings(url: str) -> None:
    assert _post(url, "/nothing", b"{}")[0] == 404
    assert _post(url, "/embeddings", b'{"input": []}')[0] == 400
    assert _post(url, "/embeddings", b'{"input": "x", "dimensions": 0}')[0] == 400


def test_a_taken_port_is_said(url: str) -> None:
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    with pytest.raises(ConfigurationError, match="Cannot listen"), running_server(port=port):
        pass
