"""`core.wire` stands on the standard library alone, so that exports can carry it."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import core.wire

FILES = sorted(Path(next(iter(core.wire.__path__))).glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_only_the_standard_library_and_siblings_are_imported(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert name.startswith("core.wire.") or name.partition(".")[0] in sys.stdlib_module_names
