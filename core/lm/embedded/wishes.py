"""What is said of an earlier answer or of the next one: feedback, past outputs, hints.

Knows nothing about how answers are found. Of what feedback can say it follows what can be checked by itself: not the
past value again, a longest length, what must stand in it, at its beginning or its end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from core.lm.embedded.numbers import read_number
from core.lm.embedded.options import Option
from core.lm.embedded.task import Slot, Task
from core.lm.embedded.text import humanized, same

__all__ = ["Wishes", "read_wishes"]

_TOLD = {"feedback", "hint", "hint_", "advice", "critique"}
_HINTS = {"hint", "hint_", "advice"}
_LIMIT = re.compile(
    r"(?:at most|no more than|not more than|no longer than|within|up to|max(?:imum)?(?: of)?|not exceed|only|in)\s+"
    r"(\w+)\s+(words?|characters?|chars?|letters?)|"
    r"(?:less|fewer|shorter|under|below)(?: than)?\s+(\w+)\s+(words?|characters?|chars?|letters?)",
    re.IGNORECASE,
)
_QUOTED = r"[\"'“‘`«]([^\"'”’`»]+)[\"'”’`»]"
_HOLDS = re.compile(rf"\b(?:contain|include|mention|use|say)s?\b[^.\n\"'“‘`«]{{0,30}}{_QUOTED}", re.I)
_LACKS = re.compile(rf"\b(?:not|never|without|avoid)\b[^.\n\"'“‘`«]{{0,30}}{_QUOTED}", re.I)
_BEGINS = re.compile(rf"\b(?:start|begin)s?\b[^.\n\"'“‘`«]{{0,15}}{_QUOTED}", re.I)
_ENDS = re.compile(rf"\bends?\b[^.\n\"'“‘`«]{{0,15}}{_QUOTED}", re.I)
_FAULT = 100.0  # what breaking a wish costs, in logarithms: one that can be kept is kept


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the next answer is wished to be.

    Attributes:
        told: All that was said, in one text.
        hints: What of it may hold the answer itself.
        past: The past values by output.
    """

    told: str
    hints: tuple[tuple[str, str], ...]
    past: dict[str, str]

    def hinted(self, task: Task) -> Task:
        """Return the task with the hints among its inputs."""
        return replace(task, given={**task.given, **dict(self.hints)}) if self.hints else task

    def kept(self, slot: Slot, options: list[Option]) -> list[Option]:
        """Return options for a field, those that break a wish behind those that keep all; long texts cut to fit."""
        if not self.told and not self.past:
            return options
        fitted = [replace(option, value=self._cut(option.value)) for option in options]
        weighed = [
            replace(option, score=option.score - _FAULT * self._faults(slot, option.value))
            for option in fitted
        ]
        return sorted(weighed, key=lambda option: -option.score)

    def _faults(self, slot: Slot, value: Any) -> int:
        text = value if isinstance(value, str) else str(value)
        again = slot.name in self.past and same(text, self.past[slot.name]) and self._meant(slot)
        said = text.casefold()
        unwanted = list(_LACKS.finditer(self.told))
        at = {match.start(1) for match in unwanted}
        broken = sum(match[1].casefold() in said for match in unwanted)
        checks: list[tuple[re.Pattern[str], Callable[[str], bool]]] = [
            (_HOLDS, said.__contains__),
            (_BEGINS, said.startswith),
            (_ENDS, said.endswith),
        ]
        for pattern, keeps in checks:
            wanted = [match for match in pattern.finditer(self.told) if match.start(1) not in at]
            broken += sum(not keeps(match[1].casefold()) for match in wanted)
        return int(again) + broken

    def _meant(self, slot: Slot) -> bool:
        """Return whether what was said is about this output: it names it, or names none."""
        named = [name for name in self.past if humanized(name) in self.told.casefold() or name in self.told]
        return not named or slot.name in named

    def _cut(self, value: Any) -> Any:
        match = _LIMIT.search(self.told) if isinstance(value, str) else None
        limit = read_number(match[1] or match[3]) if match else None
        if match is None or limit is None:
            return value
        most = int(limit) - (match[1] is None)
        parts = value.split()
        if (match[2] or match[4]).casefold().startswith("word"):
            return value if len(parts) <= most else " ".join(parts[: max(most, 1)]).rstrip(" ,;:")
        if len(value) <= most:
            return value
        cut = value[: most + 1].rsplit(" ", 1)[0] if " " in value[: most + 1] else value[:most]
        return cut[:most].rstrip(" ,;:")


def read_wishes(task: Task) -> tuple[Task, Wishes]:
    """Return the task without past outputs, feedback and hints among its inputs, and these apart."""
    outputs = {slot.name for slot in task.outputs}
    past = {
        name[5:]: value
        for name, value in task.given.items()
        if name.startswith("past_") and name[5:] in outputs and value.strip()
    }
    told = {name: value for name, value in task.given.items() if name in _TOLD and value.strip()}
    apart = {f"past_{name}" for name in outputs} | (_TOLD & task.given.keys())
    rest = {name: value for name, value in task.given.items() if name not in apart}
    if not rest or not (past or told):
        return task, Wishes("", (), {})
    hints = tuple((name, value) for name, value in told.items() if name in _HINTS)
    return replace(task, given=rest), Wishes("\n".join(told.values()), hints, past)
