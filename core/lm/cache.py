"""The cache of answers: bytes by key, memory in front of disk.

Knows nothing about requests or models. Nothing touches the disk before the first use; where the disk fails,
memory goes on alone after one warning: a cache that fails is a cache that misses.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.foundation.errors import ConfigurationError
from core.lm.disk_store import DiskStore
from core.lm.write_behind import Writer

__all__ = ["Cache", "MemoryStore", "active_cache", "cache_mode", "configure_cache", "default_directory"]

log = logging.getLogger(__name__)

_MODES = {
    True: "on",
    False: "off",
    "on": "on",
    "off": "off",
    "read": "read",
    "write": "write",
    "refresh": "refresh",
}

PER_ENTRY = 320
"""Bytes that an entry costs beside its value: key, object headers, table."""


def cache_mode(value: Any) -> str:
    """Return what one call does with the cache.

    "on" looks and stores; "read" only looks; "write" stores without looking and keeps what is there;
    "refresh" stores without looking and replaces; "off" neither.

    Raises:
        ConfigurationError: There is no such mode.
    """
    try:
        return _MODES[value]
    except (KeyError, TypeError):
        raise ConfigurationError(
            f"cache={value!r} means nothing.", hint='Use True, False, "read", "write", "refresh" or "off".'
        ) from None


_FOLDERS = ("WORKBENCH_CACHE_DIR", "DSPY_CACHEDIR", "DSP_NOTEBOOK_CACHEDIR")


def default_directory() -> Path:
    """Return `WORKBENCH_CACHE_DIR`, what DSPy's own variables name, or a folder in the user's own cache."""
    named = next((os.environ[name] for name in _FOLDERS if os.environ.get(name)), "")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "workbench"


def _first() -> Cache:
    """Return the cache that a process begins with; `DSP_CACHEBOOL=false` switches it off, as in 2024."""
    off = os.environ.get("DSP_CACHEBOOL", "").strip().lower() in {"false", "0", "no", "off"}
    return Cache(disk=not off, memory=not off)


class MemoryStore:
    """The values used last, within two bounds."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.size = 0
        self._lock = threading.Lock()
        self._values: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """Return the value, which becomes the youngest."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def set(self, key: str, value: bytes) -> None:
        """Keep the value; the oldest give way."""
        with self._lock:
            before = self._values.pop(key, None)
            if before is not None:
                self.size -= len(before) + PER_ENTRY
            self._values[key] = value
            self.size += len(value) + PER_ENTRY
            while len(self._values) > self.max_entries or self.size > self.max_bytes:
                _, dropped = self._values.popitem(last=False)
                self.size -= len(dropped) + PER_ENTRY

    def add(self, values: Iterable[tuple[str, bytes]]) -> None:
        """Keep those values whose keys are not there."""
        for key, value in values:
            if key not in self._values:
                self.set(key, value)

    def delete(self, key: str) -> None:
        """Forget the value."""
        with self._lock:
            dropped = self._values.pop(key, None)
            if dropped is not None:
                self.size -= len(dropped) + PER_ENTRY

    def items(self) -> dict[str, bytes]:
        """Return a copy of all, the oldest first."""
        with self._lock:
            return dict(self._values)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._values.clear()
            self.size = 0

    def __len__(self) -> int:
        return len(self._values)


class Cache:
    """Values by key; safe in threads and, through the disk, between processes.

    Args:
        directory: Where the disk's part lives; made with mode 0700 on first use. None: `default_directory()`.
        disk: Keep values on disk.
        memory: Keep values in memory.
        max_disk_bytes: The oldest stored values give way beyond it.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str] | None = None,
        *,
        disk: bool = True,
        memory: bool = True,
        memory_max_entries: int = 1_000_000,
        memory_max_bytes: int = 32 * 2**20,
        max_disk_bytes: int = 30_000_000_000,
    ) -> None:
        self.directory = None if directory is None else Path(directory).expanduser()
        self._disk_wanted = disk
        self._max_disk_bytes = max_disk_bytes
        self._memory = MemoryStore(memory_max_entries, memory_max_bytes) if memory else None
        self._disk: DiskStore | None = None
        self._opening = threading.Lock()
        self._writer = Writer(self._write_many)

    def get(self, key: str) -> bytes | None:
        """Return the value stored under `key`, or None."""
        memory = self._memory
        if memory is not None:
            value = memory.get(key)
            if value is not None:
                return value
        disk = self._open()
        if disk is None:
            return None
        try:
            if memory is None:
                return disk.get(key)
            value, further = disk.get_ahead(key)
        except Exception as error:  # whatever a damaged or vanished database raises
            self._degrade(error)
            return None
        if value is not None:
            memory.set(key, value)
            memory.add(further)
        return value

    def peek(self, key: str) -> bytes | None:
        """Return the value if this process stored it lately; asks the disk only where there is no memory."""
        return self.get(key) if self._memory is None else self._memory.get(key)

    def set(self, key: str, value: bytes, *, replace: bool = True) -> None:
        """Store the value; when this returns, it is on disk."""
        self._write_many([(key, value, replace)])

    def set_many(self, values: Mapping[str, bytes]) -> None:
        """Store several values in one transaction."""
        self._write_many([(key, value, True) for key, value in values.items()])

    async def set_from_loop(self, key: str, value: bytes, *, replace: bool = True) -> None:
        """Same, from an event loop, which goes on with other work meanwhile."""
        if self._open() is None:
            self._remember(key, value, replace)
            return
        await self._writer.write((key, value, replace), asyncio.get_running_loop())

    def delete(self, key: str) -> None:
        """Forget the value."""
        if self._memory is not None:
            self._memory.delete(key)
        disk = self._open()
        if disk is not None:
            with suppress(Exception):
                disk.delete(key)

    def clear(self) -> None:
        """Forget everything, on disk too."""
        if self._memory is not None:
            self._memory.clear()
        disk = self._open()
        if disk is not None:
            disk.clear()

    def clear_memory(self) -> None:
        """Forget what is in memory; the disk's part stays."""
        if self._memory is not None:
            self._memory.clear()

    def forget(self, key: str) -> None:
        """Forget one value in memory; the disk's part stays."""
        if self._memory is not None:
            self._memory.delete(key)

    def in_memory(self) -> dict[str, bytes]:
        """Return what is in memory, the oldest first."""
        return {} if self._memory is None else self._memory.items()

    def remember_all(self, values: Mapping[str, bytes]) -> None:
        """Keep several values in memory alone."""
        for key, value in values.items():
            self._remember(key, value, True)

    def stats(self) -> dict[str, Any]:
        """Return sizes for people: directory, entries and bytes in memory and on disk."""
        disk = self._open()
        return {
            "directory": str(self.directory or default_directory()) if self._disk_wanted else None,
            "memory_entries": 0 if self._memory is None else len(self._memory),
            "memory_bytes": 0 if self._memory is None else self._memory.size,
            "disk_entries": 0 if disk is None else len(disk),
            "disk_bytes": 0 if disk is None else disk.volume(),
        }

    def close(self) -> None:
        """Close the disk's part; the next use opens it again."""
        with self._opening:
            disk, self._disk = self._disk, None
        if disk is not None:
            disk.close()

    def _open(self) -> DiskStore | None:
        if self._disk is not None or not self._disk_wanted:
            return self._disk
        with self._opening:
            if self._disk is None and self._disk_wanted:
                try:
                    self._disk = DiskStore(self.directory or default_directory(), self._max_disk_bytes)
                except Exception as error:
                    self._degrade(error)
        return self._disk

    def _write_many(self, items: list[tuple[str, bytes, bool]]) -> None:
        disk = self._open()
        if disk is not None:
            try:
                disk.set_many(items)
            except Exception as error:
                self._degrade(error)
        for key, value, replace in items:
            self._remember(key, value, replace)

    def _remember(self, key: str, value: bytes, replace: bool) -> None:
        if self._memory is not None and (replace or self._memory.get(key) is None):
            self._memory.set(key, value)

    def _degrade(self, error: BaseException) -> None:
        """Go on in memory alone; said once."""
        if self._disk_wanted:
            self._disk_wanted = False
            self._disk = None
            log.warning(
                "The cache in %s cannot be used (%s: %s); answers are kept in memory only.",
                self.directory or default_directory(),
                type(error).__name__,
                error,
            )


