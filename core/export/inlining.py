"""Joins modules of ours into one standalone source: their text as it stands, less the imports among themselves.

Knows nothing about programs. The result is assembled as text and never executed here.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from core.foundation.errors import ExportError

__all__ = ["joined_source"]


@lru_cache(maxsize=8)
def joined_source(modules: Sequence[str]) -> str:
    """Return the sources of `modules`, in an order in which each uses only those before it.

    Raises:
        ExportError: Two of them use one name for different things, or one imports something that is left out.
    """
    owners: dict[str, str] = {}
    parts: list[str] = []
    for module in modules:
        text = _source(module)
        tree = ast.parse(text)
        for name in _defined(tree):
            if owners.setdefault(name, module) != module:
                raise ExportError(
                    f"'{name}' is defined in {owners[name]} and in {module}; one file cannot hold both."
                )
        bar = "─" * max(4, 100 - len(module))
        parts.append(f"# ── {module} {bar}\n{_without_imports(text, tree, module, modules)}")
    return "\n\n".join(parts)


def _source(module: str) -> str:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ExportError(f"The source of {module} cannot be found.")
    return Path(spec.origin).read_text("utf-8")


def _defined(tree: ast.Module) -> list[str]:
    """Return the names that a module defines itself."""
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
    return [name for name in names if name != "__all__"]


def _without_imports(text: str, tree: ast.Module, module: str, modules: Sequence[str]) -> str:
    lines = text.splitlines(keepends=True)
    for node in tree.body:
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        ours = node.module.partition(".")[0] == "core"
        if not ours and node.module != "__future__":
            continue
        if ours and (node.module not in modules or any(alias.asname for alias in node.names)):
            raise ExportError(
                f"{module} imports {node.module}, which the file would not hold under that name."
            )
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = ""
    return "".join(lines).strip() + "\n"
