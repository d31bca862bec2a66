"""How a compile by several optimizers ends: which program comes back, and the report on all of them.

Knows nothing about running searches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.foundation.randomness import rng
from core.modules.module import Module
from core.optimizers.growth import student_state
from core.optimizers.remarks import ONE_ROW
from core.optimizers.together_report import StepReport, TogetherReport
from core.optimizers.together_scores import RowScores, expected, improvement, said_once
from core.search.budget import Budget, Gate, Spend
from core.search.candidate import State, demo_counts
from core.search.records import CandidateReport, Confirmation
from core.search.result import ScoreReport
from core.search.verdict import uncertainty

__all__ = ["Ended", "Made", "program_with_report", "unless_of_budget", "used_of"]

NO_ROWS = (
    "There were no rows to choose by: the program of the last step comes back, whatever it scores. "
    "Give a valset, or a valset_ratio that leaves some."
)


@dataclass(frozen=True)
class Made:
    """The program of one step.

    Attributes:
        name: The optimizer's name in the strategy; empty for the program as given.
        rows: What it scored on the rows to choose by.
        calls, seconds: What the step took, scoring included.
        report: The step's own; None for the program as given.
    """

    name: str
    program: Module
    score: ScoreReport | None
    rows: RowScores
    calls: int
    seconds: float
    report: Any = None

    @property
    def mean(self) -> float | None:
        """Its mean on all rows to choose by."""
        return None if self.score is None or not self.score.full else self.score.mean


@dataclass
class Ended:
    """What is known beside the programs when all is over.

    Attributes:
        stop: Code and reason.
        failed: Which step failed; empty: none.
        own: Warnings about the whole.
        remarks: (what was scored, warning) of searches that scored a program as it was.
        of_budget: How much of the budget is used, in sentences.
        tried: What every candidate of every step scored, by row.
    """

    stop: tuple[str, str] = ("done", "All steps were made.")
    failed: str = ""
    confirmation: Confirmation | None = None
    own: list[str] = field(default_factory=list[str])
    of_budget: list[str] = field(default_factory=list[str])
    remarks: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    tried: list[RowScores] = field(default_factory=list[RowScores])
    spend: Spend = field(default_factory=Spend)
    by_purpose: dict[str, Spend] = field(default_factory=dict[str, Spend])

    def count(self, spend: Spend, by_purpose: Mapping[str, Any]) -> None:
        """Add what a search spent."""
        self.spend.add(spend)
        for purpose, part in by_purpose.items():
            self.by_purpose.setdefault(purpose, Spend()).add(Spend.from_dict(part))

    def best(self, made: Sequence[Made]) -> Made:
        """Return the best program, the earliest of equals, or the last where nothing was scored."""
        scored = [one for one in made if one.mean is not None]
        return max(scored, key=lambda one: one.mean or 0.0) if scored else made[-1]


def program_with_report(
    made: Sequence[Made],
    ended: Ended,
    rows: Sequence[str],
    *,
    strategy: str,
    params: Mapping[str, Any],
    seed: int,
    budget: Budget,
    seconds: float,
    racing: bool,
) -> Any:
    """Return the best program with its report.

    Args:
        rows: Keys of the rows to choose by.
    """
    best, given = ended.best(made), made[0]
    names, steps = _names(made), _steps(made)
    program: Any = best.program.deepcopy()
    program._compiled = True
    program.candidate_programs = _listed(made, names)
    program.flag_compilation_error_occurred = bool(ended.failed)
    confirmed = ended.confirmation
    others = [*(one.rows for one in made if one is not best and one.rows), *ended.tried]
    flattered = expected(rows, best.rows, others, rng(seed, "optimism")) if best.rows else None
    program.report = TogetherReport(
        optimizer="better_together",
        params={"strategy": strategy, **params},
        seed=seed,
        best=names[made.index(best)],
        score=best.score,
        baseline=given.score,
        improvement=None if best is given else improvement(given.rows, best.rows),
        candidates=tuple(_candidates(made, names)),
        stop_code=ended.stop[0],
        stop_reason=ended.stop[1],
        spend=ended.spend.to_dict(),
        spend_by_purpose={purpose: spend.to_dict() for purpose, spend in ended.by_purpose.items()},
        seconds=round(seconds, 3),
        attempts=tuple(attempt for one in made if one.report is not None for attempt in one.report.attempts),
        warnings=_warnings(made, best, ended, bool(rows)),
        budget=budget.to_dict(),
        racing=racing,
        resumed=any(one.report.resumed for one in made if one.report is not None),
        confirmation=confirmed,
        given=_state(given.program),
        expected=flattered if confirmed is None else confirmed.score.mean,
        strategy=strategy,
        steps=steps,
        row_scores=best.rows,
    )
    return program


def _names(made: Sequence[Made]) -> list[str]:
    """Return of each program the steps that led to it."""
    return [" -> ".join(one.name for one in made[1 : place + 1]) for place in range(len(made))]


def _steps(made: Sequence[Made]) -> tuple[StepReport, ...]:
    return tuple(
        StepReport(
            one.name,
            strategy,
            one.score,
            one.calls,
            one.seconds,
            "" if one.report is None else one.report.stop_reason,
            one.report,
        )
        for one, strategy in zip(made, _names(made), strict=True)
    )


def _listed(made: Sequence[Made], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the programs as `candidate_programs` has them, the best first."""
    order = sorted(range(len(made)), key=lambda place: (made[place].mean is None, -(made[place].mean or 0.0)))
    return [
        {
            "score": None if (score := made[place].score) is None else score.percent,
            "program": made[place].program,
            "strategy": names[place],
        }
        for place in order
    ]


