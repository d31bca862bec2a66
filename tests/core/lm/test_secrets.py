"""Keys go to one host, in one header, and show nowhere else."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle

import pytest

from core.foundation.errors import LMConfigurationError, LMError
from core.lm import LM
from core.lm.providers import PROVIDERS, Secret, address_of, resolve
from core.trace import MemorySink, sink_to
from tests.fakes.server import FakeServer, Step, error

CANARY = "canary-7f3a9c2e-do-not-show"


def test_the_canary_shows_nowhere(client, own_cache, caplog, capsys):
    """In a key and a header, echoed by the endpoint, through success and failure, wherever we keep things."""
    shown = io.StringIO()
    script = [
        Step(text="fine"),
        error(401, f"Incorrect API key provided: {CANARY}"),
        error(400, f"bad {CANARY}-header"),
    ]
    with FakeServer(script) as server, sink_to(MemorySink()) as sink, caplog.at_level(logging.DEBUG):
        lm = client(
            server, api_key=CANARY, cache=True, headers={"X-Gateway-Token": f"{CANARY}-header"}, num_retries=0
        )
        texts = [str(lm("q"))]
        for question in ("a", "b"):
            with pytest.raises(LMError) as caught:
                lm(question)
            texts += [str(caught.value), repr(caught.value), repr(caught.value.__dict__)]
        lm.inspect_history(5, shown)
        copied = copy.deepcopy(lm)
        assert copied("q") == ["fine"]
        texts += [
            repr(lm),
            str(vars(lm)),
            repr(lm.connection),
            str(vars(lm.connection)),
            json.dumps(lm.dump_state()),
        ]
        texts += [str(lm.kwargs), str(lm.history[0]), str(list(lm.history)), shown.getvalue()]
        texts += [json.dumps([span.to_dict() for span in sink.spans])]
        assert server.calls[0].headers["authorization"] == f"Bearer {CANARY}"
        assert server.calls[0].headers["x-gateway-token"] == f"{CANARY}-header"
    out = capsys.readouterr()
    texts += [caplog.text, out.out, out.err]
    own_cache.close()
    for path in own_cache.directory.rglob("*"):
        assert CANARY.encode() not in path.read_bytes()
    for text in texts:
        assert CANARY not in text
    with pytest.raises(TypeError):
        pickle.dumps(lm.connection._key)


def test_two_keys_share_answers_two_servers_do_not(client):
    with FakeServer(default=Step(text="one")) as first, FakeServer(default=Step(text="two")) as second:
        assert client(first, cache=True, api_key="a")("q") == ["one"]
        assert client(first, cache=True, api_key="b")("q") == ["one"]
        assert client(second, cache=True, api_key="a")("q") == ["two"]
        assert len(first.calls) == len(second.calls) == 1


def test_a_key_of_the_environment_stays_with_its_provider(client, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    with FakeServer() as server:
        client(server)("q")
        assert "authorization" not in server.calls[0].headers
        assert resolve(address_of("openai/gpt"), None).reveal() == CANARY


def test_a_root_of_the_environment_gets_the_key_of_the_environment(monkeypatch):
    with FakeServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", CANARY)
        LM("openai/gpt", cache=False)("q")
        assert server.calls[0].headers["authorization"] == f"Bearer {CANARY}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_refused_and_the_key_stays(status, client):
    with FakeServer() as thief:
        location = {"Location": f"{thief.url}/chat/completions"}
        with FakeServer(default=Step(status=status, body=b"", headers=location)) as server:
            with pytest.raises(LMConfigurationError, match="redirects to"):
                client(server, api_key=CANARY)("q")
            assert len(server.calls) == 1
        assert thief.requests == []


def test_proxies_of_the_environment_do_not_see_requests(client, monkeypatch):
    with FakeServer() as proxy, FakeServer() as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        client(server, api_key=CANARY)("q")
        assert proxy.requests == []
        assert len(server.calls) == 1


def test_a_missing_key_names_its_variable():
    with pytest.raises(LMConfigurationError, match="GROQ_API_KEY"):
        LM("groq/llama")("q")


def test_a_secret_is_silent():
    secret = Secret("value")
    assert "value" not in f"{secret!r} {secret}"
    assert copy.deepcopy([secret])[0] is secret
    assert not Secret("")


def test_every_provider_is_reached_by_https_or_on_this_machine():
    for provider in PROVIDERS.values():
        assert not provider.base_url or provider.base_url.startswith(("https://", "http://localhost:"))
        assert not provider.base_url.endswith("/")
        assert provider.key_env or not provider.needs_key


@pytest.mark.parametrize(
    "name", ["aws_secret_access_key", "azure_ad_token", "client_secret", "api_key_secret"]
)
def test_a_credential_under_a_name_of_its_providers_stays_out_of_states_and_traces(name, client):
    with FakeServer() as server, sink_to(MemorySink()) as sink:
        lm = client(server, max_tokens=50, **{name: CANARY})
        lm("q")
    assert CANARY not in json.dumps(lm.dump_state())
    assert CANARY not in json.dumps([span.to_dict() for span in sink.spans])
    assert lm.dump_state()["max_tokens"] == 50


@pytest.mark.parametrize("name", ["headers", "extra_headers", "api_key", "api_base", "api_version"])
def test_what_belongs_to_an_endpoint_is_never_sent_as_part_of_a_question(name, client):
    with FakeServer() as server:
        lm = client(server)
        with pytest.raises(LMConfigurationError, match=f"{name}.*belongs to a model"):
            lm("q", **{name: {"Authorization": CANARY} if "headers" in name else CANARY})
        assert server.calls == []
