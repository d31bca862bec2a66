"""The disk's part of the cache: SQLite through diskcache, holding bytes under text keys and nothing else.

Knows nothing about what the bytes mean. diskcache would unpickle a tampered row and follow a tampered file
name (CVE-2025-69872, no fixed release; its JSONDisk does not prevent it), so every row that is not inline
bytes is refused, and a refused row is a miss. Nothing is ever written, read or removed outside the one
database file.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from core.lm.disk_reader import LOCK_TIMEOUT, MODE_RAW, DiskReader

__all__ = ["DiskStore", "RefusedRow"]


class RefusedRow(Exception):  # not an error of the user's: the row counts as absent
    """A row holds something other than inline bytes under a text key."""


@cache
def _plain_disk() -> type[Any]:
    import diskcache

    class PlainDisk(diskcache.Disk):
        """Inline bytes under text keys."""

        def store(self, value: Any, read: bool, key: Any = diskcache.UNKNOWN) -> Any:
            if type(value) is not bytes or read:
                raise TypeError("Cache values are bytes.")
            return 0, MODE_RAW, None, value

        def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> bytes:
            if mode != MODE_RAW or filename is not None or read or type(value) is not bytes:
                raise RefusedRow
            return value

        def put(self, key: Any) -> Any:
            if type(key) is not str:
                raise TypeError("Cache keys are texts.")
            return key, True

        def get(self, key: Any, raw: bool) -> str:
            if not raw or type(key) is not str:
                raise RefusedRow
            return key

        def filename(self, key: Any = None, value: Any = None) -> Any:
            raise RefusedRow

        def remove(self, file_path: str) -> None:
            """Leave alone whatever file a tampered row names."""

    return PlainDisk


class DiskStore:
    """A folder of one SQLite database.

    Args:
        directory: Made with mode 0700.
        max_bytes: Beyond it, what was stored first is dropped.
    """

    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory, self._max_bytes = directory, max_bytes
        self._opening = threading.Lock()
        self._opened: Any = None
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = directory / "cache.db"
        if file.exists():
            with suppress(OSError):  # another owner's folder: usable as it is, rows are not trusted anyway
                directory.chmod(0o700)
        else:
            self._open()
        self._reader = DiskReader(file)

    @property
    def _cache(self) -> Any:
        """What writes, opened by the first that does: a process that finds all answers never does."""
        return self._opened or self._open()

    def _open(self) -> Any:
        import diskcache

        with self._opening:
            if self._opened is None:
                self._opened = diskcache.Cache(
                    str(self._directory),
                    timeout=LOCK_TIMEOUT,
                    disk=_plain_disk(),
                    disk_min_file_size=2**30,
                    eviction_policy="least-recently-stored",
                    size_limit=self._max_bytes,
                    statistics=0,
                    tag_index=0,
                )
            return self._opened

    def get(self, key: str) -> bytes | None:
        """Return the value, or None for an absent or refused row."""
        return self.get_ahead(key, ahead=False)[0]

    def get_ahead(self, key: str, ahead: bool = True) -> tuple[bytes | None, list[tuple[str, bytes]]]:
        """Return the value, and rows that may be asked for next."""
        try:
            return self._reader.get(key, ahead=ahead)
        except Exception:
            if self._opened is not None:
                raise
            self._open()  # another process has only begun to make it; or it is damaged, and this says so
            return self._reader.get(key, ahead=ahead)

    def set_many(self, items: Iterable[tuple[str, bytes, bool]]) -> None:
        """Store (key, value, replace) rows in one transaction; it is on disk when this returns."""
        rows = list(items)
        if len(rows) == 1:
            self._set(*rows[0])
            return
        with self._cache.transact(retry=True):
            for row in rows:
                self._set(*row)

    def _set(self, key: str, value: bytes, replace: bool) -> None:
        if replace:
            self._cache.set(key, value, retry=True)
        else:
            self._cache.add(key, value, retry=True)

    def delete(self, key: str) -> None:
        """Drop the row."""
        self._cache.delete(key, retry=True)

    def clear(self) -> None:
        """Drop all rows."""
        self._cache.clear(retry=True)

    def __len__(self) -> int:
        return len(self._cache)

    def volume(self) -> int:
        """Bytes on disk."""
        return int(self._cache.volume())

    def close(self) -> None:
        """Close the connections, of those that write this thread's."""
        self._reader.close()
        if self._opened is not None:
            self._opened.close()
