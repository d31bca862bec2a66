"""Every error of the engine, drawn as one tree.

Knows nothing about what raises them.

    WorkbenchError
    ├── ConfigurationError           arguments or settings that cannot work; a ValueError too
    │   ├── SettingsError            an unknown or ill-typed setting
    │   ├── MissingExtraError        a package of an optional extra is not installed
    │   └── UnknownNameError         a registry has no member of that name
    ├── SignatureError               a signature that cannot be built or edited
    ├── DataError                    a file, row or field that cannot be read
    ├── ValueCoercionError           a reply's value does not fit its field
    ├── AdapterParseError            a reply that holds no usable fields
    ├── LMError
    │   ├── LMTransportError             could not reach the endpoint
    │   ├── LMConfigurationError
    │   │   └── LMNotConfiguredError     no language model was chosen
    │   ├── LMUnsupportedFeatureError
    │   ├── LMProviderError              the endpoint answered with an error
    │   │   ├── LMAuthError  LMBillingError  LMRateLimitError  LMTimeoutError  LMServerError
    │   │   └── LMInvalidRequestError
    │   │       └── ContextWindowExceededError  LMUnsupportedModelError
    │   └── LMUnexpectedError            an answer that follows no known protocol
    ├── RetrieverError               a retriever that is not reached or gives no passages
    ├── ToolError                    a tool that runs elsewhere failed
    ├── MetricError                  a metric raised or gave no finite number
    ├── ConstraintFailed             what a program asserts about its own steps does not hold
    │   ├── AssertionFailed          `Assert`; DSPy's DSPyAssertionError
    │   └── SuggestionFailed         `Suggest`; DSPy's DSPySuggestionError
    ├── EvaluationAborted            too many failures; what was finished is in `.result`
    ├── BatchAborted                 too many failures; what was finished is in `.results`
    ├── BudgetExceeded               a cap on calls, tokens, money or seconds was reached
    ├── RunLogError
    │   └── ResumeMismatch           the log belongs to other work; `.differences` names what differs
    ├── StateError                   a saved program that cannot be loaded
    ├── AgentError                   an agent ended without an answer; `.trajectory` is what it did
    ├── CodeInterpreterError         the sandbox itself failed
    │   └── CodeExecutionError           code that ran in it raised, or hit a limit
    ├── PipelineError  OptimizerError  ExportError
    └── StoreError  JobError         of the workbench

    WouldBlock (BaseException)       internal: sync code would block the I/O loop
"""

from __future__ import annotations

from typing import Any

from core.foundation.error import WorkbenchError
from core.foundation.lm_errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMNotConfiguredError,
    LMProviderError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnsupportedFeatureError,
    LMUnsupportedModelError,
    is_retryable_lm_error,
)

__all__ = [
    "AdapterParseError",
    "AgentError",
    "AssertionFailed",
    "BatchAborted",
    "BudgetExceeded",
    "CodeExecutionError",
    "CodeInterpreterError",
    "ConfigurationError",
    "ConstraintFailed",
    "ContextWindowExceededError",
    "DSPyError",
    "DataError",
    "EvaluationAborted",
    "ExportError",
    "JobError",
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
    "MetricError",
    "MissingExtraError",
    "OptimizerError",
    "PipelineError",
    "ResumeMismatch",
    "RetrieverError",
    "RunLogError",
    "SettingsError",
    "SignatureError",
    "StateError",
    "StoreError",
    "SuggestionFailed",
    "ToolError",
    "UnknownNameError",
    "ValueCoercionError",
    "WorkbenchError",
    "WouldBlock",
    "is_retryable_lm_error",
]


DSPyError = WorkbenchError
"""The name under which programs written for DSPy catch it."""


class ConfigurationError(WorkbenchError, ValueError):
    """Arguments or settings cannot work together."""


class SettingsError(ConfigurationError):
    """A setting is unknown or has the wrong type."""


class UnknownNameError(ConfigurationError, KeyError):
    """A registry has no member of the given name."""

    __str__ = WorkbenchError.__str__


class MissingExtraError(ConfigurationError, ImportError):
    """A package that only an optional extra installs is needed now."""

    def __init__(self, package: str, extra: str, *, purpose: str = "") -> None:
        what = f" for {purpose}" if purpose else ""
        super().__init__(
            f"The package '{package}' is needed{what} and is not installed.",
            hint=f"Install it with: pip install 'lm-workbench[{extra}]'",
        )
        self.package = package
        self.extra = extra


class SignatureError(WorkbenchError, ValueError, TypeError):
    """A signature cannot be built, or an edit of one makes no sense."""


