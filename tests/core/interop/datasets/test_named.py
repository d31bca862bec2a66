"""HotPotQA, GSM8K, MATH and Colors: orders and sizes are those of dspy 3.4.1 for the same rows; files are real."""

from __future__ import annotations

import json

import pytest

from core.foundation.errors import ConfigurationError, DataError
from core.interop.datasets import GSM8K, MATH, Colors, HotPotQA
from core.interop.datasets.colors import NAMES
from core.interop.datasets.gsm8k import gsm8k_metric, parse_integer_answer
from core.interop.datasets.math import boxed_answer, same_answer


def hub(monkeypatch, answer):
    monkeypatch.setattr("datasets.load_dataset", answer)


def hotpot_rows(name, _subset, split=None):
    assert name == "hotpot_qa"
    return [
        {
            "id": f"{split}{i}",
            "question": f"{split} q{i}",
            "answer": f"a{i}",
            "type": "bridge",
            "level": "hard" if i % 2 == 0 or split == "validation" else "easy",
            "supporting_facts": {"title": ["T1", "T2", "T1"], "sent_id": [0, 1, 2]},
            "context": {"title": ["T1"], "sentences": [["s"]]},
        }
        for i in range(20)
    ]


def questions(examples):
    return [int(example.question.split("q")[-1]) for example in examples]


def test_hotpotqa_of_the_hub(monkeypatch):
    hub(monkeypatch, hotpot_rows)
    data = HotPotQA()
    assert questions(data.train) == [6, 2, 16, 14, 8, 10, 4]
    assert questions(data.dev) == [0, 12, 18]
    assert questions(data.test)[:6] == [10, 18, 16, 14, 0, 17]
    assert data.train[0].keys() == ["question", "answer"]
    assert data.dev[0].gold_titles == {"T1", "T2"}
    assert set(data.test[0].keys()) == {"id", "question", "answer", "type", "gold_titles"}


def test_hotpotqa_with_seeds_sizes_and_details(monkeypatch):
    hub(monkeypatch, hotpot_rows)
    data = HotPotQA(train_seed=1, train_size=3, eval_seed=2023, dev_size=2, test_size=4)
    assert [questions(part) for part in (data.train, data.dev, data.test)] == [
        [10, 4, 8],
        [0, 12],
        [2, 7, 3, 0],
    ]
    assert "context" in HotPotQA(keep_details=True).train[0]
    assert HotPotQA(keep_details=False).dev[0].keys() == ["question", "answer"]
    assert HotPotQA(unofficial_dev=False).dev == []
    with pytest.raises(ConfigurationError, match="hard"):
        HotPotQA(only_hard_examples=False)


def test_hotpotqa_of_a_file(data_dir):
    path = data_dir / "hotpotqa100.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    hard = [record for record in records if record["level"] == "hard"]
    data = HotPotQA(path=path, train_size=20, dev_size=10, input_keys=["question"])
    assert (len(data.train), len(data.dev), data.test) == (20, 10, [])
    whole = HotPotQA(path=path)
    assert len(whole.train) + len(whole.dev) == len(hard)
    titles = {record["question"]: set(record["gold_titles"]) for record in records}
    assert all(example.gold_titles == titles[example.question] for example in whole.dev)
    assert len(HotPotQA(path=path, test_path=path).test) == len(records)


def test_gsm8k_of_the_hub(monkeypatch):
    def rows(part, count):
        return [{"question": f"{part} q{i}", "answer": f"one\ntwo\n#### 1,{i:03d}"} for i in range(count)]

    hub(monkeypatch, lambda name, subset, split=None: {"train": rows("tr", 7473), "test": rows("te", 1319)})
    data = GSM8K()
    assert (len(data.train), len(data.dev), len(data.test)) == (200, 300, 1319)
    assert questions(data.train)[:4] == [4530, 6017, 4120, 3208]
    assert questions(data.dev)[:3] == [1872, 1933, 400]
    assert questions(data.test)[:3] == [1101, 120, 474]
    assert data.test[1].toDict() == {"question": "te q120", "gold_reasoning": "one two", "answer": "1120"}
    assert data.train[0].input_keys == ("question",)


