"""kill -9 of the worker at seeded points: what was finished is kept, and the end is that of an uninterrupted run.

A point is a number of calls and a moment: before the reply of that call is sent, or some milliseconds after, which
lands anywhere between a reply and the commit of what followed from it. `make test` runs a seeded sample, `full` all.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from counting_server import CountingServer

from workbench.config import Config, read_config
from workbench.jobs import InlineJobRunner
from workbench.services import ablations, datasets, metrics, models, runs, samples, tasks
from workbench.services.workspace import Workspace, open_workspace

ROOT = Path(__file__).resolve().parents[3]
IN_FLIGHT = 4
SECONDS = 60


@dataclass(frozen=True)
class Ending:
    """What a run ended with."""

    score: float | None
    state: dict[str, Any] | None
    rows: list[tuple[str, Any, float | None]]
    calls: dict[str, int]


class Bench:
    """One home with a small task on a counted endpoint, and the worker processes that serve it."""

    def __init__(self, folder: Path, server: CountingServer) -> None:
        self.server = server
        self.config: Config = read_config(folder / "home", {"WORKBENCH_CACHE_DIR": str(folder / "cache")})
        self.ws: Workspace = open_workspace(self.config, jobs="worker")
        self.processes: list[subprocess.Popen[bytes]] = []
        models.save_connection(self.ws, "counted", server.url, "in-context")
        task_id = samples.open_sample(self.ws, "support_tickets")
        found = tasks.newest_version(self.ws, task_id)
        assert found is not None
        self.version = found.id
        self.dataset = datasets.list_datasets(self.ws, task_id)[0].id
        datasets.split_dataset(
            self.ws, self.dataset, train=12, validation=14, test=0, seed=3, stratify="team"
        )
        self.metric = metrics.list_metrics(self.ws, task_id)[0].id

    def start(self, kind: str) -> str:
        """Write the run's row only; the test itself says when a worker lives."""
        self.ws.jobs.start = lambda run_id: None  # type: ignore[method-assign]
        if kind == "evaluate":
            return runs.start_evaluation(
                self.ws,
                self.version,
                self.dataset,
                "all",
                self.metric,
                "counted",
                limit=60,
                concurrency=IN_FLIGHT,
            )
        if kind == "ablation":
            return self._start_ablation()
        params = {"num_candidate_programs": 2, "max_bootstrapped_demos": 2, "max_labeled_demos": 4}
        return runs.start_compile(
            self.ws,
            self.version,
            self.dataset,
            self.metric,
            "random_search",
            params,
            "counted",
            concurrency=IN_FLIGHT,
        )

    def _start_ablation(self) -> str:
        """The compile is done in this process, on other rows, and not counted."""
        made = runs.start_compile(
            self.ws, self.version, self.dataset, self.metric, "labeled_few_shot", {"k": 4}, "counted",
            concurrency=IN_FLIGHT,
        )  # fmt: skip
        InlineJobRunner(self.ws.store, self.config).start(made)
        self.server.reset()
        return ablations.start_ablation(self.ws, made, "train")

    def worker(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self.config.environment(), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "workbench", "worker"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
        self.processes.append(process)
        return process

    def wait(self, run_id: str) -> Ending:
        until = time.monotonic() + SECONDS
        while (run := runs.get_run(self.ws, run_id)).status != "done":
            assert run.status != "failed", run.error
            assert time.monotonic() < until, f"the run is still {run.status}"
            time.sleep(0.05)
        state = tasks.get_version(self.ws, run.result_version_id).state if run.result_version_id else None
        rows = [(item.example_id, item.outputs, item.score) for item in runs.run_rows(self.ws, run_id)]
        return Ending(run.score, state, rows, dict(self.server.counts))

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.ws.close()


@pytest.fixture(scope="module")
def server() -> Generator[CountingServer, None, None]:
    made = CountingServer()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path, server: CountingServer) -> Generator[Bench, None, None]:
    server.reset()
    made = Bench(tmp_path, server)
    yield made
    made.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, server: CountingServer) -> dict[str, Ending]:
    """The same runs without a kill."""
    endings: dict[str, Ending] = {}
    for kind in ("compile", "evaluate", "ablation"):
        server.reset()
        made = Bench(tmp_path_factory.mktemp(kind), server)
        run_id = made.start(kind)
        made.worker()
        endings[kind] = made.wait(run_id)
        made.close()
    return endings


def points(kind: str, total: int, sample: int) -> list[Any]:
    """Seeded kill points; those beyond the sample only run with the mark `full`."""
    dice = random.Random(f"kill {kind}")
    made: list[Any] = []
    for number in range(total):
        share, moment = dice.uniform(0.02, 0.98), dice.choice([None, 0.0, 0.004, 0.015, 0.04])
        marks = [] if number < sample else [pytest.mark.full]
        made.append(pytest.param(kind, share, moment, marks=marks, id=f"{kind}-{number}"))
    return made


KILLS = [*points("compile", 20, 4), *points("evaluate", 20, 2), *points("ablation", 10, 1)]


@pytest.mark.parametrize(("kind", "share", "moment"), KILLS)
def test_killed_at_a_seeded_point_it_ends_as_if_nothing_had_happened(
    kind: str, share: float, moment: float | None, bench: Bench, undisturbed: dict[str, Ending]
) -> None:
    expected = undisturbed[kind]
    run_id = bench.start(kind)
    worker = bench.worker()
    strike_at = max(1, round(share * sum(expected.calls.values())))
    bench.server.arm(strike_at, moment, lambda: worker.send_signal(signal.SIGKILL))
    assert worker.wait(SECONDS) == -signal.SIGKILL
    before = {item.example_id for item in runs.run_rows(bench.ws, run_id)}
    assert runs.get_run(bench.ws, run_id).status in ("interrupted", "done")

    bench.worker()
    ending = bench.wait(run_id)

    assert ending.state == expected.state
    assert ending.score == expected.score
    assert ending.rows == expected.rows
    assert before <= {row[0] for row in ending.rows}
    again = sum(max(0, count - expected.calls.get(body, 0)) for body, count in ending.calls.items())
    assert again <= IN_FLIGHT, f"{again} calls were paid for twice"
    with sqlite3.connect(bench.config.home / "workbench.sqlite") as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
