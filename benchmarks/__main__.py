"""All benchmarks in a row: `python -m benchmarks --dspy-python /path/to/python`.

Knows nothing about any of them but its command. Results go to `benchmarks/results/`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from benchmarks.harness import ROOT

NAMES = ("import_time", "predict_call", "http_throughput", "cached_evaluation", "evaluation_latency")


def main() -> None:
    """Run each as its own command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dspy-python")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=NAMES)
    arguments = parser.parse_args()
    results = ROOT / "benchmarks" / "results"
    for name in arguments.only:
        print(f"\n## {name}\n", flush=True)
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        command += ["--json", str(results / f"{name}.json"), "--markdown", str(results / f"{name}.md")]
        if arguments.dspy_python:
            command += ["--dspy-python", arguments.dspy_python]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
