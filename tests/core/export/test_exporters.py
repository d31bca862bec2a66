"""The catalogue of exporters, file names, and the joining of sources."""

from __future__ import annotations

import ast

import pytest

from core.export import exporters
from core.export.base import file_stem
from core.export.inlining import joined_source
from core.export.python_script import SCRIPT_MODULES
from core.foundation.errors import ExportError


def test_every_exporter_has_a_summary():
    assert exporters.names() == ["messages", "python_script", "state_json"]
    assert all(entry.summary for entry in exporters.entries())


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("My task", "My_task"),
        ("../../etc/passwd", "etc_passwd"),
        ("größe", "gr_e"),
        ("  ", "program"),
        ("a" * 200, "a" * 80),
    ],
)
def test_file_names_are_plain(name: str, stem: str):
    assert file_stem(name) == stem


def test_joined_sources_import_the_standard_library_alone():
    import sys

    tree = ast.parse(joined_source(SCRIPT_MODULES))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= sys.stdlib_module_names


def test_no_name_is_defined_twice():
    tree = ast.parse(joined_source(SCRIPT_MODULES))
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert len(names) == len(set(names))


def test_a_module_that_needs_another_is_refused_without_it():
    with pytest.raises(ExportError, match=r"imports core\.wire\.mending"):
        joined_source(("core.wire.jsonish",))
