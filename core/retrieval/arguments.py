"""Checks of what every retriever is given: the corpus and the number of passages.

Knows nothing about any one retriever.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.foundation.errors import ConfigurationError

__all__ = ["checked_corpus", "positive"]


def checked_corpus(corpus: Iterable[str]) -> tuple[str, ...]:
    """Return the texts.

    Raises:
        ConfigurationError: It is one text instead of several, or holds something else than texts.
    """
    if isinstance(corpus, str):
        raise ConfigurationError("The corpus is one text.", hint="Give a list of passages.")
    texts = tuple(corpus)
    strange = next((item for item in texts if not isinstance(item, str)), None)
    if strange is not None:
        raise ConfigurationError(
            f"The corpus holds a {type(strange).__name__}; passages are texts.",
            hint="Write title and text into one string.",
        )
    return texts


def positive(k: int) -> int:
    """Return `k`.

    Raises:
        ConfigurationError: It is no whole number from 1.
    """
    if isinstance(k, bool) or not isinstance(k, int) or k < 1:
        raise ConfigurationError(f"k is {k!r}; it must be a whole number from 1.", hint="For example k=3.")
    return k
