"""One step of a module that runs code: the code out of the reply, run, and what it gave as text.

Knows nothing about modules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.foundation.errors import CodeExecutionError
from core.modules.sandbox import CodeInterpreter, FinalOutput, code_in, run_code
from core.wire.values import json_text, value_text

__all__ = ["cut", "output_text", "run_written"]


async def run_written(
    interpreter: CodeInterpreter, reply: Any, variables: Mapping[str, Any] | None = None
) -> tuple[str, Any, CodeExecutionError | None]:
    """Return the code in a reply, what it gave, and the error that it raised, if it did."""
    code = code_in(str(reply or ""))
    if not code.strip():
        return code, None, CodeExecutionError("No code was written.", kind="SyntaxError")
    try:
        return code, await run_code(interpreter, code, variables), None
    except CodeExecutionError as error:
        return code, None, error
    except SyntaxError as error:  # how interpreters written for DSPy say it
        return code, None, CodeExecutionError(f"SyntaxError: {error}", kind="SyntaxError")


def output_text(result: Any) -> str:
    """Return what code gave as a model reads it."""
    if isinstance(result, FinalOutput):
        return json_text(result.output)
    return "(nothing was printed)" if result is None else value_text(result)


def cut(text: str, most: int) -> str:
    """Return at most so many characters of a text, and how many are missing."""
    return text if len(text) <= most else f"{text[:most]}\n… ({len(text) - most:,} more characters)"
