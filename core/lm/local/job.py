"""One text to be written: what was asked, and how far it has come.

Knows nothing about batches. Tokens come in one at a time; text goes out as soon as no further token can change it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Job", "Written"]


@dataclass(frozen=True)
class Written:
    """A text and how it ended."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    logprobs: list[dict[str, Any]] | None = None


@dataclass(eq=False)
class Job:
    """One text to be written.

    Attributes:
        prompt: Ids of the tokens to go on from.
        seed: Of the draws at a temperature above 0.
        logprobs: How many alternatives to report for each token; None: no probabilities at all.
        heard: Called with each piece of the text, on the worker's thread.
    """

    prompt: list[int]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0
    stop: Sequence[str] = ()
    logprobs: int | None = None
    heard: Callable[[str], None] | None = None
    cancelled: bool = False
    done: bool = False
    result: Future[Written] = field(default_factory=Future[Written])
    _tokens: list[int] = field(default_factory=list[int])
    _text: str = ""
    _told: int = 0
    _window: tuple[int, int] = (0, 0)
    _probabilities: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def take(
        self, token: int, ends: bool, decode: Callable[[list[int]], str], probability: dict[str, Any] | None
    ) -> None:
        """Add a token; `ends` where it is the checkpoint's own end of text."""
        if ends:
            self._finish("stop", decode)
            return
        self._tokens.append(token)
        if probability is not None:
            self._probabilities.append(probability)
        self._decode(decode, last=False)
        if self._stopped():
            self._finish("stop", decode)
        elif len(self._tokens) >= self.max_tokens:
            self._finish("length", decode)
        else:
            self._tell(hold=max((len(word) - 1 for word in self.stop), default=0))

    def _decode(self, decode: Callable[[list[int]], str], last: bool) -> None:
        """Decode the newest tokens: with a few before them, since what a token says depends on its neighbours."""
        begin, read = self._window
        before, now = decode(self._tokens[begin:read]), decode(self._tokens[begin:])
        if len(now) > len(before) and (last or not now.endswith("\ufffd")):
            self._text += now[len(before) :]
            self._window = (read, len(self._tokens))

    def _stopped(self) -> bool:
        places = [place for word in self.stop if word and (place := self._text.find(word)) >= 0]
        if places:
            self._text = self._text[: min(places)]
        return bool(places)

    def _tell(self, hold: int) -> None:
        """Tell the listener what is certain: perhaps the last characters begin a stop word."""
        end = len(self._text) - hold
        if self.heard is not None and end > self._told:
            piece, self._told = self._text[self._told : end], end
            self.heard(piece)

    def _finish(self, reason: str, decode: Callable[[list[int]], str]) -> None:
        if not self._stopped():
            self._decode(decode, last=True)
            self._stopped()
        self._tell(hold=0)
        self.done = True
        self.result.set_result(
            Written(
                self._text,
                reason,
                len(self.prompt),
                len(self._tokens),
                self._probabilities if self.logprobs is not None else None,
            )
        )

    def fail(self, error: BaseException) -> None:
        """Give up on it."""
        self.done = True
        if not self.result.done():
            self.result.set_exception(error)
