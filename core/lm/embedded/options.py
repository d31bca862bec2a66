"""Answers with their weights, and how one of them is drawn.

Knows nothing about tasks: it sees options and a seeded generator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Option", "Sampler", "distribution"]


@dataclass(frozen=True, slots=True)
class Option:
    """One possible answer.

    Attributes:
        score: Logarithm of its unnormalised probability at temperature 1.
        because: The evidence for it in a sentence, or what writes that sentence when it is asked for.
        quote: The piece of the input it rests on, where there is one.
    """

    value: Any
    score: float = 0.0
    because: str | Callable[[], str] = ""
    quote: str = ""

    def reason(self) -> str:
        """Return the evidence as a sentence."""
        return self.because if isinstance(self.because, str) else self.because()


def distribution(options: Sequence[Option], temperature: float = 1.0) -> list[float]:
    """Return the probability of each option; at temperature 0 all of it is the best one's, the first of equals."""
    best = max(option.score for option in options)
    if temperature <= 0:
        winner = next(index for index, option in enumerate(options) if option.score == best)
        return [float(index == winner) for index in range(len(options))]
    weights = [math.exp(max((option.score - best) / temperature, -700.0)) for option in options]
    total = sum(weights)
    return [weight / total for weight in weights]


class Sampler:
    """Draws options: the best at temperature 0, else from their own distribution."""

    def __init__(self, temperature: float, generator: random.Random) -> None:
        self.temperature = temperature
        self._generator = generator

    def pick(self, options: Sequence[Option]) -> Option:
        """Return one of `options`; the draw depends on the generator alone."""
        if len(options) == 1:
            return options[0]
        weights = distribution(options, self.temperature)
        if self.temperature <= 0:
            return options[weights.index(1.0)]
        point = self._generator.random()
        for option, weight in zip(options, weights, strict=True):
            point -= weight
            if point < 0:
                return option
        return options[-1]
