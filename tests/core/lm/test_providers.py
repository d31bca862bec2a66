"""From a model's name to where its requests go."""

from __future__ import annotations

import pytest

from core.foundation.errors import LMConfigurationError
from core.lm import LM
from core.lm.providers import address_of, resolve
from tests.fakes.server import FakeServer


@pytest.mark.parametrize(
    ("model", "api_base", "sent", "base", "own"),
    [
        ("openai/gpt-4o", None, "gpt-4o", "https://api.openai.com/v1", True),
        ("gpt-4o", None, "gpt-4o", "https://api.openai.com/v1", True),
        ("openai/gpt-4o", "https://api.openai.com/v1/", "gpt-4o", "https://api.openai.com/v1", True),
        ("openai/mine", "http://localhost:8000/v1", "mine", "http://localhost:8000/v1", False),
        (
            "meta-llama/Llama-3",
            "http://localhost:8000/v1",
            "meta-llama/Llama-3",
            "http://localhost:8000/v1",
            False,
        ),
        ("openrouter/meta/llama", None, "meta/llama", "https://openrouter.ai/api/v1", True),
        ("ollama_chat/llama3", None, "llama3", "http://localhost:11434/v1", True),
        ("ollama/llama3", "http://box:11434", "llama3", "http://box:11434/v1", False),
        ("anthropic/claude", None, "claude", "https://api.anthropic.com/v1", True),
    ],
)
def test_addresses(model, api_base, sent, base, own):
    address = address_of(model, api_base)
    assert (address.model, address.base_url, address.own) == (sent, base, own)


@pytest.mark.parametrize(
    ("model", "api_base", "says"),
    [
        ("opennai/gpt", None, "openai/gpt"),
        ("nowhere/gpt", None, "api_base"),
        ("hosted_vllm/m", None, "HOSTED_VLLM_API_BASE"),
        ("openai/m", "localhost:8000", "http://localhost:8000/v1"),
        ("openai/m", "file:///etc/passwd", "no web address"),
        ("openai/m", "http://user:pw@host/v1", "api_key"),
    ],
)
def test_what_cannot_be_an_address_says_what_to_write(model, api_base, says):
    with pytest.raises(LMConfigurationError, match=says) as caught:
        address_of(model, api_base)
    assert "pw" not in str(caught.value)


def test_a_local_server_needs_no_key(monkeypatch):
    assert resolve(address_of("ollama/llama3"), None) is None


def test_azure_has_its_own_paths_and_header():
    with FakeServer() as server:
        root = server.url.removesuffix("/v1")
        LM("azure/dep", api_base=root, api_key="k", api_version="2024-06-01", cache=False)("q")
        LM("azure/dep", api_base=root, api_key="k", cache=False)("q")
        first, second = server.calls
        assert first.path == "/openai/deployments/dep/chat/completions?api-version=2024-06-01"
        assert second.path == "/openai/v1/chat/completions"
        assert first.headers["api-key"] == "k"
        assert "authorization" not in first.headers
