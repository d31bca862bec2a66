"""Passages from a ColBERTv2 server over HTTP, as the 2024 pages have it.

Knows nothing about programs. The protocol: `GET url?query=…&k=…`, or the same as JSON by POST, answers
{"topk": [{"text", "pid", "rank", "score", "prob"}]}, best first.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

from core.foundation.drive import drive, on_io
from core.foundation.errors import (
    ConfigurationError,
    LMError,
    LMServerError,
    LMUnexpectedError,
    RetrieverError,
)
from core.foundation.fingerprint import fingerprint
from core.lm.cache import active_cache
from core.lm.http_errors import error_of
from core.lm.retry import Backoff
from core.lm.transport import Answer, get, post
from core.retrieval.arguments import positive
from core.retrieval.fusion import FUSION_DEPTH, fuse_texts
from core.retrieval.passage import Found, passage_text

__all__ = ["ColBERTv2"]

_NAME = "ColBERTv2"
_HINT = "Check url= and port=, and whether the ColBERT server is running."


class ColBERTv2:
    """A client of a ColBERTv2 server; `core.configure(rm=ColBERTv2(url=...))` makes it everybody's retriever.

    Args:
        url: Where it answers, e.g. "http://localhost:8893/api/search".
        port: Put behind the url with a colon, for addresses without a path.
        post_requests: Send JSON by POST; else the query stands in the address.
        cache: Keep answers in the cache.
        num_retries: How often a failure that may pass is tried again.
        timeout: Seconds for one attempt.

    Raises:
        ConfigurationError: The address is no http address.
    """

    def __init__(
        self,
        url: str = "http://0.0.0.0",
        port: str | int | None = None,
        post_requests: bool = False,
        *,
        cache: bool = True,
        num_retries: int = 3,
        timeout: float = 60.0,
    ) -> None:
        self.url = f"{url}:{port}" if port else url
        self.post_requests = post_requests
        self.cache = cache
        self.num_retries = num_retries
        self.timeout = timeout
        self.backoff = Backoff()
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise ConfigurationError(
                f"'{self.url}' is no address of a ColBERTv2 server.",
                hint='For example ColBERTv2(url="http://localhost:8893/api/search").',
            )

    def __repr__(self) -> str:
        return f"ColBERTv2({self.url!r})"

    def __call__(self, query: str | Sequence[str], k: int = 10, simplify: bool = False) -> list[Any]:
        """Return at most `k` passages, best first, each with `text`, `long_text`, `pid`, `prob`, `rank` and `score`.

        Args:
            query: A text, or several, whose rankings are fused.
            k: At most so many.
            simplify: Return the texts alone.

        Raises:
            RetrieverError: The server could not be reached, refused, or answered in another form.
        """
        found = drive(self.search(query, k))
        return [passage_text(item) for item in found] if simplify else found

    async def search(self, query: str | Sequence[str], k: int = 10) -> list[Found]:
        """Do the same from async code."""
        wanted = positive(k)
        if isinstance(query, str):
            return await self._one(query, wanted)
        return fuse_texts([await self._one(item, wanted * FUSION_DEPTH) for item in query], wanted)

    async def _one(self, query: str, k: int) -> list[Found]:
        key = fingerprint([_NAME, 1, self.url, self.post_requests, query, k])
        data = active_cache().get(key) if self.cache else None
        if data is None:
            data = await on_io(lambda: self._fetch(query, k))
            found = _found(self.url, data)
            if self.cache:
                active_cache().set(key, data)
            return found[:k]
        return _found(self.url, data)[:k]

    async def _fetch(self, query: str, k: int) -> bytes:
        failures = 0
        while True:
            try:
                return await self._attempt(query, k)
            except LMError as error:
                failures += 1
                wait = self.backoff.wait(error, failures) if failures <= self.num_retries else None
                if wait is None:
                    raise RetrieverError(
                        _without_name(error.message), hint=_HINT, status=error.status
                    ) from error
            await asyncio.sleep(wait)

    async def _attempt(self, query: str, k: int) -> bytes:
        asked = {"query": query, "k": k}
        if self.post_requests:
            headers = {"Content-Type": "application/json; charset=utf-8"}
            answer = await post(self.url, asked, headers, seconds=self.timeout, model=_NAME)
        else:
            joint = "&" if urlsplit(self.url).query else "?"
            url = f"{self.url}{joint}{urlencode(asked)}"
            answer = await get(url, {}, seconds=self.timeout, model=_NAME)
        if answer.status != 200:
            raise error_of(answer, url=self.url, model=_NAME, secrets=(), key_hint=_HINT)
        return _checked(answer)


def _checked(answer: Answer) -> bytes:
    """Return the body; servers that fail inside an answer say so in it, and it must not be kept."""
    try:
        data = json.loads(answer.body)
    except ValueError:
        raise LMUnexpectedError("The server's answer is no JSON.", model=_NAME) from None
    if isinstance(data, dict) and data.get("error"):
        said = str(data.get("message") or data["error"])[:300]
        raise LMServerError(f'The server failed: "{said}".', model=_NAME)
    return answer.body


def _found(url: str, data: bytes) -> list[Found]:
    whole = json.loads(data)
    rows = whole.get("topk") if isinstance(whole, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RetrieverError(f"The answer of {url} holds no list 'topk'.", hint=_HINT)
    if any(not isinstance(row.get("text", row.get("long_text")), str) for row in rows):
        raise RetrieverError(f"The answer of {url} holds passages without a text.", hint=_HINT)
    return [Found(row, long_text=row.get("long_text", row.get("text"))) for row in rows]


def _without_name(message: str) -> str:
    return message.removeprefix(f"[{_NAME}] ")
