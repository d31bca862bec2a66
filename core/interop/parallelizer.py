"""`ParallelExecutor` of DSPy's inner modules, over `core.Parallel`.

Knows nothing about threads or progress.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from core.modules.parallel import Parallel

__all__ = ["ParallelExecutor"]


class ParallelExecutor:
    """Calls a function on every item, side by side.

    Args:
        num_threads: Items in flight; None takes the setting of that name.
        max_errors: So many failed items end the run; None takes the setting.
        disable_progress_bar: Show no count on the terminal.
        provide_traceback: Log the traceback of a failure; None takes the setting.
        compare_results, timeout, straggler_limit: Accepted from programs that pass them; see `core.Parallel`.

    Attributes:
        failed_indices: Positions of the items that failed in the last run.
        exceptions_map: Position → what was raised there.
    """

    def __init__(
        self,
        num_threads: int | None = None,
        max_errors: int | None = None,
        disable_progress_bar: bool = False,
        provide_traceback: bool | None = None,
        compare_results: bool = False,
        timeout: float | None = 120,
        straggler_limit: int = 3,
    ) -> None:
        del compare_results, timeout, straggler_limit
        self.failed_indices: list[int] = []
        self.exceptions_map: dict[int, Exception] = {}
        self._parallel = Parallel(
            num_threads=num_threads,
            max_errors=max_errors,
            provide_traceback=provide_traceback,
            disable_progress_bar=disable_progress_bar,
        )

    def execute(self, function: Callable[[Any], Any], data: Iterable[Any]) -> list[Any]:
        """Return what the function gave for each item, in order; None where it raised.

        Raises:
            BatchAborted: `max_errors` items failed; `.results` holds what was finished.
        """
        raised: dict[int, Exception] = {}

        def numbered(position: int, item: Any) -> Any:
            try:
                return function(item)
            except Exception as error:
                raised[position] = error
                raise

        try:
            return self._parallel([(numbered, place) for place in enumerate(data)])
        finally:
            self.exceptions_map, self.failed_indices = raised, sorted(raised)
