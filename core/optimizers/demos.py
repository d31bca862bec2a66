"""Demos: labelled rows, and traces of a teacher that passed the metric.

Knows nothing about scores or which candidate is best. Semantics are those of DSPy's bootstrapping (Khattab et al.,
arXiv:2310.03714, §3.3), with three differences on purpose: the example that a teacher attempts is hidden from its demos
for that attempt alone (the live teacher is never changed), every predictor's labelled demos are drawn on their own,
and predictors are found by their path in the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import fingerprint
from core.foundation.words import counted
from core.modules.overrides import Override
from core.modules.parts import named_parts
from core.modules.predict import Predict
from core.optimizers.checks import check_predictors
from core.search.candidate import State, labelled_demos
from core.search.jobs import Attempt, Step, TraceJob
from core.search.problem import Item, Problem
from core.search.result import AttemptRecord
from core.search.view import SearchView

__all__ = [
    "Bootstrap",
    "DemoRules",
    "bootstrap_all",
    "check_structure",
    "labeled_state",
    "summarize",
    "zero_state",
]

ROLLOUT_TEMPERATURE = 1.0
"""Rounds after the first ask for fresh samples at this temperature."""

LAST_STEP_SHARE = 0.5
"""How often the last of several calls of one predictor is the one that becomes a demo."""


@dataclass(frozen=True)
class DemoRules:
    """How many demos of which kind, and what a trace has to score.

    Attributes:
        threshold: The least score; None: anything but zero passes.
        counter_examples: A demo of a step that assertions had repeated also shows what was wrong before.
    """

    bootstrapped: int
    labeled: int
    rounds: int = 1
    threshold: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    counter_examples: bool = False

    def judge(self, score: float | None) -> str:
        """Return why an attempt with that score is not kept; empty: it is."""
        if score is None:
            return ""
        if self.threshold is not None:
            return "" if score >= self.threshold else f"the metric gave {score:g}, below {self.threshold:g}"
        return "" if score else "the metric gave 0"


def zero_state(problem: Problem) -> State:
    """Return the student without any demos."""
    return {path: {"demos": []} for path in problem.paths}


def labeled_state(problem: Problem, draw: Callable[[Sequence[Item]], Sequence[Item]]) -> State:
    """Return the student with labelled demos, drawn for one predictor after the other."""
    return {path: {"demos": [{"row": item.key} for item in draw(problem.train)]} for path in problem.paths}


def check_structure(problem: Problem) -> None:
    """Check that student and teacher fit together.

    Raises:
        OptimizerError: The student is compiled or has nothing to improve, or the teacher has other predictors.
    """
    if problem.student._compiled:
        raise OptimizerError(
            "The student is compiled already.",
            hint="Give a freshly made program as student and the compiled one as teacher; or set its _compiled to "
            "False: its instructions stay, and new demos take the place of those it has.",
        )
    check_predictors(problem)
    if problem.teacher is None:
        return
    mine, theirs = problem.student.named_predictors(), problem.teacher.named_predictors()
    if [path for path, _ in mine] != [path for path, _ in theirs]:
        raise OptimizerError(
            f"Student and teacher have different predictors: {_names(mine)} and {_names(theirs)}.",
            hint="The teacher must be a program of the same structure.",
        )
    for (path, own), (_, other) in zip(mine, theirs, strict=True):
        if own.signature.signature != other.signature.signature:
            raise OptimizerError(
                f"The predictor '{path}' has the signature '{own.signature.signature}' in the student and "
                f"'{other.signature.signature}' in the teacher.",
                hint="Signatures must be equal, or the teacher's demos would not fit.",
            )


def _names(predictors: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(path for path, _ in predictors) or "none"


class Bootstrap:
    """One bootstrapping: which rows a teacher tries, and the demos that come of it.

    As many rows run at once as traces are still wanted. Every one of them would be tried one after another too, so
    this takes the same traces with the same calls.

    Args:
        view: The search.
        rules: Limits.
        rows: Training rows in the order in which they are tried.
        label: Of the candidate; also seeds its draws.
    """

    def __init__(self, view: SearchView, rules: DemoRules, rows: Sequence[Item], label: str) -> None:
        self.label = label
        self._view = view
        self._rules = rules
        self._rows = list(rows)
        self._problem = view.problem
        self._teacher = self._problem.teacher or self._problem.student
        self._teacher_demos = self._demos_of_teacher()
        self._name = fingerprint(
            [[path, [key for key, _ in demos]] for path, demos in self._teacher_demos.items()]
        )
        self._next = 0
        self._retry: list[tuple[Item, int]] = []
        self._kept: dict[str, dict[str, list[Step]]] = {}

    @property
    def done(self) -> bool:
        """True once enough traces are kept or every row was tried."""
        if len(self._kept) >= self._rules.bootstrapped:
            return True
        return not self._retry and self._next >= len(self._rows)

    def jobs(self) -> list[TraceJob]:
        """Return what to try next."""
        if self._retry:
            return [self._job(item, round_number) for item, round_number in self._retry]
        wanted = self._rules.bootstrapped - len(self._kept)
        chunk = self._rows[self._next : self._next + wanted]
        self._next += len(chunk)
        self._retry = [(item, 0) for item in chunk]
        return [self._job(item, 0) for item in chunk]

    def take(self, attempts: Sequence[Attempt | None]) -> None:
        """Take what came of the last `jobs`."""
        tried, self._retry = self._retry, []
        for (item, round_number), attempt in zip(tried, attempts, strict=True):
            if attempt is None:
                continue
            why = self._keep(item, attempt) if attempt.kept else attempt.why
            self._view.attempts.append(
                AttemptRecord(item.key, round_number, not why, why, attempt.score, self.label)
            )
            if not attempt.kept and round_number + 1 < self._rules.rounds:
                self._retry.append((item, round_number + 1))

    def state(self) -> State:
        """Return the student with the traces as demos, filled up with labelled rows."""
        rest = [item for item in self._problem.train if item.key not in self._kept]
        state: State = {}
        for path in self._problem.paths:
            traced = [
                {"row": row, "values": self._values(row, path, steps[path])}
                for row, steps in self._kept.items()
                if path in steps
            ]
            draw = self._view.rng("labeled", self.label, path)
            count = max(0, min(self._rules.labeled - len(traced), len(rest)))
            state[path] = {"demos": [*traced, *({"row": item.key} for item in draw.sample(rest, count))]}
        return state

    def _keep(self, item: Item, attempt: Attempt) -> str:
        """Keep the steps of a passing attempt; return why not where they are of no use."""
        steps: dict[str, list[Step]] = {}
        for step in attempt.steps:
            if step["path"] in self._problem.paths:
                steps.setdefault(step["path"], []).append(step)
        if not steps:
            return "no predictor that may be tuned took part"
        for row, other in self._kept.items():
            if other == steps:
                return f"the same trace as row {row}"
        self._kept[item.key] = steps
        return ""

    def _values(self, row: str, path: str, steps: Sequence[Step]) -> dict[str, Any]:
        step = steps[-1]
        if len(steps) > 1:
            draw = self._view.rng("step", self.label, row, path)
            step = steps[-1] if draw.random() < LAST_STEP_SHARE else draw.choice(steps[:-1])
        further = step.get("further", {}) if self._rules.counter_examples else {}
        return {**step["inputs"], **further, **step["outputs"]}

    def _demos_of_teacher(self) -> dict[str, list[tuple[str, Any]]]:
        """Return {path: [(row key or content, demo)]} that the teacher has before any example is hidden."""
        given = self._problem.teacher
        own = {path: _keyed(part.demos) for path, part in named_parts(self._teacher, Predict)}
        if given is not None and (_was_chosen(given) or not self._rules.labeled):
            return own
        # In a race all bootstrappings have one teacher: what it answered on a row is known to the next of them.
        racing = self._view.racing
        draw = self._view.rng("teacher") if racing else self._view.rng("teacher", self.label)
        among = list(self._problem.train) if racing else self._rows
        count = min(self._rules.labeled, len(among))
        shown = labelled_demos(self._teacher)
        for path in self._problem.paths:
            drawn = draw.sample(among, count)
            own[path] = [
                (item.key, shown[path](item.example) if path in shown else item.example) for item in drawn
            ]
        return own

    def _job(self, item: Item, round_number: int) -> TraceJob:
        config = {"rollout_id": round_number, "temperature": ROLLOUT_TEMPERATURE} if round_number else None
        overrides = {
            path: Override(demos=[demo for key, demo in demos if not _is_of(key, demo, item)], config=config)
            for path, demos in self._teacher_demos.items()
        }
        return TraceJob(
            key=f"{self._name[:20]}:{round_number}:{item.key}",
            item=item,
            teacher=self._teacher,
            judge=self._rules.judge,
            overrides=overrides,
            settings=self._rules.settings,
            round=round_number,
        )


def _was_chosen(teacher: Any) -> bool:
    """Return whether a teacher comes out of a search that scored it: what it shows was found good, and stays."""
    return teacher._compiled or getattr(getattr(teacher, "report", None), "score", None) is not None


async def bootstrap_all(view: SearchView, bootstraps: Sequence[Bootstrap]) -> None:
    """Run bootstrappings side by side until each is done or the search ends."""
    while not view.ended:
        active = [bootstrap for bootstrap in bootstraps if not bootstrap.done]
        if not active:
            return
        jobs = [bootstrap.jobs() for bootstrap in active]
        attempts = await view.traces([job for batch in jobs for job in batch])
        start = 0
        for bootstrap, batch in zip(active, jobs, strict=True):
            bootstrap.take(attempts[start : start + len(batch)])
            start += len(batch)


def summarize(view: SearchView, label: str, rules: DemoRules) -> None:
    """Say how many traces were kept and why others were not; loudly where there are none."""
    attempts = [attempt for attempt in view.attempts if attempt.purpose == label]
    kept = sum(attempt.kept for attempt in attempts)
    tried = len({attempt.row for attempt in attempts})
    reasons: dict[str, int] = {}
    for attempt in attempts:
        if not attempt.kept:
            reasons[attempt.why] = reasons.get(attempt.why, 0) + 1
    of, rows = counted(len(attempts), "attempt"), counted(len(view.problem.train), "row")
    text = f"{label}: {counted(kept, 'trace')} kept of {of} on {tried} of {rows}."
    shown = dict(sorted(reasons.items(), key=lambda pair: -pair[1])[:8])
    if kept or not rules.bootstrapped or view.ended:
        view.note(text, reasons=shown)
    else:
        view.warn(
            f"{text} Nothing was bootstrapped.", hint=_hint(attempts, rules), details={"reasons": shown}
        )


def _hint(attempts: Sequence[AttemptRecord], rules: DemoRules) -> str:
    if not attempts:
        return "There were no training rows to try."
    useless = next(
        (attempt for attempt in attempts if attempt.score and not rules.judge(attempt.score)), None
    )
    if useless is not None:
        return f"Attempts passed and gave no demo: {useless.why}."
    scores = [attempt.score for attempt in attempts if attempt.score is not None]
    if not scores:
        return f"Every attempt failed, the first because {attempts[0].why}"
    if rules.threshold is not None:
        return f"The highest score was {max(scores):g}: lower metric_threshold, or use a stronger teacher."
    return "Every attempt scored 0: check the metric on a few rows, or use a stronger teacher (teacher_settings)."


def _keyed(demos: Sequence[Any]) -> list[tuple[str, Any]]:
    return [
        (fingerprint(dict(demo.items()) if isinstance(demo, Example) else demo)[:20], demo) for demo in demos
    ]


def _is_of(key: str, demo: Any, item: Item) -> bool:
    """Return whether a demo was made from that row: by its key, or by showing the same inputs."""
    if key == item.key or getattr(demo, "_id", None) == item.key:
        return True
    inputs = dict(item.example.inputs().items())
    return bool(inputs) and all(name in demo and demo[name] == value for name, value in inputs.items())
