"""Reads 10,000 malformed replies, beside DSPy and json_repair: how many as they were meant, and how long each takes.

Knows nothing about how they are read. The grammar is `benchmarks.compat.malformed`. An exception other than the one
that an adapter may raise ends the run.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

from benchmarks.compat.malformed import SIGNATURES, Reply, replies
from benchmarks.compat.our_side import ask_dspy, parsed, signature_of
from benchmarks.harness import options
from core.adapters import adapters

SIDES = ("ours", "DSPy")


def read_here(cases: list[Reply]) -> list[dict[str, Any]]:
    """Return what we make of each, with the CPU milliseconds it took; compiling signatures is not counted."""
    signatures = [signature_of(spec) for spec in SIGNATURES]
    made = {name: adapters.get(name)() for name in ("chat", "json", "xml")}
    for signature in signatures:
        for adapter in made.values():
            parsed(adapter, signature, "{}")
    found: list[dict[str, Any]] = []
    for case in cases:
        begun = time.thread_time()
        told = parsed(made[case.adapter], signatures[case.signature], case.text)
        found.append({**told, "ms": (time.thread_time() - begun) * 1000})
    return found


def outcome(case: Reply, told: dict[str, Any]) -> str:
    """Return right, wrong (other values than it says) or refused; where nothing can be told, read or refused."""
    if "values" not in told:
        return "refused"
    if case.said is None:
        return "read"
    return "right" if told["values"] == case.said else "wrong"


def table(cases: list[Reply], sides: dict[str, list[dict[str, Any]]]) -> str:
    """Return the shares, then the times, as Markdown."""
    lines = ["| replies | cases | " + " | ".join(f"{name}: right | wrong | refused" for name in sides) + " |"]
    lines.append("|" + " --- |" * (2 + 3 * len(sides)))
    kinds = {
        name: [case.adapter == name and case.said is not None for case in cases]
        for name in ("chat", "json", "xml")
    }
    kinds["all that can be told"] = [case.said is not None for case in cases]
    for kind, chosen in kinds.items():
        cells = [f"| {kind} | {sum(chosen)} "]
        for found in sides.values():
            counted = Counter(
                outcome(case, told) for case, told, take in zip(cases, found, chosen, strict=True) if take
            )
            cells.append(
                " | ".join(
                    f"{counted[name] / max(1, sum(chosen)):.1%}" for name in ("right", "wrong", "refused")
                )
            )
        lines.append(" | ".join((cells[0].rstrip(), *cells[1:])) + " |")
    lines += ["", "| CPU ms a reply | median | p99 | slowest |", "| --- | --- | --- | --- |"]
    for name, found in sides.items():
        taken = sorted(told["ms"] for told in found)
        lines.append(
            f"| {name} | {taken[len(taken) // 2]:.3f} | {taken[int(len(taken) * 0.99)]:.2f} | {taken[-1]:.1f} |"
        )
    return "\n".join(lines) + "\n"


def by_fault(cases: list[Reply], sides: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the outcomes of each side for every fault of every layout."""
    told: dict[str, dict[str, Any]] = {}
    for name, found in sides.items():
        for case, one in zip(cases, found, strict=True):
            row = told.setdefault(f"{case.adapter}: {case.fault}", {}).setdefault(name, Counter())
            row[outcome(case, one)] += 1
    return told


def repaired(cases: list[Reply], theirs: list[dict[str, Any]], ours: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how json_repair alone reads the JSON replies: right where ours is not, and the other way round."""
    better: Counter[str] = Counter()
    counted: Counter[str] = Counter()
    signatures = [signature_of(spec) for spec in SIGNATURES]
    for case, told, mine in zip(cases, theirs, ours, strict=True):
        if case.adapter != "json" or case.said is None:
            continue
        again = {"error": ""}
        if isinstance(told.get("repaired"), dict):
            text = json.dumps(told["repaired"])
            again = parsed(adapters.get("json")(), signatures[case.signature], text)
        theirs_right, ours_right = outcome(case, again) == "right", outcome(case, mine) == "right"
        counted["json_repair right"] += theirs_right
        counted["ours right"] += ours_right
        counted["only ours"] += ours_right and not theirs_right
        counted["only json_repair"] += theirs_right and not ours_right
        if theirs_right and not ours_right:
            better[case.fault] += 1
    return {"counts": dict(counted), "only json_repair, by fault": dict(better)}


def main() -> None:
    """Read them all and report."""
    parser = options(__doc__ or "", rounds=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    cases = list(replies(arguments.count, arguments.seed))
    sides = {"ours": read_here(cases)}
    extra: dict[str, Any] = {}
    if arguments.dspy_python:
        sent = [
            {"signature": c.signature, "adapter": c.adapter, "text": c.text, "repair": c.adapter == "json"}
            for c in cases
        ]
        sides["DSPy"] = ask_dspy(
            arguments.dspy_python, {"do": "parse", "signatures": SIGNATURES, "cases": sent}
        )["found"]
        extra = repaired(cases, sides["DSPy"], sides["ours"])
    text = table(cases, sides)
    print(text)
    print(json.dumps(extra, indent=1))
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    if arguments.json:
        told = {"faults": by_fault(cases, sides), **extra}
        arguments.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
