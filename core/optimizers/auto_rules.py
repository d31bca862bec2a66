"""Rules from failures: which step failed, which failures to show, what the proposer is asked, and how rules are kept.

Knows nothing about scores of candidates. Batched reflection over many failures (ComBEE; SIMBA and GEPA ask about one or
three), with rules as a list, so that each can be tested alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.foundation.fingerprint import canonical_json, jsonable
from core.modules.predict import Predict
from core.optimizers.auto_demos import spread
from core.optimizers.material import fields_text, rows_text
from core.optimizers.reflection import record_of, records_text
from core.search.candidate import State
from core.search.jobs import AskJob, Attempt
from core.search.problem import Item
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["Rules", "blamed", "diverse", "is_failure", "merged", "question", "rules_in", "with_rules"]

Rules = dict[str, list[str]]
"""{predictor path: its rules}."""

SHOWN_FAILURES = 8
SHOWN_ROWS = 32
LONGEST_MATERIAL = 12_000
LONGEST_RULE = 500
MOST_RULES = 40

Run = tuple[Item, Attempt]


class RulesFromFailures(Signature):
    """A model does one step of a task with the current instruction and fails on the cases shown: what went in, what
    came out, and what is said of it. Correct examples stand beside them.

    Write rules that would have prevented these failures and that also hold for inputs not shown here. Each rule is one
    line and can be followed by itself. Return the rules alone, one a line.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    failures: str = InputField()
    examples: str = InputField()
    rules: str = OutputField(desc="one rule a line")


def is_failure(run: Attempt) -> bool:
    """Return whether there is something to learn from a run: no reply that could be read, or less than full marks."""
    if run.outcome in {"infrastructure_failure", "metric_failure"}:
        return False
    return run.outcome != "scored" or (run.score is not None and run.score < 1.0 - 1e-9)


def blamed(view: SearchView, item: Item, run: Attempt) -> list[str]:
    """Return the steps that may have caused a failure, the likeliest first, found from the trace by path.

    A step that gave no reply; the step of which the metric thinks least; the first whose output contradicts a label;
    or else the last, and the one before it where the label's words never reached the last.
    """
    paths = view.problem.paths
    seen: list[str] = [step["path"] for step in run.steps if step["path"] in paths]
    if run.outcome != "scored":
        missing = [path for path in paths if path not in seen]
        return missing[:1] or [paths[-1]]
    graded = {path: said["score"] for path, said in run.advice.items() if said.get("score") is not None}
    if graded and min(graded.values()) < max(graded.values()):
        return [min(graded, key=lambda path: graded[path])]
    labels = jsonable(dict(item.example.labels().items()))
    for step in run.steps:
        wrong = [name for name, value in step["outputs"].items() if name in labels and labels[name] != value]
        if wrong and step["path"] in paths:
            return [step["path"], *_starved(step, labels, wrong, seen)]
    return seen[-1:] or [paths[-1]]


def _starved(
    step: Mapping[str, Any], labels: Mapping[str, Any], wrong: Sequence[str], seen: Sequence[str]
) -> list[str]:
    """Return the step before, where the right answer was not among what the failing step could read."""
    before = list(seen[: seen.index(step["path"])])
    read = canonical_json(step["inputs"]).casefold()
    gold = [str(labels[name]).casefold() for name in wrong]
    return before[-1:] if before and not any(len(text) > 2 and text in read for text in gold) else []


def diverse(runs: Sequence[Run], count: int) -> list[Run]:
    """Return failures that differ: from each kind (labels, and what was answered) in turn, unlike in words within."""
    groups: dict[str, list[Run]] = {}
    for item, run in runs:
        labels = dict(item.example.labels().items())
        kind = canonical_json(jsonable(labels)) if labels else (run.feedback or run.error)[:40]
        groups.setdefault(kind, []).append((item, run))
    queues = sorted(groups.values(), key=len, reverse=True)
    taken: list[Run] = []
    while len(taken) < count and any(queues):
        for queue in queues:
            if queue and len(taken) < count:
                queue.sort(key=lambda one: _likeness(one, taken))
                taken.append(queue.pop(0))
    return taken


