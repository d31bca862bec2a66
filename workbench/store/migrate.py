"""Brings a database to the present schema, with Alembic.

Knows nothing about what the tables are for. Alembic is imported only when there is something to do.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect, text

from core.foundation.errors import StoreError
from workbench.store.database import sqlite_path
from workbench.store.locks import FileLock

__all__ = ["HEAD", "MIGRATIONS", "current_revision", "migrate"]

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

HEAD = "0002"
"""The newest revision in `migrations/versions`; a test holds it there."""


def current_revision(engine: Engine) -> str | None:
    """Return the revision that the database says it has, or None for an empty one."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(engine: Engine, target: str = HEAD) -> None:
    """Create or upgrade the tables up to revision `target`.

    Raises:
        StoreError: The database was written by a newer version of this project.
    """
    if current_revision(engine) == target:
        return
    with _alone(engine):
        if current_revision(engine) != target:
            _upgrade(engine, target)


def _upgrade(engine: Engine, target: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = current_revision(engine)
    if present is not None and present not in known:
        raise StoreError(
            f"This store was written by a newer version (schema {present}; this one knows up to {HEAD}).",
            hint="Upgrade lm-workbench, or choose another folder with WORKBENCH_HOME.",
        )
    with engine.execution_options(sqlite_begin="IMMEDIATE").begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, target)
        except CommandError as error:
            raise StoreError(f"The store could not be upgraded: {error}.") from error


@contextmanager
def _alone(engine: Engine) -> Generator[None, None, None]:
    """Hold the other processes of this machine off while the schema changes."""
    path = sqlite_path(str(engine.url))
    if path is None:
        yield
        return
    with FileLock(path.with_name(f"{path.name}.migrate.lock")).waiting():
        yield
