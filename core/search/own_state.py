"""Which of its values a metric or a program changes itself while it runs: a counter of its calls is no setting of it.

Knows nothing about fingerprints. It reads the source text (the bytecode of lambdas and of what has no source), so it
sees what functions and methods do under the value's own name or a local name for it; what is changed otherwise, it
does not.
"""

from __future__ import annotations

import ast
import dis
import functools
import inspect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import CodeType, FunctionType

from core.search.sources import CORE, codes, is_standard, origin, parsed

__all__ = ["Changes", "called_by", "changed_names", "changes_of", "stored_by", "stored_in"]

_CHANGING = frozenset(
    {"add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft"}
    | {"move_to_end", "remove", "reverse", "rotate", "setdefault", "sort", "subtract", "update"}
)
"""Methods of containers that change them."""

_CHANGING_FIRST = frozenset(
    {"heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left", "insort_right"}
    | {"next", "shuffle"}
)
"""Functions that change their first argument."""

_SETTING = frozenset({"__delattr__", "__setattr__", "delattr", "setattr"})

MAKING = frozenset(
    {"__copy__", "__deepcopy__", "__init__", "__init_subclass__", "__new__", "__post_init__", "__setstate__"}
)
"""Methods that make an object: what they set is how it is made."""

_STORING = frozenset({"DELETE_ATTR", "DELETE_SUBSCR", "STORE_ATTR", "STORE_SUBSCR"})
_ROOTS = frozenset({"LOAD_DEREF", "LOAD_GLOBAL", "LOAD_NAME"})

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Changes:
    """What the methods of a class change.

    Attributes:
        own: Attributes of the object itself.
        inner: Attributes of what it holds: `count` in `self.part.count += 1`.
        readable: All of its source is there; without it nothing is known of what they change in place.
    """

    own: frozenset[str]
    inner: frozenset[str]
    readable: bool


@dataclass(frozen=True)
class _Methods:
    nodes: tuple[Function, ...]
    unread: tuple[FunctionType, ...]


def changed_names(function: FunctionType) -> frozenset[str]:
    """Return which variables outside itself a function changes: as `nonlocal` or `global`, or in place."""
    tree = None if function.__name__ == "<lambda>" else parsed(function.__code__)
    if tree is None:
        return frozenset(name for code in codes(function.__code__) for name in _changed_in_code(code))
    scopes = [node for node in ast.walk(tree) if isinstance(node, ast.Nonlocal | ast.Global)]
    assigned = {name for node in scopes for name in node.names}
    inside = {target.id for target in _changed(tree) if isinstance(target, ast.Name)}
    return frozenset(assigned | inside)


def stored_in(function: FunctionType) -> frozenset[str]:
    """Return the names of attributes, of whatever it is, that a function assigns to or changes in place."""
    tree = parsed(function.__code__)
    return frozenset() if tree is None else _attributes(tree)


def stored_by(kind: type) -> frozenset[str]:
    """Return the names of attributes, of whatever it is, that the methods of a class assign to or change in place."""
    nodes = _methods(kind, CORE).nodes
    return frozenset(name for node in nodes for name in _attributes(node) if node.name != "__init_subclass__")


def called_by(kind: type) -> frozenset[str]:
    """Return the names of the methods, of whatever it is, that a class calls or reads when it is made and runs."""
    nodes = [node for node in _methods(kind).nodes if node.name not in MAKING]
    read = {item.attr for node in nodes for item in ast.walk(node) if isinstance(item, ast.Attribute)}
    return frozenset(read)


def changes_of(kind: type, entries: Iterable[str] | None = None) -> Changes:
    """Return what the objects of a class change in these methods, and in those that they call on themselves.

    Args:
        entries: Names of the methods that are called from outside; None: all that do not make the object.
    """
    known = _methods(kind)
    waiting = {node.name for node in known.nodes} - MAKING if entries is None else set(entries)
    seen, own, inner = set[str](), set[str](), set[str]()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for node in known.nodes:
            if node.name == name and node.args.args:
                found = _changed_by(node)
                own |= found[0]
                inner |= found[1]
                waiting |= found[2] - seen - MAKING
    unread = [function for function in known.unread if function.__name__ not in MAKING]
    own |= {
        str(step.argval)
        for function in unread
        for step in dis.get_instructions(function)
        if step.opname == "STORE_ATTR"
    }
    return Changes(frozenset(own), frozenset(inner), not unread)


