"""A run's log in the store's events table: the durable side of the search loop.

Knows nothing about what events mean. One writer per run: the job that holds the run.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from core.foundation.fingerprint import jsonable
from workbench.store.store import Store
from workbench.store.tables import EventRow

__all__ = ["StoreRunLog"]


class StoreRunLog:
    """The `core.search.run_log.RunLog` protocol over one run's events."""

    def __init__(self, store: Store, run_id: str) -> None:
        self._store = store
        self._run_id = run_id

    def append(self, event: dict[str, Any]) -> None:
        """Add one event at the end; it is on disk when this returns.

        Raises:
            StoreError: It could not be written.
        """
        body = jsonable(event)
        with self._store.write() as session:
            newest = session.scalar(select(func.max(EventRow.seq)).where(EventRow.run_id == self._run_id))
            seq = 0 if newest is None else newest + 1
            session.add(
                EventRow(run_id=self._run_id, seq=seq, type=str(body.get("type", ""))[:32], body=body)
            )

    def read(self) -> list[dict[str, Any]]:
        """Return all events, oldest first."""
        return self.since(-1)

    def since(self, seq: int) -> list[dict[str, Any]]:
        """Return the events after number `seq`, oldest first."""
        query = select(EventRow.body).where(EventRow.run_id == self._run_id, EventRow.seq > seq)
        with self._store.read() as session:
            return list(session.scalars(query.order_by(EventRow.seq)))
