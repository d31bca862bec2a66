"""Which of its values a metric changes itself while it runs: a counter of its calls is no setting of it.

Knows nothing about fingerprints. It reads the source text, so it sees what the function, or the methods that a callable
object goes through, do under the value's own name; what is changed from elsewhere, or under another name, it does not.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

__all__ = ["changed_attributes", "changed_names"]

_CHANGING = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "remove"}
    | {"reverse", "setdefault", "sort", "subtract", "update"}
)
"""Methods of containers that change them."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def changed_names(function: Any) -> frozenset[str]:
    """Return which variables outside itself a function changes: assigned as `nonlocal`, or changed in place."""
    tree = _parsed(function)
    if tree is None:
        return frozenset()
    outside = {name for node in ast.walk(tree) if isinstance(node, ast.Nonlocal) for name in node.names}
    inside = {target.id for target in _changed(tree) if isinstance(target, ast.Name)}
    return frozenset(outside | inside)


def changed_attributes(kind: type, method: str) -> frozenset[str]:
    """Return which attributes of its own an object changes in a method, and in those that it calls on itself."""
    tree = _parsed(kind)
    methods = {node.name: node for node in getattr(_first(tree), "body", []) if isinstance(node, Function)}
    waiting, seen, found = [method], set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        node = methods.get(name)
        if node is None or name in seen or not node.args.args:
            continue
        seen.add(name)
        own = node.args.args[0].arg
        found |= {attribute for target in _changed(node) if (attribute := _attribute(target, own))}
        waiting += _called(node, own)
    return frozenset(found)


def _called(node: Function, own: str) -> list[str]:
    calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return [name for func in calls if (name := _attribute(func, own))]


def _changed(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what is assigned to by attribute, assigned into, or changed by a method: for `x[0] += 1` the `x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from _holders(node)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CHANGING
        ):
            yield from _holders(node.func.value)


def _holders(node: ast.expr) -> Iterable[ast.expr]:
    """Yield an expression and what it is reached through."""
    yield node
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
        yield node


def _attribute(node: ast.expr, own: str) -> str:
    """Return the name in `self.name`; empty where it is nothing of the kind."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == own:
        return node.attr
    return ""


def _parsed(named: Any) -> ast.Module | None:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(named)))
    except (OSError, TypeError, SyntaxError):  # a lambda amid an expression, or no source at all
        return None


def _first(tree: ast.Module | None) -> ast.stmt | None:
    return tree.body[0] if tree is not None and tree.body else None
