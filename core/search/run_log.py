"""The run log: an append-only list of events that outlives the process, and its two implementations here.

Knows nothing about searches or what the events mean. A third implementation is the workbench store's events table;
all of them pass `tests/contracts/test_run_log_contract.py`.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from core.foundation.errors import RunLogError
from core.foundation.fingerprint import jsonable

__all__ = [
    "Event",
    "JsonLinesRunLog",
    "MemoryRunLog",
    "NoRunLog",
    "RunLog",
    "as_run_log",
    "closing",
    "log_in",
]

Event = dict[str, Any]
"""One JSON-able record: {"seq": int, "type": str, …}."""


_BEGINNING = b'{"seq":'
"""How every run log begins: a line that was torn by a crash is told from one in a user's own file by it."""


@runtime_checkable
class RunLog(Protocol):
    """Where a search writes what it did, so that it can go on after a crash.

    `append` is called from several threads, one event at a time, and has made the event durable (it survives the
    death of this process) when it returns. It may raise: then the search ends with that error and can be resumed.
    `read` gives every appended event, in order, equal to what was appended after a round trip through JSON.
    """

    def append(self, event: Event) -> None:
        """Add one event at the end."""
        ...

    def read(self) -> list[Event]:
        """Return all events in order."""
        ...


class MemoryRunLog:
    """A run log in memory, for tests and for searches that nobody will resume after the process ends."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def append(self, event: Event) -> None:
        """Add one event at the end."""
        self._lines.append(encode(event))

    def read(self) -> list[Event]:
        """Return all events in order."""
        return [json.loads(line) for line in self._lines]


class JsonLinesRunLog:
    """A run log in a file, one JSON object a line.

    An event is one `write` to the file, so it survives `kill -9`; a line torn by a crash is dropped when the file is
    opened again. A file of anything else is refused and left as it is. While it is open no second process can append
    to it.

    Args:
        path: The file; its folder must exist. Made on the first append.
        fsync: Also wait for the disk at each event: survives power loss, costs milliseconds an event.
    """

    def __init__(self, path: str | os.PathLike[str], *, fsync: bool = False) -> None:
        self.path = Path(path)
        self.fsync = fsync
        self._lock = threading.Lock()
        self._handle: int | None = None

    def append(self, event: Event) -> None:
        """Add one event at the end.

        Raises:
            RunLogError: The file cannot be written, is no run log, or another process has it open.
        """
        line = (encode(event) + "\n").encode("utf-8", "surrogatepass")
        with self._lock:
            try:
                handle = self._handle if self._handle is not None else self._open()
                if os.write(handle, line) != len(line):
                    raise OSError("the disk took only a part of the event")
                if self.fsync:
                    os.fsync(handle)
            except OSError as error:
                raise _unusable(self.path, error) from error

    def read(self) -> list[Event]:
        """Return all events in order; a torn last line is left out.

        Raises:
            RunLogError: A line in the middle is not an event, or the file is no run log.
        """
        return list(self._events())

    def close(self) -> None:
        """Let go of the file; the next append opens it again."""
        with self._lock:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def __enter__(self) -> JsonLinesRunLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            self.close()

    def _events(self) -> Iterator[Event]:
        if not self.path.exists():
            return
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise _unusable(self.path, error) from error
        with file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    if number == 1:
                        self._refuse_foreign(line)
                    return
                yield self._event(line, number)

    def _event(self, line: bytes, number: int) -> Event:
        try:
            event = json.loads(line.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise RunLogError(
                f"{self.path}, line {number}: this is not an event ({error}).",
                hint="The file was changed by something else; start a new run log.",
            ) from error
        if not isinstance(event, dict):
            raise RunLogError(
                f"{self.path}, line {number}: this is not an event.",
                hint="It is not a run log, or was changed by something else; choose another path.",
            )
        return event

    def _open(self) -> int:
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._claim(handle)
            self._drop_torn_line(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        return handle

    def _claim(self, handle: int) -> None:
        with suppress(ImportError):  # no such locks on Windows
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise RunLogError(
                    f"{self.path} is in use by another run.",
                    hint="Wait for it, stop it, or choose another path.",
                ) from error

    def _drop_torn_line(self, handle: int) -> None:
        size = os.fstat(handle).st_size
        if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
            return
        self._refuse_foreign(os.pread(handle, len(_BEGINNING), 0))
        step, end = 65_536, size
        while end > 0:
            start = max(0, end - step)
            at = os.pread(handle, end - start, start).rfind(b"\n")
            if at >= 0:
                os.ftruncate(handle, start + at + 1)
                return
            end = start
        os.ftruncate(handle, 0)

    def _refuse_foreign(self, line: bytes) -> None:
        """Raise where a file with a torn line does not begin like a run log: that line may be somebody's own."""
        head = line[: len(_BEGINNING)]
        if head != _BEGINNING[: len(head)]:
            raise RunLogError(
                f"{self.path}: this is no run log, and was left as it is.",
                hint="Choose another path, or remove the file yourself.",
            )


class NoRunLog:
    """Keeps nothing: for a search that nobody will resume."""

    def append(self, event: Event) -> None:
        """Forget the event."""

    def read(self) -> list[Event]:
        """Return nothing."""
        return []


def as_run_log(value: RunLog | str | os.PathLike[str] | None) -> RunLog:
    """Return `value` as a run log: a path means JSON lines, None one that keeps nothing.

    Raises:
        RunLogError: It is none.
    """
    if value is None:
        return NoRunLog()
    if isinstance(value, (str, os.PathLike)):
        return JsonLinesRunLog(value)
    if isinstance(value, type) or not isinstance(value, RunLog):
        raise RunLogError(
            f"run_log={value!r} is no run log.", hint="Give the path of a file, a run log, or None for none."
        )
    return value


@contextmanager
def closing(log: RunLog | None) -> Generator[None]:
    """Let go of a file at the end of the block, however it ends, so that the next call, or process, may open it."""
    try:
        yield
    finally:
        if isinstance(log, JsonLinesRunLog):
            log.close()


def log_in(folder: str | os.PathLike[str], name: str) -> Path:
    """Return the path of a run log in a folder, which is made where it is not there.

    Raises:
        RunLogError: It cannot be made.
    """
    path = Path(folder) / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error) from error
    return path


def _unusable(path: Path, error: OSError) -> RunLogError:
    hints: dict[type[OSError], str] = {
        FileNotFoundError: f"Make the folder {path.parent} first, or choose another path.",
        IsADirectoryError: "That is a folder: give the path of a file in it.",
        PermissionError: "Choose a path that may be written.",
    }
    hint = hints.get(type(error), "Free the disk or choose another path.")
    return RunLogError(f"{path}: {error.strerror or error}.", hint=hint)


def encode(event: Event) -> str:
    """Return the event as one line of JSON."""
    return json.dumps(jsonable(event), ensure_ascii=False, separators=(",", ":"))