# Looked at in every call. `os.environ` takes a microsecond to say that a variable is not there; what is under it, where
# this Python has it, a twentieth.
_RAW: Any = getattr(os.environ, "_data", None) if os.name == "posix" else None
_ENVIRONMENT: Any = os.environ if _RAW is None else _RAW
_VARIABLE: Any = "WORKBENCH_CACHE_DIR" if _RAW is None else b"WORKBENCH_CACHE_DIR"


class _Active:
    """Holds the process's cache; replaced as a whole."""

    value = _first()
    configured = False
    named = _ENVIRONMENT.get(_VARIABLE)


def active_cache() -> Cache:
    """Return the process's cache; until it is configured, it follows `WORKBENCH_CACHE_DIR`."""
    if not _Active.configured and (named := _ENVIRONMENT.get(_VARIABLE)) != _Active.named:
        _Active.named = named
        _Active.value = _first()
    return _Active.value


def configure_cache(
    enable_disk_cache: bool = True,
    enable_memory_cache: bool = True,
    disk_cache_dir: str | os.PathLike[str] | None = None,
    disk_size_limit_bytes: int = 30_000_000_000,
    memory_max_entries: int = 1_000_000,
    memory_max_bytes: int = 32 * 2**20,
) -> Cache:
    """Replace the process's cache and return it.

    Args:
        disk_cache_dir: None: `WORKBENCH_CACHE_DIR`, or a folder in the user's own cache.
        memory_max_bytes: What memory keeps at most; the rest is on disk.
    """
    before, _Active.configured = _Active.value, True
    _Active.value = Cache(
        disk_cache_dir,
        disk=enable_disk_cache,
        memory=enable_memory_cache,
        memory_max_entries=memory_max_entries,
        memory_max_bytes=memory_max_bytes,
        max_disk_bytes=disk_size_limit_bytes,
    )
    before.close()
    return _Active.value
