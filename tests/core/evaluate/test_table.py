"""Tables: shown, written to CSV and JSON; and the progress line."""

from __future__ import annotations

import builtins
import csv
import json

import pytest

from core.data import Example, Prediction
from core.evaluate import Evaluate
from core.evaluate.progress import Progress
from core.evaluate.row import Row
from core.evaluate.table import guard_formula, table_records
from core.foundation.errors import LMServerError, MissingExtraError


def shared_name(example, prediction) -> bool:
    return example.answer == prediction.answer


def devset(*questions: str) -> list[Example]:
    return [Example(question=q, answer="yes", topic="t").with_inputs("question") for q in questions]


def yes(question: str) -> Prediction:
    if question == "broken":
        raise LMServerError("down")
    return Prediction(answer="yes", why="because")


def test_clashing_names_are_told_apart_and_the_metric_is_last():
    records = table_records(Evaluate(devset=devset("a", "broken"), metric=shared_name)(yes))
    assert list(records[0]) == [
        "question", "example_answer", "topic", "pred_answer", "why", "outcome", "feedback", "error", "shared_name",
    ]  # fmt: skip
    assert records[0]["shared_name"] == 1.0
    assert list(records[1]) == list(records[0])
    assert records[1]["shared_name"] is None
    assert records[1]["outcome"] == "infrastructure_failure"


def test_csv_has_every_row_and_no_formula(tmp_path):
    path = tmp_path / "rows.csv"
    questions = ["=1+1", "+2", "-3", "@x", "\tt", "plain, with a comma\nand a line"]
    Evaluate(devset=devset(*questions), metric=shared_name, save_as_csv=path)(yes)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["question"] for row in rows] == ["'=1+1", "'+2", "'-3", "'@x", "'\tt", questions[-1]]
    assert {row["shared_name"] for row in rows} == {"1.0"}


def test_numbers_stay_numbers_in_csv(tmp_path):
    path = tmp_path / "rows.csv"
    Evaluate(devset=devset("a"), metric=lambda e, p: -0.5, save_as_csv=path)(
        lambda question: Prediction(n=-3, r={"a": 1})
    )
    row = next(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert row["n"] == "-3"
    assert row["<lambda>"] == "-0.5"
    assert json.loads(row["r"]) == {"a": 1}


@pytest.mark.parametrize("text", ["=A1", "+1", "-1", "@SUM", "\r1", "\t1", "＝A1", "＠SUM"])
def test_formula_starts_are_guarded(text):
    assert guard_formula(text) == f"'{text}"
    assert guard_formula(f"a{text}") == f"a{text}"


def test_json_holds_the_records(tmp_path):
    path = tmp_path / "rows.json"
    result = Evaluate(devset=devset("=a", "broken"), metric=shared_name)(yes, save_as_json=path)
    assert json.loads(path.read_text(encoding="utf-8")) == table_records(result)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "missing" / "rows.csv"
    with pytest.raises(OSError, match="missing"):
        Evaluate(devset=devset("a"), metric=shared_name, save_as_csv=path)(yes)


def test_table_shows_the_first_rows_with_long_cells_cut(capsys):
    long = " ".join(f"w{i}" for i in range(40))
    Evaluate(devset=devset(long, "second", "third"), metric=shared_name, display_table=2)(yes)
    shown = capsys.readouterr().out
    assert "second" in shown
    assert "third" not in shown
    assert "w39" not in shown
    assert "shared_name" in shown


def without(monkeypatch, *packages: str) -> None:
    real = builtins.__import__

    def load(name, *args, **kwargs):
        if name.split(".")[0] in packages:
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", load)


def test_a_table_without_pandas_names_the_extra(monkeypatch):
    evaluate = Evaluate(devset=devset("a"), metric=shared_name, display_table=True)
    without(monkeypatch, "pandas")
    with pytest.raises(MissingExtraError, match=r"\[data\]"):
        evaluate(yes)


def test_progress_is_shown(capsys):
    Evaluate(devset=devset("a", "b", "broken"), metric=shared_name, display_progress=True)(yes)
    assert "Average Metric: 2.00 / 2 (100.0%, 1 without a score)" in capsys.readouterr().err


def test_progress_without_tqdm_is_plain_text(monkeypatch, capsys):
    without(monkeypatch, "tqdm")
    progress = Progress(2)
    for index, score in enumerate((1.0, 0.0)):
        progress(Row(index, str(index), {}, {}, {}, score, "scored"))
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1] == "2/2 Average Metric: 1.00 / 2 (50.0%)"


def test_saved_errors_hold_no_credentials(tmp_path):
    path = tmp_path / "rows.json"
    key = "sk-" + "abcdefghijklmnop"

    def program(question):
        raise LMServerError(f"refused {key}")

    Evaluate(devset=devset("a"), metric=shared_name, save_as_json=path)(program)
    assert key not in path.read_text(encoding="utf-8")
