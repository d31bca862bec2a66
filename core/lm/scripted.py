"""`ScriptedLM`: a language model that says what a test tells it to.

Knows nothing about prompts: it answers from a list, a mapping or a function, and remembers what it was asked.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from core.foundation.errors import LMConfigurationError
from core.lm.base import BaseLM
from core.messages import LMOutput, LMRequest, LMResponse, Usage

__all__ = ["Reply", "ScriptedLM"]

Reply = str | LMOutput | LMResponse | BaseException | list[Any]
"""A text, one completion, a whole response, an error to raise, or a list: one item per sample asked for."""


class ScriptedLM(BaseLM):
    """Answers from a script; counts tokens as words; costs nothing.

    Args:
        replies: A list consumed in order, a function of the request, or a
        mapping from
            a text or pattern to a reply: the first whose pattern is found in the request's messages answers.
        local: False sends calls through the I/O loop, as those of a network model.
        supports_response_schema: What the property of that name says.
        **kwargs: As for `BaseLM`; not cached unless `cache=True`.
    """

    def __init__(
        self,
        replies: Iterable[Reply] | Mapping[str | re.Pattern[str], Reply] | Callable[[LMRequest], Reply] = (),
        *,
        model: str = "scripted",
        cache: bool | str = False,
        local: bool = True,
        supports_response_schema: bool = False,
        supports_function_calling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(model, cache=cache, **kwargs)
        self.requests: list[LMRequest] = []
        self.local = local
        self._schema = supports_response_schema
        self._functions = supports_function_calling
        self._replies = _script(replies)
        self._identity = f"scripted/{secrets.token_hex(8)}"

    @property
    def supports_response_schema(self) -> bool:
        """As given."""
        return self._schema

    @property
    def supports_function_calling(self) -> bool:
        """As given."""
        return self._functions

    def identity(self) -> str:
        """Return a name of this script alone, so that no two share answers."""
        return self._identity

    async def complete(self, request: LMRequest) -> LMResponse:
        """Give the next reply, or raise it where it is an error."""
        self.requests.append(request)
        reply = self._replies(request)
        if isinstance(reply, BaseException):
            raise reply
        if isinstance(reply, LMResponse):
            return replace(reply)
        outputs = _outputs(reply, int(request.params.get("n") or 1))
        usage = Usage(
            sum(_words(_text(message)) for message in request.messages),
            sum(_words(output.text) for output in outputs),
        )
        return LMResponse(outputs, usage, model=self.model, cost=0.0)


def _script(replies: Any) -> Callable[[LMRequest], Any]:
    if callable(replies):
        return replies
    if isinstance(replies, Mapping):
        return _by_pattern(replies)
    if isinstance(replies, str):
        replies = [replies]
    return _in_order(replies)


def _in_order(replies: Iterable[Any]) -> Callable[[LMRequest], Any]:
    remaining, lock, given = iter(replies), threading.Lock(), 0

    def answer(request: LMRequest) -> Any:
        nonlocal given
        with lock:
            for reply in remaining:
                given += 1
                return reply
        raise LMConfigurationError(
            f"The script has {given} replies and was asked once more.",
            model=request.model,
            hint="Give more replies, or a function of the request.",
        )

    return answer


def _by_pattern(replies: Mapping[Any, Any]) -> Callable[[LMRequest], Any]:
    def answer(request: LMRequest) -> Any:
        asked = "\n".join(_text(message) for message in request.messages)
        for pattern, reply in replies.items():
            if pattern in asked if isinstance(pattern, str) else pattern.search(asked):
                return reply(request) if callable(reply) else reply
        raise LMConfigurationError(
            "No pattern of the script is found in the messages.",
            model=request.model,
            hint=f"Patterns: {', '.join(map(repr, replies))}.",
        )

    return answer


def _outputs(reply: Any, n: int) -> list[LMOutput]:
    several = reply if isinstance(reply, list) else [reply] * n
    return [
        item if isinstance(item, LMOutput) else LMOutput(str(item), finish_reason="stop") for item in several
    ]


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))


def _words(text: str) -> int:
    return len(text.split())
