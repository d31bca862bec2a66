"""Runs in this process: states, stop, resume, failures, leases. Knows nothing about DBOS."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import KINDS, add_run, get_run, make_config, make_store, wait_for

from core.foundation.errors import JobError
from workbench.config import Config
from workbench.jobs import InlineJobRunner, Job, Outcome, run_state, sweep
from workbench.jobs.holder import holder_lives, this_process
from workbench.jobs.lease import claim
from workbench.jobs.supervise import worker_lock
from workbench.store import Store, StoreRunLog
from workbench.store.tables import RunRow, VersionRow


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return make_config(tmp_path)


@pytest.fixture
def store(config: Config) -> Store:
    return make_store(config)


def test_a_run_ends_with_result_progress_and_a_new_version(store: Store, config: Config) -> None:
    jobs = InlineJobRunner(store, config, kinds=KINDS)
    run_id = add_run(store, holder=jobs.holder)
    assert jobs.status(run_id) == "queued"
    jobs.start(run_id)
    row = get_run(store, run_id)
    assert (row.status, row.result, row.progress) == ("done", {"steps": 20}, {"done": 20, "total": 20})
    assert row.started
    assert row.finished
    assert row.heartbeat is None
    with store.read() as session:
        version = session.get(VersionRow, row.result_version_id)
        assert version is not None
        assert (version.number, version.state, version.origin) == (2, {"steps": 20}, f"compile:{run_id}")
        assert version.parent_id == row.version_id


def test_stop_keeps_the_best_so_far_and_a_later_attempt_goes_on(store: Store, config: Config) -> None:
    jobs = InlineJobRunner(store, config, background=True, kinds=KINDS)
    run_id = add_run(store, holder=jobs.holder)
    jobs.start(run_id)
    wait_for(store, run_id, "running")
    jobs.stop(run_id)
    row = wait_for(store, run_id, "stopped")
    assert row.result is not None
    assert row.result["steps"] < 20
    stopped_at = row.result["steps"]
    with store.write() as session:
        again = session.get(RunRow, run_id)
        assert again is not None
        again.status, again.attempt, again.worker = "queued", 2, jobs.holder
    jobs.start(run_id)
    jobs.join(run_id, 10)
    assert get_run(store, run_id).result == {"steps": 20}
    assert [event["step"] for event in StoreRunLog(store, run_id).read()] == list(range(20))
    assert stopped_at <= 20


def test_a_failure_is_written_with_a_hint_and_without_keys(store: Store, config: Config) -> None:
    jobs = InlineJobRunner(store, config, kinds=KINDS)
    run_id = add_run(store, "evaluate", holder=jobs.holder)
    jobs.start(run_id)
    error = get_run(store, run_id).error
    assert error is not None
    assert get_run(store, run_id).status == "failed"
    assert "boom" in error["message"]
    assert error["hint"]
    assert "abcdefghijklmnop" not in str(error)


def test_stopping_a_run_nobody_carries_out_ends_it(store: Store, config: Config) -> None:
    jobs = InlineJobRunner(store, config, kinds=KINDS)
    queued = add_run(store, holder=None)
    jobs.stop(queued)
    assert jobs.status(queued) == "stopped"
    jobs.start(queued)
    assert jobs.status(queued) == "stopped"


def test_a_dead_holder_means_interrupted_at_once(store: Store, config: Config) -> None:
    me = this_process("inline")
    dead = me.rpartition(":")[0] + ":1"  # our number, another start: the number was given again
    run_id = add_run(store, holder=dead)
    assert run_state(store, config, run_id) == "interrupted"
    assert sweep(store, config) == 1
    assert get_run(store, run_id).status == "interrupted"
    assert sweep(store, config) == 0


def test_holders_elsewhere_are_judged_by_their_heartbeat() -> None:
    assert holder_lives(this_process("x"), None, 20)
    assert holder_lives("worker@elsewhere:1:1", time.time(), 20)
    assert not holder_lives("worker@elsewhere:1:1", time.time() - 30, 20)
    assert not holder_lives(None, time.time(), 20)


def test_a_holder_that_lives_and_is_silent_for_long_has_lost_its_run() -> None:
    assert holder_lives(this_process("x"), time.time() - 30, 20)
    assert not holder_lives(this_process("x"), time.time() - 61, 20)


def test_one_holder_at_a_time_and_only_the_present_attempt(store: Store, config: Config) -> None:
    run_id = add_run(store)
    first = claim(store, config, run_id, 1, this_process("one"))
    assert first is not None
    assert claim(store, config, run_id, 1, this_process("two")) is None
    assert claim(store, config, run_id, 2, this_process("one")) is None
    with store.write() as session:
        row = session.get(RunRow, run_id)
        assert row is not None
        row.attempt = 2
    deadline = time.monotonic() + 5
    while not first.stop_requested():
        assert time.monotonic() < deadline, "a lost lease asks its body to stop"
        time.sleep(0.05)
    with pytest.raises(JobError, match="taken over"):
        first.fail({"message": "late"})
    assert get_run(store, run_id).status == "running"


def test_a_body_that_raises_a_job_error_has_failed_and_holds_nothing(store: Store, config: Config) -> None:
    def refusing(_: Job) -> Outcome:
        raise JobError("cannot", hint="never")

    jobs = InlineJobRunner(store, config, kinds={"compile": refusing})
    run_id = add_run(store, holder=jobs.holder)
    jobs.start(run_id)
    row = get_run(store, run_id)
    assert (row.status, row.worker) == ("failed", None)
    assert row.error is not None
    assert row.error["message"] == "cannot"


def test_an_interrupt_before_the_run_is_claimed_still_stops_it(store: Store, config: Config) -> None:
    held: list[Any] = []

    class Ended(threading.Event):
        waits = 0

        def wait(self, timeout: float | None = None) -> bool:
            self.waits += 1
            if self.waits == 1:
                raise KeyboardInterrupt
            held.append(SimpleNamespace(ask_stop=self.set))  # the claim comes after the interrupt
            return self.waits > 5

    ended = Ended()
    InlineJobRunner(store, config)._wait(ended, held)
    assert ended.is_set()
    assert ended.waits == 2


@pytest.mark.parametrize("name", ["../../outside", "", "a/b", "x" * 65])
def test_a_workers_name_is_never_a_path(config: Config, name: str) -> None:
    with pytest.raises(JobError, match="worker's name"):
        worker_lock(config, name)


def test_whoever_starts_a_run_here_can_look_on_while_it_goes(store: Store, config: Config) -> None:
    seen: list[str] = []

    class Slow(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set() if len(seen) == 3 else None
            return self.is_set()

    InlineJobRunner(store, config, watch=seen.append)._wait(Slow(), [], "r1")
    assert seen == ["r1"] * 3