def _changed_by(node: Function) -> tuple[set[str], set[str], set[str]]:
    """Return the attributes of its own that a method changes, those of what it holds, and what it reads of itself."""
    me = node.args.args[0].arg
    aliases = dict(_aliases(node, me))
    own, inner = set[str](), set[str]()
    for target in _changed(node):
        if isinstance(target, ast.Name):
            own |= {aliases[target.id]} if target.id in aliases else set()
        elif isinstance(target, ast.Attribute):
            name = _attribute(target, me)
            if name:
                own.add(name)
            elif _rooted(target, me, aliases):
                inner.add(target.attr)
    read = {name for item in ast.walk(node) if isinstance(item, ast.expr) and (name := _attribute(item, me))}
    return own, inner, read


def _aliases(node: Function, me: str) -> Iterator[tuple[str, str]]:
    """Yield (local name, attribute) of `log = self.log` and `for item in self.items`."""
    for item in ast.walk(node):
        if isinstance(item, ast.Assign):
            targets, value = item.targets, item.value
        elif isinstance(item, ast.AnnAssign | ast.NamedExpr):
            targets, value = [item.target], item.value
        elif isinstance(item, ast.For | ast.AsyncFor | ast.comprehension):
            targets, value = [item.target], item.iter
        else:
            continue
        if value is None:
            continue
        for part in _holders(value):
            if name := _attribute(part, me):
                yield from ((target.id, name) for target in targets if isinstance(target, ast.Name))


def _rooted(node: ast.expr, me: str, aliases: dict[str, str]) -> bool:
    """Return whether an expression is reached from the object itself."""
    *_, root = _holders(node)
    return isinstance(root, ast.Name) and (root.id == me or root.id in aliases)


def _attributes(tree: ast.AST) -> frozenset[str]:
    return frozenset(target.attr for target in _changed(tree) if isinstance(target, ast.Attribute))


def _changed(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield what is assigned to by attribute, assigned into, or changed by a call: for `x[0] += 1` the `x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store | ast.Del):
            yield from _holders(node)
        elif isinstance(node, ast.Call):
            yield from _changed_by_call(node)


def _changed_by_call(node: ast.Call) -> Iterator[ast.expr]:
    name = getattr(node.func, "attr", getattr(node.func, "id", ""))
    if isinstance(node.func, ast.Attribute) and name in _CHANGING:
        yield from _holders(node.func.value)
    elif name in _CHANGING_FIRST and node.args:
        yield from _holders(node.args[0])
    elif name in _SETTING and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):
        yield ast.Attribute(node.args[0], str(node.args[1].value), ast.Store())


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


def _changed_in_code(code: CodeType) -> Iterator[str]:
    """Yield variables from outside that bytecode assigns to or changes in place, as far as one pass over it tells."""
    root = ""
    for step in dis.get_instructions(code):
        if step.opname in {"STORE_GLOBAL", "STORE_DEREF"}:
            yield str(step.argval)
        elif step.opname in _ROOTS:
            root = str(step.argval)
        elif step.opname in {"LOAD_ATTR", "LOAD_METHOD"}:
            if root and step.argval in _CHANGING:
                yield root
        elif step.opname in _STORING and root:
            yield root


@functools.lru_cache(maxsize=512)
def _methods(kind: type, without: str = "") -> _Methods:
    """Return the methods of a class and of its bases, those of Python itself, and of one origin, left out."""
    nodes: list[Function] = []
    unread: list[FunctionType] = []
    for base in kind.__mro__:
        if is_standard(base.__module__) or origin(base.__module__) == without:
            continue
        tree = parsed(base)
        if isinstance(tree, ast.ClassDef):
            nodes += [node for node in tree.body if isinstance(node, Function)]
            continue
        for name, item in vars(base).items():
            if not isinstance(item, FunctionType) or (
                name in MAKING or (name.startswith("__") and _made(item))
            ):
                continue
            node = parsed(_written(item).__code__)
            if isinstance(node, Function):
                nodes.append(node)
            else:
                unread.append(item)
    return _Methods(tuple(nodes), tuple(unread))


def _written(function: FunctionType) -> FunctionType:
    """Return the function that was written, of one in wrappers."""
    inner = inspect.unwrap(function)
    return inner if isinstance(inner, FunctionType) else function


def _made(function: FunctionType) -> bool:
    """Return whether a function was written by the library, as those of dataclasses."""
    return function.__code__.co_filename == "<string>"
