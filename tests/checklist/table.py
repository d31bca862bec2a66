"""Writes docs/compatibility.md from the lists and from the tests there are: `python -m tests.checklist.table`."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from tests.checklist import checklist, inventory

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "compatibility.md"
NAMED = re.compile(r"test_c(\d{3})_")

HEAD = """# Compatibility with DSPy

A program written for DSPy runs here after `dspy` is replaced by `core` in its imports. This page is written by
`python -m tests.checklist.table` from the tests that show it; `tests/checklist` fails where it is out of date.
How close prompts, replies and state files are to the installed `dspy` is measured by `benchmarks/compat`.

## The documentation of early 2024

| line | what it promises | here |
| --- | --- | --- |
"""

INTERFACE = """
## The interface of 3.3

Each name is called as DSPy documents it: these parameters in this order with these defaults, checked by
`tests/checklist/test_interfaces.py`. What the names do is tested with the room that each belongs to.
"""

DIFFERENT = """
## Different on purpose

| what | why |
| --- | --- |
"""


def named_tests() -> dict[str, list[str]]:
    """Return {line: test names} over all tests that are named for a line."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (match := NAMED.match(node.name)):
                place = f"`{path.relative_to(ROOT).as_posix().removeprefix('tests/')}`"
                found.setdefault(f"C{int(match[1])}", []).append(place)
    return found


def status(line: str, tests: dict[str, list[str]]) -> str:
    """Return what the table says of a line."""
    if line in tests:
        return f"works: {', '.join(sorted(set(tests[line])))}"
    if line in checklist.DIFFERS:
        return f"differs: {checklist.DIFFERS[line]}"
    if line in checklist.LATER:
        return f"not yet shown here: {checklist.LATER[line]}"
    return "MISSING"


def document() -> str:
    """Return the whole page."""
    tests = named_tests()
    rows = "".join(f"| {line} | {text} | {status(line, tests)} |\n" for line, text in checklist.LINES.items())
    sections = "".join(
        f"\n### {title}\n\n" + "".join(f"- `{name}({parameters})`\n" for name, parameters in lines.items())
        for title, lines in inventory.SECTIONS.items()
    )
    members = "\n### Members\n\n" + "".join(
        f"- {owner}: {', '.join(f'`{name}`' for name in names.split())}\n"
        for owner, names in inventory.MEMBERS.items()
    )
    differs = "".join(f"| {what} | {why} |\n" for what, why in inventory.DIFFERS.items())
    return HEAD + rows + INTERFACE + sections + members + DIFFERENT + differs


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)}\n")
