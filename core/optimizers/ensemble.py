"""Ensemble: several programs asked at once, their answers made into one.

Knows nothing about where the programs come from, and is no search: it takes programs and not rows, spends nothing
when it compiles, and so stands outside the registry of optimizers. With `majority` it is the vote of Hansen and
Salamon, "Neural network ensembles", IEEE PAMI 12:1990.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from core.foundation.errors import OptimizerError
from core.foundation.fingerprint import fingerprint
from core.foundation.randomness import rng
from core.foundation.words import are, counted
from core.modules.calling import answered, called
from core.modules.module import Module
from core.search.runner import run_jobs
from core.settings import current

__all__ = ["Ensemble", "EnsembledProgram"]

_LIST = "Give a list, e.g. the `candidate_programs` of a compiled program."


class EnsembledProgram(Module):
    """Asks its programs side by side; made by `Ensemble`.

    Its state is that of its programs, `programs[0]` and up; how they are asked is not part of it.

    Args:
        programs: What is asked.
        reduce_fn: Makes one answer of the list of predictions; None: the list is the answer.
        size: How many are asked each time; None: all.
        deterministic: Equal inputs ask the same ones.
    """

    def __init__(
        self,
        programs: Sequence[Module],
        reduce_fn: Callable[[list[Any]], Any] | None = None,
        size: int | None = None,
        deterministic: bool = False,
    ) -> None:
        super().__init__()
        self.programs = list(programs)
        self.reduce_fn = reduce_fn
        self.size = size
        self.deterministic = deterministic

    async def aforward(self, *args: Any, **inputs: Any) -> Any:
        """Return what `reduce_fn` makes of the predictions, or their list.

        Raises:
            Exception: A program raised; of several the first in their order.
        """
        jobs = [partial(called, program, args, inputs) for program in self._asked(args, inputs)]
        found = await run_jobs(jobs, width=current().num_threads, halt=lambda: False)
        return found if self.reduce_fn is None else await answered(self.reduce_fn, found)

    def calls_with(self, inside: int) -> int:
        """The share of the programs that is asked."""
        return inside if self.size is None else math.ceil(inside * self.size / len(self.programs))

    def _asked(self, args: Sequence[Any], inputs: Mapping[str, Any]) -> list[Module]:
        if self.size is None:
            return self.programs
        asked = [list(args), dict(inputs)]
        draw = rng(0, "ensemble", fingerprint(asked)) if self.deterministic else random
        return draw.sample(self.programs, self.size)


class Ensemble:
    """Makes one program of several.

        best = [item["program"] for item in compiled.candidate_programs[:5]]
        program = Ensemble(reduce_fn=core.majority).compile(best)

    Args:
        reduce_fn: Makes one answer of the list of predictions, sync or async, e.g. `core.majority`; None: the
            program returns the list.
        size: How many programs are asked each time, drawn at random; None: all.
        deterministic: Draw by the inputs, so that equal inputs ask the same programs.

    Raises:
        OptimizerError: `size` is below 1 or no whole number, or `reduce_fn` cannot be called.
    """

    def __init__(
        self,
        *,
        reduce_fn: Callable[[list[Any]], Any] | None = None,
        size: int | None = None,
        deterministic: bool = False,
    ) -> None:
        if size is not None and (not isinstance(size, int) or isinstance(size, bool) or size < 1):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptimizerError(f"size={size!r} asks no program.", hint="Give 1 or more, or None for all.")
        if reduce_fn is not None and not callable(reduce_fn):
            raise OptimizerError(
                f"reduce_fn={reduce_fn!r} cannot be called.",
                hint="Give a function, e.g. core.majority, or None.",
            )
        self.reduce_fn = reduce_fn
        self.size = size
        self.deterministic = deterministic

    def get_params(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return {"reduce_fn": self.reduce_fn, "size": self.size, "deterministic": self.deterministic}

    def compile(self, programs: Iterable[Module | Mapping[str, Any]]) -> EnsembledProgram:
        """Return a program that asks these; they are not copied and not changed.

        Args:
            programs: Modules, or entries of `candidate_programs`.

        Raises:
            OptimizerError: There are none, fewer than `size`, or something else is among them.
        """
        if isinstance(programs, Module):
            raise OptimizerError(
                "An ensemble is made of several programs; this is one.",
                hint=_LIST,
            )
        if not isinstance(programs, Iterable) or isinstance(programs, str | Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptimizerError(
                f"An ensemble is made of a list of programs, not of {type(programs).__name__}.", hint=_LIST
            )
        given = [item.get("program") if isinstance(item, Mapping) else item for item in programs]
        parts = [item for item in given if isinstance(item, Module)]
        strangers = [type(item).__name__ for item in given if not isinstance(item, Module)]
        if strangers:
            raise OptimizerError(
                f"An ensemble is made of programs; among these is a {strangers[0]}.",
                hint="Give modules, or the entries of a compiled program's `candidate_programs`.",
            )
        if len(parts) < max(1, self.size or 1):
            raise OptimizerError(
                f"There {are(len(parts))} {counted(len(parts), 'program')}, and "
                f"an ensemble of {self.size or 'some'} is wanted.",
                hint="Give more programs or a smaller size.",
            )
        return EnsembledProgram(parts, self.reduce_fn, self.size, self.deterministic)
