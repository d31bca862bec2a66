"""Closed answers: names, definitions and demos together."""

from __future__ import annotations

import enum
import random
from typing import Any, Literal

import pytest

from core.lm.embedded.classify import Classifier
from core.lm.embedded.definitions import definitions

INTENTS = Literal["card_arrival", "lost_or_stolen_card", "exchange_rate", "top_up_failed"]
CODES = Literal["K1", "K2"]


@pytest.mark.parametrize("adapter", ["chat", "json"])
def test_names_alone_decide(ask: Any, adapter: str) -> None:
    fields = {"text": str, "intent": INTENTS}
    for text, intent in (
        ("My card was stolen yesterday", "lost_or_stolen_card"),
        ("What rate of exchange do you use?", "exchange_rate"),
        ("When will my card arrive?", "card_arrival"),
        ("The top-up I tried has failed", "top_up_failed"),
    ):
        assert ask(fields, {"text": text}, adapter=adapter)["intent"] == intent


def test_demos_teach_labels_that_names_do_not(ask: Any) -> None:
    fields = {"text": str, "code": CODES}
    demos = [
        {"text": "the brakes squeal", "code": "K1"},
        {"text": "a wheel is bent", "code": "K1"},
        {"text": "the chain fell off", "code": "K1"},
        {"text": "you charged me twice", "code": "K2"},
        {"text": "my invoice is wrong", "code": "K2"},
        {"text": "I want the money back", "code": "K2"},
    ]
    assert ask(fields, {"text": "the chain squeals"}, demos=demos)["code"] == "K1"
    assert ask(fields, {"text": "an invoice charged twice"}, demos=demos)["code"] == "K2"


@pytest.mark.parametrize(
    "instruction",
    [
        "K1: brakes, wheels and chains. K2: invoices and charges.",
        "Use K1 when something on the bike is broken, such as brakes or a wheel.\nUse K2 for invoices and charges.",
        "- K1: mentions brakes, wheel, chain\n- K2: mentions invoice, charged, money",
        "Codes: K1 (brakes, wheels), K2 (invoices, charges)",
        "squealing brakes -> K1\ninvoice charges -> K2",
    ],
)
def test_the_instruction_defines_labels(ask: Any, instruction: str) -> None:
    fields = {"text": str, "code": CODES}
    assert ask(fields, {"text": "the brakes of this wheel squeal"}, instructions=instruction)["code"] == "K1"
    assert ask(fields, {"text": "one invoice with two charges"}, instructions=instruction)["code"] == "K2"


def test_a_description_defines_labels_too(ask: Any) -> None:
    fields = {"text": str, "code": (CODES, "K1: brakes and wheels. K2: invoices and charges.")}
    assert ask(fields, {"text": "two invoices came"})["code"] == "K2"


def test_each_of_two_closed_fields_is_decided(ask: Any) -> None:
    fields = {"text": str, "topic": Literal["delivery", "payment"], "tone": Literal["angry", "friendly"]}
    answer = ask(fields, {"text": "I am angry, the delivery is late"})
    assert (answer["topic"], answer["tone"]) == ("delivery", "angry")
    answer = ask(fields, {"text": "A friendly note: the payment went through"})
    assert (answer["topic"], answer["tone"]) == ("payment", "friendly")


def test_enums_and_numbers_keep_their_type(ask: Any) -> None:
    class Size(enum.Enum):
        SMALL = "small"
        LARGE = "large"

    assert ask({"text": str, "size": Size}, {"text": "a large one please"})["size"] is Size.LARGE
    demos = [{"text": "one star, bad", "stars": 1}, {"text": "five stars, superb", "stars": 5}]
    assert (
        ask({"text": str, "stars": Literal[1, 5]}, {"text": "superb, five of them"}, demos=demos)["stars"]
        == 5
    )


def test_bools_are_told_by_their_description_and_by_demos(ask: Any) -> None:
    fields = {"text": str, "urgent": (bool, "danger, smoke or fire")}
    assert ask(fields, {"text": "there is smoke and fire here"})["urgent"] is True
    assert ask(fields, {"text": "thank you for the nice ride"})["urgent"] is False
    demos = [
        {"text": "please call at once", "urgent": True},
        {"text": "call me at once, please", "urgent": True},
        {"text": "no hurry at all", "urgent": False},
        {"text": "whenever you like, no hurry", "urgent": False},
    ]
    assert ask({"text": str, "urgent": bool}, {"text": "call at once"}, demos=demos)["urgent"] is True


def test_demos_do_not_talk_down_what_the_names_say() -> None:
    """Demos whose labels were shuffled teach nothing; the names still answer."""
    names = ("card arrival", "exchange rate", "lost card", "top up")
    rng = random.Random(3)
    texts = [f"note {rng.randint(100, 999)} about thing {rng.randint(100, 999)}" for _ in range(24)]
    noise = Classifier(names, ("",) * 4, texts, [rng.randrange(4) for _ in texts])
    for label, text in enumerate(
        ("has the card arrival slipped", "the exchange rate", "a lost card", "how to top up")
    ):
        shares = noise.shares(text)
        assert shares.index(max(shares)) == label


def test_true_demos_are_believed() -> None:
    names = ("one", "two")
    texts = ["apples pears", "pears plums", "plums apples", "iron steel", "steel copper", "copper iron"]
    taught = Classifier(names, ("", ""), texts, [0, 0, 0, 1, 1, 1])
    assert taught.shares("pears apples")[0] > 0.7
    assert taught.shares("iron copper")[1] > 0.7


def test_text_outputs_with_few_values_are_treated_as_closed(ask: Any) -> None:
    demos = [
        {"text": "great film, loved it", "mood": "happy"},
        {"text": "loved every minute", "mood": "happy"},
        {"text": "awful, I wept", "mood": "sad"},
        {"text": "I wept, how awful", "mood": "sad"},
    ]
    assert (
        ask({"text": str, "mood": str}, {"text": "so awful that I wept again"}, demos=demos)["mood"] == "sad"
    )


def test_definitions_share_a_clause_out() -> None:
    said = definitions(["red", "blue"], ["red means stop, blue means go ahead"])
    assert "stop" in said["red"]
    assert "ahead" in said["blue"]
    assert definitions(["red", "blue"], ["Answer with red or blue."]) == {}
