"""What went wrong in the sandbox, in words for the model that wrote the code.

Knows nothing about who runs it.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import CodeExecutionError
from core.modules.sandbox.written import MODULES

__all__ = ["explained"]

_FRAMES = 5
_LIMITS = ("memory limit exceeded", "time limit exceeded", "suspension limit")


def explained(error: Any) -> tuple[bool, CodeExecutionError]:
    """Return whether the session is lost, and the error to raise for one of the interpreter's library."""
    from pydantic_monty import MontyConversionError, MontyCrashedError, MontyRuntimeError, MontySyntaxError

    if isinstance(error, MontyCrashedError):
        why = "it took too long" if error.timed_out else "it used too much time or memory, or it crashed"
        return True, CodeExecutionError(f"The code was stopped: {why}.", kind="Crash")
    if isinstance(error, MontyConversionError):
        return False, CodeExecutionError(f"TypeError: {error}", kind="TypeError")
    if not isinstance(error, (MontyRuntimeError, MontySyntaxError)):
        return True, CodeExecutionError(f"The sandbox failed: {error}", kind="Crash")
    text, kind = str(error), type(error.exception()).__name__
    if kind == "NotImplementedError" and "monty" in text:
        text = f"This Python has no {_feature(text)}."
    elif not text.startswith(f"{kind}:"):
        text = f"{kind}: {text}"
    frames = error.traceback()
    lines = [text, *(_place(frame) for frame in frames[-_FRAMES:])]
    hint = f"\nThese modules can be imported: {MODULES}." if kind == "ModuleNotFoundError" else ""
    line = frames[0].line if frames else None
    lost = any(words in text for words in _LIMITS)
    return lost, CodeExecutionError("\n".join(lines) + hint, kind=kind, line=line)


def _feature(text: str) -> str:
    return text.rsplit("support ", 1)[-1].removeprefix("the ").rstrip(".")


def _place(frame: Any) -> str:
    inside = f" in {frame.function_name}" if frame.function_name not in (None, "<module>") else ""
    return f"  line {frame.line}{inside}: {(frame.source_line or '').strip()[:200]}"
