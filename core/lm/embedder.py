"""`Embedder`: texts to vectors, by a function of one's own, the embedded model or an OpenAI-compatible endpoint.

Knows nothing about what the vectors are for. Vectors from an endpoint are cached text by text.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from core.foundation.drive import awaited, drive, on_io
from core.foundation.errors import LMConfigurationError, LMUnexpectedError, MissingExtraError
from core.foundation.overrides import means_call
from core.foundation.threads import run_sync
from core.lm.cache import active_cache
from core.lm.cache_key import request_key
from core.lm.call import call_attempts
from core.lm.openai_client import LM
from core.lm.tally import tell
from core.messages import LMRequest, LMResponse, Usage
from core.trace import span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

__all__ = ["Embedder"]


class _EmbeddingEndpoint(LM):
    """Sends a batch of texts as one request; the vectors ride in `raw`."""

    async def complete(self, request: LMRequest) -> LMResponse:
        texts: list[str] = request.params["input"]
        data = await self.connection.post(
            "/embeddings", {"model": self.connection.address.model, **request.params}
        )
        rows = data.get("data") if isinstance(data, dict) else None
        if not isinstance(rows, list) or len(rows) != len(texts):
            raise LMUnexpectedError("The endpoint's answer holds no embeddings.", model=self.model)
        ordered = sorted(rows, key=lambda row: row.get("index", 0))
        usage = data.get("usage") or {}
        return LMResponse(
            [],
            Usage(int(usage.get("prompt_tokens") or 0)),
            raw={"vectors": [row["embedding"] for row in ordered]},
        )


class Embedder:
    """Texts to float32 vectors.

    Args:
        model: "provider/model"; "embedded/in-context" for the embedded model, which runs in process; or a function,
            sync or async, from a list of texts to a list of vectors or an array.
        batch_size: Texts per request or per call of the function.
        caching: Keep an endpoint's vectors in the cache, text by text. A function's are never kept.
        **kwargs: Sent with every request or given to the function (`dimensions`, …); endpoint arguments as for `LM`.

    Raises:
        LMConfigurationError: The model is neither a name nor a function, or `batch_size` is below 1.
    """

    _own_call: ClassVar[bool] = False
    """Whether a subclass overrides `__call__` alone, as those written for DSPy do."""

    def __init__(
        self,
        model: str | Callable[..., Any],
        batch_size: int = 200,
        caching: bool = True,
        **kwargs: Any,
    ) -> None:
        self.model = model
        self.batch_size = _positive(batch_size)
        self.caching = caching
        self._endpoint: LM | None = None
        self._function: Callable[..., Any] | None = None
        if callable(model):
            self._function = model
        elif not isinstance(model, str):
            raise LMConfigurationError(
                f"An embedder is made of a model's name or a function, not of {type(model).__name__}.",
                hint='For example Embedder("openai/text-embedding-3-small").',
            )
        elif model.startswith("embedded/"):
            self._function = _embedded
        else:
            self._endpoint = _EmbeddingEndpoint(model, **kwargs)
        self.kwargs = kwargs if self._endpoint is None else _sent(self._endpoint.kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._own_call = means_call(cls, "acall")

    def __repr__(self) -> str:
        name = self.model if isinstance(self.model, str) else getattr(self.model, "__name__", "function")
        return f"Embedder({name!r})"

    def __call__(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """Return one vector for a text (1-d), a matrix with a row per text for several.

        Args:
            inputs: A text or a list of texts.
            batch_size: For this call.
            caching: For this call.
            **kwargs: Over those of the embedder.

        Raises:
            LMConfigurationError: An input is no text.
            LMUnexpectedError: What came back is no vector per text.
            LMError: The endpoint failed.
        """
        return drive(self.acall(inputs, batch_size, caching, **kwargs))

    async def acall(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """Do the same from async code."""
        np = _numpy()
        texts = _texts(inputs)
        size = self.batch_size if batch_size is None else _positive(batch_size)
        keep = self.caching if caching is None else caching
        rows: list[Any] = []
        for start in range(0, len(texts), size):
            rows.extend(await self._batch(texts[start : start + size], keep, {**self.kwargs, **kwargs}))
        try:
            matrix = np.asarray(rows, dtype=np.float32)
        except (TypeError, ValueError):
            matrix = np.empty(0)
        if matrix.ndim != 2 and texts:
            raise LMUnexpectedError(
                "The embedder gave no vector of numbers, all of one length, per text.",
                model=self._name,
                hint="It takes a list of texts and returns a list of equally long lists of numbers.",
            )
        return matrix[0] if isinstance(inputs, str) else matrix

    async def vectors(self, texts: list[str]) -> Any:
        """Return a vector per text, by the way in that a subclass means: its `acall` or its `__call__`."""
        return await (run_sync(self, texts) if self._own_call else self.acall(texts))

    @property
    def _name(self) -> str:
        return self.model if isinstance(self.model, str) else ""

    async def _batch(self, texts: list[str], keep: bool, params: dict[str, Any]) -> Sequence[Any]:
        if self._endpoint is None:
            return await self._computed(texts, params)
        if not keep:
            return await self._fetch(texts, params)
        cache, who = active_cache(), self._endpoint.identity()
        keys = [request_key(who, self._request([text], params)) for text in texts]
        found = {key: json.loads(data) for key in keys if (data := cache.get(key)) is not None}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in found}
        if missing:
            vectors = await self._fetch(list(missing.values()), params)
            fresh = dict(zip(missing, vectors, strict=True))
            found.update(fresh)
            cache.set_many({key: json.dumps(vector).encode() for key, vector in fresh.items()})
        return [found[key] for key in keys]

    async def _computed(self, texts: list[str], params: dict[str, Any]) -> list[Any]:
        assert self._function is not None
        returned = self._function(texts, **params)
        rows = list(await awaited(returned) if inspect.isawaitable(returned) else returned)
        if len(rows) != len(texts):
            raise LMUnexpectedError(
                f"The embedder gave {len(rows)} vectors for {len(texts)} texts.",
                model=self._name,
                hint="It takes a list of texts and returns one vector per text.",
            )
        return rows

    async def _fetch(self, texts: list[str], params: dict[str, Any]) -> list[Any]:
        endpoint = self._endpoint
        assert endpoint is not None
        request = self._request(texts, params)
        with span("embedding", self._name) as recorded:
            response = await on_io(lambda: call_attempts(endpoint, request, endpoint.num_retries))
            if recorded.recording:
                recorded.set(
                    model=self._name,
                    texts=len(texts),
                    usage=response.usage.to_dict(),
                    cost=response.cost,
                    attempts=response.attempts,
                )
        tell(request, response)
        assert response.raw is not None
        return response.raw["vectors"]

    def _request(self, texts: list[str], params: dict[str, Any]) -> LMRequest:
        return LMRequest(self._name, [], {**params, "input": texts}, "embeddings")


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingExtraError("numpy", "retrieval", purpose="embeddings") from error
    return numpy


def _sent(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if value is not None}


def _positive(batch_size: int) -> int:
    if batch_size < 1:
        raise LMConfigurationError("batch_size must be at least 1.", hint="Leave it out for 200.")
    return batch_size


def _texts(inputs: str | Sequence[str]) -> list[str]:
    texts = [inputs] if isinstance(inputs, str) else list(inputs)
    strange = next((item for item in texts if not isinstance(item, str)), None)
    if strange is not None:
        raise LMConfigurationError(
            f"An embedder takes texts, not {type(strange).__name__}.", hint="Give a text or a list of texts."
        )
    return texts


def _embedded(texts: list[str], dimensions: int | None = None) -> list[Any]:
    from core.lm.embedded.embedding import DIMENSIONS, embed

    return [embed(text, dimensions or DIMENSIONS) for text in texts]
