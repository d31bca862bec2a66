"""What is remembered of calls, and that it stays bounded."""

from __future__ import annotations

import io
import tracemalloc

from core.lm import LM, BaseLM, ScriptedLM, inspect_history
from core.lm.history import KEEP, recent
from core.messages import LMOutput, LMResponse
from core.settings import context


def test_entries_have_the_fields_that_programs_read():
    lm = ScriptedLM(["yes"], temperature=0.5)
    lm("q", top_p=0.9)
    entry = lm.history[-1]
    assert {
        "prompt",
        "messages",
        "kwargs",
        "response",
        "outputs",
        "usage",
        "cost",
        "timestamp",
        "uuid",
    } <= set(entry)
    assert {"model", "response_model", "model_type"} <= set(entry)
    assert entry["kwargs"] == {"temperature": 0.5, "top_p": 0.9}
    assert entry["outputs"] == ["yes"]
    assert entry is lm.history[0]


def test_it_is_a_sequence():
    lm = ScriptedLM(lambda request: "x")
    for i in range(5):
        lm(str(i))
    assert len(lm.history) == 5
    assert [e["messages"][0]["content"] for e in lm.history] == list("01234")
    assert [e["messages"][0]["content"] for e in lm.history[-2:]] == list("34")
    lm.history.clear()
    assert not lm.history


def test_it_is_bounded():
    lm = ScriptedLM(lambda request: "x")
    with context(max_history_size=3):
        for i in range(10):
            lm(str(i))
    assert [e["messages"][0]["content"] for e in lm.history] == list("789")
    for _ in range(KEEP + 50):
        lm("q")
    assert len(lm.history) == len(recent) == KEEP


def test_it_can_be_off():
    lm = ScriptedLM(lambda request: "x")
    with context(disable_history=True):
        lm("q")
    assert len(lm.history) == len(recent) == 0


def test_printing(capsys):
    lm = ScriptedLM(lambda request: f"reply to {request.messages[-1]['content']}")
    for i in range(3):
        lm(f"question {i}")
    inspect_history(2)
    shown = capsys.readouterr().out
    assert "question 0" not in shown
    assert shown.index("question 1") < shown.index("reply to question 1") < shown.index("question 2")
    out = io.StringIO()
    lm.inspect_history(1, out)
    assert "question 2" in out.getvalue()
    assert "question 1" not in out.getvalue()


def test_parts_are_named_in_print():
    lm = ScriptedLM(["x"])
    parts = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": "data:..."}}]
    lm(messages=[{"role": "user", "content": parts}])
    out = io.StringIO()
    lm.inspect_history(1, out)
    assert "look\n<image_url>" in out.getvalue()


def test_memory_stays_flat(how_many, tmp_path):
    """Whatever is kept per call is bounded: after a warm-up, thousands of calls add less than 1 KB each."""
    n = how_many(5_000, 100_000)

    class Talker(BaseLM):
        local = True

        async def complete(self, request):
            return LMResponse([LMOutput(f"{request.messages[0]['content'][:5]}" + "x" * 1000)])

    lm = Talker("talker")
    for i in range(KEEP + 200):
        lm(f"{i} " + "y" * 2000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for i in range(n):
        lm(f"{i} " + "z" * 2000)
    # the ring's own entries are replaced one for one; they were made before tracing began
    grown = tracemalloc.get_traced_memory()[0] - before - KEEP * 5_000
    tracemalloc.stop()
    assert grown < n * 200


def test_an_endpoint_model_repr_is_short():
    assert repr(LM("openai/gpt-4o", api_key="x")) == "LM('openai/gpt-4o')"
