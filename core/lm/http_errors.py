"""What an endpoint's refusal means, in our words.

Knows nothing about how it was asked. The endpoint's own message is quoted, the key cut out of it: some echo
it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from core.foundation.errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMUnexpectedError,
    LMUnsupportedModelError,
)
from core.lm.retry import retry_after
from core.lm.transport import Answer
from core.trace.redact import MASK, redact

__all__ = ["error_of", "failure_in", "said"]

LONGEST_QUOTE = 300

_TOO_LONG = re.compile(
    r"context.{0,12}(length|window|size)|maximum.{0,20}(context|tokens)|prompt is too long|too many tokens|"
    r"input.{0,20}(is )?too long|exceeds?.{0,40}(context|token)",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model.{0,80}(not found|does not exist|not exist|unknown|unsupported|not supported|invalid)|"
    r"(unknown|invalid|no such|unsupported) model|model_not_found",
    re.IGNORECASE | re.DOTALL,
)


_STATUS_OF = {
    "rate_limit": 429,
    "insufficient_quota": 402,
    "overloaded": 503,
    "timeout": 408,
    "context_length": 400,
    "invalid": 400,
    "authentication": 401,
    "permission": 403,
    "not_found": 404,
}
"""Words in the code or type of an error that came in the middle of a stream, where no status can be sent."""


def failure_in(event: dict[str, Any]) -> Answer | None:
    """Return the error that an event of a stream tells of, as the answer that would have told it; else None."""
    error: Any = event.get("error")
    if event.get("type") == "error" and not error:
        error = event
    response: Any = event.get("response")
    if event.get("type") == "response.failed" and isinstance(response, dict):
        error = response.get("error") or {"message": "it says only that it failed"}
    if not error:
        return None
    error = error if isinstance(error, dict) else {"message": str(error)}
    return Answer(_status(error), {}, json.dumps({"error": error}).encode())


def _status(error: dict[str, Any]) -> int:
    for name in ("status", "status_code", "code"):
        value = str(error.get(name))
        if value.isdecimal() and 400 <= int(value) < 600:
            return int(value)
    kind = f"{error.get('code')} {error.get('type')}".lower()
    return next((status for word, status in _STATUS_OF.items() if word in kind), 500)


def said(answer: Answer, secrets: Iterable[str]) -> str:
    """Return the endpoint's message in one short line without credentials."""
    text = answer.body[:20_000].decode("utf-8", "replace")
    try:
        data: Any = json.loads(text)
    except ValueError:
        data = None
    if isinstance(data, dict):
        error = data.get("error", data)
        found = (
            error.get("message") or error.get("detail") or error.get("code")
            if isinstance(error, dict)
            else error
        )
        text = str(found or data.get("message") or data.get("detail") or text)
    elif text.lstrip().startswith("<"):
        text = "a web page"
    for secret in secrets:
        text = text.replace(secret, MASK)
    line = " ".join(str(redact(text)).split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[:LONGEST_QUOTE]}…"


def _codes(answer: Answer) -> str:
    """The machine-readable part of the message: code and type."""
    try:
        error = json.loads(answer.body).get("error")
    except (ValueError, AttributeError):
        return ""
    return f"{error.get('code')} {error.get('type')}" if isinstance(error, dict) else ""


def error_of(answer: Answer, *, url: str, model: str, secrets: Iterable[str], key_hint: str) -> LMError:
    """Return the error that an unsuccessful answer means.

    Args:
        secrets: Credentials that were sent, to be cut out of what is quoted.
        key_hint: What to do about a missing or wrong key at this address.
    """
    status, message = answer.status, said(answer, secrets)
    quote = f'{status}: "{message}"' if message else f"{status}"
    if 300 <= status < 400:
        return _redirect(answer, url, model)
    if status in {401, 403}:
        return LMAuthError(
            f"The endpoint refuses the key ({quote}).", model=model, hint=key_hint, status=status
        )
    if status == 402 or "insufficient_quota" in _codes(answer):
        return LMBillingError(
            f"The account has no credit left ({quote}).",
            model=model,
            hint="Add credit with the provider, or use another model.",
            status=status,
        )
    if status == 429:
        return LMRateLimitError(
            f"Too many requests ({quote}).",
            model=model,
            hint="Fewer in flight help: num_threads=, max_concurrency=.",
            status=status,
            retry_after=retry_after(answer.headers),
        )
    if status == 408:
        return LMTimeoutError(
            f"The endpoint timed out ({quote}).",
            model=model,
            status=status,
            retry_after=retry_after(answer.headers),
        )
    if status >= 500 or status == 409:
        return LMServerError(
            f"The endpoint failed ({quote}).",
            model=model,
            status=status,
            retry_after=retry_after(answer.headers),
        )
    return _refused(answer, message, quote, url, model)


def _refused(answer: Answer, message: str, quote: str, url: str, model: str) -> LMError:
    status, codes = answer.status, _codes(answer)
    about = f"{codes} {message}"
    if (
        "context_length_exceeded" in codes
        or status == 413
        or (status in {400, 422} and _TOO_LONG.search(message))
    ):
        return ContextWindowExceededError(
            f"The messages are longer than the model can read ({quote}).",
            model=model,
            hint="Fewer or shorter demos and inputs, or a model with a longer context.",
            status=status,
        )
    if status in {400, 404, 422} and _NO_MODEL.search(about):
        return LMUnsupportedModelError(
            f"The endpoint has no model of that name ({quote}).", model=model, status=status
        )
    if status == 404:
        return LMInvalidRequestError(
            f"The endpoint has nothing at {urlsplit(url).path} ({quote}).",
            model=model,
            hint="api_base usually ends in /v1.",
            status=status,
        )
    if 400 <= status < 500:
        return LMInvalidRequestError(
            f"The endpoint refuses the request ({quote}).",
            model=model,
            hint="The messages and parameters that were sent are in the trace.",
            status=status,
        )
    return LMUnexpectedError(f"The endpoint answered {quote}.", model=model, status=status)


def _redirect(answer: Answer, url: str, model: str) -> LMError:
    target = urlsplit(answer.headers.get("Location", ""))
    where = target.netloc or "elsewhere"
    return LMConfigurationError(
        f"{urlsplit(url).netloc} redirects to {where} ({answer.status}); following it would hand over the key.",
        model=model,
        hint="If that is the right place, write it as api_base.",
        status=answer.status,
    )
