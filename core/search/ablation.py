"""Which part of a compiled program does the work: instructions, demos, both, and each step, on given rows.

Knows nothing about optimizers or searches: two programs of one structure, rows and a metric. Every variant runs on the
same rows, so that differences are paired; variants that are the same program run once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.data.example import Example
from core.evaluate.evaluate import Evaluate
from core.evaluate.statistics import mean_interval, paired_test
from core.foundation.drive import drive
from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import fingerprint, jsonable
from core.foundation.html import card, short, table
from core.modules.module import Module
from core.search.verdict import points

__all__ = ["Ablation", "Variant", "aablate", "ablate"]

BOTH = ("instructions", "demos")


@dataclass(frozen=True)
class Variant:
    """The program with some of its parts.

    Attributes:
        name: "as given", "instructions only", "demos only", "both", "without <path>" or "only <path>".
        mean: Of the metric; None where no row has a score.
        interval: 95 % interval of the mean.
        rows: Rows with a score.
        difference: Paired test against the program as given; None for itself and what equals it.
    """

    name: str
    mean: float | None
    interval: tuple[float, float]
    rows: int
    difference: dict[str, Any] | None


@dataclass(frozen=True)
class Ablation:
    """All variants, the program as given first."""

    variants: tuple[Variant, ...]

    def __getitem__(self, name: str) -> Variant:
        return next(variant for variant in self.variants if variant.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return jsonable(asdict(self))

    def summary(self) -> str:
        """Return a line a variant."""
        return "\n".join(f"{row[0]}: {row[1]} ({row[2]}), {row[3]}" for row in self._cells())

    def _repr_html_(self) -> str:
        head = ("variant", "score", "95 % interval", "against the program as given")
        return card("Ablation", table(head, [[short(cell) for cell in row] for row in self._cells()]))

    def _cells(self) -> Iterator[tuple[str, str, str, str]]:
        for variant in self.variants:
            low, high = variant.interval
            mean = "no score" if variant.mean is None else f"{variant.mean:.1%}"
            yield variant.name, mean, f"{low:.1%} to {high:.1%}", _against(variant.difference)


def ablate(
    program: Module,
    student: Module,
    rows: Iterable[Example],
    metric: Callable[..., Any],
    *,
    steps: bool = True,
    num_threads: int | None = None,
    max_errors: int | None = None,
) -> Ablation:
    """Score a compiled program with parts of it taken away; the arguments are those of `aablate`."""
    return drive(
        aablate(program, student, rows, metric, steps=steps, num_threads=num_threads, max_errors=max_errors)
    )


async def aablate(
    program: Module,
    student: Module,
    rows: Iterable[Example],
    metric: Callable[..., Any],
    *,
    steps: bool = True,
    num_threads: int | None = None,
    max_errors: int | None = None,
) -> Ablation:
    """Score a compiled program with parts of it taken away; programs and rows are untouched.

    Args:
        program: The compiled program.
        student: The program it was made from.
        rows: Rows to score on; rows that chose nothing give honest figures.
        metric: As for `Evaluate`.
        steps: Also each step alone, and everything but that step, where the program has several.
        num_threads, max_errors: As for `Evaluate`.

    Raises:
        OptimizerError: There are no rows, or the two programs have different steps.
        BudgetExceeded: A budget around the call is used up.
    """
    examples = list(rows)
    if not examples:
        raise OptimizerError("An ablation needs rows.", hint="Give rows that chose nothing: a test set.")
    before, after = _steps(student), _steps(program)
    if set(before) != set(after):
        raise OptimizerError(
            "The two programs have different steps.",
            hint="Give the student that the program was compiled from.",
        )
    evaluate = Evaluate(devset=examples, metric=metric, num_threads=num_threads, max_errors=max_errors)
    known: dict[str, list[float | None]] = {}
    scored: list[tuple[str, list[float | None]]] = []
    for name, parts in _variants(list(before), steps):
        variant = _made(student, after, parts)
        key = fingerprint(jsonable(variant.dump_state()))
        if key not in known:
            result = await evaluate.acall(variant)
            known[key] = [row.score if row.counts else None for row in result.rows]
        scored.append((name, known[key]))
    return Ablation(tuple(_variant(name, own, scored[0][1]) for name, own in scored))


def _variants(paths: Sequence[str], steps: bool) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Yield (name, {path: parts taken over from the compiled program})."""
    yield "as given", {}
    yield "instructions only", dict.fromkeys(paths, ("instructions",))
    yield "demos only", dict.fromkeys(paths, ("demos",))
    yield "both", dict.fromkeys(paths, BOTH)
    if not steps or len(paths) < 2:
        return
    for path in paths:
        yield f"only {path}", {path: BOTH}
        yield f"without {path}", {other: BOTH for other in paths if other != path}


def _made(student: Module, after: Mapping[str, Any], parts: Mapping[str, Sequence[str]]) -> Module:
    made = student.deepcopy()
    for path, predictor in _steps(made).items():
        taken = parts.get(path, ())
        if "instructions" in taken:
            predictor.signature = predictor.signature.with_instructions(after[path].signature.instructions)
        if "demos" in taken:
            predictor.demos = list(after[path].demos)
    return made


def _steps(program: Module) -> dict[str, Any]:
    return dict(program.named_predictors())


def _variant(name: str, own: Sequence[float | None], given: Sequence[float | None]) -> Variant:
    scores = [score for score in own if score is not None]
    pairs = [(a, b) for a, b in zip(given, own, strict=True) if a is not None and b is not None]
    same = own == given or not pairs
    test = None if same else asdict(paired_test([a for a, _ in pairs], [b for _, b in pairs]))
    mean = sum(scores) / len(scores) if scores else None
    return Variant(name, mean, mean_interval(scores), len(scores), test)


def _against(test: Mapping[str, Any] | None) -> str:
    if test is None:
        return "the same"
    low, high = test["interval"]
    return f"{points(test['difference'])} points ({points(low)} to {points(high)}, p = {test['p_value']:.2g})"
