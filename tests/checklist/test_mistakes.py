"""Every mistake is answered by an error of ours that says what to do, and docs/mistakes.md shows the very words."""

import pytest

from core.foundation.errors import WorkbenchError
from tests.checklist.mistakes import DOCUMENT, MISTAKES, document, message_of


@pytest.mark.parametrize("title", MISTAKES)
def test_a_mistake_is_answered_with_what_to_do(title: str) -> None:
    said, caught = message_of(MISTAKES[title])
    assert isinstance(caught, WorkbenchError | ValueError), type(caught)
    assert len(said.split()) >= 6, said
    assert getattr(caught, "hint", "") or ". " in said


def test_there_are_thirty_of_them_at_least() -> None:
    assert len(MISTAKES) >= 30


def test_the_page_shows_what_is_said() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "Run: python -m tests.checklist.mistakes"
