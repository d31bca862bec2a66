"""The commands that are processes: the worker that the app starts, and the served model."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "workbench" / "services"))


@pytest.fixture
def processes() -> Generator[list[subprocess.Popen[Any]], None, None]:
    started: list[subprocess.Popen[Any]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_the_app_starts_a_worker_that_is_watched_and_replaced(tmp_path: Path) -> None:
    from small_task import make_small

    from workbench.jobs import ensure_worker, watch_worker, worker_lives
    from workbench.jobs.supervise import worker_lock
    from workbench.services import runs
    from workbench.services.workspace import open_workspace, worker_status

    ws = open_workspace(jobs="worker")
    small = make_small(ws)
    over = watch_worker(ws.store, ws.config, every=0.3)
    try:
        assert not worker_lives(ws.config)
        run_id = runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
        _until(lambda: runs.get_run(ws, run_id).status == "done")
        assert worker_status(ws).lives
        assert not ensure_worker(ws.config)
        first = int(worker_lock(ws.config).note().split()[0])
        os.kill(first, signal.SIGKILL)
        _until(lambda: not worker_lives(ws.config))
        run_id = runs.start_evaluation(ws, small.version, small.dataset, "validation", small.metric)
        _until(lambda: runs.get_run(ws, run_id).status == "done")
        assert int(worker_lock(ws.config).note().split()[0]) != first
    finally:
        over.set()
        os.kill(int(worker_lock(ws.config).note().split()[0]), signal.SIGTERM)
    _until(lambda: not worker_lives(ws.config))
    ws.close()


SERVER = """
import sys, time
from workbench.services.workspace import open_workspace, start_watching
start_watching(open_workspace(jobs="worker"))
print("up", flush=True)
time.sleep(600)
"""
"""What the web process does for jobs, without its pages."""


def test_a_server_killed_and_started_again_changes_nothing(
    tmp_path: Path, processes: list[subprocess.Popen[Any]]
) -> None:
    from small_task import make_small

    from workbench.jobs import worker_lives
    from workbench.jobs.supervise import worker_lock
    from workbench.services import runs
    from workbench.services.workspace import open_workspace

    ws = open_workspace(jobs="worker")
    small = make_small(ws)
    server = _server(processes)
    _until(lambda: worker_lives(ws.config))
    worker = int(worker_lock(ws.config).note().split()[0])
    try:
        run_id = runs.start_compile(ws, small.version, small.dataset, small.metric, "random_search")
        server.send_signal(signal.SIGKILL)
        assert server.wait(10) == -signal.SIGKILL
        _until(lambda: runs.get_run(ws, run_id).status == "done")
        assert runs.get_run(ws, run_id).attempt == 1
        _server(processes)
        assert int(worker_lock(ws.config).note().split()[0]) == worker
    finally:
        os.kill(worker, signal.SIGTERM)
    ws.close()


def _server(processes: list[subprocess.Popen[Any]]) -> subprocess.Popen[Any]:
    server = subprocess.Popen([sys.executable, "-c", SERVER], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    processes.append(server)
    assert server.stdout is not None
    assert server.stdout.readline() == "up\n"
    server.stdout.close()
    return server


def test_an_idle_worker_ends_by_itself(tmp_path: Path, processes: list[subprocess.Popen[Any]]) -> None:
    worker = subprocess.Popen([sys.executable, "-m", "workbench", "worker", "--idle-exit", "0.5"], cwd=ROOT)
    processes.append(worker)
    assert worker.wait(30) == 0


def test_the_embedded_model_is_served(processes: list[subprocess.Popen[Any]]) -> None:
    command = [sys.executable, "-m", "workbench", "serve-lm", "--port", "0", "--json"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    processes.append(server)
    assert server.stdout is not None
    url = json.loads(server.stdout.readline())["url"]
    with urllib.request.urlopen(f"{url}/models", timeout=10) as answer:
        assert json.load(answer)["data"][0]["id"]
    server.send_signal(signal.SIGINT)
    assert server.wait(10) == 0
    server.stdout.close()


def test_the_first_start_asks_nothing_and_has_a_sample_open(
    tmp_path: Path, processes: list[subprocess.Popen[Any]]
) -> None:
    from workbench.services import tasks
    from workbench.services.workspace import open_workspace

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # A person who never ran Streamlit, in front of a screen; "true" stands for their browser.
    environment = {**os.environ, "HOME": str(tmp_path), "DISPLAY": ":99", "BROWSER": "true"}
    command = [sys.executable, "-m", "workbench", "run", "--port", str(port)]
    app = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL)
    processes.append(app)
    _until(lambda: app.poll() is not None or _healthy(port))
    assert app.poll() is None
    ws = open_workspace(jobs="inline")
    assert [task.sample for task in tasks.list_tasks(ws)] == ["support_tickets"]
    ws.close()


def _healthy(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def _until(condition: Any, seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
