"""Driving coroutines from both colours."""

import asyncio
import contextvars
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from core.foundation.drive import drive, drive_user, io_loop, on_io, on_io_thread
from core.foundation.errors import WouldBlock
from core.foundation.threads import run_in_thread


async def answer() -> int:
    await asyncio.sleep(0.005)
    return 42


async def ours() -> int:
    return await on_io(answer)


def test_sync_code_gets_the_result_in_its_own_thread() -> None:
    seen = []

    async def watched() -> int:
        seen.append(threading.current_thread())
        value = await on_io(answer)
        seen.append(threading.current_thread())
        return value

    assert drive(watched()) == 42
    assert seen == [threading.current_thread()] * 2


def test_async_code_awaits_on_its_own_loop() -> None:
    async def several() -> list[int]:
        return await asyncio.gather(*(ours() for _ in range(20)))

    assert asyncio.run(several()) == [42] * 20


def test_tasks_on_the_io_loop_run_without_a_hop() -> None:
    async def inside() -> bool:
        async def where() -> bool:
            return on_io_thread()

        return await on_io(where)

    assert asyncio.run_coroutine_threadsafe(inside(), io_loop()).result(5)


def test_sync_code_under_a_running_loop_blocks_and_returns() -> None:
    async def notebook_cell() -> int:
        return drive(ours())

    assert asyncio.run(notebook_cell()) == 42


def test_sync_code_on_the_io_loop_refuses_before_anything_is_submitted() -> None:
    started = []

    async def upstream() -> None:
        started.append(1)

    async def metric_on_the_loop() -> None:
        async def wait() -> None:
            await on_io(upstream)

        drive(wait())

    with pytest.raises(WouldBlock):
        asyncio.run_coroutine_threadsafe(metric_on_the_loop(), io_loop()).result(5)
    assert started == []


def test_nested_programs_on_few_threads_cannot_deadlock() -> None:
    def nested(depth: int) -> int:
        async def step() -> int:
            return await on_io(answer)

        return drive(step()) if depth == 0 else nested(depth - 1)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(nested, [3] * 40, timeout=20)) == [42] * 40


def test_errors_travel_with_their_type() -> None:
    async def broken() -> None:
        raise KeyError("x")

    async def wait() -> None:
        await on_io(broken)

    with pytest.raises(KeyError):
        drive(wait())
    with pytest.raises(KeyError):
        asyncio.run(wait())


def test_context_travels_to_the_loop_and_to_threads() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="none")

    async def read() -> str:
        return variable.get()

    async def both() -> tuple[str, str]:
        return await on_io(read), await run_in_thread(variable.get)

    variable.set("mine")
    assert drive(both()) == ("mine", "mine")


def test_a_cancelled_caller_cancels_the_work_on_the_loop() -> None:
    ended = threading.Event()

    async def long() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.set()

    async def caller() -> None:
        await asyncio.wait_for(asyncio.ensure_future(_await(long)), 0.05)

    with pytest.raises(TimeoutError):
        asyncio.run(caller())
    assert ended.wait(5)


async def _await(start: object) -> None:
    await on_io(start)  # type: ignore[arg-type]


def test_a_users_coroutine_may_await_anything() -> None:
    async def user() -> int:
        await asyncio.sleep(0.001)
        return await ours()

    assert drive_user(user) == 42

    async def cell() -> int:
        return drive_user(user)

    assert asyncio.run(cell()) == 42


def test_our_own_driver_names_what_it_cannot_step() -> None:
    async def foreign() -> None:
        await asyncio.sleep(0)

    with pytest.raises(RuntimeError, match="event loop"):
        drive(foreign())


def test_stepping_costs_microseconds_when_nothing_waits() -> None:
    async def ready() -> int:
        return 1

    start = time.process_time()
    for _ in range(1000):
        drive(ready())
    assert time.process_time() - start < 0.2


def test_a_loop_started_inside_a_driven_step_is_awaited_on_as_usual() -> None:
    async def holds_sync_user_code() -> int:
        return asyncio.run(ours()) + await ours()

    assert drive(holds_sync_user_code()) == 84


def test_an_interrupt_lets_the_coroutine_clean_up_before_it_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []

    async def watched() -> None:
        try:
            await on_io(answer)
        finally:
            order.append("cleaned")

    def interrupted(_future: Future[object], timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    coroutine = watched()  # held, as a traceback that somebody looks at holds it
    monkeypatch.setattr(Future, "exception", interrupted)
    with pytest.raises(KeyboardInterrupt):
        drive(coroutine)
    order.append("raised")
    assert order == ["cleaned", "raised"]


def test_a_task_that_exits_ends_neither_the_loop_nor_other_calls() -> None:
    async def exits() -> None:
        async def task() -> None:
            raise SystemExit(3)

        await asyncio.create_task(task())

    with pytest.raises(SystemExit):
        drive(_await(exits))
    assert drive(ours()) == 42


def test_a_forked_child_starts_loop_and_threads_of_its_own() -> None:
    async def both() -> int:
        return await on_io(answer) + await run_in_thread(lambda: 1)

    assert drive(both()) == 43
    code = (
        "import os, asyncio\n"
        "from core.foundation.drive import drive, on_io\n"
        "from core.foundation.threads import run_in_thread\n"
        "async def both():\n"
        "    await on_io(lambda: asyncio.sleep(0))\n"
        "    return await run_in_thread(lambda: 1)\n"
        "drive(both())\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(10 + drive(both()))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert told.stdout.strip() == "11"
