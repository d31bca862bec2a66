"""Spans as the tree that a person reads.

Knows nothing about where the spans were kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.trace.span import Span

__all__ = ["Node", "tree"]


@dataclass
class Node:
    """A span with its children in order of start."""

    span: Span
    children: list[Node] = field(default_factory=list["Node"])

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Span]]:
        """Yield (depth, span), parents first."""
        yield depth, self.span
        for child in self.children:
            yield from child.walk(depth + 1)


def tree(spans: Iterable[Span]) -> list[Node]:
    """Return the roots, in order of start; a span whose parent is missing is a root."""
    nodes = {span.id: Node(span) for span in spans}
    roots: list[Node] = []
    for node in sorted(nodes.values(), key=lambda item: item.span.start):
        parent = nodes.get(node.span.parent_id or "")
        (parent.children if parent is not None else roots).append(node)
    return roots
