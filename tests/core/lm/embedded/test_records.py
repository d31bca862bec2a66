"""Typed values read off a text."""

from __future__ import annotations

import datetime
from typing import Any, Literal

import pydantic
import pytest


class Order(pydantic.BaseModel):
    customer: str
    amount: float
    due_date: datetime.date
    items: list[str]


MESSAGE = "Hello, this is Nora Quist. Please send apples, pears and plums for $24.50 by 3 May 2025."


@pytest.mark.parametrize("adapter", ["chat", "json"])
def test_an_object_is_filled_part_by_part(ask: Any, adapter: str) -> None:
    order = ask({"message": str, "order": Order}, {"message": MESSAGE}, adapter=adapter)["order"]
    assert order.customer == "Nora Quist"
    assert order.amount == 24.5
    assert order.due_date == datetime.date(2025, 5, 3)
    assert order.items == ["apples", "pears", "plums"]


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("email", str, "nora@quist.example"),
        ("phone", str, "+49 30 1234567"),
        ("order_number", str, "AB-1234"),
        ("quantity", int, 12),
        ("website", str, "https://quist.example/shop"),
        ("delivery_date", datetime.date, datetime.date(2024, 12, 24)),
    ],
)
def test_a_field_is_found_by_its_name_and_type(ask: Any, name: str, kind: Any, value: Any) -> None:
    text = (
        "Order AB-1234 of 12 lamps, to arrive on 24.12.2024. Write to nora@quist.example or call +49 30 1234567; "
        "see https://quist.example/shop too."
    )
    wanted = str | None if kind is str else kind
    assert ask({"text": str, name: wanted}, {"text": text})[name] == value


def test_demos_teach_which_piece_is_meant(ask: Any) -> None:
    demos = [
        {"text": "From Ada to Bob: hello", "sender": "Ada"},
        {"text": "From Cleo to Dan: good day", "sender": "Cleo"},
        {"text": "From Eve to Fay: welcome", "sender": "Eve"},
    ]
    assert (
        ask({"text": str, "sender": str}, {"text": "From Gil to Hal: see you"}, demos=demos)["sender"]
        == "Gil"
    )
    other = [{**demo, "sender": demo["text"].split()[3].rstrip(":")} for demo in demos]
    assert (
        ask({"text": str, "sender": str}, {"text": "From Gil to Hal: see you"}, demos=other)["sender"]
        == "Hal"
    )


def test_absent_values_are_none_where_the_field_allows_it(ask: Any) -> None:
    assert ask({"text": str, "email": str | None}, {"text": "no address was given"})["email"] is None


def test_lists_of_labels(ask: Any) -> None:
    fields = {"text": str, "topics": list[Literal["delivery", "payment", "returns"]]}
    found = ask(fields, {"text": "payment failed and the delivery is late"})["topics"]
    assert sorted(found) == ["delivery", "payment"]


def test_lists_of_numbers(ask: Any) -> None:
    assert ask({"text": str, "numbers": list[int]}, {"text": "we drew 4, 17 and 23"})["numbers"] == [
        4,
        17,
        23,
    ]


def test_closed_parts_of_an_object_learn_from_demos(ask: Any) -> None:
    class Seat(pydantic.BaseModel):
        place: Literal["jetty", "orchard"]
        people: int

    demos = [
        {"text": "two by the water", "seat": Seat(place="jetty", people=2)},
        {"text": "four near the water please", "seat": Seat(place="jetty", people=4)},
        {"text": "three under the trees", "seat": Seat(place="orchard", people=3)},
        {"text": "5 among trees", "seat": Seat(place="orchard", people=5)},
    ]
    seat = ask({"text": str, "seat": Seat}, {"text": "six under big trees"}, demos=demos)["seat"]
    assert (seat.place, seat.people) == ("orchard", 6)
