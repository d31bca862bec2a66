"""A sink may listen to some kinds of spans alone; the others then cost next to nothing."""

from __future__ import annotations

import os

from core.trace import MemorySink, emit, is_tracing, sink_to, span
from core.trace.span import new_id


def test_only_the_kinds_asked_for_are_recorded():
    with sink_to(MemorySink(), kinds=("lm",)) as sink:
        with span("predict", "p") as outer:
            assert not outer.recording
            with span("lm", "m") as inner:
                assert inner.recording
        emit("something")
        assert not is_tracing()
    assert [item.kind for item in sink.spans] == ["lm"]


def test_a_sink_for_everything_beside_it_gets_everything():
    with sink_to(MemorySink()) as everything, sink_to(MemorySink(), kinds=("lm",)) as some:
        assert is_tracing()
        with span("predict", "p"), span("lm", "m"):
            emit("something")
    assert [item.kind for item in everything.spans] == ["event", "lm", "predict"]
    assert [item.kind for item in some.spans] == ["lm"]
    assert everything.spans[1].parent_id == everything.spans[2].id


def test_kinds_add_up():
    with sink_to(MemorySink(), kinds=("lm",)) as first, sink_to(MemorySink(), kinds=("metric",)) as second:
        with span("lm", "m"), span("metric", "x"), span("predict", "p"):
            pass
    assert [item.kind for item in first.spans] == ["lm"]
    assert [item.kind for item in second.spans] == ["metric"]


def test_ids_differ_also_in_the_child_of_a_fork():
    assert len({new_id() for _ in range(10_000)}) == 10_000
    assert len(new_id()) == 16
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(write, new_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 16).decode() != new_id()
    os.close(read)
    os.close(write)
