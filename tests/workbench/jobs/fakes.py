"""A store with one task, version, dataset and metric, and job bodies that only count.

Knows nothing about the engine.
"""

from __future__ import annotations

import time
from pathlib import Path

from workbench.config import Config, read_config
from workbench.jobs import Job, NewVersion, Outcome
from workbench.store import Store, StoreRunLog, open_store
from workbench.store.tables import DatasetRow, MetricRow, RunRow, TaskRow
from workbench.store.versions import add_version


def make_config(folder: Path) -> Config:
    return read_config(folder / "home", {"WORKBENCH_CACHE_DIR": str(folder / "cache")})


def make_store(config: Config) -> Store:
    store = open_store(config.store_url)
    with store.write() as session:
        session.add(TaskRow(id="task", name="t"))
        session.flush()
        add_version(session, "task", spec={"name": "p"}, state=None, origin="form")
        session.add(DatasetRow(id="data", task_id="task", name="d"))
        session.add(MetricRow(id="metric", task_id="task", name="m", spec={}, fingerprint="f"))
    return store


def add_run(store: Store, kind: str = "compile", *, holder: str | None = None, **settings: object) -> str:
    from sqlalchemy import select

    from workbench.store.tables import VersionRow

    with store.write() as session:
        version = session.scalars(select(VersionRow.id)).first()
        assert version is not None
        row = RunRow(
            task_id="task",
            kind=kind,
            version_id=version,
            dataset_id="data",
            metric_id="metric",
            worker=holder,
        )
        row.settings = dict(settings)
        session.add(row)
        session.flush()
        return row.id


def get_run(store: Store, run_id: str) -> RunRow:
    with store.read() as session:
        row = session.get(RunRow, run_id)
        assert row is not None
        return row


def wait_for(store: Store, run_id: str, *states: str, seconds: float = 30) -> RunRow:
    until = time.monotonic() + seconds
    while (row := get_run(store, run_id)).status not in states:
        assert time.monotonic() < until, f"run is {row.status}, error {row.error}, not {states}"
        time.sleep(0.05)
    return row


def counting(job: Job) -> Outcome:
    """Write steps (20 where the run does not say) to the run log, one every 50 ms, going on from what is there."""
    journal = StoreRunLog(job.store, job.run_id)
    steps = get_run(job.store, job.run_id).settings.get("steps", 20)
    for number in range(len(journal.read()), steps):
        if job.control.stop_requested():
            return Outcome("stopped", {"steps": number}, NewVersion({"steps": number}, "best so far"))
        time.sleep(0.05)
        journal.append({"type": "note", "step": number})
        job.control.progress(done=number + 1, total=steps)
    return Outcome("done", {"steps": steps}, NewVersion({"steps": steps}, "best"))


def failing(_: Job) -> Outcome:
    raise ValueError("boom with Authorization: Bearer sk-abcdefghijklmnopqrstuvwx")


KINDS = {"compile": counting, "evaluate": failing}
