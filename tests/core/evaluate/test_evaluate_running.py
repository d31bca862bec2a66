"""How rows are run: colours, threads, order, concurrency, deadlines, contexts, interrupts."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import random
import signal
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate, EvaluationInterrupted
from core.evaluate.call import SLOW_CALLS
from core.foundation.drive import drive, io_loop, on_io
from core.foundation.errors import EvaluationAborted, LMServerError
from core.lm.base import BaseLM
from core.lm.retry import Backoff
from core.messages import LMOutput, LMRequest, LMResponse, Usage
from core.modules import Module, Predict
from core.settings import context

REPLY = "[[ ## answer ## ]]\n{}\n\n[[ ## completed ## ]]"


def devset(n: int) -> list[Example]:
    return [Example(question=str(i), answer=str(i)).with_inputs("question") for i in range(n)]


def same(example, prediction) -> bool:
    return example.answer == prediction.answer


class EchoLM(BaseLM):
    """Answers with the question after a while, counting how many calls are in flight."""

    local = False

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("echo", cache=False)
        self.seconds = seconds
        self.flying = self.most = self.calls = 0
        self.threads: set[str] = set()

    def identity(self) -> str:
        return "echo"

    async def complete(self, request: LMRequest) -> LMResponse:
        self.flying += 1
        self.calls += 1
        self.most = max(self.most, self.flying)
        self.threads.add(threading.current_thread().name)
        await asyncio.sleep(self.seconds)
        self.flying -= 1
        asked = request.messages[-1]["content"].split("[[ ## question ## ]]\n")[-1].split()[0]
        return LMResponse([LMOutput(REPLY.format(asked))], Usage(10, 5), cost=0.25)


class Chained(Module):
    """A plain sync program over a predictor."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = Predict("question -> answer")

    def forward(self, question):
        return self.ask(question=question)


class Mixed(Module):
    """Has an async path that waits in sync code all the same."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = Predict("question -> answer")

    async def aforward(self, question):
        return self.ask(question=question)


class Native(Module):
    """A user's async program."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = Predict("question -> answer")

    async def aforward(self, question):
        await asyncio.sleep(0)
        return await self.ask.acall(question=question)


@pytest.mark.parametrize("program", [Predict("question -> answer"), Chained(), Mixed(), Native()])
def test_every_kind_of_program_runs_at_the_asked_concurrency(program):
    lm = EchoLM(0.02)
    with context(lm=lm):
        result = Evaluate(devset=devset(48), metric=same, num_threads=12)(program)
    assert result.score == 100.0
    assert [row.index for row in result.rows] == list(range(48))
    assert lm.most == 12
    assert lm.calls == 48
    assert lm.threads == {"io"}


def test_rows_say_what_the_program_cost():
    with context(lm=EchoLM()):
        result = Evaluate(devset=devset(3), metric=same)(Chained())
    assert result.usage == Usage(30, 15)
    assert result.cost == 0.75
    assert [(row.cost, row.cached) for row in result.rows] == [(0.25, False)] * 3


def test_a_judge_in_a_metric_moves_to_threads_and_its_cost_is_apart():
    lm = EchoLM(0.01)
    judge = Predict("question -> answer")
    threads: set[str] = set()

    def metric(example, prediction):
        verdict = judge(question=prediction.answer)
        threads.add(threading.current_thread().name)
        return verdict.answer == example.answer

    with context(lm=lm):
        result = Evaluate(devset=devset(24), metric=metric, num_threads=8)(Predict("question -> answer"))
    assert result.score == 100.0
    assert threads
    assert all(name.startswith("evaluate") for name in threads)
    assert lm.calls == 48
    assert lm.most > 1
    assert (result.cost, result.summary.metric_cost) == (6.0, 6.0)


