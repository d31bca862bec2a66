"""What a stream holds besides the final prediction.

Knows nothing about where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

__all__ = ["ReplyChunk", "StatusMessage", "StreamResponse", "StreamRestart"]


@dataclass
class StreamResponse:
    """A piece of one output field's text.

    Attributes:
        predict_name: Path of the predictor, e.g. "answer.predict"; "self" where it is the whole program.
        is_last_chunk: The field is complete; comes once per call, perhaps with an empty chunk.
        call: Counts the calls of a predictor that is heard again (`allow_reuse`), from 0.
    """

    predict_name: str
    signature_field_name: str
    chunk: str
    is_last_chunk: bool
    call: int = 0


@dataclass
class StreamRestart:
    """What was streamed of a field (or, without listeners, of a reply) is void; what follows replaces it.

    Comes after an attempt that broke off and was made again, a reply that had to be repaired, or a fallback.
    """

    predict_name: str
    signature_field_name: str
    call: int = 0


@dataclass
class StatusMessage:
    """A line for people about what the program is doing."""

    message: str


@dataclass
class ReplyChunk:
    """A piece of a model's reply as it wrote it, markers and all: what a stream without listeners holds.

    Attributes:
        predict_name: Path of the predictor that asked; empty for a model called directly.
    """

    predict_name: str
    content: str = ""
    reasoning_content: str = ""

    @property
    def choices(self) -> list[Any]:
        """The piece in the form of an OpenAI chunk: `chunk.choices[0].delta.content`."""
        delta = SimpleNamespace(content=self.content, reasoning_content=self.reasoning_content or None)
        return [SimpleNamespace(index=0, delta=delta, finish_reason=None)]
