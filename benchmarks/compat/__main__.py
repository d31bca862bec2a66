"""Compare messages, parsed replies and state files with the installed DSPy: `python -m benchmarks.compat --help`.

Knows nothing about either side's insides. Writes the table of `docs/compatibility-measured.md` with `--markdown`, and
every difference with `--json`.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.compat import cases as generated
from benchmarks.compat.our_side import NAMES, ask_dspy, messages_of, parsed, signature_of, values_of
from benchmarks.compat.structure import structure
from benchmarks.compat.values import json_value
from core.adapters import adapters
from core.modules import Predict


def compare_messages(python: str, count: int, seed: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Return table lines and differences of the messages of so many requests."""
    cases = generated.requests(count, seed)
    ours = [messages_of(case) for case in cases]
    told = ask_dspy(
        python,
        {"do": "messages", "cases": [{**case, "ours": made} for case, made in zip(cases, ours, strict=True)]},
    )
    differences: list[dict[str, Any]] = []
    lines: list[str] = []
    for name in NAMES:
        equal = fewer = 0
        totals = [0, 0]
        for case, made, theirs in zip(cases, ours, told["found"], strict=True):
            fields = [field["name"] for field in case["fields"]]
            mine = structure(made[name], name, fields)
            other = structure(theirs[name]["messages"], name, fields)
            equal += mine == other
            fewer += theirs[name]["ours"] <= theirs[name]["tokens"]
            totals = [totals[0] + theirs[name]["ours"], totals[1] + theirs[name]["tokens"]]
            if mine != other or theirs[name]["ours"] > theirs[name]["tokens"]:
                kept = {"ours": made[name], "dspy": theirs[name]["messages"], "tokens": theirs[name]["ours"]}
                differences.append({"adapter": name, "same": mine == other, "case": case, **kept})
        besides = f"{fewer} with at most as many tokens; {totals[0] / totals[1]:.2f} of its tokens in all"
        lines.append(f"| messages, {name} | {count} | {equal} | {besides} |")
    return lines, differences


def compare_parsing(python: str, count: int, seed: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Return table lines and differences of the values that replies parse to."""
    specs, cases = generated.replies(count, seed)
    told = ask_dspy(python, {"do": "parse", "signatures": specs, "cases": cases})
    signatures = [signature_of(spec) for spec in specs]
    differences: list[dict[str, Any]] = []
    equal: Counter[str] = Counter()
    only_ours: Counter[str] = Counter()
    for case, theirs in zip(cases, told["found"], strict=True):
        name = case["adapter"]
        mine = parsed(adapters.get(name)(), signatures[case["signature"]], case["text"])
        if "values" in mine and mine.get("values") == theirs.get("values"):
            equal[name] += 1
            continue
        only_ours[name] += "values" in mine and "values" not in theirs
        differences.append({"case": case, "ours": mine, "dspy": theirs})
    per = Counter(case["adapter"] for case in cases)
    lines = [
        f"| replies, {name} | {per[name]} | {equal[name]} | {only_ours[name]} more are read here alone |"
        for name in NAMES
    ]
    return lines, differences


def compare_states(python: str, count: int, seed: int) -> tuple[list[str], list[dict[str, Any]]]:
    """Return table lines and differences of state files that one side wrote and the other read."""
    cases = [case for case in generated.requests(count, seed) if case["demos"]]
    differences: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        theirs = [{**case, "path": f"{folder}/theirs{at}.json"} for at, case in enumerate(cases)]
        ask_dspy(python, {"do": "save", "cases": theirs})
        here = sum(_loads_here(case, differences) for case in theirs)
        ours = [{**case, "path": f"{folder}/ours{at}.json"} for at, case in enumerate(cases)]
        for case in ours:
            _program(case).save(case["path"])
        told = ask_dspy(python, {"do": "load", "cases": ours})["found"]
        there = 0
        for case, found in zip(ours, told, strict=True):
            same = found == {"instructions": case["instructions"], "demos": case["demos"]}
            there += same
            if not same:
                differences.append({"case": case, "dspy": found})
    lines = [
        f"| state files, DSPy's read here | {len(cases)} | {here} | instructions and demos |",
        f"| state files, ours read by DSPy | {len(cases)} | {there} | instructions and demos |",
    ]
    return lines, differences


def golden(python: str, requests: int, replies: int, seed: int) -> dict[str, Any]:
    """Return DSPy's side of some cases, for the test that needs no DSPy: structures of messages, values of replies."""
    cases = generated.requests(requests, seed)
    told = ask_dspy(
        python, {"do": "messages", "cases": [{**case, "ours": messages_of(case)} for case in cases]}
    )
    structures = [
        {
            name: structure(theirs[name]["messages"], name, [field["name"] for field in case["fields"]])
            for name in NAMES
        }
        for case, theirs in zip(cases, told["found"], strict=True)
    ]
    specs, asked = generated.replies(replies, seed)
    read = ask_dspy(python, {"do": "parse", "signatures": specs, "cases": asked})["found"]
    values = [one.get("values") for one in read]
    return {"dspy": told["version"], "seed": seed, "structures": structures, "values": values}


def _program(case: dict[str, Any]) -> Any:
    program = Predict(signature_of(case))
    program.demos = [values_of(case, demo) for demo in case["demos"]]
    return program


def _loads_here(case: dict[str, Any], differences: list[dict[str, Any]]) -> bool:
    program = Predict(signature_of({**case, "instructions": "Something else."}))
    program.load(case["path"])
    demos = [json_value(demo.toDict()) for demo in program.demos]
    same = program.signature.instructions == case["instructions"] and demos == case["demos"]
    if not same:
        differences.append(
            {"case": case, "ours": {"instructions": program.signature.instructions, "demos": demos}}
        )
    return same


def main() -> None:
    """Compare, print the table, and write what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--dspy-python", help="an interpreter with dspy==3.4.1 installed")
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--replies", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--golden", type=Path, help="write what DSPy gives for a few cases here")
    parser.add_argument("--json", type=Path, help="write all differences here")
    parser.add_argument("--markdown", type=Path, help="write the table here")
    arguments = parser.parse_args()
    if not arguments.dspy_python:
        print("Not compared: no `--dspy-python` was given.")
        return
    if arguments.golden:
        told = golden(arguments.dspy_python, 24, 60, seed=5)
        arguments.golden.write_text(
            json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8"
        )
        return
    lines = ["| what | cases | equal | besides |", "| --- | --- | --- | --- |"]
    differences: dict[str, Any] = {}
    for what, compare, count in (
        ("messages", compare_messages, arguments.requests),
        ("replies", compare_parsing, arguments.replies),
        ("states", compare_states, arguments.requests),
    ):
        found, differences[what] = compare(arguments.dspy_python, count, arguments.seed)
        lines += found
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text, "utf-8")
    if arguments.json:
        arguments.json.write_text(
            json.dumps(differences, indent=1, ensure_ascii=False, default=repr) + "\n", "utf-8"
        )


if __name__ == "__main__":
    main()