def test_async_metrics_are_awaited():
    async def metric(example, prediction):
        await asyncio.sleep(0)
        return same(example, prediction)

    class Object:
        async def __call__(self, example, prediction):
            return same(example, prediction)

    program = Predict("question -> answer")
    with context(lm=EchoLM()):
        for one in (metric, Object(), lambda example, prediction: metric(example, prediction)):
            assert Evaluate(devset=devset(4), metric=one)(program).score == 100.0


def test_a_module_can_be_the_metric():
    class Graded(Module):
        def __init__(self):
            super().__init__()
            self.ask = Predict("question -> answer")

        def forward(self, example, pred, trace=None):
            return Prediction(
                score=float(self.ask(question=pred.answer).answer == example.answer), feedback="read"
            )

    class Async(Graded):
        async def aforward(self, example, pred):
            return (await self.ask.acall(question=pred.answer)).answer == example.answer

    with context(lm=EchoLM()):
        result = Evaluate(devset=devset(4), metric=Graded())(Predict("question -> answer"))
        assert Evaluate(devset=devset(4), metric=Async())(Predict("question -> answer")).score == 100.0
    assert result.score == 100.0
    assert result.rows[0].feedback == "read"
    assert result.metric_name == "Graded"


def test_a_slow_metric_leaves_the_loop_after_a_few_calls():
    seen: list[str] = []

    def metric(example, prediction):
        seen.append(threading.current_thread().name)
        time.sleep(0.05)
        return True

    with context(lm=EchoLM()):
        started = time.perf_counter()
        Evaluate(devset=devset(40), metric=metric, num_threads=20)(Predict("question -> answer"))
    assert seen.count("io") == SLOW_CALLS
    assert time.perf_counter() - started < 1.6  # 2 s one after another


def test_a_quick_metric_stays_on_the_loop():
    seen: set[str] = set()

    def metric(example, prediction):
        seen.add(threading.current_thread().name)
        return True

    Evaluate(devset=devset(20), metric=metric)(lambda question: Prediction(answer=question))
    assert seen == {"io"}


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (lambda example, pred: example.answer == pred.answer, 100.0),
        (lambda example, pred, trace: trace is None, 100.0),
        (lambda example, pred, trace=None: trace is None, 100.0),
        (lambda gold, pred, trace, pred_name, pred_trace: pred_name is pred_trace is trace is None, 100.0),
        (lambda *everything: len(everything) == 3, 100.0),
    ],
)
def test_metrics_of_every_form_are_accepted(metric, expected):
    assert (
        Evaluate(devset=devset(3), metric=metric)(lambda question: Prediction(answer=question)).score
        == expected
    )


def test_settings_and_variables_of_the_caller_reach_every_row():
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nobody")
    variable.set("caller")

    def program(question):
        found = variable.get()
        variable.set(f"row {question}")
        return Prediction(answer=found)

    class Async(Module):
        async def aforward(self, question):
            return program(question)

    for one in (program, Async()):
        result = Evaluate(devset=devset(9), metric=lambda e, p: p.answer == "caller", num_threads=2)(one)
        assert result.score == 100.0


def test_on_row_hears_of_rows_in_the_order_they_end_and_on_one_thread():
    heard: list[int] = []
    threads: set[int] = set()

    def on_row(row):
        heard.append(row.index)
        threads.add(threading.get_ident())
        time.sleep(0.001)

    async def program(question):
        await asyncio.sleep(0.02 * (8 - int(question)))
        return Prediction(answer=question)

    result = Evaluate(devset=devset(8), metric=same, num_threads=8, on_row=on_row)(program)
    assert heard == list(reversed(range(8)))
    assert [row.index for row in result.rows] == list(range(8))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_an_observer_that_raises_ends_the_run():
    ran: list[str] = []

    def on_row(row):
        raise OSError("disk full")

    async def program(question):
        ran.append(question)
        await asyncio.sleep(0.001)
        return Prediction(answer=question)

    with pytest.raises(OSError, match="disk full"):
        Evaluate(devset=devset(1000), metric=same, num_threads=1, on_row=on_row)(program)
    assert len(ran) < 100


