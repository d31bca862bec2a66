"""Traces: what each step of a program saw, said and cost.

Knows nothing about models or programs; standard library only.
"""

from core.trace.collect import TraceStep, collect, record_step
from core.trace.redact import redact
from core.trace.sinks import JsonLinesSink, MemorySink, Sink
from core.trace.span import Span
from core.trace.trace import Trace, traced
from core.trace.tracer import current_span, emit, is_tracing, sink_to, span
from core.trace.tree import Node, tree

__all__ = [
    "JsonLinesSink",
    "MemorySink",
    "Node",
    "Sink",
    "Span",
    "Trace",
    "TraceStep",
    "collect",
    "current_span",
    "emit",
    "is_tracing",
    "record_step",
    "redact",
    "sink_to",
    "span",
    "traced",
    "tree",
]
