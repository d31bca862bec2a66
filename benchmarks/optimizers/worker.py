"""One run on one side: compile, then score the held-out rows. Run by either interpreter, the run as JSON on stdin.

Knows nothing about the other side. Prints one JSON line: rows' scores, what was reported, what was compiled.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from benchmarks.optimizers import programs, scoring
from benchmarks.optimizers.choices import (
    SEEDED_IN_COMPILE,
    SEEDED_IN_CONSTRUCTOR,
    choice,
    constructor,
    rows_for,
)


def phase(run: dict[str, Any], name: str, limit: int | None = None) -> dict[str, Any]:
    """Tell the server what is counted from now on."""
    body = json.dumps({"phase": name, "limit": limit}).encode()
    asked = urllib.request.Request(f"{run['address']}/phase", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return json.load(answer)


def metric_of(lib: Any, task: dict[str, Any], in_words: bool) -> Any:
    """Return the metric: a number, or a number with feedback."""
    rule, inputs = task["metric"], task["inputs"]
    rows = [*task["train"], *task["validation"]]
    reasons = {tuple(str(row[name]) for name in inputs): row.get(rule["feedback"]) for row in rows}

    def metric(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:
        reason = reasons.get(tuple(str(gold[name]) for name in inputs))
        known = {rule["feedback"]: reason, **{name: gold[name] for name in rule["fields"]}}
        number, said = scoring.score(rule, known, {name: pred.get(name) for name in rule["fields"]})
        return lib.Prediction(score=number, feedback=said) if in_words else number

    return metric


def compile_ours(run: dict[str, Any], student: Any, rows: dict[str, list[Any]]) -> tuple[Any, float | None]:
    """Return our compiled program and the score that it says to expect on other rows."""
    import core
    from core.optimizers import optimizers

    name = run["optimizer"]
    params = {**constructor(name, run["size"]), **run.get("params", {})}
    metric = metric_of(core, run["task"], choice(name).feedback)
    optimizer = optimizers.get(name).create(params, metric=metric)
    given = {"seed": run["seed"], "budget": run["budget"], "num_threads": 1, "max_errors": 1_000_000}
    program = optimizer.compile(student, **rows, **given)
    report = program.report
    run["told"] = {
        "stop": report.stop_reason,
        "candidates": len(report.candidates),
        "chosen_with": None if report.score is None else report.score.mean,
    }
    return program, report.expected


def compile_theirs(run: dict[str, Any], student: Any, rows: dict[str, list[Any]]) -> tuple[Any, float | None]:
    """Return DSPy's compiled program and the score that it reports; stopped by a cap, the best that was evaluated."""
    import dspy

    name, seed = run["optimizer"], run["seed"]
    params = {**constructor(name, run["size"]), **run.get("params", {})}
    params["metric"] = metric_of(dspy, run["task"], choice(name).feedback)
    if name in SEEDED_IN_CONSTRUCTOR:
        params["seed"] = seed
    if name == "gepa" and run["budget"] is not None:  # it has a cap of its own, on runs of the program
        steps = len(student.named_predictors())
        params = {**params, "auto": None, "max_metric_calls": max(1, run["budget"] // steps)}
    if name == "gepa":
        params["reflection_lm"] = dspy.settings.lm.copy(temperature=1.0)
    if name == "copro":
        rows = {**rows, "eval_kwargs": {"num_threads": 1, "display_progress": False}}
    else:
        params["num_threads"] = 1
    seeded = {"seed": seed} if name in SEEDED_IN_COMPILE else {}
    watched = Watched(run, student)
    dspy.configure(callbacks=[watched.callback()])
    try:
        program = getattr(dspy, choice(name).theirs or "")(**params).compile(student, **rows, **seeded)
    except Exception as error:
        if run["budget"] is None or not watched.refused():
            raise
        run["told"] = {"stop": f"{type(error).__name__} at the cap"}
        return watched.best, watched.score
    if run["budget"] is not None and watched.score is not None and watched.refused():
        run["told"] = {"stop": "went on past the cap"}  # what it returns was scored by refusals, too
        return watched.best, watched.score
    return program, _reported(program)


def _reported(program: Any) -> float | None:
    details = getattr(program, "detailed_results", None)
    if details is not None:
        return max(details.val_aggregate_scores)
    listed = getattr(program, "candidate_programs", None) or []
    scores = [item["score"] for item in listed if isinstance(item, dict) and item.get("score") is not None]
    return max(scores) / (100 if max(scores) > 1 else 1) if scores else None


class Watched:
    """The best program that DSPy has evaluated in full before the cap, for runs that are stopped."""

    def __init__(self, run: dict[str, Any], student: Any) -> None:
        self.run, self.best, self.score, self.most = run, student, None, 0
        self._open: dict[str, Any] = {}

    def refused(self) -> int:
        """Return how many requests came after the cap."""
        with urllib.request.urlopen(f"{self.run['address']}/counts", timeout=30) as answer:
            return json.load(answer)["compile"]["refused"]

    def callback(self) -> Any:
        """Return the callback that follows evaluations."""
        from dspy.utils.callback import BaseCallback

        watched = self

        class Follow(BaseCallback):
            """Keeps a copy of what is evaluated, and its score."""

            def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
                program = inputs.get("program") or next(iter(inputs.get("args", ())), None)
                watched._open[call_id] = program.deepcopy() if program is not None else None

            def on_evaluate_end(self, call_id: str, outputs: Any, exception: Exception | None = None) -> None:
                watched.take(watched._open.pop(call_id, None), outputs)

        return Follow()

    def take(self, program: Any, outputs: Any) -> None:
        """Keep a program where it is better, on as many rows or more, and nothing was refused."""
        score, rows = getattr(outputs, "score", None), len(getattr(outputs, "results", ()))
        if program is None or score is None or (self.run["budget"] is not None and self.refused()):
            return
        if rows > self.most or (rows == self.most and score / 100 > (self.score or 0)):
            self.best, self.score, self.most = program, score / 100, rows


def scored(run: dict[str, Any], program: Any, part: str = "test") -> tuple[list[float], int]:
    """Return the score of every row of a part, and how many failed (they score 0)."""
    scores: list[float] = []
    failed = 0
    rule = run["task"]["metric"]
    for row in run["task"][part]:
        try:
            told = program(**{name: row[name] for name in run["task"]["inputs"]})
            told = (
                told[0] if isinstance(told, tuple) else told
            )  # DSPy's GEPA evaluates programs that also give traces
            scores.append(scoring.score(rule, row, {name: told.get(name) for name in rule["fields"]})[0])
        except Exception:
            failed += 1
            scores.append(0.0)
    return scores, failed


def connected(run: dict[str, Any]) -> Any:
    """Return the side's library, set up with the run's server as its model."""
    if run["side"] == "ours":
        import core as lib
    else:
        import dspy as lib

        logging.disable(logging.WARNING)
    model = lib.LM(
        "openai/in-context",
        api_base=f"{run['address']}/v1",
        api_key="none",
        temperature=0.0,
        max_tokens=1000,
        num_retries=0,
    )
    lib.configure(lm=model, num_threads=1) if run["side"] == "ours" else lib.configure(lm=model)
    return lib


def main() -> None:
    """Do one run."""
    sys.stdout, answers = sys.stderr, sys.stdout  # what is printed on the way is no result
    run = json.load(sys.stdin)
    lib = connected(run)
    student = programs.make(lib, run["task"])
    parts = [programs.examples(lib, run["task"], part) for part in ("train", "validation")]
    phase(run, "compile", run["budget"] if run["side"] == "dspy" else None)
    program, reported = student, None
    begun = time.perf_counter()
    if run["optimizer"] != "none":
        made = compile_ours if run["side"] == "ours" else compile_theirs
        program, reported = made(run, student, rows_for(run["optimizer"], *parts))
    seconds = time.perf_counter() - begun
    phase(run, "held out")
    scores, failed = scored(run, program)
    if run["optimizer"] == "none":
        run["told"] = {"known": {part: scored(run, program, part)[0] for part in ("train", "validation")}}
    prompts = {
        path: {"instructions": step.signature.instructions, "demos": len(step.demos)}
        for path, step in program.named_predictors()
    }
    told = {"scores": scores, "failed": failed, "reported": reported, "seconds": seconds, "prompts": prompts}
    json.dump({**told, **run.get("told", {})}, answers)


if __name__ == "__main__":
    main()
