"""Questions over passages, search queries, and the evidence that `reasoning` names."""

from __future__ import annotations

from typing import Any, Literal

import pytest

PASSAGES = [
    "Lantern Guild | The Lantern Guild was founded in 1432 by Mira Holt. It has 300 members.",
    "Mira Holt | Mira Holt was a glassblower. She was born in the Tarn Valley and kept bees.",
    "Orsk | Orsk is a town on the Sul. It was founded by Bren Tal.",
]
FIELDS = {"passages": list[str], "question": str, "answer": str}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who founded the Lantern Guild?", "Mira Holt"),
        ("When was the Lantern Guild founded?", "1432"),
        ("How many members does the Lantern Guild have?", "300"),
        ("Where was the founder of the Lantern Guild born?", "Tarn Valley"),
        ("Who founded Orsk?", "Bren Tal"),
    ],
)
@pytest.mark.parametrize("adapter", ["chat", "json"])
def test_the_span_that_answers(ask: Any, question: str, answer: str, adapter: str) -> None:
    given = {"passages": PASSAGES, "question": question}
    assert ask(FIELDS, given, adapter=adapter)["answer"] == answer


def test_one_text_serves_as_passage(ask: Any) -> None:
    fields = {"context": str, "question": str, "answer": str}
    context = "The old mill burned down in 1911. A school stands there now."
    assert ask(fields, {"context": context, "question": "When did the mill burn down?"})["answer"] == "1911"


def test_the_first_query_takes_the_words_of_the_question(ask: Any) -> None:
    query = ask(
        {"question": str, "query": str}, {"question": "Where was the founder of the Lantern Guild born?"}
    )["query"]
    assert {"founder", "Lantern", "Guild", "born"} <= set(query.split())
    assert "the" not in query.split()


def test_the_second_query_names_what_was_found_and_what_is_missing(ask: Any) -> None:
    fields = {"question": str, "passages": list[str], "query": str}
    given = {
        "question": "Where was the founder of the Lantern Guild born?",
        "passages": [PASSAGES[0], PASSAGES[2]],
    }
    query = ask(fields, given)["query"]
    assert query.startswith("Mira Holt")
    assert "born" in query
    assert "founder" not in query


def test_reasoning_quotes_the_evidence_used(ask: Any) -> None:
    fields = {"passages": list[str], "question": str, "reasoning": str, "answer": str}
    said = ask(fields, {"passages": PASSAGES, "question": "Where was the founder of the Lantern Guild born?"})
    assert "She was born in the Tarn Valley and kept bees." in said["reasoning"]
    assert "founded in 1432 by Mira Holt" in said["reasoning"]
    assert said["answer"] in said["reasoning"]


def test_reasoning_of_a_label_names_shared_words_and_the_nearest_demo(ask: Any) -> None:
    demos = [{"text": "brakes squeal", "team": "falcon"}, {"text": "invoice wrong", "team": "quartz"}]
    fields = {"text": str, "reasoning": str, "team": Literal["falcon", "quartz"]}
    said = ask(fields, {"text": "the brakes are gone"}, demos=demos)
    assert said["team"] == "falcon"
    assert "brakes" in said["reasoning"]
    assert '"brakes squeal"' in said["reasoning"]


def test_free_text_is_taken_from_the_input(ask: Any) -> None:
    text = "The bridge over the Sul was closed on Monday because a barge struck it. Nobody was hurt. Trains run again."
    assert ask({"text": str, "summary": str}, {"text": text})["summary"] in text


DYES = ["Blue | The blue dye is boiled in the copper kettle by the harbour. It is sold in Veldra."]
TAUGHT = [
    {"passages": ["Gale | The Gale has a scroll in the shape of a wave."], "question": "What shape has it?"},
    {"passages": ["Hall | The hall hangs over the north gate."], "question": "Over what does the hall hang?"},
    {"passages": ["Bell | Brun keeps a bell in the tower."], "question": "What does Brun keep?"},
]


@pytest.mark.parametrize(
    ("answers", "answer"),
    [
        (("a wave", "the north gate", "a bell"), "the copper kettle"),
        (("wave", "north gate", "bell"), "copper kettle"),
        ((), "copper kettle"),
    ],
)
def test_demos_teach_whether_answers_keep_their_article(ask: Any, answers: Any, answer: str) -> None:
    demos = [{**shown, "answer": given} for shown, given in zip(TAUGHT, answers, strict=False)]
    given = {"passages": DYES, "question": "In what is the blue dye boiled?"}
    assert ask(FIELDS, given, demos=demos)["answer"] == answer


def test_answers_alone_teach_their_article_too(ask: Any) -> None:
    """Labelled demos of an inner step have no passages: their answers still begin in one way or another."""
    answers = ("a wave", "the north gate", "Veldra", "1831", "stale beer")
    demos = [{"question": f"What about number {n}?", "answer": answer} for n, answer in enumerate(answers)]
    given = {"passages": DYES, "question": "In what is the blue dye boiled?"}
    assert ask(FIELDS, given, demos=demos)["answer"] == "the copper kettle"
