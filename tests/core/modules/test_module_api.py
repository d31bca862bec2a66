"""What every module has beside its call: batches, histories, colours, copies, traces in the settings."""

from __future__ import annotations

import asyncio
import copy
import io
import threading
from typing import Any

import numpy
import pytest

import core
from core.foundation.errors import BatchAborted, ConfigurationError
from core.lm import ScriptedLM


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def echo(request: Any) -> Any:
    asked = request.messages[-1]["content"].split("[[ ## question ## ]]\n")[1].split("\n")[0]
    if asked == "bad":
        return core.LMError("refused")
    return reply(reasoning="r", answer=asked.upper())


class Sync(core.Module):
    """A program in sync code."""

    def __init__(self) -> None:
        self.step = core.ChainOfThought("question -> answer")

    def forward(self, question: str) -> core.Prediction:
        return self.step(question=question)


class Async(core.Module):
    """A program in async code that waits for more than models."""

    def __init__(self) -> None:
        self.step = core.ChainOfThought("question -> answer")

    async def aforward(self, question: str) -> core.Prediction:
        await asyncio.sleep(0)
        return await self.step.acall(question=question)


EXAMPLES = [core.Example(question=name).with_inputs("question") for name in ("a", "bad", "c")]
PROGRAMS = pytest.mark.parametrize("program", [Sync(), Async(), core.ChainOfThought("question -> answer")])


@PROGRAMS
@pytest.mark.parametrize("local", [True, False])
def test_a_batch_keeps_the_order_and_gives_none_for_what_failed(program: core.Module, local: bool) -> None:
    with core.context(lm=ScriptedLM(echo, local=local)):
        found = program.batch(EXAMPLES, num_threads=2)
        results, failed, errors = program.batch(EXAMPLES, return_failed_examples=True)
    assert (
        [item and item.answer for item in found]
        == ["A", None, "C"]
        == [item and item.answer for item in results]
    )
    assert failed == [EXAMPLES[1]] and isinstance(errors[0], core.LMError)


def test_too_many_failures_end_a_batch_with_what_was_finished() -> None:
    with core.context(lm=ScriptedLM(echo)), pytest.raises(BatchAborted) as caught:
        Sync().batch([EXAMPLES[0], *[EXAMPLES[1]] * 5], max_errors=2, num_threads=1)
    assert caught.value.results[0].answer == "A" and len(caught.value.results) == 6


def test_parallel_takes_examples_dicts_tuples_and_other_parallels() -> None:
    def upper(text: str) -> str:
        return text.upper()

    async def lower(text: str) -> str:
        return text.lower()

    with core.context(lm=ScriptedLM(echo)):
        pairs = [(Sync(), EXAMPLES[0]), (Async(), {"question": "b"}), (upper, ("c",)), (lower, ["D"])]
        found = core.Parallel(num_threads=3)(pairs)
        inner = core.Parallel()([(core.Parallel(), [(upper, ("x",)), (lower, ("Y",))])])
    assert [found[0].answer, found[1].answer, *found[2:]] == ["A", "B", "C", "d"]
    assert inner == [["X", "y"]]
    handed = core.Parallel(access_examples=False)([(lambda example: type(example), EXAMPLES[0])])
    assert handed == [core.Example]
    with pytest.raises(ConfigurationError, match="cannot call a program with a int"):
        core.Parallel()([(upper, 3)])


def test_parallel_in_a_program_keeps_settings_and_paths() -> None:
    class Fan(core.Module):
        def __init__(self) -> None:
            self.steps = [core.Predict("question -> answer") for _ in range(2)]
            self.parallel = core.Parallel(num_threads=2)

        async def aforward(self, question: str) -> list[str]:
            pairs = [(step, {"question": f"{question}{n}"}) for n, step in enumerate(self.steps)]
            return [found.answer for found in await self.parallel.acall(pairs)]

    with core.context(lm=ScriptedLM(echo)), core.collect() as steps:
        assert Fan()(question="q") == ["Q0", "Q1"]
        assert asyncio.run(Fan().acall(question="q")) == ["Q0", "Q1"]
    assert sorted(step.path for step in steps[:2]) == ["steps[0]", "steps[1]"]


