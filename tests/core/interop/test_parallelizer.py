"""`ParallelExecutor` gives results in order and says which items failed."""

import pytest

import core
from core.utils.parallelizer import ParallelExecutor


def test_results_come_in_order_and_failures_by_position() -> None:
    executor = ParallelExecutor(num_threads=3, disable_progress_bar=True, timeout=1, straggler_limit=2)
    assert executor.execute(lambda item: 6 // item, [1, 0, 3, (2).bit_length()]) == [6, None, 2, 3]
    assert executor.failed_indices == [1]
    assert isinstance(executor.exceptions_map[1], ZeroDivisionError)
    assert executor.execute(lambda item: item, [(1, 2), {"a": 1}, [3]]) == [(1, 2), {"a": 1}, [3]]
    assert executor.failed_indices == [] and executor.exceptions_map == {}


def test_so_many_failures_end_the_run() -> None:
    executor = ParallelExecutor(num_threads=1, max_errors=2, disable_progress_bar=True)
    with pytest.raises(core.WorkbenchError, match="2 of 4 pairs failed"):
        executor.execute(lambda item: 1 // item, [1, 0, 0, 1])
    assert executor.failed_indices == [1, 2]
