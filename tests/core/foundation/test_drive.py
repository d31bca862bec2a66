"""Driving coroutines from both colours."""

import asyncio
import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.foundation.drive import awaited, drive, drive_user, io_loop, is_driven, on_io, on_io_thread
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


def test_what_a_user_awaits_is_waited_for_in_both_colours():
    async def users():
        await asyncio.sleep(0)
        return 42

    async def ours():
        return is_driven(), await awaited(users())

    assert drive(ours()) == (True, 42)
    assert asyncio.run(ours()) == (False, 42)

    async def notebook():
        return drive(ours())

    assert asyncio.run(notebook()) == (True, 42)
