"""Which part of a compiled program does the work: instructions, demos, both, and each step, on given rows.

Knows nothing about optimizers or searches: two programs of one structure, rows and a metric. Every variant runs on the
same rows, so that differences are paired; variants that are the same program run once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.data.example import Example
from core.evaluate.evaluate import Evaluate
from core.evaluate.report import EvaluationResult
from core.foundation.drive import drive
from core.foundation.errors import EvaluationAborted, OptimizerError
from core.foundation.fingerprint import fingerprint, jsonable
from core.modules.module import Module
from core.search.ablation_result import BOTH, DEMOS, GIVEN, INSTRUCTIONS, Ablation, Scored, Variant, scored
from core.search.problem import check_program, items_of

__all__ = ["Ablation", "Scored", "Variant", "Variation", "aablate", "ablate", "scored", "variations"]

_PARTS = ("instructions", "demos")


@dataclass(frozen=True)
class Variation:
    """A program with some parts of the compiled one, before it is run.

    Attributes:
        name: As of `Variant`.
        program: A copy of its own.
        same_as: Number of the first variation that is the same program; its own where there is none before it.
    """

    name: str
    program: Module
    same_as: int


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

    A variant whose rows fail, or at which a budget around the call is used up, stays in the table with the reason.

    Args:
        program: The compiled program.
        student: The program it was made from.
        rows: Rows to score on; rows that chose nothing give honest figures.
        metric: As for `Evaluate`.
        steps: Also each step alone, and everything but that step, where the program has several.
        num_threads, max_errors: As for `Evaluate`.

    Raises:
        OptimizerError: There are no rows or no metric, or the two programs have different steps or are none.
    """
    if not callable(metric):  # pyright: ignore[reportUnnecessaryComparison]
        raise OptimizerError(
            f"An ablation needs a metric, not {metric!r}.",
            hint="Give the one that the program was compiled with: metric(example, prediction, trace=None).",
        )
    examples = [item.example for item in items_of(rows, "test set")]
    if not examples:
        raise OptimizerError("An ablation needs rows.", hint="Give rows that chose nothing: a test set.")
    evaluate = Evaluate(devset=examples, metric=metric, num_threads=num_threads, max_errors=max_errors)
    arms = variations(program, student, steps=steps)
    results: dict[int, Scored] = {}
    for number, arm in enumerate(arms):
        if arm.same_as == number:
            results[number] = await _run(evaluate, arm.program, len(examples))
    return Ablation.made([(arm.name, arm.same_as) for arm in arms], results, len(examples))


async def _run(evaluate: Evaluate, program: Module, of: int) -> Scored:
    try:
        result: EvaluationResult = await evaluate.acall(program)
    except EvaluationAborted as error:
        return scored(error.result.rows, of, "errors")
    return scored(result.rows, of, result.end_reason)


def variations(program: Module, student: Module, *, steps: bool = True) -> list[Variation]:
    """Return the programs that an ablation runs, the student first; both arguments are untouched.

    Args:
        program: The compiled program.
        student: The program it was made from.
        steps: Also each step alone, and everything but that step, where there are several.

    Raises:
        OptimizerError: The two programs have different steps, or one of them is no program.
    """
    check_program(program, "compiled program")
    check_program(student, "student")
    before, after = _steps(student), _steps(program)
    if set(before) != set(after):
        raise OptimizerError(
            "The two programs have different steps.",
            hint="Give the student that the program was compiled from.",
        )
    made: list[Variation] = []
    known: dict[str, int] = {}
    for number, (name, parts) in enumerate(_variants(list(before), steps)):
        copy = _made(student, after, parts)
        key = fingerprint(jsonable(copy.dump_state()))
        made.append(Variation(name, copy, known.setdefault(key, number)))
    return made


def _variants(paths: Sequence[str], steps: bool) -> Iterator[tuple[str, Mapping[str, Sequence[str]]]]:
    """Yield (name, {path: parts taken over from the compiled program})."""
    yield GIVEN, {}
    yield INSTRUCTIONS, dict.fromkeys(paths, ("instructions",))
    yield DEMOS, dict.fromkeys(paths, ("demos",))
    yield BOTH, dict.fromkeys(paths, _PARTS)
    if not steps or len(paths) < 2:
        return
    for path in paths:
        yield f"only {path}", {path: _PARTS}
        yield f"without {path}", {other: _PARTS for other in paths if other != path}


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
