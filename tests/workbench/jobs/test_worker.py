"""The worker process with fake bodies: queue, kill -9 and recovery, one per home. Knows nothing about the engine."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from fakes import KINDS, add_run, get_run, make_config, make_store, wait_for

from core.foundation.errors import StoreError
from workbench.config import Config
from workbench.jobs import WorkerJobs, execute, worker, worker_lives
from workbench.jobs.holder import this_process
from workbench.jobs.lease import Lease, claim
from workbench.store import Store, StoreRunLog

SCRIPT = Path(__file__).with_name("worker_process.py")


class Workers:
    """Starts worker processes and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str = "worker") -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, str(SCRIPT), str(self.folder), name])
        self.processes.append(process)
        return process


@pytest.fixture
def workers(tmp_path: Path) -> Generator[Workers, None, None]:
    started = Workers(tmp_path)
    yield started
    for process in started.processes:
        process.kill()
        process.wait()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


@pytest.fixture
def store(config: Config) -> Store:
    return make_store(config)


def test_two_runs_at_once_and_failures_do_not_hurt_others(store: Store, workers: Workers) -> None:
    runs = [add_run(store), add_run(store), add_run(store, "evaluate")]
    workers.start()
    rows = [wait_for(store, run_id, "done", "failed") for run_id in runs]
    assert [row.status for row in rows] == ["done", "done", "failed"]
    began = sorted(row.started or 0 for row in rows[:2])
    assert began[1] < min(row.finished or 0 for row in rows[:2]), "the first two ran side by side"


def test_kill_9_and_a_new_worker_goes_on_by_itself(store: Store, workers: Workers) -> None:
    run_id = add_run(store)
    first = workers.start()
    while len(StoreRunLog(store, run_id).read()) < 5:
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert get_run(store, run_id).status == "running"
    workers.start()
    assert wait_for(store, run_id, "done").result == {"steps": 20}
    assert [event["step"] for event in StoreRunLog(store, run_id).read()] == list(range(20))


def test_told_to_end_it_leaves_within_five_seconds_and_the_run_goes_on_later(
    store: Store, workers: Workers
) -> None:
    run_id = add_run(store)
    first = workers.start()
    wait_for(store, run_id, "running")
    first.terminate()
    assert first.wait(5) == 0
    workers.start()
    assert wait_for(store, run_id, "done").status == "done"


def test_one_worker_of_a_name_and_stop_reaches_it(store: Store, config: Config, workers: Workers) -> None:
    run_id = add_run(store, steps=2000)
    workers.start()
    wait_for(store, run_id, "running")
    assert worker_lives(config)
    assert workers.start().wait(20) == 3
    WorkerJobs(store, config).stop(run_id)
    row = wait_for(store, run_id, "stopped")
    assert row.result_version_id is not None


def test_the_jobs_database_is_private(store: Store, config: Config, workers: Workers) -> None:
    workers.start()
    wait_for(store, add_run(store, "evaluate"), "failed")
    assert config.jobs_folder.stat().st_mode & 0o077 == 0
    assert (config.jobs_folder / "jobs.sqlite").exists()


def test_a_second_worker_takes_what_the_first_has_no_room_for(
    store: Store, config: Config, workers: Workers
) -> None:
    runs = [add_run(store, steps=2000) for _ in range(4)]
    workers.start("worker")
    workers.start("second")
    until = time.monotonic() + 30
    while any(get_run(store, run_id).worker is None for run_id in runs):
        assert time.monotonic() < until, "all four run at once, two at each"
        time.sleep(0.05)
    holders = sorted(str(get_run(store, run_id).worker).partition("@")[0] for run_id in runs)
    assert holders == ["second", "second", "worker", "worker"]
    for run_id in runs:
        WorkerJobs(store, config).stop(run_id)
    for run_id in runs:
        steps = (wait_for(store, run_id, "stopped").result or {})["steps"]
        written = [event["step"] for event in StoreRunLog(store, run_id).read()]
        assert written == list(range(steps)), "none was carried out twice"


def test_a_store_that_cannot_be_used_for_a_while_loses_no_run(
    config: Config, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = add_run(store, steps=1)
    refusals = [StoreError("database is locked"), StoreError("disk full")]

    def claim_later(*arguments: Any) -> Lease | None:
        if refusals:
            raise refusals.pop()
        return claim(*arguments)

    monkeypatch.setattr(execute, "claim", claim_later)
    monkeypatch.setattr(worker, "_CLAIM_AGAIN", 0.01)
    carrying = worker._Worker(config, "worker", this_process("worker"), 1, KINDS)
    assert carrying._carry_out(run_id, 1) == "done"
    assert get_run(store, run_id).status == "done"
    assert carrying._carry_out("notthere00", 1) == "superseded", "a run of another store"
