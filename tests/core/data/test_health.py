"""Each complaint is found, names its examples and says what to do; a sound dataset has none."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.data.dataset import Dataset
from core.data.health import (
    class_balance,
    class_counts,
    duplicates,
    empty_fields,
    exact_leakage,
    health,
    label_conflicts,
    near_leakage,
    small_parts,
)
from core.data.similarity import near_pairs
from core.wire.tokens import tokens


def records(*pairs, prefix="r"):
    items = [{"id": f"{prefix}{n}", "text": text, "label": label} for n, (text, label) in enumerate(pairs)]
    return Dataset.from_records(items, inputs=["text"])


def sound():
    return records(*[(f"{word} number {n}", word) for n in range(60) for word in ("alpha", "beta")])


def test_a_sound_dataset_has_no_findings():
    data = sound()
    assert health(data) == []
    assert health(data, {"train": data[:60], "test": data[60:]}, near=0.99) == []


def test_duplicates():
    (found,) = duplicates(records(("a", "x"), ("b", "x"), ("a", "x"), ("a", "x"), ("A", "x")))
    assert found.groups == (("r0", "r2", "r3"),)
    assert found.message == "2 rows are repeated word for word."
    assert found.hint


def test_label_conflicts_look_past_case_and_spaces():
    (found,) = label_conflicts(records(("Pay now", "x"), ("pay  NOW", "y"), ("other", "x"), ("other", "x")))
    assert found.groups == (("r0", "r1"),)
    assert found.severity == "error"


def test_without_inputs_there_is_no_conflict():
    assert label_conflicts(Dataset([{"a": 1}, {"a": 1}])) == []


def test_exact_leakage_into_test_is_an_error():
    train = records(("where is it", "x"), ("alone", "x"))
    other = records(("Where is it", "y"), prefix="t")
    (found,) = exact_leakage({"train": train, "test": other})
    assert (found.kind, found.severity, found.groups) == ("exact_leakage", "error", (("r0", "t0"),))
    (found,) = exact_leakage({"train": train, "validation": other})
    assert found.severity == "warning"


def test_near_leakage_leaves_exact_to_the_other():
    train = records(("please tell me where my new card is", "x"), ("same words here", "x"))
    other = records(("please tell me where my new card is now", "x"), ("same words here", "x"), prefix="t")
    (found,) = near_leakage({"train": train, "test": other})
    assert found.groups == (("r0", "t0"),)


def test_balance():
    data = records(*[(f"m{n}", "usual") for n in range(60)], *[(f"n{n}", "rare") for n in range(3)])
    found = class_balance(data)
    assert any("fewer than 5 rows for: rare (3)" in item.message for item in found)
    assert any("most frequent value has 60 rows, the rarest 3" in item.message for item in found)
    assert class_counts(data, "label") == {"usual": 60, "rare": 3}


def test_a_single_class_is_said():
    (found,) = class_balance(records(("a", "x"), ("b", "x")))
    assert "always 'x'" in found.message


def test_free_text_is_no_class():
    assert class_counts(records(("a", "one"), ("b", "two"), ("c", "three")), "label") == {}


def test_values_that_train_never_shows():
    data = records(*[(f"m{n}", "x") for n in range(9)], *[(f"n{n}", "y") for n in range(9)])
    found = class_balance(data, {"train": data[:9], "test": data[9:]})
    assert any("values in test that train never shows: y" in item.message for item in found)


def test_empty_fields():
    (found,) = empty_fields(records(("a", "x"), (" ", "x"), (None, "y")))
    assert found.ids == ("r1", "r2")
    assert found.message == "'text' is empty in 2 of 3 rows."
    (found,) = empty_fields(records(("a", None), ("b", "")))
    assert found.severity == "error"


def test_small_parts():
    data = sound()
    found = small_parts({"train": data[:5], "validation": data[:50], "test": data[:20]})
    assert [item.message.split()[0] for item in found] == ["train", "test"]


def test_the_worst_comes_first():
    data = records(("a", "x"), ("a", "y"), ("b", ""), ("b", ""))
    severities = [item.severity for item in health(data, {"train": data[:2], "test": data[2:]})]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert {"error", "warning", "note"} == set(severities)


words = st.lists(st.sampled_from("abcdefgh"), max_size=8).map(" ".join)


@given(st.lists(words, max_size=8), st.lists(words, max_size=8), st.sampled_from([0.5, 0.6, 0.8, 1.0]))
def test_near_pairs_are_all_pairs(left, right, threshold):
    expected = set()
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            a, b = set(tokens(one)), set(tokens(other))
            if a and b and len(a & b) / len(a | b) >= threshold:
                expected.add((i, j))
    assert {(i, j) for i, j, _ in near_pairs(left, right, threshold)} == expected


def test_real_data_is_compared_in_time(data_dir):
    from core.data.loaders import load_dataset

    train = load_dataset(data_dir / "banking77_train.csv", inputs=["text"])
    test = load_dataset(data_dir / "banking77_test.csv", inputs=["text"])
    found = {item.kind: item for item in health(train, {"train": train, "test": test})}
    assert len(found["near_leakage"].groups) > 50
