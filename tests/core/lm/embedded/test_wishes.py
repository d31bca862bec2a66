"""Second attempts and second steps: feedback, hints, attempts to compare, answers that the input states."""

from __future__ import annotations

from typing import Any, Literal

import pytest

import core

TEXT = "The harbour office of Tarn Gate opens at nine in the morning and closes late. It sells fish. Dogs are welcome."
INTENTS = Literal["card_arrival", "exchange_rate", "top_up"]


def _again(ask: Any, past: str, feedback: str, kind: Any = str, text: str = TEXT) -> Any:
    fields = {"text": str, "past_answer": str, "feedback": str, "answer": kind}
    return ask(fields, {"text": text, "past_answer": past, "feedback": feedback})["answer"]


def test_another_answer_is_given_where_the_past_one_was_wrong(ask: Any) -> None:
    first = ask({"text": str, "answer": str}, {"text": TEXT})["answer"]
    second = _again(ask, first, "The answer must differ from the one before.")
    assert second
    assert second != first
    assert second in TEXT


def test_a_label_that_was_wrong_is_not_given_again(ask: Any) -> None:
    text = "where is my card, has it arrived, or what is the rate"
    assert ask({"text": str, "answer": INTENTS}, {"text": text})["answer"] == "card_arrival"
    assert _again(ask, "card_arrival", "That is not right.", INTENTS, text) == "exchange_rate"


@pytest.mark.parametrize(
    ("feedback", "holds"),
    [
        ("The answer must be at most 4 words.", lambda answer: len(answer.split()) <= 4),
        ("Keep it under 5 words.", lambda answer: len(answer.split()) < 5),
        ("It must have no more than 20 characters.", lambda answer: len(answer) <= 20),
        ("The answer must mention 'dogs'.", lambda answer: "dogs" in answer.casefold()),
        (
            "Never say 'fish'; the answer must not contain 'harbour'.",
            lambda answer: answer.startswith("Dogs"),
        ),
        ('It should start with "It".', lambda answer: answer.startswith("It ")),
    ],
)
def test_what_feedback_asks_for_is_done_where_it_can_be_checked(ask: Any, feedback: str, holds: Any) -> None:
    answer = _again(ask, "something", feedback)
    assert answer
    assert holds(answer)


def test_feedback_on_one_output_leaves_the_others(ask: Any) -> None:
    fields = {"text": str, "past_team": str, "past_tone": str, "feedback": str}
    outputs = {"team": Literal["delivery", "payment"], "tone": Literal["angry", "friendly"]}
    given = {"text": "I am angry, the delivery is late", "past_team": "delivery", "past_tone": "angry"}
    answer = ask({**fields, **outputs}, {**given, "feedback": "The tone is not right."})
    assert (answer["team"], answer["tone"]) == ("delivery", "friendly")


def test_a_hint_informs_an_answer_and_is_not_copied(ask: Any) -> None:
    fields = {"text": str, "hint": str, "intent": INTENTS}
    given = {"text": "please help me with it", "hint": "It is about the exchange rate."}
    assert ask(fields, given)["intent"] == "exchange_rate"
    copied = ask({"text": str, "hint": str, "answer": str}, {"text": TEXT, "hint": "Say what it sells."})
    assert copied["answer"] in TEXT


@pytest.mark.parametrize("adapter", ["chat", "json"])
def test_the_answer_that_most_attempts_give(ask: Any, adapter: str) -> None:
    names = [f"reasoning_attempt_{number}" for number in (1, 2, 3)]
    fields = {"question": str, **dict.fromkeys(names, str), "rationale": str, "answer": str}
    told = ["«A stone says so. Answer: Bren Tal»", "«Mira»", "«The town was his. Answer: Bren Tal»"]
    given = {"question": "Who founded Orsk?", **dict(zip(names, told, strict=True))}
    answer = ask(fields, given, adapter=adapter)
    assert answer["answer"] == "Bren Tal"
    assert "2 of 3" in answer["rationale"]
    others = dict(
        zip(names, ["«I'm trying to add I'm not sure but my prediction is 7»", "«7»", "«8»"], strict=True)
    )
    assert ask({**fields, "answer": int}, {"question": "How many?", **others}, adapter=adapter)["answer"] == 7


def test_what_a_first_step_said_is_read_off_in_the_second(ask: Any) -> None:
    told = 'reasoning: It says so.\nteam: **payment**\nAmount: 12.5 euros\ntags: ["a", "b"]\nanswer: pay by\nFriday'
    fields = {"text": str, "reasoning": str, "amount": float, "tags": list[str], "answer": str}
    answer = ask(fields, {"text": told})
    assert answer == {
        "reasoning": "It says so.\nteam: **payment**",
        "amount": 12.5,
        "tags": ["a", "b"],
        "answer": "pay by\nFriday",
    }


def test_two_steps_give_what_one_gives() -> None:
    lm = core.LM("embedded/in-context", cache=False)
    program = core.ChainOfThought("context: list[str], question: str -> answer: str, year: int")
    given = {"context": ["Orsk | Orsk was founded by Bren Tal in 1432."], "question": "Who founded Orsk?"}
    with core.context(lm=lm, adapter=core.TwoStepAdapter(lm)):
        two = program(**given)
    assert (two.answer, two.year) == ("Bren Tal", 1432)
    with core.context(lm=lm, adapter=core.XMLAdapter()):
        tagged = program(**given)
    assert tagged.answer == "Bren Tal"


def test_an_assertion_that_fails_is_heeded_in_the_next_attempt() -> None:
    class Short(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.answer = core.Predict("text -> answer")

        def forward(self, text: str) -> Any:
            made = self.answer(text=text)
            core.Assert(len(made.answer.split()) <= 4, "The answer must be at most 4 words.")
            return made

    with core.context(lm=core.LM("embedded/in-context", cache=False)):
        made = Short().activate_assertions()(
            text="The harbour office opens at nine in the morning and closes late."
        )
    assert 0 < len(made.answer.split()) <= 4
