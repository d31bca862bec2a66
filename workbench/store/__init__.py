"""The store: tasks, versions, datasets, metrics, runs and their events, in one database.

Knows nothing about jobs, services or pages.
"""

from __future__ import annotations

from workbench.store.ids import is_id, new_id
from workbench.store.run_log import StoreRunLog
from workbench.store.store import Store, open_store, require

__all__ = ["Store", "StoreRunLog", "is_id", "new_id", "open_store", "require"]
