"""Numbers with their words."""

from core.foundation.words import are, counted


def test_one_has_no_s() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 0.5, 1_200)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "0.5 rows",
        "1200 rows",
    ]
    assert [counted(number, "try", "tries") for number in (1, 2)] == ["1 try", "2 tries"]
    assert [are(1), are(2), are(1, "has", "have")] == ["is", "are", "has"]
