"""What DSPy has changed since 2024, as it was then: `Evaluate` that gives a number, `ReAct` by position.

Knows nothing about how either works. Names that both times share mean under `core` what they mean today; a program of
2024 that depends on the difference imports them from here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.data.example import Example
from core.evaluate import Evaluate as CurrentEvaluate
from core.modules import ReAct as CurrentReAct

__all__ = ["Evaluate", "ReAct"]


class Evaluate:
    """Scores programs; a call gives the percentage, and outputs and scores where asked for.

    Args:
        devset: Examples whose inputs are set.
        metric: `metric(example, prediction, trace=None)`.
        num_threads: Rows in flight.
        display_progress: Show a progress line.
        display_table: Print the table at the end; a number prints so many rows.
        display: False shows nothing, whatever the two above say.
        max_errors: So many rows that fail because of infrastructure or the metric end the run.
        return_outputs: Also give [(example, prediction, score)].
        return_all_scores: Also give the scores, last.
        **more: As for `core.Evaluate`.
    """

    def __init__(
        self,
        *,
        devset: Sequence[Example] | None = None,
        metric: Callable[..., Any] | None = None,
        num_threads: int = 1,
        display_progress: bool = False,
        display_table: bool | int = False,
        display: bool = True,
        max_errors: int = 5,
        return_outputs: bool = False,
        return_all_scores: bool = False,
        **more: Any,
    ) -> None:
        self._shown: dict[str, Any] = {"display_progress": display_progress, "display_table": display_table}
        self._display = display
        self._returned = (return_outputs, return_all_scores)
        self._evaluate = CurrentEvaluate(
            devset=devset, metric=metric, num_threads=num_threads, max_errors=max_errors, **more
        )

    def __call__(
        self,
        program: Callable[..., Any],
        metric: Callable[..., Any] | None = None,
        devset: Sequence[Example] | None = None,
        num_threads: int | None = None,
        display_progress: bool | None = None,
        display_table: bool | int | None = None,
        display: bool | None = None,
        return_all_scores: bool | None = None,
        return_outputs: bool | None = None,
    ) -> Any:
        """Return the percentage, or a tuple of it and what is asked for; arguments override the constructor's."""
        asked: dict[str, Any] = {"display_progress": display_progress, "display_table": display_table}
        shown: dict[str, Any] = {
            name: self._shown[name] if value is None else value for name, value in asked.items()
        }
        if not (self._display if display is None else display):
            shown = {"display_progress": False, "display_table": False}
        result = self._evaluate(program, metric=metric, devset=devset, num_threads=num_threads, **shown)
        outputs, scores = self._returned
        given: list[Any] = [result.score]
        if outputs if return_outputs is None else return_outputs:
            given.append(result.results)
        if scores if return_all_scores is None else return_all_scores:
            given.append([row.score for row in result.rows])
        return given[0] if len(given) == 1 else tuple(given)


class ReAct(CurrentReAct):
    """`core.ReAct` with the parameters of 2024 by position; without tools it searches with the settings' retriever.

    Args:
        signature: The task.
        max_iters: Steps at most.
        num_results: Passages per search.
        tools: Functions, retrievers or `core.Tool`s.
    """

    def __init__(
        self, signature: Any, max_iters: int = 5, num_results: int = 3, tools: Sequence[Any] | None = None
    ) -> None:
        super().__init__(signature, tools, max_iters=max_iters, num_results=num_results)
