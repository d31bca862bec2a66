"""What goes to a language model and what comes back.

Knows nothing about providers, prompts or signatures.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

__all__ = ["LMOutput", "LMRequest", "LMResponse", "LanguageModel", "Message", "Usage"]

Message = dict[str, Any]
"""An OpenAI chat message: {"role": "system" | "user" | "assistant" | "tool", "content": text or parts}."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or several calls."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.prompt_tokens + other.prompt_tokens, self.completion_tokens + other.completion_tokens
        )

    def to_dict(self) -> dict[str, int]:
        """Return it under the names of the OpenAI protocol."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.total_tokens,
        }


@dataclass(frozen=True, slots=True)
class LMRequest:
    """One request.

    Attributes:
        params: What goes into the request body beside model and messages: temperature, max_tokens, n, stop …
        rollout_id: A sample number; it is part of the cache key and never sent.
    """

    model: str = ""
    messages: list[Message] = field(default_factory=list[Message])
    params: dict[str, Any] = field(default_factory=dict[str, Any])
    model_type: str = "chat"
    rollout_id: int | None = None


@dataclass(slots=True)
class LMOutput:
    """One completion."""

    text: str
    tool_calls: list[dict[str, Any]] | None = None
    reasoning: str | None = None
    logprobs: Any = None
    finish_reason: str | None = None
    citations: list[dict[str, Any]] | None = None


@dataclass(slots=True)
class LMResponse:
    """What came back.

    Attributes:
        cost: US dollars; None where no price is known; 0 when cached.
        latency: Seconds that the caller waited for it.
        cached: It came from the cache; nothing was sent.
        saved_cost: What the cache saved, in US dollars.
        attempts: Requests sent upstream for it, retries included; 0 when cached.
    """

    outputs: list[LMOutput]
    usage: Usage = field(default_factory=Usage)
    model: str = ""
    cost: float | None = None
    latency: float = 0.0
    cached: bool = False
    saved_cost: float = 0.0
    attempts: int = 1
    raw: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The first completion."""
        return self.outputs[0].text if self.outputs else ""


@runtime_checkable
class LanguageModel(Protocol):
    """What modules and adapters need of a language model."""

    model: str
    kwargs: dict[str, Any]

    async def respond(self, messages: list[Message], **params: Any) -> LMResponse:
        """Answer `messages`; `params` override the model's own `kwargs`.

        Raises:
            LMError: It could not.
        """
        ...
