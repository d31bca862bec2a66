"""A run that was watched: its spans as a tree, printed in a terminal, opened step by step in a notebook.

Knows nothing about programs: what it shows of a step is what the step wrote down.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from core.foundation import html
from core.trace.redact import redact
from core.trace.sinks import MemorySink
from core.trace.span import Span
from core.trace.tracer import sink_to
from core.trace.tree import Node, tree

__all__ = ["Trace", "traced"]


class Trace:
    """Spans of one run or several.

    Args:
        spans: In any order.
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._sink = MemorySink()
        self._sink.spans.extend(spans)

    @property
    def spans(self) -> list[Span]:
        """All spans that have ended."""
        return self._sink.spans

    def roots(self) -> list[Node]:
        """Return the outermost steps with their children."""
        return tree(self.spans)

    def of_kind(self, kind: str) -> list[Span]:
        """Return the spans of one kind ("lm", "predict", "tool" …), in order of start."""
        return sorted((span for span in self.spans if span.kind == kind), key=lambda span: span.start)

    def __len__(self) -> int:
        return len(self.spans)

    def __str__(self) -> str:
        lines = [
            f"{'  ' * depth}{_title(span)}{_aside(span)}"
            for root in self.roots()
            for depth, span in root.walk()
        ]
        return "\n".join(lines) or "Nothing was traced."

    def __repr__(self) -> str:
        return f"Trace({len(self.roots())} runs, {len(self.spans)} spans)"

    def _repr_html_(self) -> str:
        roots = self.roots()
        return html.card(repr(self), *(_opened(root, first=True) for root in roots))


@contextmanager
def traced() -> Generator[Trace]:
    """Watch what runs inside the block; afterwards the trace shows it, step by step."""
    trace = Trace()
    with sink_to(trace._sink):
        yield trace


def _title(span: Span) -> str:
    place = f" {span.path}" if span.path and span.path != "self" else ""
    return f"{span.kind} {span.name}{place}"


def _aside(span: Span) -> str:
    known = span.attributes
    parts = [f"{1000 * span.duration:.0f} ms"]
    usage = known.get("usage")
    if usage:
        parts.append(f"{usage.get('prompt_tokens', 0)} + {usage.get('completion_tokens', 0)} tokens")
    if known.get("cached"):
        parts.append("cached")
    if known.get("cost"):
        parts.append(f"${known['cost']:.5f}")
    if span.status == "error":
        parts.append(f"failed: {redact(span.error or '')}")
    return f" ({', '.join(parts)})"


def _opened(node: Node, *, first: bool = False) -> str:
    span = node.span
    failed = ' class="wb-bad"' if span.status == "error" else ""
    summary = f"<span{failed}>{html.text(_title(span))}</span>{html.dim(_aside(span))}"
    inside = _facts(redact(span.attributes)) + "".join(_opened(child) for child in node.children)
    return html.details(summary, inside, open_=first)


def _facts(attributes: Any) -> str:
    """Show a step's facts: messages one by one, texts as they are, the rest as JSON."""
    parts: list[str] = []
    for name, value in attributes.items():
        if value in (None, "", [], {}):
            continue
        if name == "messages" and isinstance(value, list):
            turns = "".join(
                html.details(html.text(turn["role"]), html.block(_said(turn["content"]))) for turn in value
            )
            parts.append(html.details(f"messages ({len(value)})", turns))
        elif name == "raw" and isinstance(value, list):
            parts.append(html.details("reply", "".join(html.block(str(text)) for text in value)))
        else:
            parts.append(f"<div><b>{html.text(name)}</b> {html.short(_said(value), 2_000)}</div>")
    return "".join(parts)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
