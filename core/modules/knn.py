"""`KNN`: the training examples whose inputs are most like those of a query.

Knows nothing about prompts or where vectors come from.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from core.data.example import Example
from core.foundation.drive import drive_user
from core.foundation.errors import ConfigurationError
from core.foundation.overrides import means_call
from core.foundation.threads import run_in_thread

__all__ = ["KNN"]


class KNN:
    """Nearest neighbours by the dot product of vectors of the inputs, written as "name: value | name: value".

    Args:
        k: How many neighbours.
        trainset: Examples with their inputs set.
        vectorizer: `vectorizer(texts)` gives one vector per text: a `core.Embedder`, or any function.

    Raises:
        ConfigurationError: `k` is below 1, or there are no examples.
    """

    def __init__(self, k: int, trainset: Sequence[Example], vectorizer: Any) -> None:
        import numpy

        if k < 1 or not trainset:
            raise ConfigurationError(
                f"Nearest neighbours need k of 1 or more and examples; got k={k} and {len(trainset)} examples.",
                hint="Give KNN(k, trainset, vectorizer) a trainset whose inputs are set.",
            )
        self.k = k
        self.trainset = list(trainset)
        self.embedding = vectorizer
        self.trainset_vectors = numpy.asarray(
            _vectors(vectorizer, [_text(example.input_values()) for example in self.trainset]),
            dtype="float32",
        )

    def __call__(self, **inputs: Any) -> list[Example]:
        """Return the `k` nearest examples, the nearest first; of equally near ones the earlier first."""
        return self._nearest(_vectors(self.embedding, [_text(inputs)]))

    async def acall(self, **inputs: Any) -> list[Example]:
        """Do the same from async code."""
        own = means_call(type(self.embedding), "acall")  # a subclass that overrides `__call__` alone means it
        entry = None if own else getattr(self.embedding, "acall", None)
        texts = [_text(inputs)]
        found = await entry(texts) if entry else await run_in_thread(_vectors, self.embedding, texts)
        return self._nearest(found)

    def _nearest(self, query: Any) -> list[Example]:
        import numpy

        scores = self.trainset_vectors @ numpy.asarray(query, dtype="float32")[0]
        order = numpy.argsort(-scores, kind="stable")[: self.k]
        return [self.trainset[int(index)] for index in order]


def _text(inputs: Mapping[str, Any]) -> str:
    return " | ".join(f"{name}: {value}" for name, value in inputs.items())


def _vectors(vectorizer: Any, texts: list[str]) -> Any:
    found = vectorizer(texts)
    return drive_user(lambda: _awaited(found)) if inspect.isawaitable(found) else found


async def _awaited(found: Any) -> Any:
    return await found
