"""Two runs over the same rows: what changed and what may be said about it."""

from __future__ import annotations

import json

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate, Row, compare
from core.foundation.errors import DataError


def rows(scores, outcome: str = "scored", ids=None) -> list[Row]:
    return [
        Row(
            i,
            ids[i] if ids else f"e{i}",
            {},
            {},
            {},
            score,
            outcome if score is not None else "infrastructure_failure",
        )
        for i, score in enumerate(scores)
    ]


def test_a_clear_gain_is_called_one():
    found = compare(
        rows([0.0] * 30 + [1.0] * 10),
        rows([1.0] * 20 + [0.0] * 10 + [1.0] * 9 + [0.0]),
        name_a="zero-shot",
        name_b="compiled",
    )
    assert [pair.example_id for pair in found.fixed] == [f"e{i}" for i in range(20)]
    assert [pair.example_id for pair in found.broken] == ["e39"]
    assert len(found.same) == 19
    assert found.detectable
    assert found.verdict.startswith("compiled is better than zero-shot: 47.5 points more on the same 40 rows")
    assert "compiled fixed 20 rows and broke 1" in found.verdict
    assert "p < 0.001" in found.verdict


def test_a_clear_loss_names_the_better_one():
    found = compare(rows([1.0] * 20), rows([0.0] * 20))
    assert found.verdict.startswith("A is better than B: 100.0 points more")
    assert "B fixed 0 rows and broke 20" in found.verdict


def test_the_interval_of_a_loss_is_told_from_the_side_of_the_better_one():
    before, after = [1.0] * 15 + [0.0] * 5, [0.0] * 14 + [1.0] + [0.0] * 5
    gain, loss = compare(rows(after), rows(before)), compare(rows(before), rows(after))
    told = gain.verdict.split("(")[1].split(";")[0]
    assert told.startswith("95 % interval +")
    assert told in loss.verdict
    assert loss.test.interval == pytest.approx((-gain.test.interval[1], -gain.test.interval[0]))


def test_five_better_rows_of_ten_are_no_verdict_and_their_interval_says_so_too():
    found = compare(rows([0.0] * 10), rows([1.0] * 5 + [0.0] * 5))
    assert found.verdict.startswith("No detectable difference between A and B on 10 rows: +50.0 points")
    assert "95 % interval +0.0 to" in found.verdict


def test_gains_that_losses_outweigh_are_not_called_as_many():
    found = compare(rows([0.5, 0.5, 0.5, 0.5]), rows([0.75, 0.75, 0.0, 0.5]))
    assert found.verdict.endswith("What some rows gained others lost, so more rows alone would not show one.")


def test_noise_is_no_detectable_difference_and_says_how_many_rows_would_show_it():
    found = compare(rows([1.0, 0.0] * 10), rows([0.0, 1.0] * 9 + [1.0, 1.0]))
    assert not found.detectable
    assert found.verdict.startswith("No detectable difference between A and B on 20 rows: +5.0 points")
    assert "rows would be needed" in found.verdict
    assert found.test.rows_needed > 20


def test_rows_that_all_score_alike():
    found = compare(rows([1.0, 0.0]), rows([1.0, 0.0]))
    assert found.verdict == "No detectable difference between A and B on 2 rows: every row scores alike."


def test_as_many_fixed_as_broken():
    assert "more rows alone would not show one" in compare(rows([1.0, 0.0]), rows([0.0, 1.0])).verdict


def test_other_rows_are_refused_by_id():
    with pytest.raises(
        DataError, match=r"not over the same rows \(1 shared; only in old: e1; only in B: e2\)"
    ) as caught:
        compare(rows([1.0, 1.0]), rows([1.0, 1.0], ids=["e0", "e2"]), name_a="old")
    assert "same dataset" in str(caught.value)
    with pytest.raises(DataError, match="and 3 more"):
        compare(rows([1.0] * 9), rows([1.0]))


def test_the_order_of_rows_does_not_matter():
    a = rows([1.0, 0.0, 1.0])
    b = rows([0.0, 1.0, 1.0], ids=["e2", "e1", "e0"])
    found = compare(a, b)
    assert [pair.example_id for pair in found.fixed] == ["e1"]
    assert [pair.example_id for pair in found.broken] == ["e2"]


def test_examples_that_are_alike_are_matched_in_order():
    found = compare(rows([0.0, 1.0], ids=["same", "same"]), rows([1.0, 1.0], ids=["same", "same"]))
    assert len(found.fixed) == 1
    assert len(found.pairs) == 2


def test_rows_without_a_score_are_left_out_and_counted():
    found = compare(rows([1.0, None, 1.0]), rows([1.0, 1.0, None]))
    assert len(found.compared) == 1
    assert [pair.example_id for pair in found.not_compared] == ["e1", "e2"]
    assert "2 of 3 rows have no score" in found.verdict
    assert found.test.n == 1


def test_nothing_to_compare():
    found = compare(rows([None]), rows([1.0]))
    assert found.test is None
    assert "Nothing can be concluded" in found.verdict
    assert found.to_dict()["p_value"] is None


def test_results_and_stored_rows_compare_alike():
    examples = [Example(q=str(i), a=str(i)).with_inputs("q") for i in range(12)]
    evaluate = Evaluate(devset=examples, metric=lambda e, p: e.a == p.a)
    a = evaluate(lambda q: Prediction(a="0"))
    b = evaluate(lambda q: Prediction(a=q))
    direct = compare(a, b).to_dict()
    stored = compare([json.loads(json.dumps(row.to_dict())) for row in a.rows], b.rows).to_dict()
    assert direct == stored == json.loads(json.dumps(direct))
    assert len(direct["fixed"]) == 11


def test_graded_scores_take_the_permutation_test():
    found = compare(rows([0.2, 0.4, 0.6] * 10), rows([0.4, 0.5, 0.9] * 10))
    assert "sign-flip permutation" in found.verdict
    assert found.detectable
