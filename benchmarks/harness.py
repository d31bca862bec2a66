"""Run the sides of a comparison in turns, and report medians as JSON and Markdown.

Knows nothing about what is measured. Each side is a program of its own in its own interpreter: nobody pays for
another's imports. Rounds are interleaved and the order rotates, so what else the machine does falls on all sides alike.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
Samples = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Side:
    """One contender.

    Attributes:
        name: As it is shown.
        python: Its interpreter.
        arguments: What the interpreter runs; a task as JSON is added.
    """

    name: str
    python: str
    arguments: tuple[str, ...]


def worker(name: str, python: str, script: str) -> Side:
    """Return a side that is a script of `benchmarks/workers`."""
    return Side(name, python, (str(ROOT / "benchmarks" / "workers" / f"{script}.py"),))


def options(description: str, rounds: int = 5) -> argparse.ArgumentParser:
    """Return the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--dspy-python", help="an interpreter with dspy==3.4.1 installed; without it, ours alone"
    )
    parser.add_argument("--rounds", type=int, default=rounds, help="interleaved rounds; medians are reported")
    parser.add_argument("--json", type=Path, help="write all samples here")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    return parser


def run(side: Side, task: dict[str, Any], timeout: float = 900) -> dict[str, float]:
    """Run one side on one task and return what it measured."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        return run_in(side, task, home, timeout)


def run_in(side: Side, task: dict[str, Any], home: str, timeout: float = 900) -> dict[str, float]:
    """Same, with a folder for caches that outlives the run."""
    environment = {
        **os.environ,
        "HOME": home,
        "WORKBENCH_CACHE_DIR": f"{home}/ours",
        "WORKBENCH_HOME": f"{home}/store",
        "DSPY_CACHEDIR": f"{home}/dspy",
        "PYTHONPATH": str(ROOT) if side.python == sys.executable else "",
        "PYTHONWARNINGS": "ignore",
        "OPENAI_API_KEY": "none",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    environment.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # installed packages have their bytecode; so has a checkout in use
    done = subprocess.run(
        [side.python, *side.arguments, json.dumps(task)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{side.name} failed on {task}:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def in_turns(
    sides: Sequence[Side], rounds: int, measure: Callable[[Side], dict[str, float]], say: bool = True
) -> Samples:
    """Measure all sides `rounds` times, the order rotating, and return all samples."""
    samples: Samples = {side.name: {} for side in sides}
    for number in range(rounds):
        shift = number % len(sides)
        for side in [*sides[shift:], *sides[:shift]]:
            for name, value in measure(side).items():
                samples[side.name].setdefault(name, []).append(value)
        if say:
            print(f"round {number + 1} of {rounds} done", file=sys.stderr, flush=True)
    return samples


def medians(samples: Samples) -> dict[str, dict[str, float]]:
    """Return the median of each measure of each side."""
    return {
        side: {name: statistics.median(values) for name, values in of.items()} for side, of in samples.items()
    }


@contextlib.contextmanager
def server(latency: float = 0.0) -> Iterator[str]:
    """Run the local server as a process; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", "--latency", str(latency)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    load = os.getloadavg()[0]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_before": round(load, 2),
    }


def figure(value: float | None) -> str:
    """Return a number as people read it."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [" | ".join(columns), " | ".join("---" for _ in columns), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def finish(
    arguments: argparse.Namespace, name: str, samples: Any, markdown: str, before: dict[str, Any]
) -> None:
    """Print the table and write what was asked for."""
    facts = {**before, "load_after": round(os.getloadavg()[0], 2)}
    note = (
        f"{facts['date']} UTC, Python {facts['python']}, {facts['cores']} cores ({facts['system']}), "
        f"load {facts['load_before']} before and {facts['load_after']} after; medians of {arguments.rounds} rounds."
    )
    text = f"{markdown}\n\n{note}\n"
    print(text)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps({"name": name, "machine": facts, "samples": samples}, indent=1))
    if arguments.markdown:
        arguments.markdown.parent.mkdir(parents=True, exist_ok=True)
        arguments.markdown.write_text(text)


def ratio(ours: float | None, theirs: float | None) -> str:
    """Return ours as a share of theirs."""
    return f"{ours / theirs:.3f}" if ours and theirs else "–"