def _candidates(made: Sequence[Made], names: Sequence[str]) -> Iterator[CandidateReport]:
    for place, (one, name) in enumerate(zip(made, names, strict=True)):
        state = _state(one.program)
        texts = {path: part["instructions"] for path, part in state.items()}
        spend: dict[str, float] = {**({} if one.report is None else one.report.spend), "calls": one.calls}
        yield CandidateReport(
            id=name,
            label=f"by {one.report.optimizer}" if one.report is not None else "as given",
            seed=place,
            parents=(names[place - 1],) if place else (),
            status="unscored" if one.mean is None else "full",
            reason="",
            score=one.score,
            demos=demo_counts(state),
            instructions={} if not place else texts,
            spend=spend,
            notes={} if place else {"baseline": True},
            state=state,
        )


def _state(program: Module) -> State:
    """Return instructions and demos of a program, all of them."""
    demos = student_state(program)
    return {
        path: {"instructions": part.signature.instructions, "demos": demos.get(path, {}).get("demos", [])}
        for path, part in program.named_predictors()
    }


def _warnings(made: Sequence[Made], best: Made, ended: Ended, chosen: bool) -> tuple[str, ...]:
    """Return what the reader must not miss, of the whole and of its steps, each once."""
    own = [*([ended.failed] if ended.failed else []), *([] if chosen else [NO_ROWS]), *ended.own]
    own += [text for text in ended.of_budget if text not in own]
    score, few = best.score, ""
    if score is not None and score.rows == 1:
        own.append(ONE_ROW)
    if score is not None:
        few = uncertainty(score.rows - score.unscored, score.interval, "chose the winner")
    of_steps = [
        (f"{number} ({one.name})", text)
        for number, one in enumerate(made)
        if one.report is not None
        for text in unless_of_budget(one.report)
        if not _repeats(one, text)
    ]
    remarks = [(_place(part), text) for part, text in ended.remarks if "chose the winner: " not in text]
    return said_once([*own, *([few] if few else [])], [*remarks, *of_steps])


def unless_of_budget(report: Any) -> list[str]:
    """Return a search's warnings without those that say how much of its own part of the budget it used."""
    used = used_of(Budget.of(report.budget), Spend.from_dict(report.spend), report.seconds)
    return [text for text in report.warnings if text not in used]


def used_of(budget: Budget, spend: Spend, seconds: float) -> list[str]:
    """Return a sentence for each cap of which a half or four fifths are used."""
    return Gate(budget, spent=spend, elapsed=seconds).said()


def _repeats(one: Made, text: str) -> bool:
    """Return whether a step's warning says of the rows to choose by what the report says of them already."""
    score = one.score
    return score is not None and (
        text == uncertainty(score.rows - score.unscored, score.interval, "chose the winner")
        or text == ONE_ROW
    )


def _place(part: str) -> str:
    """Return where a program was scored, in words: "as given", or "1 (i)" for the part "1:i:score"."""
    number, _, name = part.partition(":")
    return f"{number} ({name.removesuffix(':score')})" if name else "As given"
