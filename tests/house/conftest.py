"""The project's own source files, parsed once, for the rules beside this file."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGES = ("core", "workbench", "pages")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One source file: where it is, its text and its tree."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text, self.path)

    @property
    def module(self) -> str:
        """The name it is imported by."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def lines(self) -> int:
        """Its length."""
        return len(self.text.splitlines())

    def functions(self) -> Iterator[Function]:
        """Every function, methods and inner ones included."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[str]:
    """Every file that git knows or would take in, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root,
        capture_output=True,
        check=True,
        text=True,
    )
    return sorted(name for name in set(listed.stdout.split("\0")) if name and (root / name).is_file())


@pytest.fixture(scope="session")
def sources(root: Path, tracked: list[str]) -> list[Source]:
    """The Python files of the product itself."""
    names = [name for name in tracked if name.endswith(".py") and name.split("/")[0] in PACKAGES]
    return [Source(name, (root / name).read_text(encoding="utf-8")) for name in names]


@pytest.fixture(scope="session")
def tests(root: Path, tracked: list[str]) -> list[Source]:
    """The Python files of the tests."""
    names = [name for name in tracked if name.endswith(".py") and name.startswith("tests/")]
    return [Source(name, (root / name).read_text(encoding="utf-8")) for name in names]
