"""An ear for tests: hears one reply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from core.lm.deltas import listener


class Ear:
    def __init__(self) -> None:
        self.texts: list[str] = []
        self.reasons: list[str] = []
        self.begun = 0
        self.whole: list[Any] = []

    def begin(self, request):
        self.begun += 1
        self.texts.clear()
        return self

    def text(self, piece):
        self.texts.append(piece)

    def reasoning(self, piece):
        self.reasons.append(piece)

    def arrived(self, request, response):
        self.whole.append(response)

    def stoppable(self, stop):
        return lambda: None


@contextmanager
def hearing() -> Iterator[Ear]:
    ear = Ear()
    token = listener.set(ear)
    try:
        yield ear
    finally:
        listener.reset(token)
