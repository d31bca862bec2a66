"""Callbacks: who is told of what, in which order, under which ids, and that a broken one harms nothing."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

import core
from core.adapters import ChatAdapter
from core.callbacks import ACTIVE_CALL_ID, KINDS, BaseCallback, reported, with_callbacks

REPLY = "[[ ## answer ## ]]\nParis\n\n[[ ## completed ## ]]"


class Recorder(BaseCallback):
    """Writes down what it is told."""

    def __init__(self, name: str = "", log: list[Any] | None = None) -> None:
        self.name = name
        self.told: list[Any] = [] if log is None else log


def _recording(kind: str) -> tuple[Any, Any]:
    def start(self: Recorder, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        self.told.append((self.name, f"{kind}+", call_id, ACTIVE_CALL_ID.get(), instance, inputs))

    def end(self: Recorder, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        self.told.append((self.name, f"{kind}-", call_id, ACTIVE_CALL_ID.get(), outputs, exception))

    return start, end


for _kind in KINDS:
    _start, _end = _recording(_kind)
    setattr(Recorder, f"on_{_kind}_start", _start)
    setattr(Recorder, f"on_{_kind}_end", _end)


class Program(core.Module):
    """A program with one step."""

    def __init__(self) -> None:
        self.step = core.Predict("question -> answer")

    def forward(self, question: str) -> Any:
        return self.step(question=question)


def test_every_hop_is_told_in_dspys_order_with_nested_ids() -> None:
    recorder, program = Recorder(), Program()
    lm = core.ScriptedLM([REPLY])
    with core.context(lm=lm, callbacks=[recorder]):
        program(question="Capital?")
    kinds = [entry[1] for entry in recorder.told]
    assert kinds == [
        "module+", "module+", "adapter_format+", "adapter_format-", "lm+", "lm-",
        "adapter_parse+", "adapter_parse-", "module-", "module-",
    ]  # fmt: skip
    outer, inner, render = recorder.told[0], recorder.told[1], recorder.told[2]
    assert outer[3] is None and inner[3] == outer[2] and render[3] == inner[2]
    assert (outer[4], outer[5]) == (program, {"args": (), "kwargs": {"question": "Capital?"}})
    assert recorder.told[4][4] is lm and set(recorder.told[4][5]) == {"prompt", "messages", "kwargs"}
    assert recorder.told[5][4] == [REPLY]
    assert recorder.told[7][4] == {"answer": "Paris"}
    assert recorder.told[-1][4].answer == "Paris" and recorder.told[-1][5] is None
    assert ACTIVE_CALL_ID.get() is None


def test_async_calls_are_told_the_same() -> None:
    recorder = Recorder()

    async def go() -> None:
        with core.context(lm=core.ScriptedLM([REPLY]), callbacks=[recorder]):
            await core.Predict("question -> answer").acall(question="Capital?")

    asyncio.run(go())
    assert [entry[1] for entry in recorder.told][::7] == ["module+", "module-"]


def test_global_callbacks_come_before_those_of_the_instance() -> None:
    log: list[Any] = []
    program = core.Predict("question -> answer", callbacks=[Recorder("own", log)])
    lm = core.ScriptedLM([REPLY], callbacks=[Recorder("own", log)])
    adapter = ChatAdapter(callbacks=[Recorder("own", log)])
    with core.context(lm=lm, adapter=adapter, callbacks=[Recorder("everywhere", log)]):
        program(question="Capital?")
    assert [entry[:2] for entry in log[:2]] == [("everywhere", "module+"), ("own", "module+")]
    assert {entry[1] for entry in log if entry[0] == "own"} == {
        "module+", "module-", "lm+", "lm-", "adapter_format+", "adapter_format-", "adapter_parse+", "adapter_parse-",
    }  # fmt: skip


def test_an_error_is_told_and_raised() -> None:
    recorder = Recorder()
    lm = core.ScriptedLM([core.LMError("no")])
    with core.context(lm=lm, callbacks=[recorder]), pytest.raises(core.LMError):
        core.Predict("question -> answer")(question="Capital?")
    assert [(entry[1], entry[4]) for entry in recorder.told[-2:]] == [("lm-", None), ("module-", None)]
    assert isinstance(recorder.told[-1][5], core.LMError)


def test_what_a_callback_raises_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(BaseCallback):
        def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
            raise ValueError("mine")

    callbacks = [Broken(), object()]
    with (
        core.context(lm=core.ScriptedLM([REPLY]), callbacks=callbacks),
        caplog.at_level(logging.WARNING, "core.callbacks"),
    ):
        assert core.Predict("question -> answer")(question="Capital?").answer == "Paris"
    assert len(caplog.records) == 1
    assert "Broken.on_lm_start" in caplog.text


def test_evaluations_and_compiles_are_told() -> None:
    recorder = Recorder()
    rows = [core.Example(question="q", answer="Paris").with_inputs("question")]
    metric = core.make_metric({"kind": "exact_match", "params": {"fields": ["answer"]}})
    with core.context(lm=core.ScriptedLM(lambda _: REPLY), callbacks=[recorder]):
        core.Evaluate(devset=rows, metric=metric)(Program(), callback_metadata={"step": 1})
        start, end = recorder.told[0], recorder.told[-1]
        assert (start[1], end[1]) == ("evaluate+", "evaluate-")
        assert start[5]["callback_metadata"] == {"step": 1} and end[4].score == 100.0
        recorder.told.clear()
        compiled = core.LabeledFewShot(k=1).compile(Program(), trainset=rows)
    assert recorder.told[0][1] == "compile+" and recorder.told[-1][4] is compiled


def test_the_decorator_serves_methods_of_ones_own() -> None:
    class Search:
        callbacks = (Recorder(),)

        @with_callbacks(kind="tool")
        def run(self, query: str, k: int = 3) -> str:
            return query * k

        @with_callbacks
        async def later(self, query: str) -> str:
            return query

    search = Search()
    assert search.run("a") == "aaa" and asyncio.run(search.later("b")) == "b"
    told = Search.callbacks[0].told
    assert [entry[1] for entry in told] == ["tool+", "tool-", "module+", "module-"]
    assert told[0][5] == {"query": "a", "k": 3} and told[3][4] == "b"


def test_a_models_callbacks_are_told_what_the_caller_gave() -> None:
    recorder, message = Recorder(), {"role": "user", "content": "Capital?"}
    lm = core.ScriptedLM(lambda _: REPLY, callbacks=[recorder])
    lm("Capital?", temperature=0.5)
    asyncio.run(lm.acall("Country?"))
    lm(messages=[message])
    asyncio.run(lm.respond([message]))
    assert [entry[5] for entry in recorder.told if entry[1] == "lm+"] == [
        {"prompt": "Capital?", "messages": None, "kwargs": {"temperature": 0.5}},
        {"prompt": "Country?", "messages": None, "kwargs": {}},
        {"prompt": None, "messages": [message], "kwargs": {}},
        {"prompt": None, "messages": [message], "kwargs": {}},
    ]


def test_the_two_step_adapters_reading_is_told_around_the_second_request() -> None:
    recorder = Recorder()
    adapter = core.TwoStepAdapter(core.ScriptedLM(lambda _: REPLY), callbacks=[recorder])
    with core.context(lm=core.ScriptedLM(lambda _: "It is Paris."), adapter=adapter):
        core.Predict("question -> answer")(question="Capital?")
    assert [entry[1] for entry in recorder.told] == [
        "adapter_format+", "adapter_format-", "adapter_parse+",
        "adapter_format+", "adapter_format-", "adapter_parse+", "adapter_parse-",
        "adapter_parse-",
    ]  # fmt: skip
    assert recorder.told[2][4] is adapter and recorder.told[2][5]["completion"] == "It is Paris."
    assert recorder.told[-1][4] == {"answer": "Paris"}


def test_evaluations_are_told_alike_from_sync_and_async_code() -> None:
    recorder = Recorder()
    rows = [core.Example(question="q", answer="Paris").with_inputs("question")]
    evaluate = core.Evaluate(devset=rows, metric=lambda example, prediction: True)
    with core.context(lm=core.ScriptedLM(lambda _: REPLY), callbacks=[recorder]):
        evaluate(Program(), num_threads=2)
        asyncio.run(evaluate.acall(Program(), num_threads=2))
    sync, later = (entry[5] for entry in recorder.told if entry[1] == "evaluate+")
    assert set(sync) == set(later) and sync["num_threads"] == later["num_threads"] == 2
    assert sync["devset"] is later["devset"] is None


def test_silence_builds_nothing() -> None:
    def never() -> dict[str, Any]:
        raise AssertionError("nobody listens")

    with reported("tool", object(), never) as call:
        assert call.gives(1) == 1