def test_a_deadline_ends_rows_that_hang_and_no_others():
    async def program(question):
        if int(question) % 2:
            await asyncio.sleep(30)
        return Prediction(answer=question)

    started = time.perf_counter()
    result = Evaluate(devset=devset(10), metric=same, num_threads=10, timeout=0.2)(program)
    assert time.perf_counter() - started < 15  # the rows would hang for 30 s
    assert result.n_infrastructure_failures == 5
    assert result.n_scored == 5
    assert "0.2 s" in result.rows[1].error


def test_a_deadline_holds_for_sync_programs_and_metrics_that_hang():
    release = threading.Event()

    def program(question):
        if question == "1":
            release.wait(30)
        return Prediction(answer=question)

    def metric(example, prediction):
        if example.question == "2":
            release.wait(30)
        return same(example, prediction)

    started = time.perf_counter()
    result = Evaluate(devset=devset(4), metric=metric, num_threads=4, timeout=0.2)(program)
    took = time.perf_counter() - started
    release.set()
    assert took < 15  # what hangs would do so for 30 s
    assert [row.outcome for row in result.rows] == [
        "scored",
        "infrastructure_failure",
        "metric_failure",
        "scored",
    ]
    assert result.rows[2].outputs == {"answer": "2"}


def test_hanging_threads_do_not_use_up_the_places():
    release = threading.Event()

    def program(question):
        if int(question) < 20:
            release.wait(30)
        return Prediction(answer=question)

    result = Evaluate(devset=devset(40), metric=same, num_threads=2, timeout=0.02, max_errors=40)(program)
    release.set()
    assert result.n_scored == 20


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_runs_sync_programs(kind):
    import multiprocessing

    if kind == "threads":
        executor = ThreadPoolExecutor(3)
    else:
        executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("forkserver"))
    with executor:
        result = Evaluate(devset=devset(6), metric=same, num_threads=6, executor=executor)(_elsewhere)
    assert result.score == 100.0
    assert (result.rows[0].outputs["pid"] == os.getpid()) == (kind == "threads")


def _elsewhere(question):
    return Prediction(answer=question, pid=os.getpid())


def test_spans_are_kept_where_asked_for():
    with context(lm=EchoLM()):
        result = Evaluate(devset=devset(2), metric=same, traces=True)(Chained())
        without = Evaluate(devset=devset(2), metric=same)(Chained())
    kinds = {span.kind for span in result.rows[1].spans}
    assert {"module", "predict", "lm"} <= kinds
    assert without.rows[0].spans is None


def test_evaluating_from_async_code_and_from_the_io_loop():
    async def inside():
        with context(lm=EchoLM()):
            return await Evaluate(devset=devset(5), metric=same).acall(Predict("question -> answer"))

    assert asyncio.run(inside()).score == 100.0
    assert drive(_on_loop(inside)).score == 100.0


async def _on_loop(inside):
    return await on_io(inside)


def test_evaluations_may_be_nested():
    inner = Evaluate(devset=devset(3), metric=same, num_threads=2)

    def metric(example, prediction):
        return inner(lambda question: Prediction(answer=question)).mean

    result = Evaluate(devset=devset(6), metric=metric, num_threads=3)(
        lambda question: Prediction(answer=question)
    )
    assert result.score == 100.0


def test_ctrl_c_keeps_finished_rows(tmp_path):
    path = tmp_path / "partial.json"

    async def program(question):
        if int(question) >= 5:
            await asyncio.sleep(30)
        return Prediction(answer=question)

    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.perf_counter()
    with pytest.raises(EvaluationInterrupted) as caught:
        Evaluate(devset=devset(50), metric=same, num_threads=4, save_as_json=path)(program)
    assert time.perf_counter() - started < 15  # the rows would take 30 s
    result = caught.value.result
    assert isinstance(caught.value, KeyboardInterrupt)
    assert [row.index for row in result.rows] == [0, 1, 2, 3, 4]
    assert result.end_reason == "interrupted"
    assert path.exists()
    assert not asyncio.run_coroutine_threadsafe(_pending(), io_loop()).result(1)


