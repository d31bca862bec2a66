"""Threads that grow with demand."""

import asyncio
import threading
import time

import pytest

from core.foundation import threads
from core.foundation.drive import drive_user
from core.foundation.threads import DaemonThreads, run_in_thread


def test_threads_that_wait_for_one_another_never_run_out() -> None:
    """Sync code in async code in sync code: every level holds a thread until the one below is done."""

    def nested(depth: int) -> int:
        if depth == 0:
            return 1

        async def below() -> int:
            return await run_in_thread(nested, depth - 1)

        time.sleep(0.005)
        return drive_user(below)

    async def many() -> list[int]:
        return await asyncio.gather(*(run_in_thread(nested, 2) for _ in range(40)))

    assert asyncio.run(asyncio.wait_for(many(), 30)) == [1] * 40


def test_calls_made_one_after_another_share_a_thread() -> None:
    pool = DaemonThreads()
    seen = {pool.submit(threading.current_thread).result() for _ in range(5)}
    assert len(seen) == 1
    pool.shutdown()


def test_an_idle_thread_ends_and_another_takes_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "IDLE_SECONDS", 0.02)
    pool = DaemonThreads()
    first = pool.submit(threading.current_thread).result()
    first.join(5)
    assert not first.is_alive()
    assert pool.submit(threading.current_thread).result(5) is not first


def test_work_given_after_the_end_is_refused_not_lost() -> None:
    pool = DaemonThreads()
    pool.submit(int).result()
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(int)


def test_a_call_on_threads_that_were_shut_down_is_cancelled_not_failed() -> None:
    pool = DaemonThreads()
    pool.shutdown()

    async def late() -> int:
        return await run_in_thread(int, executor=pool)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(late())
