"""The tool `calendar`: today, weekdays, dates before and after, and the time between dates.

Knows nothing about time zones: days of the proleptic Gregorian calendar, as Python's `date` counts them.
"""

from __future__ import annotations

import calendar as month_lengths
from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from core.data.types.tool import Tool
from core.modules.tools import tools

__all__ = ["calendar", "shifted", "time_between"]

_RELATIVE = {"": 0, "today": 0, "now": 0, "tomorrow": 1, "yesterday": -1}


@tools.register("calendar", summary="Knows today's date, weekdays, and how to count days.")
def calendar(today: date | Callable[[], date] | None = None) -> Tool:
    """Return a tool for dates.

    Args:
        today: The day it takes for today, or what gives it; None asks the system's clock.
    """

    def now() -> date:
        if callable(today):
            return today()
        return date.today() if today is None else today

    def look_up(
        action: Literal["today", "weekday", "add", "difference"],
        day: str = "today",
        other_day: str = "today",
        days: int = 0,
        weeks: int = 0,
        months: int = 0,
        years: int = 0,
    ) -> str:
        """Look up dates: today; the weekday of a day; a day plus or minus some time; the time between two days."""
        start = now() if action == "today" else _read(day, now)
        if action == "add":
            return _shown(shifted(start, days=days, weeks=weeks, months=months, years=years))
        if action == "difference":
            return time_between(start, _read(other_day, now))
        return _shown(start)

    told = {
        "day": "YYYY-MM-DD, or today, tomorrow, yesterday",
        "other_day": "for difference: the later day",
        "days": "for add: how many, negative to go back; weeks, months and years likewise",
    }
    return Tool(look_up, name="calendar", arg_desc=told)


def _read(text: str, now: Callable[[], date]) -> date:
    word = text.strip().casefold()
    if word in _RELATIVE:
        return now() + timedelta(days=_RELATIVE[word])
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise ValueError(f"'{text}' is no date: write it as 2024-02-29") from None


def _shown(day: date) -> str:
    return f"{day.isoformat()} ({day:%A})"


def shifted(day: date, *, days: int = 0, weeks: int = 0, months: int = 0, years: int = 0) -> date:
    """Return a day so much later; where the month is too short, its last day.

    Raises:
        ValueError: It lies outside of the years 1 to 9999.
    """
    count = day.year * 12 + day.month - 1 + years * 12 + months
    year, month = divmod(count, 12)
    try:
        last = month_lengths.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(day.day, last)) + timedelta(days=days, weeks=weeks)
    except (ValueError, OverflowError):
        raise ValueError("that is beyond the years 1 to 9999") from None


def time_between(first: date, second: date) -> str:
    """Return the time from one day to the other in days, weeks, and years, months and days."""
    days = (second - first).days
    early, late = sorted((first, second))
    months = (late.year - early.year) * 12 + late.month - early.month
    if shifted(early, months=months) > late:
        months -= 1
    rest = (late - shifted(early, months=months)).days
    parts = [_count(months // 12, "year"), _count(months % 12, "month"), _count(rest, "day")]
    weeks = [_count(abs(days) // 7, "week"), _count(abs(days) % 7, "day")]
    spans = [" ".join(part for part in found if part) for found in (weeks, parts)]
    told = [span for span in dict.fromkeys(spans) if span and span != _count(abs(days), "day")]
    sign = "-" if days < 0 else ""
    return f"{sign}{_count(abs(days), 'day') or '0 days'}" + (f" ({'; '.join(told)})" if told else "")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}" if number else ""
