"""Opens the database: SQLite with the pragmas that make it safe for several processes, or PostgreSQL by URL.

Knows nothing about the tables.
"""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError

from core.foundation.errors import ConfigurationError, MissingExtraError, StoreError

__all__ = ["BUSY_SECONDS", "open_engine", "private_folder", "sqlite_path"]

BUSY_SECONDS = 30.0
"""How long a writer waits for another before it gives up."""


def private_folder(folder: Path) -> Path:
    """Make `folder` if needed and let only its owner in.

    Raises:
        StoreError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid == os.getuid():
            folder.chmod(0o700)
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be used: {error.strerror or error}.",
            hint="Choose another with WORKBENCH_HOME or --home.",
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(
            f"The folder {folder} cannot be written.", hint="Choose another with WORKBENCH_HOME or --home."
        )
    return folder


def sqlite_path(url: str) -> Path | None:
    """Return the file behind an SQLite URL, or None for other databases."""
    parsed = _parse(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        return None
    return Path(parsed.database)


def open_engine(url: str) -> Engine:
    """Return an engine for `url`; nothing is read or written yet.

    Raises:
        ConfigurationError: The URL is not one.
        MissingExtraError: Its driver is not installed.
        StoreError: The folder of the SQLite file cannot be used.
    """
    parsed = _parse(url)
    if (path := sqlite_path(url)) is not None:
        private_folder(path.parent)
    try:
        engine = create_engine(
            parsed,
            json_serializer=_dumps,
            pool_pre_ping=parsed.get_backend_name() != "sqlite",
            connect_args={"timeout": BUSY_SECONDS} if parsed.get_backend_name() == "sqlite" else {},
        )
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "psycopg", "postgres", purpose="this database URL") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError as error:
        raise ConfigurationError(
            "The store's URL cannot be read.",
            hint="It looks like sqlite:////home/me/workbench.db or postgresql+psycopg://user@host/name.",
        ) from error


def _dumps(value: Any) -> str:
    """JSON without NaN: what is stored can be read by any JSON reader.

    A model may send half of a surrogate pair, which no database takes: then everything beyond ASCII is escaped.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction handling begins too late (on the first write); ours is in `_begin_sqlite`.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {int(BUSY_SECONDS * 1000)}",
        "journal_mode = WAL",  # readers never wait for the writer
        "synchronous = FULL",  # a commit that returned survives a power cut: the run log rests on it
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that read first and writes later cannot wait its turn.
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
