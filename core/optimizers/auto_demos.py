"""Demo sets as arms of a search: labelled rows, few and many, runs that passed, and rows that were failed.

Knows nothing about instructions. Many labelled rows often beat a few well-chosen ones (Agarwal et al., Many-Shot
In-Context Learning, arXiv:2404.11018); which number does is left to the race.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.fingerprint import canonical_json, jsonable
from core.modules.overrides import Override
from core.search.candidate import State, build
from core.search.jobs import Attempt, TraceJob
from core.search.problem import Item, Problem
from core.search.view import SearchView

__all__ = [
    "DemoLimits",
    "Lengths",
    "demo_arms",
    "fully_labelled",
    "hardened",
    "labelled_paths",
    "run_on",
    "spread",
]

FEW = 16
"""Labelled rows, at least, where rows that were failed become demos."""

FEWER = 4
"""The small set of labelled rows has this part of the large one."""

PROMPT = 200
"""Tokens, about, that a step's prompt takes without demos and rules."""

CHARACTERS_PER_TOKEN = 4

Arm = tuple[str, State]


@dataclass(frozen=True)
class DemoLimits:
    """How many demos a predictor gets, and how long they may be together."""

    bootstrapped: int
    labelled: int
    tokens: int
    threshold: float | None = None


def labelled_paths(problem: Problem) -> tuple[str, ...]:
    """Return predictors that have an output which the training rows are labelled with."""
    labels = {name for item in problem.train[:50] for name in item.example.labels()}
    parts = dict(problem.student.named_predictors())
    return tuple(path for path in problem.paths if labels & set(parts[path].signature.output_fields))


def fully_labelled(problem: Problem) -> bool:
    """Return whether labelled rows show all there is: every output of every predictor."""
    labels = {name for item in problem.train[:50] for name in item.example.labels()}
    parts = dict(problem.student.named_predictors())
    return all(set(parts[path].signature.output_fields) <= labels for path in problem.paths)


def spread(items: Sequence[Item], count: int, draw: random.Random) -> list[Item]:
    """Return random rows, as even over the labels as can be where there are few different ones."""
    order = draw.sample(list(items), len(items))
    groups: dict[str, list[Item]] = {}
    for item in order:
        labels = dict(item.example.labels().items())
        groups.setdefault(canonical_json(jsonable(labels)), []).append(item)
    if 2 * len(groups) > len(items):
        return order[:count]
    taken: list[Item] = []
    for turn in range(max(map(len, groups.values()), default=0)):
        taken += [group[turn] for group in groups.values() if turn < len(group)]
    return taken[:count]


