"""A progress line for evaluations: tqdm where it is installed, plain text elsewhere.

Knows nothing about how rows are run.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from core.evaluate.row import Row

__all__ = ["Progress"]

_SECONDS_BETWEEN_LINES = 1.0


class Progress:
    """Shows "Average Metric: 22.00 / 50 (44.0%)" while rows come in.

    Args:
        total: Rows to expect.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = self.counted = self.failed = 0
        self.sum = 0.0
        self._bar = _bar(total)
        self._written = 0.0

    def __call__(self, row: Row) -> None:
        """Take one finished row."""
        self.done += 1
        if row.score is None:
            self.failed += 1
        else:
            self.counted += 1
            self.sum += row.score
        if self._bar is not None:
            self._bar.set_description_str(self.text, refresh=False)
            self._bar.update(1)
        elif self.done == self.total or time.monotonic() - self._written >= _SECONDS_BETWEEN_LINES:
            self._written = time.monotonic()
            sys.stderr.write(f"{self.done}/{self.total} {self.text}\n")

    @property
    def text(self) -> str:
        """The running average; rows without a score are named apart."""
        share = 100 * self.sum / self.counted if self.counted else 0.0
        failed = f", {self.failed} without a score" if self.failed else ""
        return f"Average Metric: {self.sum:.2f} / {self.counted} ({share:.1f}%{failed})"

    def close(self) -> None:
        """End the line."""
        if self._bar is not None:
            self._bar.close()


def _bar(total: int) -> Any:
    try:
        from tqdm.auto import tqdm

        return tqdm(total=total, file=sys.stderr, dynamic_ncols=True)
    except Exception:  # not installed, or no terminal or widget it can draw on
        return None
