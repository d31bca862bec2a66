"""`Embedder`: texts to vectors, by a function of one's own or an OpenAI-compatible endpoint.

Knows nothing about what the vectors are for. Vectors from an endpoint are cached text by text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from core.foundation.drive import drive, on_io
from core.foundation.errors import LMConfigurationError, LMUnexpectedError, MissingExtraError
from core.lm.cache import active_cache
from core.lm.cache_key import request_key
from core.lm.call import call_attempts
from core.lm.openai_client import LM
from core.messages import LMRequest, LMResponse, Usage

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
        model: "provider/model", or a function from a list of texts to a list of vectors.
        batch_size: Texts per request.
        caching: Keep an endpoint's vectors in the cache.
        **kwargs: Sent with every request; endpoint arguments as for `LM`.
    """

    def __init__(
        self,
        model: str | Callable[[list[str]], Any],
        batch_size: int = 200,
        caching: bool = True,
        **kwargs: Any,
    ) -> None:
        if batch_size < 1:
            raise LMConfigurationError("batch_size must be at least 1.")
        self.model = model
        self.batch_size = batch_size
        self.caching = caching
        self._endpoint = None if callable(model) else _EmbeddingEndpoint(model, **kwargs)
        self.kwargs = kwargs if self._endpoint is None else _sent(self._endpoint.kwargs)

    def __call__(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """Return one vector for a text, a matrix for several."""
        return drive(self.acall(inputs, batch_size, caching, **kwargs))

    async def acall(
        self,
        inputs: str | Sequence[str],
        batch_size: int | None = None,
        caching: bool | None = None,
        **kwargs: Any,
    ) -> Vectors:
        """Same, from async code."""
        np = _numpy()
        texts = [inputs] if isinstance(inputs, str) else list(inputs)
        size = batch_size or self.batch_size
        keep = self.caching if caching is None else caching
        rows: list[Any] = []
        for start in range(0, len(texts), size):
            rows.extend(await self._batch(texts[start : start + size], keep, {**self.kwargs, **kwargs}))
        matrix = np.asarray(rows, dtype=np.float32)
        return matrix[0] if isinstance(inputs, str) else matrix

    async def _batch(self, texts: list[str], keep: bool, params: dict[str, Any]) -> Sequence[Any]:
        if self._endpoint is None:
            return list(self.model(texts, **params))  # type: ignore[operator]
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

    async def _fetch(self, texts: list[str], params: dict[str, Any]) -> list[Any]:
        endpoint = self._endpoint
        assert endpoint is not None
        request = self._request(texts, params)
        response = await on_io(lambda: call_attempts(endpoint, request, endpoint.num_retries))
        assert response.raw is not None
        return response.raw["vectors"]

    def _request(self, texts: list[str], params: dict[str, Any]) -> LMRequest:
        return LMRequest(str(self.model), [], {**params, "input": texts}, "embeddings")


def _numpy() -> Any:
    try:
        import numpy
    except ImportError as error:
        raise MissingExtraError("numpy", "retrieval", purpose="embeddings") from error
    return numpy


def _sent(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if value is not None}
