"""Scores and verdicts on texts."""

from __future__ import annotations

from typing import Any

import pytest


def _grade(ask: Any, answer: str, **more: Any) -> int:
    fields = {
        "rubric": str,
        "reference": str,
        "answer": str,
        "feedback": str,
        "grade": (int, "1 is the worst, 5 the best"),
    }
    given = {"rubric": "The answer names the right town.", "reference": "Tarn Gate", "answer": answer}
    return ask(fields, given, **more)["grade"]


def test_a_grade_follows_the_reference(ask: Any) -> None:
    assert _grade(ask, "Tarn Gate") == 5
    assert _grade(ask, "It is Tarn Gate") >= 4
    assert _grade(ask, "Veldra") == 1


def test_feedback_says_what_is_missing(ask: Any) -> None:
    fields = {"reference": str, "answer": str, "feedback": str, "passes": bool}
    said = ask(fields, {"reference": "copper roof", "answer": "slate roof"})
    assert "copper" in said["feedback"]
    assert "slate" in said["feedback"]


@pytest.mark.parametrize(("response", "right"), [("bog myrtle", True), ("hops and barley", False)])
def test_a_verdict(ask: Any, response: str, right: bool) -> None:
    fields = {"question": str, "gold_answer": str, "predicted_answer": str, "is_correct": bool}
    given = {"question": "What flavours it?", "gold_answer": "bog myrtle", "predicted_answer": response}
    assert ask(fields, given)["is_correct"] is right


def test_recall_and_precision_differ(ask: Any) -> None:
    fields = {"ground_truth": str, "system_response": str, "recall": float, "precision": float}
    said = ask(fields, {"ground_truth": "red green blue black", "system_response": "red green"})
    assert said["precision"] == 1.0
    assert said["recall"] == 0.5


def test_without_a_reference_the_sources_count(ask: Any) -> None:
    fields = {"context": str, "response": str, "faithfulness": float}
    context = "The ferry crosses the Tamble since 1812."
    true = ask(fields, {"context": context, "response": "The ferry crosses the Tamble"})["faithfulness"]
    made_up = ask(fields, {"context": context, "response": "Dragons guard golden castles"})["faithfulness"]
    assert true > made_up + 0.5
