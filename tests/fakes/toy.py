"""A toy task for searches: a program of two steps and a model whose answers get better with the right demos."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from typing import Any

from core.data.example import Example
from core.lm.base import BaseLM
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from core.modules.module import Module
from core.modules.predict import Predict


def digest(*parts: object) -> int:
    """A number that depends on the parts alone."""
    return int.from_bytes(hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()[:4], "big")


class ToyLM(BaseLM):
    """Answers `hint` and `answer` fields; the chance to be right grows with the demos shown, and differs by set.

    A pure function of the messages (and of `rollout_id` through the temperature's sake), behind a jittered wait, so
    that rows finish in another order each time. Counts every request in `sent`.
    """

    def __init__(self, *, jitter: float = 0.001, skill: int = 30, **kwargs: Any) -> None:
        super().__init__("toy", **kwargs)
        self.sent = 0
        self.most_in_flight = 0
        self._in_flight = 0
        self._jitter = jitter
        self._skill = skill

    def identity(self) -> str:
        """Its name: answers may be cached."""
        return f"toy/{self._skill}"

    async def complete(self, request: LMRequest) -> LMResponse:
        """Answer one request."""
        self.sent += 1
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        if self._jitter:
            await asyncio.sleep(random.uniform(0, self._jitter))
        self._in_flight -= 1
        text = self.reply(request.messages, request.rollout_id)
        return LMResponse(
            [LMOutput(text)], Usage(len(str(request.messages)) // 4, len(text) // 4), cost=0.001
        )

    def reply(self, messages: list[dict[str, Any]], rollout: int | None = None) -> str:
        """Return the reply to some messages."""
        asked = messages[-1]["content"]
        if "proposed_instruction" in messages[0]["content"]:
            care = digest("care", asked, rollout) % 40
            return f"[[ ## proposed_instruction ## ]]\nTake care {care}.\n[[ ## completed ## ]]"
        if "natural_language_rules" in messages[0]["content"]:
            care = digest("rules", asked, rollout) % 40
            return f"[[ ## natural_language_rules ## ]]\n1. Take care {care}.\n2. Be brief.\n\n[[ ## completed ## ]]"
        for written in ("data_summary", "program_summary", "observations"):
            if f"[[ ## {written} ## ]]" in messages[0]["content"]:
                return f"[[ ## {written} ## ]]\nPlain {digest(asked) % 90}.\n[[ ## completed ## ]]"
        if "[[ ## rules ## ]]" in messages[0]["content"]:
            care = digest("rules", asked, rollout)
            lines = f"Be quick.\nTake care {care % 40}.\nUse {care % 3} words."
            return f"[[ ## rules ## ]]\n{lines}\n[[ ## completed ## ]]"
        if "proposed_rule" in messages[0]["content"]:
            care = digest("rule", asked, rollout) % 40
            return f"[[ ## proposed_rule ## ]]\nTake care {care}.\n[[ ## completed ## ]]"
        shown = [message["content"] for message in messages[1:-1] if message["role"] == "user"]
        if "## hint ##" not in asked.split("## question ##")[0]:
            return f"[[ ## hint ## ]]\n{digest(asked) % 7}\n[[ ## completed ## ]]"
        question = asked.split("[[ ## question ## ]]")[1].strip().split("\n")[0]
        luck = digest("set", *shown) % 30 + min(30, 4 * len(shown))
        told = re.search(r"Take care (\d+)", messages[0]["content"])
        right = digest(question, rollout) % 100 < self._skill + luck + (int(told[1]) if told else 0)
        return f"[[ ## answer ## ]]\n{gold(question) if right else 'wrong'}\n[[ ## completed ## ]]"


class TwoSteps(Module):
    """hint, then answer."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Predict("question -> hint")
        self.say = Predict("hint, question -> answer")

    async def aforward(self, question: str) -> Any:
        """Ask for a hint, then for the answer."""
        first = await self.look.acall(question=question)
        return await self.say.acall(hint=first.hint, question=question)


class SyncTwoSteps(Module):
    """The same in plain sync code."""

    def __init__(self) -> None:
        super().__init__()
        self.look = Predict("question -> hint")
        self.say = Predict("hint, question -> answer")

    def forward(self, question: str) -> Any:
        """Ask for a hint, then for the answer."""
        return self.say(hint=self.look(question=question).hint, question=question)


def gold(question: str) -> str:
    """The right answer."""
    return f"a{digest('gold', question) % 5}"


def rows(prefix: str, count: int) -> list[Example]:
    """Examples that no other prefix has."""
    return [
        Example(question=f"{prefix} {index}", answer=gold(f"{prefix} {index}")).with_inputs("question")
        for index in range(count)
    ]


def exact(example: Example, prediction: Any, trace: Any = None) -> bool:
    """Whether the answer is right."""
    return example.answer == prediction.answer


def demos_of(program: Module) -> dict[str, list[dict[str, Any]]]:
    """All demos of a program as data."""
    return {path: [dict(demo.items()) for demo in part.demos] for path, part in program.named_predictors()}
