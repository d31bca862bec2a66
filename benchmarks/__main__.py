"""All benchmarks in a row: `python -m benchmarks --dspy-python /path/to/python`.

Knows nothing about any of them but its command. Samples go to `benchmarks/results/`, tables into
`docs/performance.md` between the marks that name them.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.harness import ROOT

NAMES = (
    "import_time",
    "predict_call",
    "http_throughput",
    "cached_evaluation",
    "evaluation_latency",
    "search_overhead",
    "memory",
    "compat_tokens",
    "compat",
    "malformed",
)


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
        _insert(ROOT / "docs" / "performance.md", name, (results / f"{name}.md").read_text())


def _insert(page: Path, name: str, text: str) -> None:
    """Put a table between `<!-- name -->` and `<!-- /name -->`; a page without the marks stays as it is."""
    whole = page.read_text()
    start, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    if start in whole and end in whole:
        head, _, rest = whole.partition(start)
        page.write_text(f"{head}{start}\n{text.strip()}\n\n{end}{rest.partition(end)[2]}")


if __name__ == "__main__":
    main()
