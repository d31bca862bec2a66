"""`Rules`: what can be said of an answer without a model: its length, what it holds, the form it has.

Knows nothing about attempts; used as the reward of `BestOfN` and `Refine` where a program is made in a form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.foundation.errors import ConfigurationError

__all__ = ["Rules"]


class Rules:
    """A reward: the share of the rules that a prediction keeps, 1.0 where it keeps all.

        BestOfN(program, N=3, reward_fn=Rules(max_words=20, excludes="sorry"), threshold=1.0)

    Args:
        field: The output that is judged; empty: the last one.
        max_words, min_words: Bounds on its length.
        contains, excludes: Texts that it must, or must not, hold, several separated by commas; case does not count.
        pattern: A regular expression that it matches as a whole.

    Raises:
        ConfigurationError: There is no rule, or the pattern is no regular expression.
    """

    def __init__(
        self,
        field: str = "",
        *,
        max_words: int | None = None,
        min_words: int | None = None,
        contains: str = "",
        excludes: str = "",
        pattern: str = "",
    ) -> None:
        self.field = field
        self._most, self._least = max_words, min_words
        self._wanted, self._unwanted = _texts(contains), _texts(excludes)
        try:
            self._pattern = re.compile(pattern, re.DOTALL) if pattern else None
        except re.error as error:
            raise ConfigurationError(
                f"'{pattern}' is no regular expression: {error}.", hint="Correct it, or leave it empty."
            ) from error
        if not self.description:
            raise ConfigurationError(
                "There is no rule to judge by.", hint="Give at least one: max_words, contains, pattern …"
            )

    @property
    def description(self) -> str:
        """The rules in words."""
        return " ".join(text for text, _ in self._judged(""))

    def __call__(self, args: Mapping[str, Any], prediction: Any) -> float:
        """Return the share of the rules that are kept."""
        name = self.field or list(prediction.keys())[-1]
        value = prediction.get(name)
        kept = [held for _, held in self._judged("" if value is None else str(value))]
        return sum(kept) / len(kept)

    def _judged(self, text: str) -> Iterator[tuple[str, bool]]:
        words, low = len(text.split()), text.casefold()
        if self._most is not None:
            yield f"At most {self._most} words.", words <= self._most
        if self._least is not None:
            yield f"At least {self._least} words.", words >= self._least
        for wanted in self._wanted:
            yield f"Holds '{wanted}'.", wanted.casefold() in low
        for unwanted in self._unwanted:
            yield f"Does not hold '{unwanted}'.", unwanted.casefold() not in low
        if self._pattern is not None:
            yield f"Matches the pattern {self._pattern.pattern}", self._pattern.fullmatch(text) is not None


def _texts(given: str) -> list[str]:
    return [text.strip() for text in given.split(",") if text.strip()]
