"""C76–C83: examples, data sets, loaders."""

from __future__ import annotations

import json
import random
from pathlib import Path

import datasets
import pandas as pd
import pytest

import core
from core.datasets import Colors, DataLoader, Dataset, HotPotQA
from core.datasets.gsm8k import GSM8K, gsm8k_metric


def test_c076_an_example_is_dict_like() -> None:
    example = core.Example(question="q", answer="a", n=1)
    assert (example.question, example["n"], "answer" in example, len(example)) == ("q", 1, True, 3)
    assert (example.keys(), example.values()) == (["question", "answer", "n"], ["q", "a", 1])
    assert dict(example.items()) == {**example} == example.toDict()
    assert example.copy(n=2).n == 2
    assert example.n == 1
    assert example.without("answer", "n").keys() == ["question"]
    assert example == core.Example(question="q", answer="a", n=1)
    assert example.get("nothing", 3) == 3


def test_c077_inputs_and_labels() -> None:
    example = core.Example(question="q", answer="a")
    marked = example.with_inputs("question")
    assert (dict(marked.inputs().items()), dict(marked.labels().items())) == (
        {"question": "q"},
        {"answer": "a"},
    )
    assert "input_keys" in repr(marked)
    assert example.input_keys is None, "with_inputs gives a copy"


def test_c078_hotpotqa(data_dir: Path) -> None:
    data = HotPotQA(
        train_seed=1,
        train_size=20,
        eval_seed=2023,
        dev_size=5,
        test_size=0,
        path=data_dir / "hotpotqa100.jsonl",
    )
    assert (len(data.train), len(data.dev), len(data.test)) == (20, 5, 0)
    assert data.train[0].keys() == ["question", "answer"]
    assert all(len(set(example["gold_titles"])) == 2 for example in data.dev)
    trainset = [example.with_inputs("question") for example in data.train]
    assert trainset[0].labels().keys() == ["answer"]


def test_c079_gsm8k_and_colours(data_dir: Path) -> None:
    data = GSM8K(data_dir / "gsm8k_train.jsonl", data_dir / "gsm8k_test.jsonl")
    assert (len(data.train), len(data.dev), len(data.test)) == (200, 300, 1319)
    first = data.train[0]
    assert gsm8k_metric(first, core.Prediction(answer=f"The answer is {first.answer}."))
    assert not gsm8k_metric(first, core.Prediction(answer="none"))
    assert {example.color for example in Colors().train}.isdisjoint(example.color for example in Colors().dev)


class Mine(Dataset):
    """A data set of one's own, as the 2024 pages write it."""

    def __init__(self, path: Path, *args: int, **kwargs: int) -> None:
        super().__init__(*args, **kwargs)
        rows = pd.read_csv(path).to_dict(orient="records")
        self._train, self._dev = rows[:6], rows[6:]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text("question,answer\n" + "".join(f"q{i},{i}\n" for i in range(10)), "utf-8")
    return path


def test_c080_the_base_of_data_sets(table: Path) -> None:
    data = Mine(table, train_seed=1, train_size=3, eval_seed=2, dev_size=2)
    shuffled = list(range(6))
    random.Random(1).shuffle(shuffled)
    assert [example.answer for example in data.train] == shuffled[:3]
    assert len(data.dev) == 2
    first = data.train[0]
    assert (first.dspy_split, len(first.dspy_uuid)) == ("train", 36)
    assert first.keys() == ["question", "answer"]


def test_c081_loading(tmp_path: Path, table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = DataLoader()
    made = datasets.DatasetDict(
        {name: datasets.Dataset.from_dict({"q": ["x"], "a": [1], "c": [2]}) for name in ("train", "test")}
    )
    monkeypatch.setattr(
        "datasets.load_dataset", lambda name, subset, split=None, **_: made if split is None else made[split]
    )
    by_split = loader.from_huggingface("some/data", "subset", input_keys=("q",), fields=("q", "a"))
    assert {name: len(part) for name, part in by_split.items()} == {"train": 1, "test": 1}
    one = loader.from_huggingface("some/data", split="train", input_keys=("q",), fields=("q", "a"))
    assert (one[0].keys(), one[0].input_keys) == (["q", "a"], ("q",))
    rows = loader.from_csv(str(table), fields=("question",), input_keys=("question",))
    assert (len(rows), rows[3].question) == (10, "q3")
    (tmp_path / "rows.json").write_text(json.dumps([{"q": "x"}, {"q": "y"}]), "utf-8")
    assert [row.q for row in loader.from_json(str(tmp_path / "rows.json"))] == ["x", "y"]
    pd.DataFrame({"q": ["x"]}).to_parquet(tmp_path / "rows.parquet")
    assert loader.from_parquet(str(tmp_path / "rows.parquet"))[0].q == "x"


def test_c082_splits_and_samples() -> None:
    rows = [core.Example(i=i) for i in range(20)]
    loader = DataLoader()
    parts = loader.train_test_split(rows, train_size=0.6, test_size=4, random_state=3)
    assert (len(parts["train"]), len(parts["test"])) == (12, 4)
    assert not {row.i for row in parts["train"]} & {row.i for row in parts["test"]}
    assert parts == loader.train_test_split(rows, train_size=0.6, test_size=4, random_state=3)
    assert len({row.i for row in loader.sample(rows, n=5)}) == 5


def test_c083_data_of_ones_own(table: Path) -> None:
    frame = pd.read_csv(table)
    examples = [core.Example(row).with_inputs("question") for row in frame.to_dict(orient="records")]
    assert dict(examples[2].inputs().items()) == {"question": "q2"}
    assert len(DataLoader().from_pandas(frame, input_keys=("question",))) == 10
    from core.data.loaders import from_dataframe

    data = from_dataframe(frame, inputs=["question"])
    assert (len(data), data.labels) == (10, ("answer",))
