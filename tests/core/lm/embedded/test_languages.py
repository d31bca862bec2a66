"""Words of any language."""

from __future__ import annotations

from typing import Any, Literal

import pytest


@pytest.mark.parametrize(
    ("labels", "text", "label"),
    [
        (Literal["Lieferung", "Rechnung"], "Wann kommt meine Lieferung endlich?", "Lieferung"),
        (Literal["Straßenschaden", "Müllabfuhr"], "ein Schaden auf der STRASSE", "Straßenschaden"),
        (Literal["παράδοση", "πληρωμή"], "Πότε θα γίνει η παράδοση;", "παράδοση"),
        (Literal["配送", "支払い"], "支払いができません", "支払い"),
        (Literal["توصيل", "دفع"], "متى يتم توصيل الطلب؟", "توصيل"),
        (Literal["배송", "결제"], "결제가 안 됩니다", "결제"),
        (Literal["доставка", "оплата"], "Когда будет доставка?", "доставка"),
    ],
)
@pytest.mark.parametrize("adapter", ["chat", "json"])
def test_labels_in_any_script(ask: Any, labels: Any, text: str, label: str, adapter: str) -> None:
    assert ask({"text": str, "label": labels}, {"text": text}, adapter=adapter)["label"] == label


@pytest.mark.parametrize(
    ("demos", "text", "label"),
    [
        (
            (
                ("die Bremse quietscht", "A"),
                ("Bremse kaputt", "A"),
                ("Rechnung falsch", "B"),
                ("zweite Rechnung", "B"),
            ),
            "Bremse defekt",
            "A",
        ),
        (
            (("ブレーキの音", "A"), ("ブレーキ故障", "A"), ("請求書が違う", "B"), ("請求書が二枚", "B")),
            "請求書です",
            "B",
        ),
        (
            (("الفرامل معطلة", "A"), ("صوت الفرامل", "A"), ("فاتورة خاطئة", "B"), ("فاتورة ثانية", "B")),
            "فاتورة جديدة",
            "B",
        ),
    ],
)
def test_demos_teach_in_any_script(ask: Any, demos: Any, text: str, label: str) -> None:
    shown = [{"text": said, "code": code} for said, code in demos]
    assert ask({"text": str, "code": Literal["A", "B"]}, {"text": text}, demos=shown)["code"] == label


@pytest.mark.parametrize(
    ("passages", "question", "answer"),
    [
        (
            ["Die Brücke wurde 1911 von Karl Weber gebaut.", "Die Mühle steht leer."],
            "Wer hat die Brücke gebaut?",
            "Karl Weber",
        ),
        (
            ["Die Brücke wurde 1911 von Karl Weber gebaut.", "Die Mühle steht leer."],
            "Wann wurde die Brücke gebaut?",
            "1911",
        ),
        (
            ["Le pont a été construit par Anne Roux en 1830.", "Le moulin est vide."],
            "Qui a construit le pont ?",
            "Anne Roux",
        ),
        (["Το γεφύρι χτίστηκε το 1830 από τον Νίκο Ράπτη."], "Πότε χτίστηκε το γεφύρι;", "1830"),
    ],
)
def test_questions_in_other_languages(ask: Any, passages: list[str], question: str, answer: str) -> None:
    fields = {"passages": list[str], "question": str, "answer": str}
    assert ask(fields, {"passages": passages, "question": question})["answer"] == answer
