"""The three kinds of requests that OpenAI-compatible endpoints take: chat, text, responses.

Knows nothing about connections. Each kind is a module that makes bodies and reads answers, whole or in events.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from core.lm.capabilities import Capabilities
from core.lm.deltas import Voice
from core.messages import LMRequest, LMResponse

__all__ = ["API_KINDS", "Api", "Gathering", "api_of"]

API_KINDS = ("chat", "text", "responses")
"""Values of `model_type`."""


class Gathering(Protocol):
    """Puts a streamed answer together."""

    def add(self, event: dict[str, Any]) -> None:
        """Take the next event; tell the voice what it adds."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the endpoint said that it is done."""
        ...

    def response(self) -> LMResponse:
        """Return the whole answer."""
        ...


@dataclass(frozen=True)
class Api:
    """One kind.

    Attributes:
        path: Behind the root of the endpoint.
        body: Makes the JSON body: (request, model name at the endpoint, what is known of it, developer role).
        read: Reads an answer: (JSON, model).
        gather: Makes a `Gathering`: (model, voice).
        streamed: What a body needs beside `stream` so that usage comes along.
    """

    path: str
    body: Callable[[LMRequest, str, Capabilities, bool], dict[str, Any]]
    read: Callable[[Any, str], LMResponse]
    gather: Callable[[str, Voice], Gathering]
    streamed: dict[str, Any]


@cache
def api_of(model_type: str) -> Api | None:
    """Return the kind of that name, or None."""
    if model_type not in API_KINDS:
        return None
    home = {"chat": "openai_wire", "text": "text_wire", "responses": "responses_wire"}[model_type]
    return importlib.import_module(f"core.lm.{home}").API
