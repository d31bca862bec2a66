"""Reads the disk's part of the cache: one look-up per value, or one for many that were stored after one another.

Knows nothing about writing (`disk_store`, through diskcache, whose table this is). A connection of its own, which
cannot write, spares a process that only reads all of diskcache, and half of the time of a look-up. Rows that are
anything else than inline bytes under a text key are refused here too: nothing is unpickled, no file name followed.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

__all__ = ["LOCK_TIMEOUT", "MODE_RAW", "DiskReader"]

LOCK_TIMEOUT = 60
"""Seconds to wait for another process's write."""

MODE_RAW = 1
"""How diskcache marks inline bytes."""

MOST_AHEAD = 256
"""Rows read ahead at most; an evaluation that is run again asks for answers in about the order they were stored in."""

_MAPPED = 2**26

_ONE = (
    "SELECT rowid, mode, filename, value FROM Cache"
    " WHERE key = ? AND raw = 1 AND (expire_time IS NULL OR expire_time > ?)"
)
_AHEAD = (
    "SELECT key, value FROM Cache WHERE rowid > ? AND rowid <= ? AND raw = 1 AND mode = 1 AND filename IS NULL"
    " AND expire_time IS NULL AND typeof(key) = 'text' AND typeof(value) = 'blob'"
    " AND length(value) <= 16384"  # memory is for more than one guess
)


class DiskReader:
    """Looks up rows of one database file; safe in threads and after a fork.

    Args:
        file: The database; it exists.
    """

    def __init__(self, file: Path) -> None:
        self._file = file.absolute()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._connection: Any = None
        self._last = self._window = 0

    def get(self, key: str, *, ahead: bool = False) -> tuple[bytes | None, list[tuple[str, bytes]]]:
        """Return the value of `key`, None for an absent or refused row, and with `ahead` what may be asked for next.

        Raises:
            sqlite3.Error: The database cannot be read.
        """
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            execute = (self._connection or self._open()).execute
            row = execute(_ONE, (key, time.time())).fetchone()
            if row is None:
                return None, []
            rowid, mode, filename, value = row
            if mode != MODE_RAW or filename is not None or type(value) is not bytes:
                return None, []
            # After two look-ups near each other, the rows behind, more of them each time.
            near = abs(rowid - self._last) <= MOST_AHEAD
            self._window = min(MOST_AHEAD, max(16, self._window * 4)) if ahead and near else 0
            self._last = rowid + self._window
            return value, execute(_AHEAD, (rowid, self._last)).fetchall() if self._window else []

    def _open(self) -> Any:
        import sqlite3

        # Not made where it has vanished; and not `mode=ro`, which could not share its log with who writes.
        connection = sqlite3.connect(
            f"{self._file.as_uri()}?mode=rw",
            uri=True,
            timeout=LOCK_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA query_only = 1")
        connection.execute(f"PRAGMA mmap_size = {_MAPPED}")
        self._connection = connection
        return connection

    def close(self) -> None:
        """Close the connection; the next look-up opens another."""
        if self._pid != os.getpid():
            self._begin()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
