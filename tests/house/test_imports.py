"""What importing costs, which way imports go, and that they never go round in a circle.

The floors themselves are import-linter's contracts (pyproject.toml); here stand the rules it cannot express.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

LIGHT = {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
OURS = {"core", "workbench", "pages", "tests", "benchmarks", "sample_data"}

PROBE = """
import json, sys, sysconfig
import core
site = sysconfig.get_path("purelib"), sysconfig.get_path("platlib")
files = {n.split(".")[0]: getattr(m, "__file__", None) or "" for n, m in list(sys.modules.items())}
third = {n for n, file in files.items() if file.startswith(site) and n != "core"}
print(json.dumps(sorted(third)))
"""


def test_importing_the_engine_loads_nothing_heavy(root):
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=root, capture_output=True, text=True, check=True)
    loaded = {name for name in json.loads(done.stdout) if not name.startswith(("_", "sitecustomize"))}
    assert loaded <= LIGHT


def _top_level_imports(body: list[ast.stmt]) -> Iterator[str]:
    """The modules that loading a file loads: not those inside functions or under TYPE_CHECKING."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _top_level_imports(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            yield from _top_level_imports(list(_statements(node)))


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ExceptHandler):
            yield from child.body
        elif isinstance(child, ast.stmt):
            yield child


def _third_party(name: str) -> bool:
    top = name.split(".")[0]
    return top not in sys.stdlib_module_names and top not in OURS


def test_engine_files_load_their_heavy_libraries_late(sources):
    early = [
        f"{s.path}: {name}"
        for s in sources
        if s.path.startswith("core/")
        for name in _top_level_imports(s.tree.body)
        if _third_party(name) and name.split(".")[0] not in LIGHT
    ]
    assert not early


@pytest.mark.parametrize("floor", ["wire", "trace", "foundation"])
def test_the_lowest_floors_use_the_standard_library_alone(sources, floor):
    used = [
        f"{s.path}: {name}"
        for s in sources
        if s.path.startswith(f"core/{floor}/")
        for name in _every_import(s.tree)
        if _third_party(name)
    ]
    assert not used


def _every_import(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def test_pages_know_the_workbench_and_nothing_below(sources):
    below = [
        f"{s.path}: {name}"
        for s in sources
        if s.path.startswith("pages/")
        for name in _every_import(s.tree)
        if name.split(".")[0] in {"core", "pages"}
        or name.startswith(("workbench.store", "workbench.jobs", "workbench.cli"))
    ]
    assert not below


def _edges(sources) -> dict[str, set[str]]:
    """Module to module, imports inside functions included."""
    modules = {s.module for s in sources}
    graph: dict[str, set[str]] = {}
    for source in sources:
        package = source.path.endswith("/__init__.py")
        graph[source.module] = set(_targets(source.tree, source.module, modules, package)) - {source.module}
    return graph


def _targets(tree: ast.AST, module: str, modules: set[str], package: bool) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            parts = module.split(".")
            base = ".".join(parts[: len(parts) - node.level + package]) if node.level else ""
            origin = ".".join(part for part in (base, node.module or "") if part)
            for alias in node.names:
                member = f"{origin}.{alias.name}"
                if member in modules:
                    yield member
                elif origin in modules:
                    yield origin


def _cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one module (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in graph.get(node, ()):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            component = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(component) > 1:
                found.append(sorted(component))

    for node in graph:
        if node not in index:
            visit(node)
    return found


def test_the_cycle_finder_finds():
    assert _cycles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_no_import_goes_round_in_a_circle(sources):
    assert not _cycles(_edges(sources))
