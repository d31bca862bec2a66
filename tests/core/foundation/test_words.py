"""Numbers with their words."""

from core.foundation.words import are, counted, every


def test_one_has_no_s() -> None:
    assert [counted(number, "row") for number in (0, 1, 2, 0.5, 1_200)] == [
        "0 rows",
        "1 row",
        "2 rows",
        "0.5 rows",
        "1200 rows",
    ]
    assert [counted(number, "try", "tries") for number in (1, 2)] == ["1 try", "2 tries"]
    assert [counted(number, "call", grouped=True) for number in (1, 1_200, 1e6)] == [
        "1 call",
        "1,200 calls",
        "1,000,000 calls",
    ]
    assert [every(number, "row") for number in (1, 3)] == ["the one row", "all 3 rows"]
    assert [are(1), are(2), are(1, "has", "have")] == ["is", "are", "has"]
