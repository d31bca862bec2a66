"""What every solver is handed: the task, how to draw, what is already decided.

Knows nothing about any one kind of answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.lm.embedded.classify import Classifier
from core.lm.embedded.options import Option, Sampler
from core.lm.embedded.task import Slot, Task

__all__ = ["Context", "Fitter", "Solver"]

Fitter = Callable[
    [tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[int, ...], tuple[float, ...]], Classifier
]


@dataclass(slots=True)
class Context:
    """One request being answered.

    Attributes:
        fit: Fits a classifier; the model keeps the last few.
        settled: The outputs decided so far.
    """

    task: Task
    sampler: Sampler
    fit: Fitter
    settled: dict[str, Option] = field(default_factory=dict[str, Option])


Solver = Callable[[Context, Slot], list[Option]]
