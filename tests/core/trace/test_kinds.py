"""A sink may listen to some kinds of spans alone; the others then cost next to nothing."""

from __future__ import annotations

import subprocess
import sys

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
    calls, scores = MemorySink(), MemorySink()
    with sink_to(calls, kinds=("lm",)), sink_to(scores, kinds=("metric",)):
        for kind in ("lm", "metric", "predict"):
            with span(kind, "x"):
                pass
    assert [item.kind for item in calls.spans] == ["lm"]
    assert [item.kind for item in scores.spans] == ["metric"]


def test_ids_differ_also_in_the_child_of_a_fork(root):
    assert len({new_id() for _ in range(10_000)}) == 10_000
    assert len(new_id()) == 16
    code = (
        "import os; from core.trace.span import new_id; os.fork(); os.write(1, (new_id() + chr(10)).encode())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    parent, child = done.stdout.split()
    assert parent != child
