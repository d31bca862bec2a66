"""A table says how many rows it has in words that fit one of them, too."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


@pytest.mark.parametrize(("count", "said"), [(1, "1 row"), (2, "2 runs"), (1200, "1,200 runs")])
def test_the_count_reads_well(count: int, said: str) -> None:
    def page(count: int) -> None:
        from workbench.components.table import data_table

        data_table([{"id": number} for number in range(count)], key="table", name="runs")

    at = AppTest.from_function(page, args=(count,)).run()
    assert said in [caption.value for caption in at.caption]
