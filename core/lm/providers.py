"""Where the models of a prefix live: base URL and the variable that holds the key.

Knows nothing about requests. `openai/gpt-4o-mini` is the model `gpt-4o-mini` at the provider `openai`;
every provider here speaks the OpenAI protocol. A key from the environment goes to its provider's own
address and nowhere else: with another `api_base`, the key is given with the model.
"""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.foundation.errors import LMConfigurationError

__all__ = ["PROVIDERS", "Address", "Provider", "Secret", "address_of", "resolve"]


class Secret:
    """A key that does not show itself: not printed, not copied into states, not serialised."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the key, for the one header that it is meant for."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> str:
        raise TypeError("A key is not serialised.")


@dataclass(frozen=True)
class Provider:
    """One prefix.

    Attributes:
        base_url: The OpenAI-compatible root; empty where every user has another one.
        key_env: Variables looked into for the key, in this order.
        base_env: Variables that hold another root.
        needs_key: False for servers of one's own.
        path: Put behind a root that lacks it: some tools name the server, not its OpenAI part.
    """

    base_url: str = ""
    key_env: tuple[str, ...] = ()
    base_env: tuple[str, ...] = ()
    needs_key: bool = True
    path: str = ""


PROVIDERS: dict[str, Provider] = {
    "openai": Provider(
        "https://api.openai.com/v1", ("OPENAI_API_KEY",), ("OPENAI_BASE_URL", "OPENAI_API_BASE")
    ),
    "azure": Provider(
        "", ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY"), ("AZURE_API_BASE", "AZURE_OPENAI_ENDPOINT")
    ),
    "anthropic": Provider("https://api.anthropic.com/v1", ("ANTHROPIC_API_KEY",)),
    "gemini": Provider(
        "https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    ),
    "mistral": Provider("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    "groq": Provider("https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "deepseek": Provider("https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    "together_ai": Provider("https://api.together.xyz/v1", ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY")),
    "openrouter": Provider("https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    "fireworks_ai": Provider(
        "https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY")
    ),
    "deepinfra": Provider("https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY",)),
    "perplexity": Provider("https://api.perplexity.ai", ("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY")),
    "xai": Provider("https://api.x.ai/v1", ("XAI_API_KEY",)),
    "cerebras": Provider("https://api.cerebras.ai/v1", ("CEREBRAS_API_KEY",)),
    "sambanova": Provider("https://api.sambanova.ai/v1", ("SAMBANOVA_API_KEY",)),
    "nvidia_nim": Provider("https://integrate.api.nvidia.com/v1", ("NVIDIA_NIM_API_KEY", "NVIDIA_API_KEY")),
    "databricks": Provider("", ("DATABRICKS_API_KEY", "DATABRICKS_TOKEN"), ("DATABRICKS_API_BASE",)),
    "ollama": Provider("http://localhost:11434/v1", ("OLLAMA_API_KEY",), ("OLLAMA_API_BASE",), False, "/v1"),
    "ollama_chat": Provider(
        "http://localhost:11434/v1", ("OLLAMA_API_KEY",), ("OLLAMA_API_BASE",), False, "/v1"
    ),
    "hosted_vllm": Provider("", ("HOSTED_VLLM_API_KEY",), ("HOSTED_VLLM_API_BASE",), False),
    "vllm": Provider("http://localhost:8000/v1", ("VLLM_API_KEY",), ("VLLM_API_BASE",), False),
    "lm_studio": Provider("http://localhost:1234/v1", ("LM_STUDIO_API_KEY",), ("LM_STUDIO_API_BASE",), False),
    "llamafile": Provider("http://localhost:8080/v1", ("LLAMAFILE_API_KEY",), ("LLAMAFILE_API_BASE",), False),
}
"""Prefix → provider."""


@dataclass(frozen=True)
class Address:
    """Where requests of one model go.

    Attributes:
        model: The name that the endpoint knows.
        own: It is the provider's own address, so the provider's key and list prices belong to it.
    """

    provider: str
    model: str
    base_url: str
    own: bool


def address_of(model: str, api_base: str | None = None) -> Address:
    """Return where the requests of `model` go.

    Raises:
        LMConfigurationError: The prefix is unknown and no `api_base` says where to go, or the address is no
        URL.
    """
    prefix, slash, rest = model.partition("/")
    if slash and prefix in PROVIDERS:
        name, sent = prefix, rest
    elif not slash or api_base:
        name, sent = "openai", model
    else:
        near = difflib.get_close_matches(prefix, PROVIDERS, n=1)
        meant = f"Did you mean '{near[0]}/{rest}'? " if near else ""
        raise LMConfigurationError(
            f"There is no provider called '{prefix}'.",
            model=model,
            hint=f"{meant}For a server of your own, say where it is: api_base='http://host:port/v1'.",
        )
    return _placed(model, name, sent, api_base)


def _placed(model: str, name: str, sent: str, api_base: str | None) -> Address:
    provider = PROVIDERS[name]
    from_environment = next((os.environ[key] for key in provider.base_env if os.environ.get(key)), "")
    base = (api_base or from_environment or provider.base_url).rstrip("/")
    if not base:
        raise LMConfigurationError(
            f"Where does '{name}' live?",
            model=model,
            hint=f"Give api_base=… or set {provider.base_env[0] if provider.base_env else 'a base URL'}.",
        )
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise LMConfigurationError(
            f"api_base {parts._replace(netloc=parts.hostname or '').geturl()!r} is no web address.",
            model=model,
            hint="Write it like http://localhost:8000/v1.",
        )
    if parts.username or parts.password:
        raise LMConfigurationError(
            "api_base holds a user name or password.", model=model, hint="Give it as api_key= instead."
        )
    if provider.path and not base.endswith(provider.path):
        base += provider.path
    # A root from the environment was put there by whoever put the key there; one from an argument was not.
    trusted = not api_base or _origin(base) in {_origin(provider.base_url), _origin(from_environment)} - {""}
    return Address(name, sent, base, trusted)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if url else ""


def resolve(address: Address, api_key: Secret | None) -> Secret | None:
    """Return the key for an address: the given one, else the environment's where it belongs there.

    Raises:
        LMConfigurationError: The provider wants a key and there is none.
    """
    if api_key is not None:
        return api_key if api_key.reveal() else None
    if not address.own:
        return None
    provider = PROVIDERS[address.provider]
    for name in provider.key_env:
        value = os.environ.get(name)
        if value:
            return Secret(value)
    if not provider.needs_key:
        return None
    raise LMConfigurationError(
        f"There is no key for '{address.provider}'.",
        model=f"{address.provider}/{address.model}",
        hint=f"Set the environment variable {provider.key_env[0]}, or give api_key=….",
    )
