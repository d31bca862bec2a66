"""Questions that running code asks a model: one, or many at once, and never more than allowed.

Knows nothing about interpreters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from core.foundation.drive import on_io
from core.foundation.errors import LMNotConfiguredError

__all__ = ["SubQueries"]

AT_ONCE = 8
"""Questions of one batch that are on their way at a time."""


class SubQueries:
    """Counts the questions of one run.

    Args:
        lm: Answers.
        most: How many it answers.
    """

    def __init__(self, lm: Any, most: int) -> None:
        self.lm = lm
        self.most = most
        self.asked = 0

    async def llm_query(self, prompt: str) -> str:
        """Return a model's answer to a prompt.

        Raises:
            RuntimeError: No more questions are allowed; the code that asks can read it.
        """
        self._count(1)
        return await self._answer(_text(prompt))

    async def llm_query_batched(self, prompts: Sequence[str]) -> list[str]:
        """Return the answers to several prompts, in their order."""
        if isinstance(prompts, str):
            raise TypeError("llm_query_batched takes a list of prompts")
        texts = [_text(prompt) for prompt in prompts]
        self._count(len(texts))
        places = asyncio.Semaphore(AT_ONCE)

        async def one(text: str) -> str:
            async with places:
                return await self._answer(text)

        async def everyone() -> list[str]:
            return list(await asyncio.gather(*map(one, texts)))

        return await on_io(everyone)

    def _count(self, more: int) -> None:
        if self.asked + more > self.most:
            raise RuntimeError(
                f"only {self.most - self.asked} of {self.most} questions are left, {more} were asked; "
                "go on by code, or SUBMIT"
            )
        self.asked += more

    async def _answer(self, prompt: str) -> str:
        if self.lm is None:
            raise LMNotConfiguredError("No language model is configured.", hint="core.configure(lm=...)")
        response = await self.lm.respond([{"role": "user", "content": prompt}])
        return response.outputs[0].text or "" if response.outputs else ""


def _text(prompt: Any) -> str:
    if not isinstance(prompt, str) or not prompt.strip():
        raise TypeError("a prompt is a text that is not empty")
    return prompt
