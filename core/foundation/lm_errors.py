"""What can go wrong with a language model, each with whether another attempt may help.

Knows nothing about models; `core.foundation.errors`, where everybody imports from, draws the whole tree.
"""

from __future__ import annotations

from core.foundation.error import WorkbenchError

__all__ = [
    "ContextWindowExceededError",
    "LMAuthError",
    "LMBillingError",
    "LMConfigurationError",
    "LMError",
    "LMInvalidRequestError",
    "LMNotConfiguredError",
    "LMProviderError",
    "LMRateLimitError",
    "LMServerError",
    "LMTimeoutError",
    "LMTransportError",
    "LMUnexpectedError",
    "LMUnsupportedFeatureError",
    "LMUnsupportedModelError",
    "is_retryable_lm_error",
]


class LMError(WorkbenchError):
    """A language model could not answer.

    Args:
        model: Put in front of the message, in brackets.
        status: HTTP status, where there was one.
        retry_after: Seconds that the endpoint asked us to wait.
    """

    def __init__(
        self,
        message: str,
        *,
        model: str | None = None,
        hint: str = "",
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"[{model}] {message}" if model else message, hint=hint)
        self.model = model
        self.status = status
        self.retry_after = retry_after


class LMTransportError(LMError):
    """The endpoint could not be reached, or the connection broke."""

    retryable = True


class LMConfigurationError(LMError):
    """The model's own configuration cannot work."""


class LMNotConfiguredError(LMConfigurationError):
    """A module was called and no language model was chosen."""


class LMUnsupportedFeatureError(LMError):
    """The model or its endpoint lacks a feature that was asked for."""


class LMProviderError(LMError):
    """The endpoint answered with an error."""


class LMAuthError(LMProviderError):
    """The key is missing, wrong or not allowed."""


class LMBillingError(LMProviderError):
    """The account has no credit left."""


class LMRateLimitError(LMProviderError):
    """Too many requests."""

    retryable = True


class LMTimeoutError(LMProviderError):
    """No answer in time."""

    retryable = True


class LMServerError(LMProviderError):
    """The endpoint failed on its own side."""

    retryable = True


class LMInvalidRequestError(LMProviderError):
    """The endpoint refuses this request."""


class ContextWindowExceededError(LMInvalidRequestError):
    """The messages are longer than the model can read."""


class LMUnsupportedModelError(LMInvalidRequestError):
    """The endpoint has no model of that name."""


class LMUnexpectedError(LMError):
    """The answer follows no protocol that we know."""


def is_retryable_lm_error(error: BaseException) -> bool:
    """True where the same request may succeed when sent again."""
    return isinstance(error, LMError) and error.retryable
