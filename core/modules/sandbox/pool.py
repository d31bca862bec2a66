"""The worker processes in which written code runs: one pool for the process, a worker per session.

Knows nothing about what is run. pydantic-monty is a Python interpreter of its own, in Rust: it has no way to files,
network or the host's objects, and a worker that dies takes nobody along.
"""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import suppress
from typing import Any

from core.foundation.errors import CodeInterpreterError, MissingExtraError
from core.modules.sandbox.limits import Limits

__all__ = ["Worker"]

MOST_WORKERS = 32
"""At once; who comes later waits for one."""
WAIT_SECONDS = 120.0
GRACE_SECONDS = 1.0
"""After the time limit the sandbox ends the code itself; after so much more the worker is killed."""


class _Pool:
    """The pool, opened when first needed."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.opened: Any = None
        self.lost = False

    def lose(self) -> None:
        """After a fork: the child has the pool's memory and none of its threads, and would wait for ever."""
        self.lost = self.lost or self.opened is not None
        self.lock, self.opened = threading.Lock(), None

    def get(self) -> Any:
        if self.lost:
            raise CodeInterpreterError(
                "The sandbox was in use when this process was forked, so it cannot run here.",
                hint="Start processes by 'spawn', or fork before the first code runs.",
            )
        with self.lock:
            if self.opened is None:
                self.opened = _opened()
            return self.opened

    def close(self) -> None:
        with self.lock:
            pool, self.opened = self.opened, None
        if pool is not None:
            with suppress(Exception):
                pool.__exit__(None, None, None)


def _opened() -> Any:
    try:
        from pydantic_monty import Monty
    except ImportError as error:
        raise MissingExtraError("pydantic-monty", "sandbox") from error
    try:
        pool = Monty(
            min_processes=1,
            max_processes=MOST_WORKERS,
            checkout_timeout=WAIT_SECONDS,
            feed_duration_limit_grace=GRACE_SECONDS,
        )
        return pool.__enter__()
    except (OSError, RuntimeError) as error:
        raise CodeInterpreterError(
            f"The sandbox could not be started: {error}.", hint="Install the extra 'sandbox' again."
        ) from error


_pool = _Pool()
atexit.register(_pool.close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.lose)


class Worker:
    """One session: variables and functions last until it is closed. All methods may block."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._session: Any = None
        self._busy = threading.Lock()
        self._process = os.getpid()
        self.closed = False

    @property
    def inherited(self) -> bool:
        """True in the child of a fork: the session is the parent's, and must not be touched."""
        return self._process != os.getpid()

    def open(self) -> None:
        """Take a worker from the pool.

        Raises:
            CodeInterpreterError: None became free, or none could be started.
        """
        with self._busy:
            if self._session is not None or self.closed:
                return
            session = _pool.get().checkout(
                limits=self._limits.for_session(), script_name="code.py", os_policy={"sleep": "zero"}
            )
            try:
                self._session = session.__enter__()
            except (OSError, RuntimeError, TimeoutError) as error:
                raise CodeInterpreterError(
                    f"No sandbox worker is available: {error}.",
                    hint=f"At most {MOST_WORKERS} run at once; shut down interpreters that are not needed.",
                ) from error

    def begin(self, code: str, inputs: dict[str, Any], names: dict[str, Any], show: Any) -> Any:
        """Run until the code ends or calls something; return where it stands."""
        with self._busy:
            return self._session.feed_start(code, inputs=inputs, external_lookup=names, print_callback=show)

    def go_on(self, stop: Any, result: dict[str, Any] | None) -> Any:
        """Answer a call with {"return_value": …} or {"exception": …}; None has the sandbox answer itself."""
        with self._busy:
            return stop.resume_auto() if result is None else stop.resume(result)

    def close(self) -> None:
        """Give the worker back, at once or (from a thread) when the code that runs has come to its limit."""
        self.closed = True
        if self.inherited:
            return
        if self._busy.acquire(blocking=False):
            self._finish()
        else:
            threading.Thread(target=self._close_later, name="sandbox-close", daemon=True).start()

    def _close_later(self) -> None:
        self._busy.acquire()
        self._finish()

    def _finish(self) -> None:
        session, self._session = self._session, None
        try:
            if session is not None:
                with suppress(Exception):  # a killed worker has nothing to give back
                    session.__exit__(None, None, None)
        finally:
            self._busy.release()
