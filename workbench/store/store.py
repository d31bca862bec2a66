"""The store: one database, opened, migrated and handed out in short transactions.

Knows nothing about what the rows mean. `read()` sees one moment of the database; `write()` is all or nothing.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from core.foundation.errors import StoreError
from workbench.store.database import open_engine
from workbench.store.migrate import migrate
from workbench.store.tables import Base

__all__ = ["Store", "open_store"]

Row = TypeVar("Row", bound=Base)


class Store:
    """An open database whose schema is up to date."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = open_engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(
            self.engine.execution_options(sqlite_begin="IMMEDIATE"), expire_on_commit=False
        )

    @contextmanager
    def read(self) -> Generator[Session, None, None]:
        """Give a session that sees one moment of the database."""
        with self._clear_errors(), self._readers() as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session, None, None]:
        """Give a session whose changes are all kept when the block ends, or none when it raises."""
        with self._clear_errors(), self._writers() as session, session.begin():
            yield session

    @contextmanager
    def _clear_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except IntegrityError as error:
            raise StoreError(
                f"The store refused a row that contradicts what it holds: {error.orig}.",
                hint="Reload and try again; another window may have changed the same thing.",
            ) from error
        except OperationalError as error:
            raise StoreError(
                f"The store could not be used: {error.orig}.",
                hint="Is the disk full or read-only, or another process writing for very long?",
            ) from error
        except UnicodeEncodeError as error:
            raise StoreError(
                "A name holds half of a character, which cannot be stored.", hint="Type the name again."
            ) from error
        except SQLAlchemyError as error:
            raise StoreError(f"The store failed: {error}.") from error

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_store(url: str) -> Store:
    """Open the database at `url`, creating or upgrading its tables where needed.

    Raises:
        StoreError: It cannot be opened, or was written by a newer version of this project.
    """
    store = Store(url)
    with store._clear_errors():
        migrate(store.engine)
    return store


def require(session: Session, table: type[Row], row_id: str, noun: str) -> Row:
    """Return the row called `row_id`.

    Raises:
        StoreError: There is none.
    """
    row = session.get(table, row_id)
    if row is None:
        raise StoreError(
            f"There is no {noun} '{row_id}'.", hint="It may have been made in another store (home)."
        )
    return row
