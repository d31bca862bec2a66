"""The fenced code blocks of README and docs, found once for the tests beside this file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

FENCE = re.compile(r"^```(?P<language>[\w-]*)[^\n]*\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block: which file, which line, in which language."""

    file: str
    line: int
    language: str
    code: str

    @property
    def where(self) -> str:
        """For messages."""
        return f"{self.file}:{self.line}"


def blocks_of(name: str, text: str) -> list[Block]:
    """Every fenced block of a Markdown text."""
    return [
        Block(name, text.count("\n", 0, found.start()) + 1, found["language"], found["code"])
        for found in FENCE.finditer(text)
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per Markdown file for whoever asks for `document`."""
    if "document" in metafunc.fixturenames:
        root = Path(__file__).resolve().parent.parent.parent
        names = ["README.md", "CHANGELOG.md"]
        names += sorted(str(p.relative_to(root)) for p in (root / "docs").rglob("*.md"))
        names += sorted(str(p.relative_to(root)) for p in (root / "sample_data").rglob("*.md"))
        metafunc.parametrize("document", names)


@pytest.fixture
def blocks(root: Path, document: str) -> list[Block]:
    """The blocks of one document."""
    return blocks_of(document, (root / document).read_text(encoding="utf-8"))
