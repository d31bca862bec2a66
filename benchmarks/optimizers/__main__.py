"""Runs the comparison and writes its table: `python -m benchmarks.optimizers --dspy-python … --seeds 3`.

Knows nothing about what a run does (`worker`). Finished runs stand in a file of JSON lines and are not done again;
the last line of a run counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.optimizers.choices import CHOICES, SHARES, choice, constructor
from benchmarks.optimizers.comparison import Budget, Run, calls, read_runs
from benchmarks.optimizers.server import counting_server, counts_at
from benchmarks.optimizers.tables import document
from benchmarks.optimizers.tasks import BUILDERS, task

ROOT = Path(__file__).resolve().parent.parent.parent
WORKER = Path(__file__).with_name("worker.py")
SIZES = {"small": (40, 40, 60), "full": (100, 100, 200)}
OPTIMIZERS = tuple(name for name in CHOICES if name not in ("none", "auto"))


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.optimizers", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument(
        "--dspy-python", help="an interpreter with dspy[optuna]==3.4.1; without it, ours alone"
    )
    parser.add_argument("--tasks", nargs="+", default=list(BUILDERS), choices=list(BUILDERS), metavar="TASK")
    parser.add_argument("--optimizers", nargs="+", default=list(OPTIMIZERS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=3, help="choices of rows, intents and search seeds")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--size", choices=list(SIZES), default="full", help="rows and effort")
    parser.add_argument("--budgets", type=int, nargs="*", default=[], help="also stopped at so many calls")
    parser.add_argument("--jobs", type=int, default=1, help="runs at once")
    parser.add_argument("--timeout", type=float, default=1800, help="seconds of one run")
    parser.add_argument("--redo", choices=["ours", "dspy"], help="do the runs of this side again")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results" / "optimizers.jsonl")
    parser.add_argument("--markdown", type=Path, help="write the document here")
    parser.add_argument(
        "--table-only", action="store_true", help="run nothing, write the table of what is there"
    )
    parser.add_argument("--commit", help="what the page says was measured; by default what is checked out")
    return parser


def planned(arguments: argparse.Namespace) -> Iterator[Run]:
    """Return every run, those of one task and seed one after the other; DSPy's first, as ours may be capped by it."""
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        for name in arguments.tasks:
            for optimizer in ("none", *arguments.optimizers):
                for side, budget in _kinds(arguments, optimizer):
                    yield {
                        "side": side,
                        "optimizer": optimizer,
                        "task": name,
                        "seed": seed,
                        "budget": budget,
                        "size": arguments.size,
                    }


def _kinds(arguments: argparse.Namespace, optimizer: str) -> list[tuple[str, Budget]]:
    budgets = [None, *(arguments.budgets if optimizer != "none" else [])]
    theirs = has_theirs(arguments, optimizer)
    kinds: list[tuple[str, Budget]] = [("dspy", budget) for budget in budgets if theirs]
    kinds += [("ours", budget) for budget in budgets]
    return [*kinds, ("ours", "share")] if theirs and optimizer in SHARES else kinds


def has_theirs(arguments: argparse.Namespace, optimizer: str) -> bool:
    """Return whether DSPy takes part."""
    return bool(arguments.dspy_python) and (optimizer == "none" or choice(optimizer).theirs is not None)


def key(run: Run) -> str:
    """Return what tells runs apart."""
    return json.dumps([run[part] for part in ("side", "optimizer", "task", "seed", "budget", "size")])


def do(run: Run, python: str, timeout: float, extra: dict[str, Any]) -> Run:
    """Do one run with a server, folders for caches and a process of its own; return its line."""
    begun = time.perf_counter()
    with counting_server() as address, tempfile.TemporaryDirectory(prefix="optimizers-") as home:
        asked = {
            **run,
            **extra,
            "address": address,
            "task": task(run["task"], run["seed"], SIZES[run["size"]]),
        }
        environment = {
            **os.environ,
            "HOME": home,
            "WORKBENCH_CACHE_DIR": f"{home}/ours",
            "WORKBENCH_HOME": f"{home}/store",
            "DSPY_CACHEDIR": f"{home}/dspy",
            "PYTHONWARNINGS": "ignore",
            "PYTHONHASHSEED": "0",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        try:
            done = subprocess.run(
                [python, str(WORKER)],
                input=json.dumps(asked),
                env=environment,
                cwd=home,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
            told = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr[-1500:]}
        except subprocess.TimeoutExpired:
            told = {"error": f"not done after {timeout:.0f} s"}
        return {**run, **told, "counts": counts_at(address), "wall": time.perf_counter() - begun}


def line_of(run: Run) -> str:
    """Return what is said of a finished run."""
    if "error" in run:
        return f"failed: {run['error'].strip().splitlines()[-1][:160]}"
    count, scores = run["counts"]["compile"], run["scores"]
    return (
        f"{sum(scores) / len(scores):.3f} held out, {count['requests']} calls, "
        f"{count['prompt_tokens'] + count['completion_tokens']} tokens, {run['wall']:.0f} s"
    )


def head() -> str:
    """Return the commit that is checked out."""
    asked = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def note(size: str, commit: str) -> str:
    """Return what the figures were measured on."""
    rows = "{} training, {} validation and {} held-out rows at most".format(*SIZES[size])
    parameters = {
        name: ", ".join(f"{part}={value!r}" for part, value in constructor(name, size).items())
        for name in OPTIMIZERS
    }
    given = "; ".join(f"{name}: {said}" for name, said in parameters.items())
    when = time.strftime("%Y-%m-%d", time.gmtime())
    return f"{when}, commit {commit}. `--size {size}`: {rows}. Parameters: {given}; others by default."


def main() -> None:
    """Do what is not done yet, and write the table."""
    arguments = options().parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    done = {key(run): run for run in read_runs(arguments.out)}

    def finish(run: Run) -> None:
        python = sys.executable if run["side"] == "ours" else arguments.dspy_python
        extra = {}
        if run["budget"] == "share":
            theirs = done.get(key({**run, "side": "dspy", "budget": None}))
            if theirs is None or "error" in theirs:
                return
            extra = {"budget": int(SHARES[run["optimizer"]] * calls(theirs))}
        made = done[key(run)] = do(run, python, arguments.timeout, extra)
        with arguments.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(made) + "\n")
        print(" ".join(str(value) for value in run.values()), "·", line_of(made), flush=True)

    def finish_all(runs: list[Run]) -> None:
        for run in runs:
            if "error" in done.get(key(run), {"error": ""}) or run["side"] == arguments.redo:
                finish(run)

    if not arguments.table_only:
        groups: dict[Any, list[Run]] = {}
        for run in planned(arguments):
            groups.setdefault((run["optimizer"], run["task"], run["seed"]), []).append(run)
        with ThreadPoolExecutor(arguments.jobs) as pool:
            list(pool.map(finish_all, groups.values()))
    found = [run for run in read_runs(arguments.out) if run["size"] == arguments.size]
    text = document(found, note(arguments.size, arguments.commit or head()))
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
