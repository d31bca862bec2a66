"""Spans, sinks, collecting, redaction."""

import asyncio
import json
import threading
from pathlib import Path

import pytest

from core.trace import (
    JsonLinesSink,
    MemorySink,
    Span,
    collect,
    emit,
    is_tracing,
    record_step,
    redact,
    sink_to,
    span,
    tree,
)


def test_without_a_sink_a_span_keeps_nothing() -> None:
    with span("module", "Quiet") as opened:
        assert not opened.recording
        opened.set(anything=1)
    assert not is_tracing()


def test_spans_nest_and_end_children_first() -> None:
    with sink_to(MemorySink()) as sink, span("module", "Outer"), span("lm", "model", model="m") as inner:
        inner.set(tokens=3)
        emit("note", text="hello")
    names = [item.name for item in sink.spans]
    assert names == ["note", "model", "Outer"]
    (root,) = tree(sink.spans)
    assert [(depth, item.name) for depth, item in root.walk()] == [(0, "Outer"), (1, "model"), (2, "note")]
    assert sink.spans[1].attributes == {"model": "m", "tokens": 3}
    assert len({item.trace_id for item in sink.spans}) == 1
    assert all(item.end is not None and item.duration >= 0 for item in sink.spans)


def test_an_exception_marks_the_span_and_travels_on() -> None:
    with sink_to(MemorySink()) as sink, pytest.raises(ValueError, match="no"), span("lm", "m"):
        raise ValueError("no")
    assert (sink.spans[0].status, sink.spans[0].error) == ("error", "ValueError: no")


def test_tasks_do_not_mix_their_parents() -> None:
    async def work(name: str) -> None:
        with span("module", name):
            await asyncio.sleep(0.001)
            with span("lm", f"{name}-child"):
                await asyncio.sleep(0.001)

    async def main() -> None:
        await asyncio.gather(*(work(f"t{index}") for index in range(20)))

    with sink_to(MemorySink()) as sink:
        asyncio.run(main())
    by_id = {item.id: item for item in sink.spans}
    for item in sink.spans:
        if item.kind == "lm":
            assert by_id[item.parent_id or ""].name == item.name.removesuffix("-child")


def test_a_memory_sink_can_be_bounded() -> None:
    with sink_to(MemorySink(limit=2)) as sink:
        for index in range(5):
            emit(str(index))
    assert [item.name for item in sink.spans] == ["0", "1"]
    assert sink.dropped == 3


def test_json_lines_are_redacted_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "spans.jsonl"
    with (
        sink_to(JsonLinesSink(path)),
        span("lm", "m", api_key="sk-canary-123456789", url="Bearer abcdefghijkl"),
    ):
        pass
    text = path.read_text()
    assert "canary" not in text
    assert "abcdefghijkl" not in text
    assert Span.from_dict(json.loads(text)).name == "m"


@pytest.mark.parametrize(
    "name", ["api_key", "API-KEY", "Authorization", "x_api_key", "openai_api_key", "password"]
)
def test_credentials_are_told_by_their_names(name: str) -> None:
    assert redact({"deep": [{name: "value"}]}) == {"deep": [{name: "[redacted]"}]}


@pytest.mark.parametrize("text", ["question", "tokens", "keyword", "prompt_tokens"])
def test_ordinary_names_are_left_alone(text: str) -> None:
    assert redact({text: "value"}) == {text: "value"}


def test_collecting_gives_three_tuples_with_a_path() -> None:
    with collect() as outer:
        record_step("p", {"q": 1}, "out", "a.b")
        with collect() as inner:
            record_step("r", {}, "x", "c")
    predictor, inputs, outputs = outer[0]
    assert (predictor, inputs, outputs, outer[0].path) == ("p", {"q": 1}, "out", "a.b")
    assert [step.path for step in inner] == ["c"]
    assert [step.path for step in outer] == ["a.b", "c"]
    record_step("ignored", {}, None, "")


def test_threads_that_are_not_told_do_not_trace() -> None:
    seen = []
    with sink_to(MemorySink()):
        thread = threading.Thread(target=lambda: seen.append(is_tracing()))
        thread.start()
        thread.join()
    assert seen == [False]
