"""The parts of a program: sub-modules in attributes, and in lists, tuples and dicts one level deep.

Knows nothing about what parts do when they are called.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

__all__ = ["Part", "children", "copied", "named_parts", "substitute", "walk"]


QUOTE = "'"


class Part:
    """Base of whatever is found: a program or a piece of one."""

    _compiled: bool = False
    _assertions: Any = None


def copied(value: Any, memo: dict[int, Any]) -> Any:
    """Return a deep copy; language models, and what cannot be copied, stay the objects they are."""
    if hasattr(value, "respond") and hasattr(value, "kwargs"):
        return value  # a language model: connections and history are shared
    try:
        return copy.deepcopy(value, memo)
    except Exception:
        return value


def children(module: Part) -> Iterator[tuple[str, Any]]:
    """Yield the attributes of a module that are parts, lists, tuples and dicts opened one level."""
    for name, value in module.__dict__.items():
        if isinstance(value, Part):
            yield name, value
        elif isinstance(value, (list, tuple)):
            yield from (
                (f"{name}[{index}]", item) for index, item in enumerate(value) if isinstance(item, Part)
            )
        elif isinstance(value, dict):
            # Single quotes whatever the key: DSPy's state files name their parts so.
            yield from ((f"{name}['{key}']", item) for key, item in value.items() if isinstance(item, Part))


def named_parts(
    module: Part, kind: type, prefix: str = "", skip_compiled: bool = False, seen: set[int] | None = None
) -> Iterator[tuple[str, Any]]:
    """Yield (path, part) for all parts of `kind`, depth first, each once."""
    known = seen if seen is not None else set()
    if isinstance(module, kind) and not prefix:
        known.add(id(module))
        yield "self", module
    for name, part in children(module):
        if id(part) in known or (skip_compiled and part._compiled):
            continue
        known.add(id(part))
        path = f"{prefix}{name}"
        if isinstance(part, kind):
            yield path, part
        yield from named_parts(part, kind, f"{path}.", skip_compiled, known)


def walk(module: Part, path: str, kind: type, skip_compiled: bool) -> Iterator[tuple[str, Any]]:
    """Yield (path, part) breadth first, this module first, each once; keys of dicts without quotes, as DSPy has them.

    Args:
        skip_compiled: Leave out what is inside frozen parts.
    """
    queue: list[tuple[str, Part]] = [(path, module)]
    seen = {id(module)}
    while queue:
        name, part = queue.pop(0)
        if isinstance(part, kind):
            yield name, part
        if skip_compiled and part._compiled and part is not module:
            continue
        for child_name, child in children(part):
            if id(child) not in seen:
                seen.add(id(child))
                queue.append((f"{name}.{child_name.replace(QUOTE, '')}", child))


def substitute(module: Part, replaced: dict[int, Any]) -> None:
    """Put new parts into the places of old ones; containers without any stay the objects they are."""
    for part in [part for _, part in walk(module, "self", Part, skip_compiled=False)]:
        if id(part) in replaced:
            continue
        for name, value in list(part.__dict__.items()):
            if isinstance(value, Part):
                part.__dict__[name] = replaced.get(id(value), value)
            elif isinstance(value, list):
                value[:] = [replaced.get(id(item), item) for item in value]
            elif isinstance(value, tuple) and any(id(item) in replaced for item in value):
                made = (replaced.get(id(item), item) for item in value)
                part.__dict__[name] = getattr(value, "_make", type(value))(made)  # named tuples
            elif isinstance(value, dict):
                value.update((key, replaced[id(item)]) for key, item in value.items() if id(item) in replaced)
