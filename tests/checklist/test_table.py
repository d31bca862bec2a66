"""docs/compatibility.md says what the tests show, and no line of the engine's is without one."""

from tests.checklist import checklist
from tests.checklist.table import DOCUMENT, document, named_tests, status


def test_the_page_is_the_one_that_the_tests_write() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "Run: python -m tests.checklist.table"


def test_every_line_works_or_says_why_not() -> None:
    tests = named_tests()
    missing = [line for line in checklist.LINES if status(line, tests) == "MISSING"]
    assert not missing


def test_no_line_is_said_to_differ_that_has_a_test() -> None:
    both = set(named_tests()) & (set(checklist.DIFFERS) | set(checklist.LATER))
    assert not both


def test_every_test_is_named_for_a_line_there_is() -> None:
    assert set(named_tests()) <= set(checklist.LINES)
