"""Every file says what it is; nearly every public name says what it does."""

from __future__ import annotations

import ast
from collections.abc import Iterator

DOCUMENTED_SHARE = 0.95
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def _public(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    for node in body:
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        if _inherits_its_docstring(node):
            continue
        yield prefix + node.name, node
        if isinstance(node, ast.ClassDef):
            yield from _public(node.body, f"{prefix}{node.name}.")


def _inherits_its_docstring(node: Definition) -> bool:
    marks = {ast.unparse(mark).split("(")[0].split(".")[-1] for mark in node.decorator_list}
    return bool(marks & {"overload", "override", "setter"})


def test_every_file_opens_with_what_it_is(sources):
    silent = [s.path for s in sources if s.text.strip() and not ast.get_docstring(s.tree)]
    assert not silent


def test_public_names_are_documented(sources):
    names = {f"{s.path} {name}": node for s in sources for name, node in _public(s.tree.body)}
    silent = sorted(name for name, node in names.items() if not ast.get_docstring(node))
    assert len(silent) <= (1 - DOCUMENTED_SHARE) * len(names), silent
