"""`Parallel`: many (program, example) pairs at once.

Knows nothing about scores; an evaluation is `core.evaluate`'s. Pairs run as tasks on the I/O loop, plain sync programs
on a thread each, so calls nested in calls never wait for one another's place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.modules.module import Module
from core.modules.pairs import Pair, PairOptions, run_pairs

__all__ = ["Parallel"]


class Parallel(Module):
    """Runs programs side by side.

        Parallel(num_threads=4)([(program, example), (program, {"question": "…"})])

    Args:
        num_threads: Pairs in flight; None takes the setting of that name.
        max_errors: So many failed pairs end the run; None takes the setting.
        access_examples: Call with the inputs of an `Example`; False hands over the example itself.
        return_failed_examples: Return (results, failed examples, their exceptions).
        provide_traceback: Log the traceback of a failure; None takes the setting.
        disable_progress_bar: Show no count on the terminal.
        timeout, straggler_limit: Accepted from programs that pass them. DSPy sends slow pairs a second time after
            `timeout` seconds; here nothing is ever sent twice.
    """

    takes_pairs = True
    """A list that is given as an example holds pairs, not arguments."""

    def __init__(
        self,
        num_threads: int | None = None,
        max_errors: int | None = None,
        access_examples: bool = True,
        return_failed_examples: bool = False,
        provide_traceback: bool | None = None,
        disable_progress_bar: bool = False,
        timeout: float | None = 120,
        straggler_limit: int = 3,
    ) -> None:
        super().__init__()
        self.num_threads = num_threads
        self.max_errors = max_errors
        self.access_examples = access_examples
        self.return_failed_examples = return_failed_examples
        self.provide_traceback = provide_traceback
        self.disable_progress_bar = disable_progress_bar
        self.timeout = timeout
        self.straggler_limit = straggler_limit

    async def aforward(self, exec_pairs: Sequence[Pair], num_threads: int | None = None) -> Any:
        """Run the pairs; give their results in order, None for one that failed.

        Args:
            exec_pairs: (program, example); an example is an `Example`, a dict (arguments by name), a tuple (arguments
                by position), or a list (the pairs of a `Parallel` inside this one, else arguments by position).
            num_threads: For this call alone.

        Raises:
            BatchAborted: `max_errors` pairs failed; `.results` holds what was finished.
            BudgetExceeded: A budget in force forbids more calls.
        """
        options = PairOptions(
            num_threads or self.num_threads,
            self.max_errors,
            self.access_examples,
            self.return_failed_examples,
            self.provide_traceback,
            self.disable_progress_bar,
        )
        return await run_pairs(exec_pairs, options)