def _likeness(one: Run, taken: Sequence[Run]) -> float:
    """Return the largest share of words that a failure has in common with one taken already."""
    own = _words(one)
    shares = (len(own & other) / max(1, len(own | other)) for other in map(_words, taken))
    return max(shares, default=0.0)


def _words(one: Run) -> set[str]:
    return set(re.findall(r"\w+", canonical_json(jsonable(dict(one[0].example.inputs().items()))).casefold()))


def question(
    view: SearchView,
    path: str,
    instructions: str,
    failures: Sequence[Run],
    *,
    number: tuple[int, int],
    settings: Mapping[str, Any],
    temperature: float,
) -> AskJob | None:
    """Return what the proposer is asked about one step; None where no failure says anything of it.

    Args:
        number: Of the round and of the question in it; others get other examples and another sample.
    """
    turn, variant = number
    signature = dict(view.problem.student.named_predictors())[path].signature
    chosen = diverse(failures, SHOWN_FAILURES)
    records = [record_of(run, item, path, failures=True) for item, run in chosen]
    known = [record for record in records if record is not None]
    if not known:
        return None
    rows = spread(view.problem.train, SHOWN_ROWS, view.rng("auto shown", path, turn, variant))
    inputs = {
        "current_instruction": instructions,
        "task_fields": fields_text(signature),
        "failures": _clipped(records_text(known)),
        "examples": _clipped(rows_text([item.example for item in rows], signature)),
    }
    config = {"temperature": temperature if variant else 0.0, "rollout_id": 1 + 10 * turn + variant}
    return AskJob(f"auto:{turn}:{variant}:{path}", Predict(RulesFromFailures), inputs, settings, config)


def _clipped(text: str) -> str:
    """Return whole blocks up to the longest length."""
    if len(text) <= LONGEST_MATERIAL:
        return text
    return text[:LONGEST_MATERIAL].rsplit("\n\n", 1)[0]


def rules_in(reply: Any, instructions: str) -> list[str]:
    """Return the rules of a reply, without bullets, and without lines that the instruction has already."""
    known = {_bare(line) for line in instructions.splitlines()}
    lines = reply if isinstance(reply, list) else str(reply or "").splitlines()
    rules = [_bare(str(line))[:LONGEST_RULE] for line in lines]
    wanted = [rule for rule in rules if len(rule) > 3 and rule not in known and not rule.endswith("rules:")]
    return list(dict.fromkeys(wanted))


def _bare(line: str) -> str:
    return re.sub(r"^\s*(?:[-*•]|\d+[.)])\s+", "", line).strip()


def merged(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return old and new rules; one that begins like an old one (up to its colon) takes its place."""
    heads = {_head(rule) for rule in new}
    return [*(rule for rule in old if _head(rule) not in heads), *dict.fromkeys(new)][-MOST_RULES:]


def _head(rule: str) -> str:
    head, colon, _ = rule.partition(":")
    return (head if colon and len(head) <= 60 else rule).casefold().strip()


def with_rules(base: State, own: Mapping[str, str], rules: Rules) -> State:
    """Return a state with rules below each step's instruction.

    Args:
        own: The student's instructions by path.
        rules: By path; a path without any has its own instruction again.
    """
    state: State = {path: dict(part) for path, part in base.items()}
    for path, lines in rules.items():
        part = {name: value for name, value in state.get(path, {}).items() if name != "instructions"}
        if lines:
            listed = "\n".join(f"- {rule}" for rule in lines)
            part["instructions"] = f"{own[path]}\n\n{listed}".strip()
        state[path] = part
    return {path: part for path, part in state.items() if part}
