"""What `import` costs, as a whole process: wall time, CPU, memory, modules.

Knows nothing about what is done after the import.
"""

from __future__ import annotations

import sys
import time

from benchmarks.harness import Side, figure, finish, in_turns, machine, medians, options, ratio, run, table

_PROBE = """
import json, resource, sys
{statement}
used = resource.getrusage(resource.RUSAGE_SELF)
files = ((name.partition(".")[0], getattr(module, "__file__", None)) for name, module in sys.modules.items())
outside = {{name for name, file in files if "site-packages" in (file or "")}}
print(json.dumps({{
    "cpu_ms": (used.ru_utime + used.ru_stime) * 1000,
    "mb": used.ru_maxrss / 1024,
    "modules": len(sys.modules),
    "third_party": len(outside),
}}))
"""


def main() -> None:
    """Compare and report."""
    arguments = options(__doc__ or "", rounds=9).parse_args()
    statements = [
        ("pass", sys.executable),
        ("import pydantic", sys.executable),
        ("import core", sys.executable),
    ]
    statements += [("import openai", sys.executable)]
    if arguments.dspy_python:
        statements.append(("import dspy", arguments.dspy_python))
    sides = [Side(text, python, ("-c", _PROBE.format(statement=text))) for text, python in statements]
    for side in sides:  # compile to bytecode, fill the file cache
        run(side, {})

    def measure(side: Side) -> dict[str, float]:
        started = time.perf_counter()
        found = run(side, {})
        return {"wall_ms": (time.perf_counter() - started) * 1000, **found}

    before = machine()
    samples = in_turns(sides, arguments.rounds, measure)
    found = medians(samples)
    dspy = found.get("import dspy", {})
    rows = [
        [
            f"`{name}`",
            *(figure(of[key]) for key in ("wall_ms", "cpu_ms", "mb", "modules", "third_party")),
            ratio(of["wall_ms"], dspy.get("wall_ms")),
        ]
        for name, of in found.items()
    ]
    columns = ["process", "wall ms", "CPU ms", "MB", "modules", "third-party packages", "of DSPy's wall time"]
    finish(arguments, "import_time", samples, table(columns, rows), before)


if __name__ == "__main__":
    main()
