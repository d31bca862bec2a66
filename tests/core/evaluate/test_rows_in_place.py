"""Rows share their worker's task: contexts stay apart, rows that wait and rows that do not take turns fairly."""

from __future__ import annotations

import asyncio
import contextvars

from core.data import Example, Prediction
from core.evaluate import Evaluate
from core.foundation.drive import io_loop
from core.lm.scripted import ScriptedLM
from core.lm.tally import counting_calls
from core.modules import Module, Predict
from core.settings import context

seen: contextvars.ContextVar[str] = contextvars.ContextVar("seen", default="")


def devset(n: int) -> list[Example]:
    return [Example(question=str(i)).with_inputs("question") for i in range(n)]


def test_a_variable_set_in_one_row_is_not_seen_in_another() -> None:
    class Setter(Module):
        async def aforward(self, question):
            before = seen.get()
            seen.set(question)
            if int(question) % 2:
                await asyncio.sleep(0)
            return Prediction(before=before, after=seen.get())

    result = Evaluate(devset=devset(20), num_threads=3)(Setter())
    assert [row.outputs for row in result.rows] == [{"before": "", "after": str(i)} for i in range(20)]


def test_rows_that_wait_do_not_hold_up_rows_that_do_not() -> None:
    order: list[str] = []
    gate = asyncio.Event()

    class Sometimes(Module):
        async def aforward(self, question):
            if question == "0":
                await gate.wait()
            order.append(question)
            if question == "9":
                gate.set()
            return Prediction(answer=question)

    result = Evaluate(devset=devset(10), num_threads=2)(Sometimes())
    assert order == [*(str(i) for i in range(1, 10)), "0"]
    assert [row.outputs["answer"] for row in result.rows] == [str(i) for i in range(10)]


def test_rows_that_never_wait_leave_the_loop_its_turns() -> None:
    turns: list[int] = []

    class Busy(Module):
        async def aforward(self, question):
            total = sum(range(20_000))  # a fraction of a millisecond on the loop
            return Prediction(answer=str(total), turn=len(turns))

    async def beat() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    heart = asyncio.run_coroutine_threadsafe(beat(), io_loop())
    try:
        result = Evaluate(devset=devset(200), num_threads=1)(Busy())
    finally:
        heart.cancel()
    # Other work of the loop went on between the rows, not only before and after them.
    assert len({row.outputs["turn"] for row in result.rows}) > 5


def test_a_stop_request_is_heard_between_rows_that_never_wait() -> None:
    class Quick(Module):
        async def aforward(self, question):
            return Prediction(answer=question)

    asked = iter(range(1000))
    result = Evaluate(devset=devset(50), num_threads=4, stop_requested=lambda: next(asked) >= 20)(Quick())
    assert len(result.rows) == 20
    assert result.end_reason == "stopped"


def test_calls_of_a_row_are_counted_for_it_alone_and_for_listeners_around_too() -> None:
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx")
    around: list[str] = []

    class Twice(Module):
        def __init__(self) -> None:
            super().__init__()
            self.ask = Predict("question -> answer")

        async def aforward(self, question):
            await self.ask.acall(question=question)
            if question == "1":
                await self.ask.acall(question=f"again {question}")
            return Prediction(answer=question)

    with context(lm=lm), counting_calls(lambda request, response: around.append(response.model)):
        result = Evaluate(devset=devset(3), num_threads=2)(Twice())
    one = result.rows[0].usage
    assert result.rows[1].usage.completion_tokens == 2 * one.completion_tokens > 0
    assert result.rows[2].usage.completion_tokens == one.completion_tokens
    assert len(around) == 4


def test_task_groups_and_deadlines_of_a_row_end_with_it() -> None:
    class Grouped(Module):
        async def aforward(self, question):
            if question == "1":
                async with asyncio.TaskGroup() as group:
                    group.create_task(asyncio.sleep(10))
                    group.create_task(self.fails())
            if question == "2":
                async with asyncio.timeout(0.01):
                    await asyncio.sleep(10)
            return Prediction(answer=question)

        async def fails(self):
            await asyncio.sleep(0)
            raise LookupError("inside")

    result = Evaluate(devset=devset(5), num_threads=1, metric=lambda e, p: True)(Grouped())
    assert [row.outcome for row in result.rows] == [
        "scored",
        "model_failure",
        "infrastructure_failure",
        "scored",
        "scored",
    ]


def test_cancelling_an_evaluation_cancels_a_row_where_it_waits() -> None:
    seen_by: list[str] = []

    class Waits(Module):
        async def aforward(self, question):
            seen.set(question)
            try:
                await asyncio.sleep(10)
            finally:
                seen_by.append(seen.get())

    async def scene() -> None:
        task = asyncio.create_task(Evaluate(devset=devset(4), num_threads=2).acall(Waits()))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        for _ in range(100):
            if len(seen_by) == 2:
                break
            await asyncio.sleep(0.01)

    asyncio.run(scene())
    assert sorted(seen_by) == ["0", "1"]
