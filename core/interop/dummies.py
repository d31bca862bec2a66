"""DSPy's test doubles: `DummyLM`, `DummyVectorizer`, `dummy_rm`, as programs and their tests use them.

Knows nothing about networks. Our own tests use `core.ScriptedLM`, which says less about layouts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from core.adapters import Adapter, ChatAdapter
from core.lm import BaseLM
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from core.retrieval.bm25 import BM25
from core.signature import SignatureMeta, make_signature

__all__ = ["DummyLM", "DummyVectorizer", "dummy_rm"]

_EXHAUSTED = "No more responses"
_CLOSING = "[[ ## completed ## ]]"
_SECTION = re.compile(r"^\[\[ ## (\w+) ## \]\]\n(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


class DummyLM(BaseLM):
    """A language model that gives prepared fields in the adapter's own layout.

    Args:
        answers: A list of {field: value}, one per completion, in order; or {text: {field: value}}, where the
            first text that the last message contains chooses.
        follow_examples: Answer as the demo whose request equals the last message does.
        reasoning: Give some reasoning apart from each answer.
        adapter: Whose layout; the chat adapter where None.
    """

    def __init__(
        self,
        answers: Sequence[Mapping[str, Any]] | Mapping[str, Mapping[str, Any]],
        follow_examples: bool = False,
        reasoning: bool = False,
        adapter: Adapter | None = None,
    ) -> None:
        super().__init__("dummy", "chat", temperature=0.0, max_tokens=1000, cache=False)
        self.local = True
        self.answers = answers
        self.follow_examples = follow_examples
        self.reasoning = reasoning
        self.adapter = adapter or ChatAdapter()
        self._next = 0

    async def complete(self, request: LMRequest) -> LMResponse:
        """Return the next prepared answers, as many as are asked for."""
        wanted = request.params.get("n") or 1
        texts = [self._text(request.messages) for _ in range(wanted)]
        reasoning = "Some reasoning" if self.reasoning else None
        outputs = [LMOutput(text, reasoning=reasoning) for text in texts]
        said = sum(len(str(message["content"]).split()) for message in request.messages)
        return LMResponse(outputs, Usage(said, sum(len(text.split()) for text in texts)), model=self.model)

    def _text(self, messages: list[Any]) -> str:
        last = str(messages[-1]["content"])
        if self.follow_examples:
            return _followed(messages)
        if isinstance(self.answers, Mapping):
            found = next((fields for text, fields in self.answers.items() if text in last), None)
            return self._written(found) if found is not None else _EXHAUSTED
        fields = self.answers[self._next] if self._next < len(self.answers) else None
        self._next += 1
        return self._written(fields) if fields is not None else self._written({"answer": _EXHAUSTED})

    def _written(self, fields: Mapping[str, Any]) -> str:
        text = self.adapter.format_assistant_message_content(_signature(tuple(fields)), dict(fields))
        return text.strip().removesuffix(_CLOSING).strip()


def _signature(names: tuple[str, ...]) -> SignatureMeta:
    return make_signature(f"request -> {', '.join(names)}")


def _followed(messages: list[Any]) -> str:
    """Return the reply that follows the earlier request with the same field values, "" where there is none."""
    asked = _values(messages[-1])
    for request, reply in pairwise(messages):
        if reply["role"] == "assistant" and _values(request) == asked:
            return str(reply["content"])
    return ""


def _values(message: Any) -> tuple[tuple[str, str], ...]:
    """The marked sections of a request, without the reminder behind the last one."""
    return tuple(_SECTION.findall(str(message["content"])))


class DummyVectorizer:
    """Vectors of hashed character n-grams, seeded by nothing but the text.

    Args:
        max_length: Dimensions.
        n_gram: Characters per n-gram.
    """

    def __init__(self, max_length: int = 100, n_gram: int = 2) -> None:
        self.max_length = max_length
        self.n_gram = n_gram

    def __call__(self, texts: Sequence[str]) -> Any:
        """Return one row per text, float32, of mean 0 and length 1."""
        import numpy

        return numpy.array([self._vector(text) for text in texts], dtype=numpy.float32)

    def _vector(self, text: str) -> list[float]:
        counts = [0.0] * self.max_length
        for start in range(len(text) - self.n_gram + 1):
            code = 0
            for character in text[start : start + self.n_gram]:
                code = (code * 65_599 + ord(character)) % 2_147_483_647
            counts[code % self.max_length] += 1
        mean = sum(counts) / self.max_length
        centred = [count - mean for count in counts]
        length = math.sqrt(sum(value * value for value in centred))
        return [value / (length or 1.0) for value in centred]


def dummy_rm(passages: Sequence[str] = ()) -> Callable[..., list[Any]]:
    """Return a retriever over a few passages: `rm(query, k=3)`, best first, each with `long_text`.

    Args:
        passages: What it searches; each stands for itself.
    """
    search = BM25(list(passages)) if passages else None

    def retrieve(query: str, *, k: int = 3, **_: Any) -> list[Any]:
        return search(query, k=k) if search else []

    return retrieve
