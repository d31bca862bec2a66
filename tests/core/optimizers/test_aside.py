"""Rows to choose by that are set aside: when, how many, and that nothing else changes."""

from typing import Any

import core
from core.optimizers.aside import set_aside


def things(count: int) -> list[core.Example]:
    return [core.Example(item=f"thing {number}", answer="a").with_inputs("item") for number in range(count)]


def test_two_fifths_of_many_rows_are_set_aside() -> None:
    options: dict[str, Any] = {"seed": 3}
    rows, remarks = set_aside(things(50), options)
    assert len(rows) == 30 and len(options["valset"]) == 20
    assert not {row.item for row in rows} & {row.item for row in options["valset"]}
    assert "20 of the 50 rows choose" in remarks[0]
    again: dict[str, Any] = {"seed": 3}
    assert [row.item for row in set_aside(things(50), again)[0]] == [row.item for row in rows]


def test_nothing_is_set_aside_of_few_rows_beside_others_or_without_racing() -> None:
    for count, options in ((19, {}), (50, {"valset": things(3)}), (50, {"racing": False})):
        before = dict(options)
        rows, remarks = set_aside(things(count), options)
        assert len(rows) == count and not remarks and options == before


def test_rows_that_are_no_examples_are_left_to_be_refused() -> None:
    options: dict[str, Any] = {}
    assert len(set_aside([{"item": "x"}] * 30, options)[0]) == 30
    assert "valset" not in options
