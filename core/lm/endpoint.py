"""One model's endpoint: its address, its credentials and how to talk to it.

Knows nothing about prompts or completions. Credentials live here and nowhere else, and never show.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from typing import Any

from core.foundation.errors import (
    LMConfigurationError,
    LMError,
    LMTransportError,
    LMUnexpectedError,
    LMUnsupportedModelError,
)
from core.foundation.fingerprint import fingerprint
from core.lm.http_errors import error_of, failure_in
from core.lm.providers import PROVIDERS, Secret, address_of, resolve
from core.lm.transport import TIMEOUT, Answer, get, load_client, post, post_for_events

__all__ = ["ARGUMENTS", "Endpoint"]

SHORTEST_SECRET = 6
"""Characters; a shorter key, as local servers have them, is a piece of every other word."""

ARGUMENTS = ("api_key", "api_base", "base_url", "api_version", "headers", "extra_headers", "timeout")
"""What of a model's keyword arguments says where and with whose key, not what is asked."""

_SECRET_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "proxy-authorization", "cookie"})


class Endpoint:
    """Where the requests of one model go; immutable.

    Args:
        model: "provider/model".
        arguments: Those of `ARGUMENTS` that were given.
    """

    def __init__(self, model: str, arguments: dict[str, Any]) -> None:
        self._arguments = dict(arguments)
        key = self._arguments.pop("api_key", None)
        if isinstance(key, Secret):
            self._key = key
        else:
            self._key = None if key is None else Secret(str(key))
        base = arguments.get("api_base") or arguments.get("base_url")
        self.model = model
        self.address = address_of(model, base)
        self.timeout = float(arguments.get("timeout") or TIMEOUT)
        headers = {**(arguments.get("headers") or {}), **(arguments.get("extra_headers") or {})}
        self._own_headers = {str(name): Secret(str(value)) for name, value in headers.items()}
        for name in ("headers", "extra_headers"):
            self._arguments.pop(name, None)
        load_client()

    def changed(self, model: str, arguments: dict[str, Any]) -> Endpoint:
        """Return another endpoint with some arguments replaced; None takes one away."""
        headers = {name: value.reveal() for name, value in self._own_headers.items()}
        return Endpoint(model, {"api_key": self._key, "headers": headers, **self._arguments, **arguments})

    @property
    def name(self) -> str:
        """Return what shares limits and capabilities: address and model."""
        return f"{self.address.base_url} {self.address.model}"

    def require_key(self) -> None:
        """Check that there is a key where the provider wants one, before anything is sent.

        Raises:
            LMConfigurationError: There is none.
        """
        resolve(self.address, self._key)

    def identity(self, path: str) -> str:
        """Return who answers there: the URL and whatever headers besides credentials may change the answer."""
        telling = sorted(
            (name.lower(), value.reveal())
            for name, value in self._own_headers.items()
            if name.lower() not in _SECRET_HEADERS
        )
        return f"{self.url(path)} {fingerprint(telling) if telling else ''}".rstrip()

    def url(self, path: str) -> str:
        """Return the whole URL of a path such as "/chat/completions"."""
        base, version = self.address.base_url, self._arguments.get("api_version")
        if self.address.provider != "azure":
            return base + path
        if version:
            return f"{base}/openai/deployments/{self.address.model}{path}?api-version={version}"
        return (base if base.endswith("/openai/v1") else f"{base}/openai/v1") + path

    async def post(self, path: str, body: dict[str, Any], seconds: float | None = None) -> Any:
        """Send JSON and return the JSON that comes back.

        Raises:
            LMError: Whatever went wrong, in our words.
        """
        key = resolve(self.address, self._key)
        url = self.url(path)
        answer = await post(url, body, self._headers(key), seconds=seconds or self.timeout, model=self.model)
        if answer.status != 200:
            raise await self._error(answer, url, key)
        return self._json(answer)

    async def stream(
        self,
        path: str,
        body: dict[str, Any],
        take: Callable[[dict[str, Any]], None],
        seconds: float | None = None,
    ) -> tuple[Any, bool]:
        """Send JSON and hand each event that comes back to `take`.

        Returns:
            The JSON of an endpoint that answered whole, else None; and whether a stream was ended in order.

        Raises:
            LMError: Whatever went wrong, in the middle of the stream too.
        """
        key = resolve(self.address, self._key)
        url = self.url(path)
        events = _Events(self.model, take)
        answer = await post_for_events(
            url,
            body,
            self._headers(key),
            seconds=seconds or self.timeout,
            model=self.model,
            take=events.take,
        )
        if events.failure is not None:
            raise await self._error(events.failure, url, key)
        if answer is None:
            return None, events.done
        if answer.status != 200:
            raise await self._error(answer, url, key)
        return self._json(answer), True

    async def models(self, seconds: float = 10.0) -> list[str]:
        """Return the names of the models that the endpoint lists."""
        key = resolve(self.address, self._key)
        url = self.url("/models")
        answer = await get(url, self._headers(key), seconds=seconds, model=self.model)
        if answer.status != 200:
            raise await self._error(answer, url, key)
        data = self._json(answer)
        try:
            return sorted(str(item["id"]) for item in data["data"])
        except (KeyError, TypeError):
            raise LMUnexpectedError(
                "The endpoint's list of models is unreadable.", model=self.model
            ) from None

    def _headers(self, key: Secret | None) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        text = key.reveal().strip() if key is not None else ""  # files with keys end in a line break
        if not text.isprintable():
            raise LMConfigurationError(
                "The key holds characters that no key has.", model=self.model, hint="Is it one line of text?"
            )
        if text and self.address.provider == "azure":
            headers["api-key"] = text
        elif text:
            headers["Authorization"] = f"Bearer {text}"
        headers.update((name, value.reveal()) for name, value in self._own_headers.items())
        return headers

    def _json(self, answer: Answer) -> Any:
        try:
            return json.loads(answer.body)
        except ValueError:
            if answer.body.lstrip()[:1] == b"<":
                raise LMUnexpectedError(
                    "The address answers with a web page.",
                    model=self.model,
                    hint="api_base usually ends in /v1.",
                ) from None
            raise LMTransportError("The endpoint's answer is broken JSON.", model=self.model) from None

    async def _error(self, answer: Answer, url: str, key: Secret | None) -> LMError:
        known = (value.reveal() for value in (key, *self._own_headers.values()) if value)
        secrets = [value for value in known if len(value) >= SHORTEST_SECRET]
        error = error_of(answer, url=url, model=self.model, secrets=secrets, key_hint=self._key_hint(key))
        if isinstance(error, LMUnsupportedModelError):
            error.hint = await self._known_models()
        return error

    def _key_hint(self, key: Secret | None) -> str:
        names = PROVIDERS[self.address.provider].key_env
        variable = names[0] if names else "the key's variable"
        if self._key is not None:
            return "Check api_key."
        if key is not None:
            return f"Check {variable}."
        if not self.address.own:
            return f"No key was sent: {variable} is kept for the provider's own address. Give api_key=… too."
        return f"Set {variable}, or give api_key=…."

    async def _known_models(self) -> str:
        """Name models that the endpoint does have, where it says."""
        try:
            names = await self.models(5.0)
        except LMError:
            return "Check the name with the provider."
        if not names:
            return "It lists no model at all."
        shown = difflib.get_close_matches(self.address.model, names, n=3, cutoff=0.4) or names[:8]
        return f"It has: {', '.join(shown)}{', …' if len(names) > len(shown) else '.'}"

    def __deepcopy__(self, _memo: object) -> Endpoint:
        return self

    def __repr__(self) -> str:
        return f"Endpoint({self.name!r})"


class _Events:
    """Reads the events of one answer until one of them is an error."""

    def __init__(self, model: str, take: Callable[[dict[str, Any]], None]) -> None:
        self._model = model
        self._take = take
        self.done = False
        self.failure: Answer | None = None

    def take(self, data: str) -> None:
        if data.strip() == "[DONE]":
            self.done = True
        if self.done or self.failure is not None:
            return
        try:
            event = json.loads(data)
        except ValueError:
            event = None
        if not isinstance(event, dict):
            raise LMTransportError("The endpoint's stream holds broken JSON.", model=self._model)
        self.failure = failure_in(event)
        if self.failure is None:
            self._take(event)