def test_gsm8k_of_files(data_dir):
    data = GSM8K(data_dir / "gsm8k_train.jsonl", data_dir / "gsm8k_test.jsonl")
    assert (len(data.train), len(data.dev), len(data.test)) == (200, 300, 1319)
    assert all(str(parse_integer_answer(item.answer)) == item.answer.lstrip("-") for item in data.train)
    assert all(item.gold_reasoning for item in data.dev)


@pytest.mark.parametrize(
    ("text", "first_line", "whole"),
    [
        ("12", 12, 12), ("The answer is 12.", 12, 12), ("$1,234", 1234, 1234), ("a 5 b 7", 7, 7), ("none", 0, 0),
        ("3.5 dollars", 3, 3), ("1,000\nfoo 3", 1000, 3), ("#### 42", 42, 42), ("-7", 7, 7), ("12%", 12, 12),
        (".5", 0, 0), ("", 0, 0), (18, 18, 18),
    ],
)  # fmt: skip
def test_numbers_of_answers(text, first_line, whole):
    assert parse_integer_answer(text) == first_line
    assert parse_integer_answer(text, only_first_line=False) == whole


def test_the_metric_of_gsm8k():
    import core

    gold = core.Example(answer="1120")
    assert gsm8k_metric(gold, core.Prediction(answer="It is $1,120."))
    assert not gsm8k_metric(gold, core.Prediction(answer="It is 112."))


def test_math_of_the_hub_and_of_a_file(monkeypatch, tmp_path):
    rows = [{"problem": f"q{i}", "solution": f"so \\boxed{{{i}}}"} for i in range(1500)]
    hub(monkeypatch, lambda name, subset, split=None: {"test": rows})
    data = MATH("algebra")
    assert (len(data.train), len(data.dev), len(data.test)) == (350, 350, 800)
    assert questions(data.train)[:3] == [835, 1326, 876]
    assert (questions(data.dev)[0], questions(data.test)[0]) == (671, 1484)
    assert data.train[0].answer == "835"
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, rows[:9])), "utf-8")
    data = MATH(path=tmp_path / "m.jsonl")
    assert (len(data.train), len(data.dev), len(data.test)) == (3, 3, 3)
    assert data.metric(data.train[0], data.train[0])


def test_boxed_answers():
    assert boxed_answer(r"a \boxed{1} then \boxed{\frac{1}{2}}.") == r"\frac{1}{2}"
    assert boxed_answer("nothing") == ""
    assert boxed_answer(r"\boxed{open") == "open"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4", "$4$"), (r"\frac{1}{2}", "1/2"), (r"\frac12", "0.5"), (r"\dfrac{x+1}{2}", "(x+1)/2"), ("1,000", "1000"),
        (r"\left(1, 2\right)", "(1,2)"), (r"\boxed{7}", "7."), (r"5\text{ cm}", "5"), ("x=3", "3"), ("50\\%", "50"),
    ],
)  # fmt: skip
def test_answers_that_are_the_same(one, other):
    assert same_answer(one, other)
    assert same_answer(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("4", "5"), ("1/0", "0"), ("x", "y"), ("(1,2)", "(2,1)"), ("", "0")]
)
def test_answers_that_differ(one, other):
    assert not same_answer(one, other)


def test_colours_share_no_ending_between_the_splits():
    data = Colors()
    assert len(NAMES) == len(set(NAMES)) == 141
    assert all(name == " ".join(name.split()) and name.islower() for name in NAMES)
    assert len(data.train) + len(data.dev) == 141
    assert {name.color[-1] for name in data.train} & {name.color[-1] for name in data.dev} <= {"n"}
    assert "sky blue" in [name.color for name in data.train]
    assert "sea green" in [name.color for name in data.dev]
    other = Colors(sort_by_suffix=False, train_size=3)
    assert len(other.train) == 3
    with pytest.raises(DataError, match="no test split"):
        _ = data.test
