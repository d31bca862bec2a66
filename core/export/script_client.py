"""Asks an OpenAI-compatible endpoint with the standard library.

Knows nothing about programs. Exported scripts carry this file as it stands.
"""

from __future__ import annotations

import email.utils
import http.client
import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any

_RETRYABLE = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
_FORMAT_REFUSED = frozenset({400, 422})
_LONGEST_WAIT = 60.0


class EndpointError(Exception):
    """The endpoint could not be reached, or it refused; `status` is that of its answer, 0 without one."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to a host that nobody named."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


class Endpoint:
    """Sends chat requests.

    Args:
        base_url: Up to and with `/v1`.
        api_key: Sent as a bearer token, where there is one.
        settings: Request settings for every request; a step's own go before them.
        retries: Further attempts after a failure that may pass; `Retry-After` is obeyed.
        timeout: Seconds to wait for an answer.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        retries: int = 3,
        timeout: float = 120.0,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise EndpointError(f"The base URL must begin with http:// or https://: {base_url!r}.")
        self.url = f"{base_url.rstrip('/')}/chat/completions"
        self.model = model
        self.settings = dict(settings or {})
        self.retries = max(0, retries)
        self.timeout = timeout
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        key = (api_key or "").strip()  # files with keys end in a line break
        if not key.isascii() or not key.isprintable():
            raise EndpointError("The key holds characters that no key has.")
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._refused: set[str] = set()
        self._opener = urllib.request.build_opener(_NoRedirects)

    def ask(
        self,
        messages: Sequence[Mapping[str, Any]],
        settings: Mapping[str, Any],
        formats: Sequence[Mapping[str, Any]] = (),
    ) -> str:
        """Return the text of the reply.

        Args:
            formats: Response formats, the strictest first; one that the endpoint refuses gives way to the next.

        Raises:
            EndpointError: There was no usable answer.
        """
        body = {"model": self.model, "messages": list(messages), **self.settings, **settings}
        for response_format in formats:
            if response_format["type"] in self._refused:
                continue
            try:
                return self._text(self._post({**body, "response_format": response_format}))
            except EndpointError as error:
                if error.status not in _FORMAT_REFUSED:
                    raise
            self._refused.add(response_format["type"])
        return self._text(self._post(body))

    def _text(self, answer: Any) -> str:
        try:
            content = answer["choices"][0]["message"]["content"]
        except (KeyError, IndexError, TypeError):
            raise EndpointError(f"{self.url} gave an answer without a message: {str(answer)[:300]}") from None
        if isinstance(content, list):  # content parts
            return "".join(part.get("text", "") for part in content if isinstance(part, dict))
        return content or ""

    def _post(self, body: Mapping[str, Any]) -> Any:
        data = json.dumps(body).encode("utf-8")
        for attempt in range(self.retries + 1):
            # The constructor admits no scheme but http and https.
            request = urllib.request.Request(self.url, data, self._headers, method="POST")  # noqa: S310
            try:
                with self._opener.open(request, timeout=self.timeout) as response:
                    return json.loads(response.read())
            except urllib.error.HTTPError as error:
                failure, wait = self._refusal(error)
                if error.code not in _RETRYABLE:
                    raise failure from None
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                failure, wait = EndpointError(f"{self.url} cannot be reached: {error}"), None
            except ValueError as error:
                failure, wait = EndpointError(f"{self.url} gave an answer that is not JSON: {error}"), None
            if attempt == self.retries:
                raise failure
            time.sleep(wait if wait is not None else min(8.0, 0.5 * 2**attempt) * random.uniform(0.8, 1.2))
        raise AssertionError("unreachable")

    def _refusal(self, error: urllib.error.HTTPError) -> tuple[EndpointError, float | None]:
        text = error.read(4_000).decode("utf-8", "replace")
        try:
            told = json.loads(text)
            text = str(told["error"]["message"] if isinstance(told["error"], dict) else told["error"])
        except (ValueError, KeyError, TypeError):
            pass
        advice = {401: " Set the environment variable with your key.", 404: " Is the base URL right?"}
        message = f"{self.url} answered {error.code}: {text[:500]}{advice.get(error.code, '')}"
        return EndpointError(message, error.code), _wait_asked_for(error.headers.get("Retry-After"))


def _wait_asked_for(header: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for: a number, or a date."""
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
        except (TypeError, ValueError):
            return None
    return min(max(seconds, 0.0), _LONGEST_WAIT)