class DataError(WorkbenchError, ValueError):
    """Data cannot be read; says in which file, row and field.

    Args:
        row: The row as a person counts it in the file (a header is row 1).
        problems: Every fault that was found, where there are several.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        row: int | None = None,
        field: str | None = None,
        hint: str = "",
        problems: tuple[Any, ...] = (),
    ) -> None:
        places = [
            text
            for text in (
                file,
                f"row {row}" if row is not None else None,
                f"field '{field}'" if field else None,
            )
            if text
        ]
        super().__init__(f"{', '.join(places)}: {message}" if places else message, hint=hint)
        self.file = file
        self.row = row
        self.field = field
        self.problems = problems


class ValueCoercionError(WorkbenchError, ValueError):
    """A value does not fit the type or the constraints of its field."""


class AdapterParseError(WorkbenchError):
    """The model's reply does not hold the fields that the signature asks for.

    Args:
        lm_response: The raw text; when repair was tried, that of the last attempt.
        parsed_result: The fields that could be read, if any.
        attempts: The raw texts of all attempts.
        errors: The errors of each adapter that tried, where one fell back to another.
    """

    def __init__(
        self,
        adapter_name: str,
        signature: Any,
        lm_response: str,
        message: str | None = None,
        parsed_result: dict[str, Any] | None = None,
        *,
        attempts: tuple[str, ...] = (),
        errors: tuple[AdapterParseError, ...] = (),
    ) -> None:
        expected = ", ".join(getattr(signature, "output_fields", {}))
        reason = (message or "the reply does not hold the expected fields").rstrip(".")
        shown = (
            lm_response
            if len(lm_response) <= 400
            else f"{lm_response[:400]}… ({len(lm_response)} characters)"
        )
        super().__init__(
            f"{adapter_name}: {reason}. Expected: {expected}. The reply was: {shown!r}.",
            hint="Look at the messages in the trace; a simpler output type or the JSON adapter often helps.",
        )
        self.adapter_name = adapter_name
        self.signature = signature
        self.lm_response = lm_response
        self.parsed_result = parsed_result
        self.reason = reason
        self.attempts = attempts or (lm_response,)
        self.errors = errors or (self,)


class RetrieverError(WorkbenchError):
    """A retriever could not be reached or gave no passages; `status` is the HTTP status, where there was one."""

    def __init__(self, message: str, *, hint: str = "", status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class ToolError(WorkbenchError, RuntimeError):
    """A tool that runs elsewhere (an MCP server, LangChain) failed; the message quotes what it said."""


class MetricError(WorkbenchError):
    """A metric raised, or gave something other than a finite number."""


class EvaluationAborted(WorkbenchError):
    """An evaluation was ended by too many failures; finished rows are in `.result`."""

    def __init__(self, message: str, *, result: Any = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.result = result


class ConstraintFailed(WorkbenchError, AssertionError):
    """What a program says of its own steps does not hold, and no handler made it hold.

    Attributes:
        id: Names this failure.
        msg: What the program said should hold; shown to the model as feedback.
        target_module: Which step is to be tried again; None: the last one called.
        state: The predictor calls made so far, as (predictor, inputs, prediction).
        is_metric: Whether the failure is counted by an evaluation.
        history: The failures of the attempts before, first to last.
    """

    def __init__(
        self,
        id: str = "",
        msg: str = "",
        target_module: Any = None,
        state: Any = None,
        is_metric: bool = False,
        *,
        hint: str = "",
    ) -> None:
        super().__init__(msg or "A constraint of the program does not hold.", hint=hint)
        self.id = id
        self.msg = msg
        self.target_module = target_module
        self.state = list(state or [])
        self.is_metric = is_metric
        self.history: tuple[ConstraintFailed, ...] = ()


class AssertionFailed(ConstraintFailed):
    """`Assert` failed."""


class SuggestionFailed(ConstraintFailed):
    """`Suggest` failed in a program whose assertions are not activated."""


class BatchAborted(WorkbenchError):
    """Programs run side by side were ended by too many failures; `.results` has None for what is missing."""

    def __init__(self, message: str, *, results: list[Any], hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.results = results


class BudgetExceeded(WorkbenchError):
    """A cap was reached; nothing beyond it was spent.

    Args:
        resource: "calls", "tokens", "cost" or "seconds".
    """

    def __init__(self, message: str, *, resource: str = "calls", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.resource = resource


class RunLogError(WorkbenchError):
    """A run log cannot be read or written."""


class ResumeMismatch(RunLogError):
    """The log was written by other work than that which wants to resume.

    Args:
        differences: What differs, e.g. {"seed": (0, 1)}.
    """

    def __init__(self, message: str, *, differences: dict[str, Any] | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.differences = dict(differences or {})


class StateError(WorkbenchError, ValueError):
    """A saved program cannot be loaded."""


class AgentError(WorkbenchError, ValueError):
    """An agent ended without an answer.

    Args:
        reason: Why it ended, e.g. "max_iters".
        trajectory: What it did until then.
    """

    def __init__(self, message: str, *, reason: str = "", trajectory: Any = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
        self.trajectory = trajectory


class CodeInterpreterError(WorkbenchError, RuntimeError):
    """The sandbox cannot run code: it could not be started, or its use is wrong."""


class CodeExecutionError(CodeInterpreterError):
    """Code in the sandbox raised or hit a limit; the message is what the model that wrote it should read.

    Args:
        kind: Name of the exception inside, e.g. "NameError"; "Crash" where the sandbox had to be killed.
        line: The line of the code given (1 is the first), where it is known.
        code: The code itself, where whoever raises it wants to show it.
    """

    def __init__(
        self, message: str, *, kind: str = "", line: int | None = None, code: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.line = line
        self.code = code


class PipelineError(WorkbenchError, ValueError):
    """A program specification cannot be built; `.problems` lists why."""

    def __init__(self, message: str, *, problems: tuple[Any, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class OptimizerError(WorkbenchError, ValueError):
    """An optimizer cannot work with what it was given."""


class ExportError(WorkbenchError):
    """A program cannot be exported in the form asked for."""


class StoreError(WorkbenchError):
    """The workbench's store cannot do what was asked."""


class JobError(WorkbenchError):
    """A background job cannot be started, found or stopped."""


class WouldBlock(BaseException):
    """Sync code on the I/O loop's own thread would have to wait; nothing was submitted yet."""
