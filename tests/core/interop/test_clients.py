"""The client names of 2024: each gives a model at the right address, with the era's defaults."""

import pytest

import core
from core.foundation.errors import LMConfigurationError


def test_openai_chooses_the_api_by_the_kind_of_model() -> None:
    chat = core.OpenAI(model="gpt-4", api_key="k", max_tokens=300)
    text = core.OpenAI(model="gpt-3.5-turbo-instruct", api_key="k")
    assert (chat.model, chat.model_type) == ("openai/gpt-4", "chat")
    assert (text.model, text.model_type) == ("openai/gpt-3.5-turbo-instruct", "text")
    assert chat.kwargs["temperature"] == 0.0
    assert chat.kwargs["max_tokens"] == 300
    assert core.OpenAI(model="x", api_key="k", model_type="text").model_type == "text"


def test_openai_at_an_address_of_ones_own() -> None:
    lm = core.OpenAI(model="mine", api_base="http://127.0.0.1:9/v1", api_key="k", model_type="chat")
    assert "127.0.0.1:9" in lm.identity()


def test_a_system_prompt_is_refused_with_the_place_where_it_belongs() -> None:
    with pytest.raises(LMConfigurationError, match="adapter writes the system message") as caught:
        core.OpenAI(model="gpt-4", api_key="k", system_prompt="Be brief.")
    assert "instructions" in caught.value.hint


@pytest.mark.parametrize(
    ("lm", "address", "kind"),
    [
        (lambda: core.HFClientTGI(model="m", port=8080, url="http://127.0.0.1"), "127.0.0.1:8080/v1", "chat"),
        (
            lambda: core.HFClientTGI(model="m", port=[8081, 8082], url="http://127.0.0.1"),
            "127.0.0.1:8081/v1",
            "chat",
        ),
        (lambda: core.HFClientVLLM(model="m", port=8000), "localhost:8000/v1", "text"),
        (lambda: core.OllamaLocal(model="llama2"), "localhost:11434/v1", "text"),
        (lambda: core.OllamaLocal(model="llama2", model_type="chat"), "localhost:11434/v1", "chat"),
    ],
)
def test_local_servers(lm, address: str, kind: str) -> None:
    made = lm()
    assert address in made.identity()
    assert made.model_type == kind


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("Anthropic", "anthropic/claude-3-haiku"),
        ("Claude", "anthropic/claude-3-haiku"),
        ("Mistral", "mistral/claude-3-haiku"),
        ("Together", "together_ai/claude-3-haiku"),
        ("Groq", "groq/claude-3-haiku"),
        ("Google", "gemini/claude-3-haiku"),
    ],
)
def test_hosted_models_by_prefix(name: str, model: str) -> None:
    assert getattr(core, name)("claude-3-haiku", api_key="k").model == model


def test_azure_takes_its_deployment() -> None:
    lm = core.AzureOpenAI(
        api_base="https://x.openai.azure.com",
        api_version="2024-02-01",
        model="gpt-4",
        deployment_id="mine",
        api_key="k",
    )
    assert lm.model == "azure/mine"


@pytest.mark.parametrize("name", ["Anyscale", "Cohere", "ChatModuleClient"])
def test_what_is_left_out_says_what_to_use(name: str) -> None:
    with pytest.raises(LMConfigurationError, match="There is no client") as caught:
        getattr(core, name)("m")
    assert "api_base" in caught.value.hint


def test_max_len_means_max_tokens() -> None:
    lm = core.HFClientVLLM(model="m", port=8000, max_len=75)
    assert lm.kwargs["max_tokens"] == 75
    assert "max_len" not in lm.kwargs
