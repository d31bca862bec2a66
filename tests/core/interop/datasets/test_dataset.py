"""DSPy's base of data sets and its loader, against the orders that dspy 3.4.1 gives for the same seeds."""

from __future__ import annotations

import random

import pandas as pd
import pytest

import core
from core.data.example import Example
from core.foundation.errors import DataError
from core.interop.datasets import DataLoader, Dataset


class Numbers(Dataset):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._train = [{"i": i} for i in range(10)]
        self._dev = [Example(i=i) for i in range(100, 110)]
        self._test = [{"i": i} for i in range(200, 210)]


def numbers(examples):
    return [example.i for example in examples]


def test_splits_are_shuffled_by_seed_and_cut():
    data = Numbers(train_seed=1, train_size=5, eval_seed=2023, dev_size=4, test_size=3)
    assert numbers(data.train) == [6, 8, 9, 7, 5]
    assert numbers(data.dev) == [101, 100, 103, 108]
    assert numbers(data.test) == [201, 200, 203]
    assert numbers(Numbers().train) == [7, 8, 1, 5, 3, 4, 2, 0, 9, 6]


def test_examples_carry_where_they_are_from():
    first, again = Numbers().train[0], Numbers().train[0]
    assert first.dspy_split == "train"
    assert len({example.dspy_uuid for example in Numbers().train}) == 10
    assert first.dspy_uuid == again.dspy_uuid
    assert first.keys() == ["i"], "they are no fields"
    assert first.input_keys is None
    assert Numbers(input_keys=["i"]).dev[0].input_keys == ("i",)


def test_other_seeds_draw_anew():
    data = Numbers()
    before = data.train
    assert data.train is before
    data.reset_seeds(train_seed=1, train_size=2)
    assert numbers(data.train) == [6, 8]
    assert len(data.dev) == 10


def test_without_shuffling():
    data = Numbers(train_size=3)
    data.do_shuffle = False
    assert numbers(data.train) == [0, 1, 2]


def test_training_sets_by_seed_with_their_part_of_the_evaluation():
    sets = Numbers.prepare_by_seed(train_seeds=[1, 2], train_size=3, dev_size=2, eval_seed=7)
    assert [numbers(part) for part in sets.train_sets] == [[6, 8, 9], [5, 9, 3]]
    assert [numbers(part) for part in sets.eval_sets] == [[108], [103]]


def test_a_split_that_is_missing():
    with pytest.raises(DataError, match="no test split"):
        _ = Dataset().test


# ── loader ──────────────────────────────────────────────────────────────────────────────────────────────


def rows(examples):
    return [dict(example.items()) for example in examples]


def test_files_and_frames(tmp_path):
    loader = DataLoader()
    (tmp_path / "a.csv").write_text("q,a,n\nx,1,2\ny,hi,\n", "utf-8")
    found = loader.from_csv(str(tmp_path / "a.csv"), input_keys=("q",))
    assert rows(found) == [{"q": "x", "a": "1", "n": 2.0}, {"q": "y", "a": "hi", "n": None}]
    assert found[0].inputs().toDict() == {"q": "x"}
    assert rows(loader.from_csv(str(tmp_path / "a.csv"), fields=["a"])) == [{"a": "1"}, {"a": "hi"}]
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert rows(loader.from_pandas(frame, input_keys=("a",))) == [{"a": 1, "b": "x"}, {"a": 2, "b": None}]
    assert loader.from_pandas(frame.iloc[:0]) == []
    frame.to_parquet(tmp_path / "a.parquet")
    assert rows(loader.from_parquet(tmp_path / "a.parquet", fields=["a"])) == [{"a": 1}, {"a": 2}]
    (tmp_path / "a.json").write_text('[{"q": "x", "n": 1}]', "utf-8")
    (tmp_path / "lines.json").write_text('{"q": "x", "n": 1}\n{"q": "y", "n": 2}\n', "utf-8")
    assert rows(loader.from_json(tmp_path / "a.json")) == [{"q": "x", "n": 1}]
    assert rows(loader.from_json(tmp_path / "lines.json", fields=["q"])) == [{"q": "x"}, {"q": "y"}]


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        DataLoader().from_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match="no column 'z'"):
        DataLoader().from_pandas(pd.DataFrame({"a": [1]}), fields=["z"])


def test_the_hub_by_splits(monkeypatch):
    asked = []

    def load_dataset(*args, **kwargs):
        asked.append((args, kwargs))
        part = [{"q": "x", "a": 1}]
        return part if kwargs.get("split") == "train" else {"train": part, "test": part * 2}

    monkeypatch.setattr("datasets.load_dataset", load_dataset)
    loader = DataLoader()
    found = loader.from_huggingface("some/data", "small", input_keys=("q",), revision="1")
    assert {name: len(part) for name, part in found.items()} == {"train": 1, "test": 2}
    assert found["train"][0].inputs().toDict() == {"q": "x"}
    assert asked == [(("some/data", "small"), {"split": None, "revision": "1"})]


def test_objects_of_a_retriever():
    class Store:
        def get_objects(self, num_samples, fields):
            return [dict.fromkeys(fields, number) for number in range(num_samples)]

    with core.context(rm=Store()):
        assert rows(DataLoader().from_rm(2, ["a"], ["a"])) == [{"a": 0}, {"a": 1}]
    with pytest.raises(ValueError, match="get_objects"):
        DataLoader().from_rm(2, ["a"], ["a"])


def test_samples_are_those_of_the_global_generator():
    data = [Example(i=i) for i in range(10)]
    random.seed(0)
    assert numbers(DataLoader().sample(data, 3)) == [6, 9, 0]
    with pytest.raises(ValueError, match="list"):
        DataLoader().sample({"train": data}, 3)


def test_train_and_test():
    data = [Example(i=i) for i in range(10)]
    found = DataLoader().train_test_split(data, train_size=0.75, random_state=5)
    assert numbers(found["train"]) == [2, 3, 1, 0, 8, 7, 6]
    assert numbers(found["test"]) == [5, 4, 9]
    assert numbers(data) == list(range(10))


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"train_size": 4, "test_size": 3}, (4, 3)),
        ({"train_size": 0.5, "test_size": 0.2}, (5, 2)),
        ({"train_size": 4}, (4, 6)),
        ({"train_size": 12}, (10, 0)),
    ],
)
def test_sizes(sizes, expected):
    data = [Example(i=i) for i in range(10)]
    found = DataLoader().train_test_split(data, random_state=5, **sizes)
    assert (len(found["train"]), len(found["test"])) == expected


@pytest.mark.parametrize(
    "sizes", [{"train_size": 0.9, "test_size": 0.5}, {"train_size": 1.5}, {"train_size": -1}]
)
def test_sizes_that_make_no_sense(sizes):
    with pytest.raises(ValueError, match="size"):
        DataLoader().train_test_split([Example(i=i) for i in range(10)], **sizes)
