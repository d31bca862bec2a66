"""Ctrl-C and a full disk during a run: what was finished is kept, the message is clear, and resuming completes it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from counting_server import CountingServer

from workbench.config import read_config
from workbench.services import datasets, metrics, models, runs, samples, tasks
from workbench.services.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def server() -> Generator[CountingServer, None, None]:
    made = CountingServer()
    yield made
    made.close()


@pytest.fixture
def ws(server: CountingServer) -> Generator[Workspace, None, None]:
    opened = open_workspace(jobs="inline")
    models.save_connection(opened, "counted", server.url, "in-context")
    yield opened
    opened.close()


def _cli(*arguments: str, wrap: str = "") -> subprocess.Popen[str]:
    start = f"{wrap}\nimport sys; from workbench.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", start, *arguments, "--json"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_ctrl_c_ends_within_five_seconds_and_keeps_every_finished_row(
    ws: Workspace, server: CountingServer
) -> None:
    server.latency = 0.15
    task_id = samples.open_sample(ws, "message_extraction")
    process = _cli("eval", "--task", task_id, "--split", "all", "--model", "counted", "--concurrency", "4")
    until = time.monotonic() + 30
    while server.total < 12:
        assert time.monotonic() < until
        time.sleep(0.02)
    asked = time.monotonic()
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=10)
    assert time.monotonic() - asked < 5
    assert process.returncode == 130, f"{output}{errors}"
    assert "Traceback" not in errors
    printed = json.loads(output)
    assert printed["status"] == "stopped"
    kept = len(runs.run_rows(ws, printed["run"]))
    assert 8 <= kept == printed["result"]["rows"]
    sent = server.total
    server.latency = 0.0
    run = runs.resume_run(ws, printed["run"])
    assert run.status == "done"
    assert len(runs.run_rows(ws, run.id)) == 96
    assert server.total == 96, f"{sent} were sent before, and none of them again"


FULL_DISK = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
"""


@pytest.mark.parametrize("room", [40_000, 300_000])
def test_a_full_disk_loses_no_finished_row_and_the_run_goes_on_later(ws: Workspace, room: int) -> None:
    task_id = samples.open_sample(ws, "support_tickets")
    with ws.store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    largest = max(path.stat().st_size for path in ws.config.home.rglob("*") if path.is_file())
    environment = dict(os.environ)
    process = _cli("eval", "--task", task_id, "--split", "all", wrap=FULL_DISK.format(limit=largest + room))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors
    assert os.environ == environment
    run = runs.list_runs(ws, task_id)[0]
    assert run.status in ("interrupted", "failed")
    kept: dict[str, Any] = {row.example_id: row.score for row in runs.run_rows(ws, run.id)}
    with sqlite3.connect(ws.config.home / "workbench.sqlite") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    again = runs.resume_run(ws, run.id)
    assert again.status == "done"
    rows = {row.example_id: row.score for row in runs.run_rows(ws, run.id)}
    assert len(rows) == 268
    assert kept.items() <= rows.items()


def test_the_answer_of_an_uninterrupted_run_is_the_same(ws: Workspace) -> None:
    task_id = samples.open_sample(ws, "message_extraction")
    version = tasks.newest_version(ws, task_id)
    assert version is not None
    info, metric = datasets.list_datasets(ws, task_id)[0], metrics.list_metrics(ws, task_id)[0]
    whole = runs.get_run(ws, runs.start_evaluation(ws, version.id, info.id, "all", metric.id))
    other = open_workspace(read_config(ws.config.home), jobs="inline")
    again = runs.get_run(other, runs.start_evaluation(other, version.id, info.id, "all", metric.id))
    assert (whole.score, whole.interval) == (again.score, again.interval)
    assert again.result is not None
    assert again.result["cached_rows"] == 96
    other.close()