def demo_arms(
    problem: Problem, limits: DemoLimits, passed: Sequence[tuple[Item, Attempt]], draw: random.Random
) -> list[Arm]:
    """Return demo sets to try, the likeliest first; the others are for where it does not help.

    Args:
        passed: Runs that may become demos, the best first.
        draw: Orders the labelled rows.
    """
    order = spread(problem.train, limits.labelled, draw) if labelled_paths(problem) else []
    traced = passed[: limits.bootstrapped]
    few = order[: len(order) // FEWER]
    sets: list[tuple[str, Sequence[Item], Sequence[tuple[Item, Attempt]]]] = []
    if order and traced:
        sets.append(("runs that passed, and labelled demos", order, traced))
    if traced:
        sets.append(("runs that passed", (), traced))
    if order:
        sets.append((f"{len(order)} labelled demos", order, ()))
    if few:
        sets.append((f"{len(few)} labelled demos", few, ()))
    if len(traced) > 3 and not order:
        sets.append(("half of the runs that passed", (), traced[: len(traced) // 2]))
    found: list[Arm] = []
    for label, rows, runs in sets:
        state = _state(problem, rows, runs, limits)
        if any(part["demos"] for part in state.values()) and all(state != other for _, other in found):
            found.append((label, state))
    return found


def hardened(
    view: SearchView, base: State, failed: Sequence[Item], limits: DemoLimits, number: int
) -> State | None:
    """Return the base with rows that it failed among its labelled demos, and others drawn anew beside them.

    Args:
        number: Of the round.
    """
    problem = view.problem
    paths = labelled_paths(problem)
    if not paths or not limits.labelled:
        return None
    shown = {demo["row"] for path in paths for demo in base.get(path, {}).get("demos", [])}
    size = min(limits.labelled, len(problem.train), max(FEW, len(shown) + len(failed)))
    first = [item for item in failed if item.key not in shown][: max(1, size // 2)]
    taken = {item.key for item in first}
    kept = [item for item in problem.train if item.key in shown and item.key not in taken]
    fresh = [item for item in problem.train if item.key not in shown and item.key not in taken]
    draw = view.rng("auto hard", number)
    rest = [*spread(kept, len(kept), draw), *spread(fresh, len(fresh), draw)]
    if not first and not fresh:  # the same rows in another order
        return None
    rows = [*rest[: max(0, size - len(first))], *first]
    state: State = {path: dict(part) for path, part in base.items()}
    for path in paths:
        before = [demo for demo in base.get(path, {}).get("demos", []) if "values" in demo]
        traced = [demo["row"] for demo in before]
        added = [{"row": item.key} for item in rows if item.key not in traced]
        state[path] = {**state.get(path, {}), "demos": _within(problem, [*before, *added], limits)}
    return None if state == base else state


async def run_on(
    view: SearchView,
    state: State,
    key: str,
    items: Sequence[Item],
    settings: Mapping[str, Any],
    teaching: bool = False,
) -> list[tuple[Item, Attempt]]:
    """Run a state on training rows; a row is hidden from its own demos, or it would only be copied.

    Args:
        key: Names the state.
        settings: In force meanwhile.
        teaching: Run the teacher instead, where there is one.
    """
    teacher = build(view.problem.student, state, view.problem.train_rows)
    if teaching and view.problem.teacher is not None:
        teacher = view.problem.teacher
    parts = dict(teacher.named_predictors())

    def job(item: Item) -> TraceJob:
        asked = dict(item.example.inputs().items())
        overrides = {
            path: Override(demos=[demo for demo in parts[path].demos if not _shows(demo, item, asked)])
            for path in view.problem.paths
        }
        return TraceJob(
            key=f"auto:{key}:{item.key}",
            item=item,
            teacher=teacher,
            judge=lambda _: "",
            overrides=overrides,
            settings=settings,
            whole=True,
            about=view.problem.paths,
        )

    # The first alone: under a cap on tokens it tells the price of the others.
    found = [
        run for part in (items[:1], items[1:]) for run in await view.traces([job(item) for item in part])
    ]
    return [(item, run) for item, run in zip(items, found, strict=True) if run is not None]


def _shows(demo: Any, item: Item, asked: Mapping[str, Any]) -> bool:
    if getattr(demo, "_id", None) == item.key:
        return True
    return bool(asked) and all(name in demo and demo[name] == value for name, value in asked.items())


def _state(
    problem: Problem, rows: Sequence[Item], runs: Sequence[tuple[Item, Attempt]], limits: DemoLimits
) -> State:
    labelled = labelled_paths(problem)
    state: State = {}
    for path in problem.paths:
        traced: list[dict[str, Any]] = [
            {"row": item.key, "values": {**step["inputs"], **step["outputs"]}}
            for item, run in runs
            if (step := next((step for step in reversed(run.steps) if step["path"] == path), None))
            is not None
        ]
        known = {demo["row"] for demo in traced}
        filled: list[dict[str, Any]] = (
            [{"row": item.key} for item in rows if item.key not in known] if path in labelled else []
        )
        room = max(limits.labelled - len(traced), 0)
        state[path] = {"demos": _within(problem, [*traced, *filled[:room]], limits)}
    return state


class Lengths:
    """How long prompts are, about: in tokens over all steps, without the inputs."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._rows: dict[str, int] = {}

    def of(self, state: State) -> float:
        """Return the length of a state's prompts."""
        steps = max(1, len(self._problem.paths))
        written = sum(len(part.get("instructions") or "") for part in state.values())
        shown = sum(self._demo(demo) for part in state.values() for demo in part.get("demos") or ())
        return steps * PROMPT + (written + shown) / CHARACTERS_PER_TOKEN

    def _demo(self, demo: Mapping[str, Any]) -> int:
        if demo.get("values"):
            return demo_length(self._problem, demo)
        if demo["row"] not in self._rows:
            self._rows[demo["row"]] = demo_length(self._problem, demo)
        return self._rows[demo["row"]]


def demo_length(problem: Problem, demo: Mapping[str, Any]) -> int:
    """Return the characters of a demo's values."""
    values = demo.get("values") or dict(problem.train_rows[demo["row"]].items())
    return len(canonical_json(jsonable(values)))


def _within(problem: Problem, demos: Sequence[Any], limits: DemoLimits) -> list[dict[str, Any]]:
    """Return as many demos as the limit on their length allows."""
    left, kept = limits.tokens * CHARACTERS_PER_TOKEN, list[dict[str, Any]]()
    for demo in demos:
        left -= demo_length(problem, demo)
        if left < 0:
            break
        kept.append(demo)
    return kept
