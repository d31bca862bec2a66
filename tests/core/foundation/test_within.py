"""`within`: a coroutine in a context of its own, stepped by the task that awaits it."""

from __future__ import annotations

import asyncio
import contextvars

import pytest

from core.foundation.within import within

mark: contextvars.ContextVar[str] = contextvars.ContextVar("mark", default="outside")


def fresh() -> contextvars.Context:
    return contextvars.copy_context()


def test_what_is_set_inside_stays_inside_across_waits() -> None:
    async def work(name: str) -> list[str]:
        seen = [mark.get()]
        mark.set(name)
        await asyncio.sleep(0)
        seen.append(mark.get())
        seen.append(await asyncio.create_task(read()))  # tasks made inside inherit the inner context
        return seen

    async def read() -> str:
        return mark.get()

    async def main() -> None:
        mark.set("main")
        first, second = await asyncio.gather(
            *(asyncio.create_task(both(work(name))) for name in ("first", "second"))
        )
        assert first == ["main", "first", "first"]
        assert second == ["main", "second", "second"]
        assert mark.get() == "main"

    async def both(coroutine):
        found = await within(fresh(), coroutine)
        assert mark.get() == "main"
        return found

    asyncio.run(main())


def test_what_never_waits_costs_no_turn_of_the_loop() -> None:
    async def work() -> int:
        return 7

    async def main() -> None:
        turns: list[int] = []
        asyncio.get_running_loop().call_soon(turns.append, 1)
        assert await within(fresh(), work()) == 7
        assert turns == []

    asyncio.run(main())


def test_errors_pass_through() -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError("inside")

    async def main() -> None:
        with pytest.raises(LookupError, match="inside"):
            await within(fresh(), work())

    asyncio.run(main())


def test_a_cancellation_reaches_it_where_it_waits_and_in_its_context() -> None:
    seen: list[str] = []

    async def work() -> None:
        mark.set("inner")
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # cleaning up may wait too
            seen.append(mark.get())

    async def main() -> None:
        task = asyncio.create_task(wrapped())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def wrapped() -> None:
        await within(fresh(), work())

    asyncio.run(main())
    assert seen == ["inner"]


def test_a_deadline_inside_is_its_own() -> None:
    async def work() -> str:
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return "late"
        return "never"

    async def main() -> None:
        assert await within(fresh(), work()) == "late"
        await asyncio.sleep(0)  # the awaiting task is not left cancelled
        assert asyncio.current_task().cancelling() == 0

    asyncio.run(main())
