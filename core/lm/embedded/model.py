"""`InContextModel`: a small model that learns each task from the prompt alone.

Knows nothing about HTTP, caches or `BaseLM`. A pure function of its arguments: it sees the messages and the sampling
parameters, and nothing else.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from core.lm.embedded.acting import called
from core.lm.embedded.classify import fit
from core.lm.embedded.context import Context
from core.lm.embedded.options import Sampler
from core.lm.embedded.reading import content_text, read_task
from core.lm.embedded.repair import sharpened
from core.lm.embedded.solve import solve, solve_slot
from core.lm.embedded.text import count_tokens
from core.lm.embedded.tools import read_toolbox
from core.lm.embedded.writing import write_reply

__all__ = ["VERSION", "EmbeddedReply", "InContextModel"]

VERSION = "4"
"""Part of every cache key: changes whenever an answer may."""

_TOKENS_PER_MESSAGE = 3  # what the role and the ends of a message count as


@dataclass(frozen=True, slots=True)
class EmbeddedReply:
    """One reply and its tokens by this model's own rule (`text.count_tokens`)."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: str = "stop"
    tool_calls: tuple[tuple[str, str], ...] = ()
    """Tools to call instead of an answer: each its name and its arguments as JSON."""


class InContextModel:
    """A deterministic in-context learner.

    Args:
        version: What it says of itself; part of who answers.
    """

    def __init__(self, version: str = VERSION) -> None:
        self.version = version
        # Fitting is a pure function; the last few are kept because rows of one evaluation share their prompt.
        self._fit = lru_cache(maxsize=32)(fit)

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        n: int = 1,
        max_tokens: int | None = None,
        sample: int = 0,
        response_format: Any = None,
        tools: Any = None,
        tool_choice: Any = None,
    ) -> list[EmbeddedReply]:
        """Answer `messages`.

        Args:
            messages: OpenAI chat messages.
            temperature: 0 gives the most likely answer; above, answers are drawn from the model's own distribution.
            seed: With the messages and `sample`, fixes every draw.
            n: How many replies.
            max_tokens: Longest reply, in tokens of this model; a longer one is cut.
            sample: Number of this sample among those of the same request.
            response_format: As in the OpenAI protocol.
            tools: As in the OpenAI protocol; a reply may then be a call.
            tool_choice: As in the OpenAI protocol.

        Returns:
            `n` replies; the same arguments give the same replies.
        """
        offered = None if tool_choice == "none" else tools
        task, box = read_toolbox(sharpened(read_task(messages, response_format)), messages, offered)
        prompt_tokens = sum(
            count_tokens(content_text(m.get("content"))) + _TOKENS_PER_MESSAGE for m in messages
        )
        made: list[EmbeddedReply] = []
        for index in range(max(n, 1)):
            if made and temperature <= 0:
                made.append(made[0])
                continue
            generator = random.Random(_draw_seed(messages, seed, sample, index))
            context = Context(task, Sampler(temperature, generator), self._fit)
            call = called(context, box, tool_choice, solve_slot) if offered else None
            if call is not None:
                spent = count_tokens(" ".join(call))
                made.append(EmbeddedReply("", prompt_tokens, spent, "tool_calls", (call,)))
                continue
            made.append(_reply(write_reply(task, solve(context, box)), prompt_tokens, max_tokens))
        return made


def _draw_seed(messages: Sequence[Mapping[str, Any]], *numbers: int) -> int:
    said = json.dumps([[dict(message) for message in messages], list(numbers)], sort_keys=True, default=str)
    return int.from_bytes(blake2b(said.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _reply(text: str, prompt_tokens: int, max_tokens: int | None) -> EmbeddedReply:
    tokens = count_tokens(text)
    if max_tokens is None or tokens <= max_tokens:
        return EmbeddedReply(text, prompt_tokens, tokens)
    low, high = 0, len(text)
    while low < high:  # the longest beginning that fits
        middle = (low + high + 1) // 2
        if count_tokens(text[:middle]) <= max_tokens:
            low = middle
        else:
            high = middle - 1
    return EmbeddedReply(text[:low], prompt_tokens, count_tokens(text[:low]), "length")