def test_pairs_in_flight_stay_within_num_threads() -> None:
    running, most, lock = 0, 0, threading.Lock()
    gate = threading.Event()

    def work(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        gate.wait(0.01)
        with lock:
            running -= 1
        return number

    assert core.Parallel(num_threads=3)([(work, (n,)) for n in range(12)]) == list(range(12))
    assert most <= 3


def test_every_module_has_the_calls_made_inside_it() -> None:
    program, other = Sync(), Sync()
    with core.context(lm=ScriptedLM(echo)):
        program(question="one")
        program(question="two")
        other(question="three")
    assert [entry["outputs"] for entry in program.history] == [[echo_of("one")], [echo_of("two")]]
    assert len(program.step.predict.history) == 2 and len(other.history) == 1
    printed = io.StringIO()
    program.inspect_history(n=1, file=printed)
    assert "TWO" in printed.getvalue() and "ONE" not in printed.getvalue()
    assert len(program.deepcopy().history) == 0


def echo_of(question: str) -> str:
    return reply(reasoning="r", answer=question.upper())


def test_histories_obey_the_settings_and_programs_may_use_the_name() -> None:
    class Chat(Sync):
        def __init__(self) -> None:
            super().__init__()
            self.history = ["mine"]

    program = Chat()
    with core.context(lm=ScriptedLM(echo), max_history_size=1):
        program(question="one")
        program(question="two")
    assert program.history == ["mine"]
    assert len(program.step.history) == 1
    with core.context(lm=ScriptedLM(echo), disable_history=True):
        program(question="three")
    assert program.step.history[0]["outputs"] == [echo_of("two")]


def test_models_are_set_and_asked_for() -> None:
    program, lm = Sync(), ScriptedLM(echo)
    program.set_lm(lm)
    assert program.get_lm() is lm and program(question="x").answer == "X"
    program.extra = core.Predict("question -> answer")
    with pytest.raises(ConfigurationError, match="different language models"):
        program.get_lm()


def test_the_trace_of_the_settings_gets_every_predictor_call() -> None:
    program = Sync()
    with core.context(lm=ScriptedLM(echo), trace=[]):
        found = program(question="x")
        trace = core.settings.trace
    assert [(step[0], step[1], step[2].answer) for step in trace] == [
        (program.step.predict, {"question": "x"}, found.answer)
    ]
    assert core.settings.trace == []
    with core.context(lm=ScriptedLM(echo), trace=[], max_trace_size=2):
        for question in "abc":
            program(question=question)
        assert [step[1]["question"] for step in core.settings.trace] == ["b", "c"]


def test_programs_can_ask_which_modules_they_are_called_by() -> None:
    seen: list[Any] = []

    class Asks(core.Module):
        def forward(self) -> None:
            seen.extend(core.settings.caller_modules)

    class Outer(core.Module):
        def __init__(self) -> None:
            self.inner = Asks()

        def forward(self) -> None:
            self.inner()

    outer = Outer()
    outer()
    assert seen == [outer, outer.inner] and core.settings.caller_modules == []


def test_asyncify_carries_settings_and_never_waits_for_its_own_place() -> None:
    def depth(n: int) -> str:
        if n == 0:
            return Sync()(question="deep").answer
        return asyncio.run(again(n - 1))

    again = core.asyncify(depth)

    async def many() -> list[str]:
        return await asyncio.gather(*(again(3) for _ in range(4)))

    with core.context(lm=ScriptedLM(echo), async_max_workers=2):
        assert asyncio.run(asyncio.wait_for(many(), 20)) == ["DEEP"] * 4
        assert asyncio.run(core.asyncify(Sync())(question="x")).answer == "X"


def test_asyncify_runs_at_most_so_many_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1

    awaited = core.asyncify(work)

    async def many() -> None:
        await asyncio.gather(*(awaited() for _ in range(9)))

    with core.context(async_max_workers=2):
        asyncio.run(many())
    assert most <= 2


def test_syncify_gives_sync_code_what_is_async() -> None:
    async def double(n: int) -> int:
        await asyncio.sleep(0)
        return 2 * n

    program = Async()
    with core.context(lm=ScriptedLM(echo)):
        assert core.syncify(double)(4) == 8
        assert core.syncify(program) is program
        assert core.syncify(program)(question="x").answer == "X"
        wrapped = core.syncify(program, in_place=False)
        assert wrapped is not program and wrapped(question="y").answer == "Y"


def test_knn_finds_the_nearest_inputs() -> None:
    def vectors(texts: list[str]) -> Any:
        assert all(text.startswith("question: ") for text in texts)
        return numpy.array([[text.count("cat"), text.count("dog")] for text in texts], dtype="float32")

    rows = [
        core.Example(question=q, answer=q).with_inputs("question")
        for q in ("dog dog", "cat", "cat cat", "bird")
    ]
    found = core.KNN(k=2, trainset=rows, vectorizer=vectors)
    assert [row.question for row in found(question="my cat")] == ["cat cat", "cat"]
    assert [row.question for row in asyncio.run(found.acall(question="my dog"))] == ["dog dog", "cat"]
    with pytest.raises(ConfigurationError, match="k of 1 or more"):
        core.KNN(0, rows, vectors)


def test_predict_refuses_and_warns_as_dspy_does(caplog: pytest.LogCaptureFixture) -> None:
    predict = core.Predict("question, context -> answer")
    with pytest.raises(ValueError, match="by name"):
        predict("what?")
    with core.context(lm=ScriptedLM([reply(answer="x")])):
        predict(question="q", colour="red")
    assert "colour" in caplog.text and "missing: context" in caplog.text


def test_calls_override_signature_demos_config_and_model() -> None:
    predict = core.Predict("question -> answer", temperature=0.1)
    lm, other = ScriptedLM([reply(answer="x")]), ScriptedLM([reply(verdict="y")])
    demo = core.Example(question="shown", verdict="v")
    with core.context(lm=lm):
        found = predict(
            question="q",
            lm=other,
            demos=[demo],
            config={"temperature": 0.9},
            new_signature=core.Signature("question -> verdict"),
        )
    assert found.verdict == "y" and other.requests[0].params["temperature"] == 0.9
    assert any("shown" in message["content"] for message in other.requests[0].messages)
    assert predict.demos == [] and predict.config == {"temperature": 0.1} and not lm.requests


def test_the_log_of_calls_does_not_travel_with_a_program() -> None:
    program = Sync()
    with core.context(lm=ScriptedLM(echo)):
        program(question="x")
    assert len(copy.copy(program).history) == len(program.deepcopy().history) == 0 < len(program.history)
    assert copy.copy(program).step is program.step
