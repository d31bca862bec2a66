"""Searches in processes of their own for the price of a fork: real processes, which a test can kill at any point.

Knows nothing about what the tests compare. A nursery, started once, has everything imported and no threads; for each
job, a line of JSON, it forks a child that compiles the toy program and writes what came of it to a file. A child can
be told to kill itself at an event of its run log: before it, after it, or with half of the line on disk.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


class Nursery:
    """`with Nursery(root, folder) as nursery: nursery.start(job)`; one child at a time."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.forked"],
            cwd=root,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "WORKBENCH_CACHE_DIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._known = threading.Event()
        self._child = 0
        assert self._line() == "ready"

    def __enter__(self) -> Nursery:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def start(self, job: dict[str, Any]) -> None:
        """Fork a child for a job."""
        self._known.clear()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        self._child = int(self._line())
        self._known.set()

    def kill(self) -> None:
        """`kill -9` the child; may be called from another thread, at once after `start` too."""
        assert self._known.wait(10)
        os.kill(self._child, signal.SIGKILL)

    def wait(self) -> int:
        """Return the child's exit status once it ended: 0, or minus the signal that killed it."""
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def main() -> None:
    """Fork a child a line."""
    _import_all()
    assert threading.active_count() == 1
    say("ready")
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            try:
                _child(job)
            except BaseException as error:
                Path(job["out"]).write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
            os._exit(0)
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _import_all() -> None:
    import aiohttp  # noqa: F401 - a child would import it anew each time
    import diskcache  # noqa: F401

    import core
    from core.optimizers import optimizers
    from tests.fakes import toy  # noqa: F401

    optimizers.names()
    _ = core.BetterTogether, core.LM


def _child(job: dict[str, Any]) -> None:
    import core
    from core.lm.cache import configure_cache
    from tests.fakes.toy import TwoSteps, exact, rows

    configure_cache(disk_cache_dir=job["cache"])
    lm = core.LM("openai/toy", api_base=job["url"], api_key="none", temperature=0.7)
    options: dict[str, Any] = {"run_log": _log(job), "num_threads": job["width"], **job["options"]}
    train, validation = rows("train", 14), rows("validation", 18)
    with core.context(lm=lm):
        program = _optimizer(job, exact).compile(TwoSteps(), trainset=train, valset=validation, **options)
    made = {"program": program.dump_state(), "report": program.report.to_dict()}
    Path(job["out"]).write_text(json.dumps(made), encoding="utf-8")


def _optimizer(job: dict[str, Any], metric: Any) -> Any:
    from core.optimizers import COPRO, BetterTogether, BootstrapFewShotWithRandomSearch, optimizers

    if job["optimizer"] != "better_together":
        return optimizers.get(job["optimizer"]).create(job["params"], metric=metric)
    demos = BootstrapFewShotWithRandomSearch(
        metric, num_candidate_programs=2, max_labeled_demos=6, max_bootstrapped_demos=3
    )
    return BetterTogether(metric, d=demos, i=COPRO(metric=metric, breadth=3, depth=1))


def _log(job: dict[str, Any]) -> Any:
    from core.search.run_log import JsonLinesRunLog, encode

    class DyingLog(JsonLinesRunLog):
        """Kills its process at an event."""

        def __init__(self, path: str, at: int, how: str) -> None:
            super().__init__(path)
            self.at, self.how, self.count = at, how, 0

        def append(self, event: dict[str, Any]) -> None:
            self.count += 1
            if self.count < self.at:
                super().append(event)
                return
            self.close()
            line = f"{encode(event)}\n".encode()
            part = {"before": b"", "torn": line[: len(line) // 2], "after": line}[self.how]
            os.write(self._open(), part)  # opened as ever: what an earlier kill tore is dropped first
            os.kill(os.getpid(), signal.SIGKILL)

    die = job.get("die")
    return DyingLog(job["log"], die["event"], die["how"]) if die else JsonLinesRunLog(job["log"])


if __name__ == "__main__":
    main()
