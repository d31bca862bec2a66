"""Divides rows into train, validation and test.

Knows nothing about what rows hold: it sees their names, classes and groups. A row's side depends on the seed and the
names alone, so sorting the file or reading it on another machine changes nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from core.foundation.errors import DataError
from core.foundation.randomness import derive_seed

__all__ = ["Size", "assign", "sizes_in_rows"]

Size = int | float
"""A whole number of rows, or a share of all rows between 0.0 and 1.0."""

_REST = ""


def sizes_in_rows(sizes: Mapping[str, Size], rows: int) -> dict[str, int]:
    """Return how many rows each part gets; shares are rounded so that they add up.

    Raises:
        DataError: A size makes no sense, or the parts need more rows than there are.
    """
    for name, size in sizes.items():
        share = isinstance(size, float)
        if (
            isinstance(size, bool)
            or not isinstance(size, (int, float))
            or size < 0
            or (share and not size <= 1)
        ):
            raise DataError(
                f"The size of '{name}' is {size!r}.",
                hint="Give a number of rows (200) or a share of all rows (0.2).",
            )
    counts = {name: size for name, size in sizes.items() if isinstance(size, int)}
    shares = {name: size for name, size in sizes.items() if isinstance(size, float)}
    if sum(shares.values()) > 1 + 1e-9:
        raise DataError(f"The shares add up to {sum(shares.values()):g}.", hint="Together at most 1.0.")
    counts |= _rounded(shares, rows)
    needed = sum(counts.values())
    if needed > rows:
        raise DataError(f"The parts need {needed} rows, there are {rows}.", hint="Make them smaller.")
    return {name: counts[name] for name in sizes}


def _rounded(shares: Mapping[str, float], rows: int) -> dict[str, int]:
    """Round shares by largest remainder, so that 1/3 + 1/3 + 1/3 of 10 rows are all 10."""
    exact = {name: share * rows for name, share in shares.items()}
    counts = {name: int(value + 1e-9) for name, value in exact.items()}
    left = round(sum(exact.values())) - sum(counts.values())
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: max(left, 0)]:
        counts[name] += 1
    return counts


def assign(
    names: Sequence[str],
    sizes: Mapping[str, int],
    seed: int,
    classes: Sequence[Hashable] | None = None,
    groups: Sequence[Hashable] | None = None,
) -> dict[str, list[int]]:
    """Return the positions that go to each part, each position at most once, in a shuffled order.

    Args:
        names: A stable name for each row.
        sizes: Rows per part; without groups they are met exactly.
        classes: Each part gets about the same share of every class. A class too small to be everywhere goes to the
            first part, then to the last, then to those between.
        groups: Rows of one group stay together; a part may then miss its size by less than a group.
    """
    keys = {position: derive_seed(seed, "split", name) for position, name in enumerate(names)}
    strata: dict[Hashable, dict[Hashable, list[int]]] = {}
    for position in sorted(keys, key=lambda position: (keys[position], position)):
        group = groups[position] if groups is not None else position
        strata.setdefault(classes[position] if classes is not None else None, {}).setdefault(
            group, []
        ).append(position)
    if groups is not None:
        strata = _whole_groups(strata)
    parts = _Parts(sizes, len(names))
    # Rare classes first: with hardly any rows they have the least choice.
    order = sorted(
        strata,
        key=lambda name: (_rows(strata[name].values()), min(keys[u[0]] for u in strata[name].values())),
    )
    common = [name for name in order if not parts.place_rare(list(strata[name].values()))]
    for name in common:
        parts.place(sorted(strata[name].values(), key=len, reverse=True))
    return {
        name: sorted(positions, key=lambda position: keys[position])
        for name, positions in parts.chosen.items()
        if name != _REST
    }


def _rows(units: object) -> int:
    return sum(len(unit) for unit in units)  # type: ignore[attr-defined]


def _whole_groups(
    strata: dict[Hashable, dict[Hashable, list[int]]],
) -> dict[Hashable, dict[Hashable, list[int]]]:
    """Put a group whose rows have several classes into the class where it stands first."""
    whole: dict[Hashable, dict[Hashable, list[int]]] = {}
    home: dict[Hashable, Hashable] = {}
    for name, units in strata.items():
        for group, positions in units.items():
            place = home.setdefault(group, name)
            whole.setdefault(place, {}).setdefault(group, []).extend(positions)
    return whole


class _Parts:
    """Fills the parts so that each is, after every unit, as full as its share of what was placed."""

    def __init__(self, sizes: Mapping[str, int], rows: int) -> None:
        self.room = {**sizes, _REST: rows - sum(sizes.values())}
        self.chosen: dict[str, list[int]] = {name: [] for name in self.room}

    def put(self, part: str, unit: list[int]) -> None:
        self.chosen[part] += unit
        self.room[part] -= len(unit)

    def place_rare(self, units: list[list[int]]) -> bool:
        """Place a class with fewer units than parts, one unit a part; False where it has enough for all."""
        wanted = [name for name, room in self.room.items() if name != _REST and room > 0]
        if len(units) >= len(wanted) or len(wanted) < 2:
            return False
        for part, unit in zip([wanted[0], *reversed(wanted[1:])], units, strict=False):
            self.put(part if self.room[part] >= len(unit) else self.roomiest(), unit)
        return True

    def place(self, units: list[list[int]]) -> None:
        """Place a class: every part gets its share, measured by the room that is left."""
        start, total = dict(self.room), max(sum(self.room.values()), 1)
        placed = 0
        given = dict.fromkeys(self.room, 0)
        for unit in units:
            placed += len(unit)
            open_parts = [name for name, room in self.room.items() if room >= len(unit)]
            # How far each part is behind its share; on a tie the larger part, then the earlier one.
            part = max(
                open_parts or [self.roomiest()],
                key=lambda name: (start[name] * placed / total - given[name], self.room[name]),
            )
            given[part] += len(unit)
            self.put(part, unit)

    def roomiest(self) -> str:
        return max(self.room, key=lambda name: self.room[name])
