"""What an ablation found: a table of variants against the program as given, and what can be concluded from it.

Knows nothing about how the variants were made or run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

from core.evaluate.row import Row
from core.evaluate.statistics import mean_interval, paired_test
from core.foundation.fingerprint import jsonable
from core.foundation.html import card, short, table
from core.foundation.words import are, counted
from core.search.verdict import DETECTABLE, points

__all__ = ["BOTH", "DEMOS", "GIVEN", "INSTRUCTIONS", "Ablation", "Scored", "Variant", "scored"]

GIVEN, INSTRUCTIONS, DEMOS, BOTH = "as given", "instructions only", "demos only", "both"
HEAD = ("variant", "score", "95 % interval", "against the program as given", "rows")


@dataclass(frozen=True)
class Scored:
    """What running one variation gave.

    Attributes:
        scores: {row: score} of the rows that count.
        note: Why others have no score; empty where all have one.
    """

    scores: Mapping[int, float]
    note: str = ""


@dataclass(frozen=True)
class Variant:
    """The program with some of its parts.

    Attributes:
        name: "as given", "instructions only", "demos only", "both", "without <path>" or "only <path>".
        mean: Of the metric; None where no row has a score.
        interval: 95 % interval of the mean.
        rows: Rows with a score.
        difference: Paired test against the program as given, on the `n` rows that both have a score on; None for
            itself and what equals it.
        note: Why rows have no score; empty where all have one.
    """

    name: str
    mean: float | None
    interval: tuple[float, float]
    rows: int
    difference: dict[str, Any] | None
    note: str = ""


@dataclass(frozen=True)
class Ablation:
    """All variants, the program as given first.

    Attributes:
        of: Rows that each was to be run on.
    """

    variants: tuple[Variant, ...]
    of: int = 0

    def __getitem__(self, name: str) -> Variant:
        return next(variant for variant in self.variants if variant.name == name)

    @classmethod
    def made(cls, names: Iterable[tuple[str, int]], results: Mapping[int, Scored], of: int) -> Ablation:
        """Put results together.

        Args:
            names: (name, number of the result it has) of each variant, the program as given first.
            results: By number; those that are not there were not run.
            of: Rows that each was to be run on.
        """
        absent = Scored({}, "Not run.")
        given = results.get(0, absent).scores
        return cls(
            tuple(_variant(name, results.get(number, absent), given) for name, number in names),
            of,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Ablation:
        """Return what `to_dict` gave."""
        made = [_variant_of(item) for item in data["variants"]]
        return cls(tuple(made), int(data.get("of", 0)))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return jsonable(asdict(self))

    @property
    def verdict(self) -> str:
        """What can be concluded, in a sentence or two."""
        known = {variant.name: variant for variant in self.variants}
        if any(known[name].mean is None for name in (GIVEN, BOTH)):
            return "Which part does the work cannot be said: the program as given or the compiled one has no score."
        both = known[BOTH].difference
        if both is None:
            return "The compiled program scores as the program as given on every row."
        if both["p_value"] >= DETECTABLE:
            return (
                f"No detectable difference between the compiled program and the one as given on "
                f"{counted(both['n'], 'row')}: "
                "which part does the work cannot be said."
            )
        parts = " and ".join(_share(known[name]) for name in (INSTRUCTIONS, DEMOS))
        return f"Both together bring {points(both['difference'])} points on {counted(both['n'], 'row')}: {parts}."

    def summary(self) -> str:
        """Return a line a variant."""
        lines = [f"{row[0]}: {row[1]} ({row[2]}), {row[3]}, {row[4]}" for row in self.cells()]
        notes = [f"{variant.name}: {variant.note}" for variant in self.variants if variant.note]
        return "\n".join([*lines, *notes])

    def to_html(self, title: str = "Ablation", about: str = "") -> str:
        """Return it as a piece of a page.

        Args:
            title: Stands above.
            about: A line on which rows it is about.
        """
        notes = dict.fromkeys(f"{variant.name}: {variant.note}" for variant in self.variants if variant.note)
        return card(
            title,
            *(f"<p>{escape(line)}</p>" for line in (self.verdict, about) if line),
            table(HEAD, [[short(cell) for cell in row] for row in self.cells()]),
            *(f"<p>{short(note)}</p>" for note in notes),
        )

    def cells(self) -> Iterator[tuple[str, str, str, str, str]]:
        """Yield a row of texts a variant, as `HEAD` names them."""
        for number, variant in enumerate(self.variants):
            rows = f"{variant.rows} of {self.of} rows"
            if variant.mean is None:
                yield variant.name, "no score", "–", "not known", rows
                continue
            low, high = variant.interval
            against = "–" if number == 0 else self._against(variant)
            yield variant.name, f"{variant.mean:.1%}", f"{low:.1%} to {high:.1%}", against, rows

    def _against(self, variant: Variant) -> str:
        test = variant.difference
        if test is None:
            return "not known" if self.variants[0].mean is None else "the same"
        low, high = test["interval"]
        said = f"{points(test['difference'])} points ({points(low)} to {points(high)}, p = {test['p_value']:.2g})"
        return said if test["n"] == variant.rows else f"{said} on {counted(test['n'], 'row')} that both have"

    def _repr_html_(self) -> str:
        return self.to_html()


def scored(rows: Sequence[Row], of: int, end_reason: str = "finished") -> Scored:
    """Return what rows say, and why others say nothing.

    Args:
        rows: Those that are finished.
        of: How many there were to run.
        end_reason: As an `EvaluationResult` has it.
    """
    scores = {row.index: row.score for row in rows if row.counts and row.score is not None}
    notes: list[str] = []
    if len(rows) < of:
        notes.append(f"{_ENDED.get(end_reason, 'The run ended')} after {len(rows)} of {of} rows.")
    errors = [row.error for row in rows if row.index not in scores]
    if errors:
        last = next((error for error in reversed(errors) if error), "")
        more = f"; the last failure: {last}" if last else "."
        notes.append(f"{len(errors)} of {of} rows {are(len(errors), 'has', 'have')} no score{more}")
    return Scored(scores, " ".join(notes))


_ENDED = {
    "budget": "The budget was used up",
    "stopped": "Stopped",
    "interrupted": "Interrupted",
    "errors": "Ended by too many failures",
}


def _variant_of(data: Mapping[str, Any]) -> Variant:
    known: dict[str, Any] = {**data, "interval": tuple(data["interval"])}
    return Variant(**known)


def _variant(name: str, own: Scored, given: Mapping[int, float]) -> Variant:
    scores = list(own.scores.values())
    pairs = [(given[row], score) for row, score in own.scores.items() if row in given]
    same = dict(own.scores) == dict(given) or not pairs
    test = None if same else asdict(paired_test([a for a, _ in pairs], [b for _, b in pairs]))
    mean = sum(scores) / len(scores) if scores else None
    return Variant(name, mean, mean_interval(scores), len(scores), test, own.note)


def _share(variant: Variant) -> str:
    """Return what a part alone brings, in words."""
    part = f"the {variant.name.partition(' ')[0]} alone"
    if variant.mean is None:
        return f"{part} have no score"
    if variant.difference is None:
        return f"{part} change no score"
    brought = f"{part} bring {points(variant.difference['difference'])}"
    return brought if variant.difference["p_value"] < DETECTABLE else f"{brought} (no detectable difference)"
