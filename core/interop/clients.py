"""The client names of 2024 (`core.OpenAI`, `core.HFClientVLLM`, `core.OllamaLocal` …), each giving a `core.LM`.

Knows nothing about protocols: every one of them is a prefix, an address and a kind of API.
"""

# ruff: noqa: N802

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMConfigurationError
from core.lm import LM

__all__ = [
    "Anthropic",
    "Anyscale",
    "AzureOpenAI",
    "ChatModuleClient",
    "Claude",
    "Cohere",
    "Databricks",
    "Google",
    "Groq",
    "HFClientTGI",
    "HFClientVLLM",
    "HFModel",
    "Mistral",
    "OllamaLocal",
    "OpenAI",
    "Together",
]

_COMPLETION_MODELS = ("text-", "davinci", "babbage", "curie", "ada")


def OpenAI(
    model: str = "gpt-3.5-turbo-instruct",
    api_key: str | None = None,
    api_provider: str = "openai",
    api_base: str | None = None,
    model_type: str | None = None,
    system_prompt: str | None = None,
    **kwargs: Any,
) -> LM:
    """Return a model of OpenAI, or of an endpoint that speaks as it does.

    Args:
        api_provider: "openai" or "azure".
        model_type: "chat" or "text"; None: text for the names of completion models.
        system_prompt: Refused: the adapter writes the system message.
        **kwargs: As for `LM`; `temperature` is 0 as it was then, `max_tokens` is left to the endpoint.

    Raises:
        LMConfigurationError: A `system_prompt` was given.
    """
    if system_prompt:
        raise LMConfigurationError(
            "A system prompt of its own is not sent: the adapter writes the system message.",
            model=model,
            hint="Put the text into the signature's instructions (its docstring).",
        )
    written_for_text = "instruct" in model or model.startswith(_COMPLETION_MODELS)
    kind = model_type or ("text" if written_for_text else "chat")
    return _client(api_provider, model, kind, api_key=api_key, api_base=api_base, **kwargs)


def AzureOpenAI(
    api_base: str | None = None,
    api_version: str | None = None,
    model: str = "",
    api_key: str | None = None,
    model_type: str = "chat",
    deployment_id: str | None = None,
    **kwargs: Any,
) -> LM:
    """Return a deployment at Azure; `deployment_id` names it where it differs from the model."""
    name = deployment_id or model
    return _client(
        "azure", name, model_type, api_key=api_key, api_base=api_base, api_version=api_version, **kwargs
    )


def Anthropic(model: str, api_key: str | None = None, api_base: str | None = None, **kwargs: Any) -> LM:
    """Return a model of Anthropic."""
    return _client("anthropic", model, "chat", api_key=api_key, api_base=api_base, **kwargs)


Claude = Anthropic


def Mistral(model: str, api_key: str | None = None, **kwargs: Any) -> LM:
    """Return a model of Mistral."""
    return _client("mistral", model, "chat", api_key=api_key, **kwargs)


def Together(model: str, api_key: str | None = None, **kwargs: Any) -> LM:
    """Return a model served by Together."""
    return _client("together_ai", model, "chat", api_key=api_key, **kwargs)


def Groq(model: str = "mixtral-8x7b-32768", api_key: str | None = None, **kwargs: Any) -> LM:
    """Return a model served by Groq."""
    return _client("groq", model, "chat", api_key=api_key, **kwargs)


def Google(model: str = "gemini-1.5-flash", api_key: str | None = None, **kwargs: Any) -> LM:
    """Return a Gemini model of Google."""
    return _client("gemini", model.removeprefix("models/"), "chat", api_key=api_key, **kwargs)


def HFClientTGI(model: str, port: int | list[int] | None = None, url: str = "", **kwargs: Any) -> LM:
    """Return a model behind a text-generation-inference server, which answers at /v1 too."""
    return _served("hosted_vllm", model, _address(url, port), "chat", **kwargs)


def HFClientVLLM(
    model: str,
    port: int | None = None,
    url: str = "http://localhost",
    model_type: str = "text",
    **kwargs: Any,
) -> LM:
    """Return a model behind a vLLM server."""
    return _served("hosted_vllm", model, _address(url, port), model_type, **kwargs)


def OllamaLocal(
    model: str = "llama2",
    model_type: str = "text",
    base_url: str = "http://localhost:11434",
    timeout_s: float | None = None,
    **kwargs: Any,
) -> LM:
    """Return a model of an Ollama server.

    Args:
        timeout_s: Seconds for one attempt.
    """
    if timeout_s is not None:
        kwargs["timeout"] = timeout_s
    return _served("ollama_chat" if model_type == "chat" else "ollama", model, base_url, model_type, **kwargs)


def HFModel(model: str, checkpoint: str | None = None, **kwargs: Any) -> LM:
    """Return a model that runs in this process, from a hub name or a folder.

    Args:
        checkpoint: Folder of a fine-tuned model; `model` then only says what it was made from.
    """
    return LM(f"local/{checkpoint or model}", **_sampling(kwargs))


def Anyscale(model: str, **kwargs: Any) -> LM:
    """Not offered: that service ended; an endpoint of one's own is `LM(…, api_base=…)`."""
    raise _left_out("Anyscale", model)


def Cohere(model: str = "", **kwargs: Any) -> LM:
    """Not offered as a client of its own; their OpenAI-compatible address works with `LM(…, api_base=…)`."""
    raise _left_out("Cohere", model)


def Databricks(model: str = "", **kwargs: Any) -> LM:
    """Return a model served by a Databricks workspace; its address goes into `api_base`."""
    return _client("databricks", model, kwargs.pop("model_type", "chat"), **kwargs)


def ChatModuleClient(model: str = "", model_path: str = "", **kwargs: Any) -> LM:
    """Not offered: MLC's own server speaks the OpenAI protocol."""
    raise _left_out("ChatModuleClient (MLC)", model)


def _client(prefix: str, model: str, model_type: str, **kwargs: Any) -> LM:
    given = {name: value for name, value in kwargs.items() if value is not None}
    return LM(f"{prefix}/{model.removeprefix(prefix + '/')}", model_type=model_type, **_sampling(given))


def _served(prefix: str, model: str, address: str, model_type: str, **kwargs: Any) -> LM:
    base = address.rstrip("/")
    return _client(
        prefix, model, model_type, api_base=base if base.endswith("/v1") else f"{base}/v1", **kwargs
    )


def _address(url: str, port: int | list[int] | None) -> str:
    """Join address and port; of several ports the first: a load balancer spreads better than a client."""
    first = port[0] if isinstance(port, list) else port
    base = (url or "http://localhost").rstrip("/")
    return f"{base}:{first}" if first else base


def _sampling(kwargs: dict[str, Any]) -> dict[str, Any]:
    """The era's defaults and spelling: temperature 0, `max_len` for `max_tokens`."""
    if "max_len" in kwargs:
        kwargs["max_tokens"] = kwargs.pop("max_len")
    return {"temperature": 0.0, **kwargs}


def _left_out(name: str, model: str) -> LMConfigurationError:
    return LMConfigurationError(
        f"There is no client '{name}' here.",
        model=model,
        hint='Any OpenAI-compatible address works: LM("openai/<model>", api_base="http://host/v1", api_key=…).',
    )
