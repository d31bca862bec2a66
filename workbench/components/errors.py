"""Errors as a person can read them: what was wrong, what to do, details to copy.

Knows nothing about what raised them.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager

import streamlit as st
from streamlit.errors import StreamlitAPIException

from core.foundation.errors import WorkbenchError
from core.trace.redact import redact

__all__ = ["readable_errors", "show_error", "verbatim"]


@contextmanager
def readable_errors() -> Generator[None]:
    """Draw an error raised inside the block instead of letting it end the page."""
    try:
        yield
    except WorkbenchError as error:
        show_error(error)
    except StreamlitAPIException:
        raise
    except Exception as error:
        show_unexpected(error)


def show_error(error: WorkbenchError) -> None:
    """Draw an error that we foresaw."""
    message = redact(getattr(error, "message", str(error)))
    st.error(verbatim(message), icon=":material/error:")
    if error.hint:
        st.caption(f":material/lightbulb: {verbatim(redact(error.hint))}")


def show_unexpected(error: BaseException) -> None:
    """Draw an error that nobody foresaw, with what a bug report needs."""
    st.error(
        f"Something went wrong here that we did not foresee: {verbatim(redact(str(error))) or type(error).__name__}",
        icon=":material/bug_report:",
    )
    with st.expander("Details for a bug report"):
        st.code(redact("".join(traceback.format_exception(error))), language="text")


def verbatim(text: str) -> str:
    """Return `text` so that Markdown shows it as it stands."""
    for mark in "\\`*_[]<>$:#|~":
        text = text.replace(mark, f"\\{mark}")
    return text
