"""`kill -9` during a search: the file on disk and the cache are all that is left, and the result is the same."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

SCRIPT = """
import json, sys
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

lm = ToyLM(jitter=0.004)
optimizer = BootstrapFewShotWithRandomSearch(
    exact, num_candidate_programs=4, max_bootstrapped_demos=3, max_labeled_demos=6
)
with context(lm=lm):
    program = optimizer.compile(
        TwoSteps(), trainset=rows("train", 12), valset=rows("validation", 24),
        run_log=sys.argv[1], budget=json.loads(sys.argv[2]), num_threads=4,
    )
report = program.report
print(json.dumps({
    "demos": demos_of(program), "score": report.score.mean, "stop": report.stop_code,
    "fates": [[c.label, c.status] for c in report.candidates], "sent": lm.sent,
}))
"""


def start(root, log, budget, folder):
    environment = {"PATH": "/usr/bin:/bin", "WORKBENCH_CACHE_DIR": str(folder), "HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(log), json.dumps(budget)],
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finished(process):
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def wait_for_lines(log, wanted, process):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= wanted:
            return
        time.sleep(0.002)


def test_a_killed_process_resumes_to_the_same_result(root, tmp_path, how_many):
    for budget in (None, {"calls": 150}):
        name = "capped" if budget else "free"
        whole = finished(start(root, tmp_path / f"{name}.jsonl", budget, tmp_path / f"{name}-cache"))
        events = (tmp_path / f"{name}.jsonl").read_bytes().count(b"\n")
        points = random.Random(name).sample(range(1, events - 5), how_many(2, 20))
        for index, point in enumerate(points):
            log, cache = tmp_path / f"{name}-{index}.jsonl", tmp_path / f"{name}-cache-{index}"
            victim = start(root, log, budget, cache)
            wait_for_lines(log, point, victim)
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
            again = finished(start(root, log, budget, cache))
            assert {**again, "sent": 0} == {**whole, "sent": 0}
            assert again["sent"] < whole["sent"]
