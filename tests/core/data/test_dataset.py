"""Ids, fingerprints, samples and splits: stable, disjoint, exact."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data import Example
from core.data.dataset import Dataset
from core.data.split import assign, sizes_in_rows
from core.foundation.errors import DataError


def dataset(count=20, classes=4, **options):
    return Dataset(
        [{"text": f"message {n}", "label": f"c{n % classes}"} for n in range(count)],
        inputs=["text"],
        **options,
    )


def test_it_is_a_sequence():
    data = dataset(name="tickets")
    assert len(data) == 20
    assert data[0].text == "message 0"
    assert isinstance(data[2:4], Dataset)
    assert [example.text for example in data[2:4]] == ["message 2", "message 3"]
    assert repr(data) == "Dataset('tickets', 20 examples, fields: text, label)"
    assert data[:3].name == "tickets"


def test_ids_come_from_content_and_count():
    first = Dataset([{"a": 1}, {"a": 2}, {"a": 1}])
    second = Dataset([{"a": 2}, {"a": 1}, {"a": 1}])
    assert sorted(first.ids) == sorted(second.ids)
    assert len(set(first.ids)) == 3
    assert first.ids[2] == f"{first.ids[0]}-2"


def test_given_ids_stay():
    data = Dataset([Example(id="x", a=1), Example(a=1).with_id("y"), {"a": 1}])
    assert data.ids[:2] == ("x", "y")
    assert data[:2].ids == ("x", "y")


def test_two_examples_cannot_share_an_id():
    with pytest.raises(DataError, match=r"id 'x': number 1 and number 3"):
        Dataset([Example(id="x", a=1), {"a": 2}, Example(id="x", a=3)])


def test_a_missing_input_is_said_with_its_place():
    with pytest.raises(DataError, match=r"row 2: .*no field 'a'"):
        Dataset([{"a": 1}, {"b": 1}], inputs=["a"])


def test_inputs_and_labels():
    data = dataset()
    assert (data.fields, data.inputs, data.labels) == (("text", "label"), ("text",), ("label",))
    assert data.with_inputs("label").labels == ("text",)
    assert Dataset([]).inputs == ()


def test_the_fingerprint_is_of_content_inputs_and_order():
    data = dataset()
    assert data.fingerprint == dataset(name="other").fingerprint
    assert data == dataset()
    others = [data[:-1], data[::-1], data.with_inputs("label")]
    assert len({data.fingerprint, *(other.fingerprint for other in others)}) == 4


def test_records_there_and_back():
    data = dataset()
    text = json.dumps(data.to_records())
    again = Dataset.from_records(json.loads(text), inputs=["text"])
    assert again == data
    assert "id" not in again[0]


def test_choosing():
    data = dataset()
    assert data.by_id(data.ids[3]) == data[3]
    assert data.select([data.ids[5], data.ids[1]]).ids == (data.ids[5], data.ids[1])
    assert len(data.where(lambda example: example.label == "c1")) == 5
    with pytest.raises(DataError, match="no example 'nope'"):
        data.by_id("nope")


def test_samples_are_seeded_and_nested():
    data = dataset()
    assert data.sample(5, seed=1).ids == data.sample(5, seed=1).ids != data.sample(5, seed=2).ids
    assert data.sample(8, seed=1).ids[:5] == data.sample(5, seed=1).ids
    assert sorted(data.sample(99).ids) == sorted(data.ids)


# ── splits ──


def test_parts_are_disjoint_and_exact():
    parts = dataset(103).split(train=50, validation=0.25, test=0.25, seed=3)
    assert {name: len(part) for name, part in parts.items()} == {"train": 50, "validation": 26, "test": 26}
    ids = [name for part in parts.values() for name in part.ids]
    assert len(ids) == len(set(ids))
    assert parts["train"].inputs == ("text",)


def test_the_seed_decides_and_the_order_of_rows_does_not():
    data = dataset(60)
    first = data.split(train=0.5, test=0.5, seed=1, stratify="label")
    assert data[::-1].split(train=0.5, test=0.5, seed=1, stratify="label") == first
    assert data.split(train=0.5, test=0.5, seed=2, stratify="label")["train"] != first["train"]


def test_a_split_is_the_same_everywhere():
    part = Dataset([Example(id=str(n), a=n) for n in range(12)]).split(train=4, seed=3)["train"]
    assert part.ids == ("6", "9", "11", "0")


def test_a_part_is_not_in_the_order_of_the_file():
    part = dataset(40).split(train=1.0)["train"]
    assert part.ids != dataset(40).ids
    assert sorted(part.ids) == sorted(dataset(40).ids)


def test_stratified_parts_have_the_shares_of_the_whole():
    data = Dataset([{"n": n, "label": "rare" if n % 10 == 0 else "usual"} for n in range(200)])
    for part in data.split(train=0.5, validation=0.25, test=0.25, stratify="label").values():
        share = Counter(example.label for example in part)["rare"] / len(part)
        assert share == pytest.approx(0.1, abs=0.02)


def test_a_class_of_one_goes_to_train_and_one_of_two_to_train_and_test():
    rows = [{"n": n, "label": "usual"} for n in range(30)]
    rows += [{"n": 90, "label": "single"}, {"n": 91, "label": "double"}, {"n": 92, "label": "double"}]
    for seed in range(10):
        parts = Dataset(rows).split(train=0.6, validation=0.2, test=0.2, seed=seed, stratify="label")
        where = {name: Counter(example.label for example in part) for name, part in parts.items()}
        assert where["train"]["single"] == 1
        assert where["train"]["double"] == where["test"]["double"] == 1


def test_every_class_different_still_splits():
    parts = dataset(10, classes=10).split(train=0.5, test=0.5, stratify="label")
    assert {name: len(part) for name, part in parts.items()} == {"train": 5, "test": 5}


def test_duplicates_stay_together():
    rows = [{"text": f"m{n % 20}" + "  " * (n % 3), "label": "a"} for n in range(60)]
    data = Dataset([{**row, "n": n} for n, row in enumerate(rows)], inputs=["text"])
    parts = data.split(train=0.5, validation=0.2, test=0.3, group_duplicates=True)
    texts = [{example.text.strip() for example in part} for part in parts.values()]
    assert sum(map(len, texts)) == len(set.union(*texts)) == 20
    assert sum(map(len, parts.values())) == 60
    for part, size in zip(parts.values(), (30, 12, 18), strict=True):
        assert abs(len(part) - size) < 3


def test_without_grouping_duplicates_part():
    data = Dataset([{"text": "same", "n": n} for n in range(10)], inputs=["text"])
    assert all(len(part) == 5 for part in data.split(train=0.5, test=0.5).values())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_split_is_disjoint_and_exact(draw):
    count = draw.draw(st.integers(1, 60))
    classes = draw.draw(st.one_of(st.none(), st.lists(st.integers(0, 6), min_size=count, max_size=count)))
    a = draw.draw(st.integers(0, count))
    b = draw.draw(st.integers(0, count - a))
    sizes = {"train": a, "validation": b, "test": draw.draw(st.integers(0, count - a - b))}
    seed = draw.draw(st.integers(0, 5))
    parts = assign([str(n) for n in range(count)], sizes, seed, classes)
    assert {name: len(places) for name, places in parts.items()} == sizes
    places = [place for chosen in parts.values() for place in chosen]
    assert len(places) == len(set(places))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_grouped_split_keeps_groups_whole(draw):
    groups = draw.draw(st.lists(st.integers(0, 8), min_size=1, max_size=50))
    classes = draw.draw(
        st.one_of(st.none(), st.lists(st.integers(0, 3), min_size=len(groups), max_size=len(groups)))
    )
    a = draw.draw(st.integers(0, len(groups)))
    sizes = {"train": a, "test": len(groups) - a}
    parts = assign([str(n) for n in range(len(groups))], sizes, 0, classes, groups)
    sides = [{groups[place] for place in places} for places in parts.values()]
    assert not sides[0] & sides[1]
    if sum(sizes.values()) == len(groups) and all(sizes.values()):
        largest = max(Counter(groups).values())
        assert all(len(parts[name]) < sizes[name] + largest for name in sizes)


@pytest.mark.parametrize(
    ("sizes", "rows", "expected"),
    [
        ({"train": 0.5, "test": 0.5}, 5, [3, 2]),
        ({"train": 1 / 3, "validation": 1 / 3, "test": 1 / 3}, 10, [4, 3, 3]),
        ({"train": 0.7, "test": 0.1}, 10, [7, 1]),
        ({"train": 1, "test": 1.0}, 0, None),
        ({"train": 1.0}, 7, [7]),
        ({"train": 3, "test": 0.5}, 6, [3, 3]),
    ],
)
def test_sizes(sizes, rows, expected):
    if expected is None:
        with pytest.raises(DataError):
            sizes_in_rows(sizes, rows)
    else:
        assert list(sizes_in_rows(sizes, rows).values()) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "No part has a size"),
        ({"train": -1}, "size of 'train' is -1"),
        ({"train": 1.5}, "size of 'train' is 1.5"),
        ({"train": True}, "size of 'train' is True"),
        ({"train": float("nan")}, "size of 'train' is nan"),
        ({"train": 0.7, "test": 0.7}, "add up to 1.4"),
        ({"train": 15, "test": 10}, "need 25 rows, there are 20"),
        ({"train": 5, "stratify": "topic"}, "no field 'topic'"),
    ],
)
def test_splits_that_make_no_sense_are_refused(options, message):
    with pytest.raises(DataError, match=message) as caught:
        dataset().split(**options)
    assert caught.value.hint


def test_a_large_split_is_quick(data_dir):
    from core.data.loaders import load_dataset

    data = load_dataset(data_dir / "banking77_train.csv", inputs=["text"])
    parts = data.split(train=0.6, validation=0.2, test=0.2, stratify="category", group_duplicates=True)
    counts = [Counter(example.category for example in part) for part in parts.values()]
    assert all(len(count) == 77 for count in counts)
    assert sum(map(len, parts.values())) == len(data)
