"""`core.cache`: the process's cache under DSPy's names, for requests of one's own.

Knows nothing about language models. It stands for whatever `configure_cache` set last. Values are JSON, never pickles:
what is no JSON data is refused instead of being kept as something that could run.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from core.foundation.errors import ConfigurationError, DataError
from core.foundation.files import atomic_write
from core.foundation.fingerprint import fingerprint
from core.lm.cache import Cache, active_cache, default_directory

__all__ = ["CREDENTIALS", "CacheView", "cache"]

CREDENTIALS = ("api_key", "api_base", "base_url")
"""What takes no part in a key unless a call says otherwise: where a request goes is not what it asks."""

_FORMAT = "workbench-memory-cache-1"


class CacheView:
    """Reads and writes the cache that is configured; safe in threads.

        core.cache.put({"tool": "weather", "city": "Bern"}, {"sky": "clear"})
        core.cache.get({"tool": "weather", "city": "Bern"})

    What models answer is kept in the same place, under keys of its own.
    """

    @property
    def active(self) -> Cache:
        """The cache behind it."""
        return active_cache()

    def cache_key(
        self, request: Mapping[str, Any], ignored_args_for_cache_key: Collection[str] | None = None
    ) -> str:
        """Return 64 hex digits that name the request.

        Args:
            ignored_args_for_cache_key: Names that take no part; credentials and addresses unless given.
        """
        ignored = CREDENTIALS if ignored_args_for_cache_key is None else ignored_args_for_cache_key
        named = {name: value for name, value in request.items() if name not in ignored}
        return fingerprint(["own", named])

    def get(
        self, request: Mapping[str, Any], ignored_args_for_cache_key: Collection[str] | None = None
    ) -> Any:
        """Return what was put for the request; None where there is nothing."""
        data = active_cache().get(self.cache_key(request, ignored_args_for_cache_key))
        try:
            return None if data is None else json.loads(data)
        except ValueError:  # whatever it is, it was not put here
            return None

    def put(
        self,
        request: Mapping[str, Any],
        value: Any,
        ignored_args_for_cache_key: Collection[str] | None = None,
        enable_memory_cache: bool = True,
    ) -> None:
        """Keep a value for the request.

        Args:
            enable_memory_cache: False keeps it on disk alone.

        Raises:
            DataError: It is no JSON data.
        """
        try:
            data = json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")
        except (TypeError, ValueError) as error:
            raise DataError(
                f"The cache keeps JSON data, not {type(value).__name__} ({error}).",
                hint="Put its fields: a dict, list, text or number.",
            ) from error
        key, active = self.cache_key(request, ignored_args_for_cache_key), active_cache()
        active.set(key, data)
        if not enable_memory_cache:
            active.forget(key)

    def reset_memory_cache(self) -> None:
        """Forget what is in memory; the disk's part stays."""
        active_cache().clear_memory()

    def save_memory_cache(self, filepath: str | os.PathLike[str]) -> None:
        """Write what is in memory to a JSON file."""
        entries = {
            key: base64.b64encode(value).decode("ascii") for key, value in active_cache().in_memory().items()
        }
        atomic_write(filepath, json.dumps({"format": _FORMAT, "entries": entries}))

    def load_memory_cache(self, filepath: str | os.PathLike[str], allow_pickle: bool = False) -> None:
        """Take over what `save_memory_cache` wrote, into memory alone.

        Raises:
            ConfigurationError: `allow_pickle` was asked for; a pickle can run code, so none is ever read.
            DataError: It is no such file.
        """
        if allow_pickle:
            raise ConfigurationError(
                "A pickle can run code, so none is read.", hint="Save it again with save_memory_cache (JSON)."
            )
        try:
            whole = json.loads(Path(filepath).read_text(encoding="utf-8"))
            if whole["format"] != _FORMAT:
                raise ValueError("another format")
            entries = {str(key): base64.b64decode(text) for key, text in whole["entries"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{os.fspath(filepath)} holds no saved memory cache ({type(error).__name__}).",
                hint="save_memory_cache writes such files.",
            ) from error
        active_cache().remember_all(entries)

    def __repr__(self) -> str:
        return f"cache({str(active_cache().directory or default_directory())!r})"


cache = CacheView()