async def _pending() -> list[str]:
    await asyncio.sleep(0.05)
    return [str(task) for task in asyncio.all_tasks() if "evaluate" in str(task.get_coro())]


def test_cancelling_an_async_evaluation_cancels_its_rows():
    async def program(question):
        await asyncio.sleep(30)

    async def main():
        task = asyncio.create_task(Evaluate(devset=devset(5), metric=same).acall(program))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not asyncio.run_coroutine_threadsafe(_pending(), io_loop()).result(1)


def test_max_errors_cancels_rows_in_flight():
    cancelled: list[str] = []

    async def program(question):
        if question == "0":
            await asyncio.sleep(0.05)
            raise LMServerError("down")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(question)
            raise

    with pytest.raises(EvaluationAborted):
        Evaluate(devset=devset(4), metric=same, num_threads=4, max_errors=0)(program)
    assert sorted(cancelled) == ["1", "2", "3"]


class FaultyLM(EchoLM):
    """Fails three times in ten with an error that passes."""

    def __init__(self, retries: int) -> None:
        super().__init__()
        self.num_retries = retries
        self.backoff = Backoff(base=0.0005, ceiling=0.001)
        self.generator = random.Random(3)

    async def complete(self, request: LMRequest) -> LMResponse:
        if self.generator.random() < 0.3:
            raise LMServerError("down for a moment")
        return await super().complete(request)


def test_transient_faults_are_never_wrong_answers():
    with context(lm=FaultyLM(retries=12), max_errors=0):
        result = Evaluate(devset=devset(1000), metric=same, num_threads=32)(Predict("question -> answer"))
    assert (result.score, result.n_scored, result.flagged) == (100.0, 1000, False)
    with context(lm=FaultyLM(retries=0), max_errors=1000):
        result = Evaluate(devset=devset(1000), metric=same, num_threads=32)(Predict("question -> answer"))
    assert result.score == 100.0
    assert 250 < result.n_infrastructure_failures < 350
    assert result.flagged


def rows_per_second(n: int) -> float:
    async def program(question):
        return Prediction(answer=question)

    examples = devset(n)
    started = time.process_time()
    Evaluate(devset=examples, metric=same, num_threads=256)(program)
    return n / (time.process_time() - started)


def test_the_coordinator_costs_each_row_the_same():
    rows_per_second(200)
    gc.collect()
    gc.freeze()  # what other tests left behind is not ours to walk through
    try:
        few = sorted(rows_per_second(1000) for _ in range(3))[1]
        many = max(rows_per_second(10_000) for _ in range(2))
    finally:
        gc.unfreeze()
    assert many > few / 2


def test_as_many_rows_are_in_flight_as_were_allowed_and_no_more():
    now = peak = 0

    async def program(question):
        nonlocal now, peak
        now += 1
        peak = max(peak, now)
        await asyncio.sleep(0.05)
        now -= 1
        return Prediction(answer=question)

    assert Evaluate(devset=devset(1000), metric=same, num_threads=256)(program).n_scored == 1000
    assert peak == 256


def test_what_the_constructor_was_given_can_be_read_and_changed():
    evaluate = Evaluate(devset=devset(4), metric=same, num_threads=2, failure_score=0.5)
    assert (evaluate.num_threads, evaluate.failure_score, evaluate.max_errors) == (2, 0.5, None)
    evaluate.devset = devset(2)
    assert evaluate(lambda question: Prediction(answer=question)).n_examples == 2
    with pytest.raises(AttributeError, match="num_threads"):
        _ = evaluate.threads
