"""Files and functions stay small enough to be read in one go (style: what separates projects is the tail)."""

from __future__ import annotations

import ast
from statistics import median

LONGEST_FILE = 400
LONGEST_FUNCTION = 80
LONG_FUNCTION = 60
LONG_SHARE = 0.01


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _lengths(sources) -> dict[str, int]:
    """Migrations are left out: each is one statement per table, in the order the database needs."""
    read = [source for source in sources if "/migrations/" not in source.path]
    return {f"{s.path}:{f.lineno} {f.name}": _length(f) for s in read for f in s.functions()}


def test_no_file_is_longer_than_its_limit(sources):
    long = {source.path: source.lines for source in sources if source.lines > LONGEST_FILE}
    assert not long, f"split by concept: {long}"


def test_no_function_is_longer_than_its_limit(sources):
    long = {name: lines for name, lines in _lengths(sources).items() if lines > LONGEST_FUNCTION}
    assert not long


def test_few_functions_are_long(sources):
    lengths = _lengths(sources)
    long = {name: lines for name, lines in lengths.items() if lines > LONG_FUNCTION}
    assert len(long) <= LONG_SHARE * len(lengths), long


def test_the_usual_function_is_short(sources):
    assert median(_lengths(sources).values()) <= 11
