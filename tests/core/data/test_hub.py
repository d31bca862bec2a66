"""HuggingFace data as datasets: objects in memory, streams, local files; no network."""

from __future__ import annotations

import sys

import datasets
import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.hub import from_huggingface
from core.foundation.errors import DataError, MissingExtraError

ROWS = {"text": ["a", "b", "c"], "label": [0, 1, 1], "vector": [[1.0, 2.0]] * 3}
FEATURES = datasets.Features(
    {
        "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["no", "yes"]),
        "vector": datasets.Sequence(datasets.Value("float32")),
    }
)


def made():
    return datasets.Dataset.from_dict(ROWS, features=FEATURES)


def test_an_object_in_memory():
    found = from_huggingface(made(), inputs=["text"], name="letters")
    assert isinstance(found, Dataset)
    assert (found.name, found.inputs, found.fields) == ("letters", ("text",), ("text", "label", "vector"))
    assert found[1].toDict() == {"text": "b", "label": "yes", "vector": [1.0, 2.0]}


def test_columns_are_mapped_and_converted():
    found = from_huggingface(made(), mapping={"text": "question", "label": "answer"}, types={"answer": str})
    assert found[0].toDict() == {"question": "a", "answer": "no"}


def test_a_label_that_is_missing():
    data = datasets.Dataset.from_dict(
        {"label": [-1, 0]}, features=datasets.Features({"label": FEATURES["label"]})
    )
    assert [example.label for example in from_huggingface(data)] == [None, "no"]


def test_splits_become_a_dict():
    both = datasets.DatasetDict({"train": made(), "test": made().select([0])})
    found = from_huggingface(both, inputs=["text"])
    assert {name: len(part) for name, part in found.items()} == {"train": 3, "test": 1}
    assert len(from_huggingface(both, split="test")) == 1
    with pytest.raises(DataError, match="no split 'dev'") as caught:
        from_huggingface(both, split="dev")
    assert "train, test" in caught.value.hint


def test_a_stream_is_cut():
    def endless():
        number = 0
        while True:
            yield {"n": number}
            number += 1

    found = from_huggingface(datasets.IterableDataset.from_generator(endless), rows=4)
    assert [example.n for example in found] == [0, 1, 2, 3]


def test_numpy_formats_give_plain_values():
    found = from_huggingface(made().with_format("numpy"))
    assert type(found[0].vector) is list
    assert not isinstance(found[0].vector[0], np.floating)


def test_local_files_by_format_name(tmp_path):
    (tmp_path / "data.csv").write_text("q,n\nx,1\ny,2\n", "utf-8")
    found = from_huggingface(
        "csv", data_files=str(tmp_path / "data.csv"), cache_dir=str(tmp_path / "cache"), split="train"
    )
    assert [example.toDict() for example in found] == [{"q": "x", "n": 1}, {"q": "y", "n": 2}]


def test_what_cannot_be_loaded_is_said(tmp_path):
    with pytest.raises(DataError, match="could not be loaded") as caught:
        from_huggingface("csv", data_files=str(tmp_path / "nothing.csv"), cache_dir=str(tmp_path))
    assert caught.value.hint
    with pytest.raises(DataError, match="no HuggingFace dataset"):
        from_huggingface(3)


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"lm-workbench\[datasets\]"):
        from_huggingface("gsm8k")
