"""The types of generated signatures, by their text, with values for them: both interpreters import this file.

Knows nothing about `core` and `dspy`: pydantic and the standard library alone.
"""

from __future__ import annotations

import datetime
import enum
import random
from typing import Any, Literal, Optional

import pydantic


class Person(pydantic.BaseModel):
    name: str
    age: int
    email: str | None = None


class Item(pydantic.BaseModel):
    label: str
    price: float
    tags: list[str] = []


class Order(pydantic.BaseModel):
    number: int
    items: list[Item]
    shipped: bool = False


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"
    MIXED = "so-so"


TYPES: dict[str, Any] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list[str]": list[str],
    "list[int]": list[int],
    "dict[str, int]": dict[str, int],
    "dict[str, list[str]]": dict[str, list[str]],
    "Optional[int]": Optional[int],  # noqa: UP045
    "Optional[str]": Optional[str],  # noqa: UP045
    "Literal['low', 'medium', 'high']": Literal["low", "medium", "high"],
    "Mood": Mood,
    "date": datetime.date,
    "Person": Person,
    "list[Person]": list[Person],
    "Order": Order,
}

WORDS = """
harbour lantern copper willow sudden quiet paper border Zürich naïve élan 東京 price café seven «quoted» north it's 50%
C++ a/b snake_case e-mail 3.5 (maybe) question: fine. Yes, no; half-way & more <b>bold</b>
""".split()  # noqa: SIM905
SENTENCES = (
    "She said so, twice.",
    "Because the\nsecond line matters.",
    'He wrote "hello" on it.',
    "Costs: $3.50 [net], {gross} $4.",
    "Path C:\\temp\\new and a tab\there.",
    "1. First\n2. Second",
)


def text(rng: random.Random) -> str:
    """Return a short text, now and then with lines, quotes or braces."""
    if rng.random() < 0.3:
        return rng.choice(SENTENCES)
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 7)))


def data_for(kind: str, rng: random.Random) -> Any:
    """Return a value of the type called `kind`, as JSON data."""
    plain: dict[str, Any] = {
        "str": lambda: text(rng),
        "int": lambda: rng.randrange(-50, 5000),
        "float": lambda: rng.choice((0.5, 3.25, -1.75, 12.125, 100.5)),
        "bool": lambda: rng.random() < 0.5,
        "list[str]": lambda: [text(rng) for _ in range(rng.randrange(1, 4))],
        "list[int]": lambda: [rng.randrange(100) for _ in range(rng.randrange(1, 5))],
        "dict[str, int]": lambda: {rng.choice("abcxyz") + "_key": rng.randrange(10) for _ in range(2)},
        "dict[str, list[str]]": lambda: {rng.choice("abc"): [text(rng)] for _ in range(2)},
        "Optional[int]": lambda: rng.choice((None, rng.randrange(100))),
        "Optional[str]": lambda: text(rng),
        "Literal['low', 'medium', 'high']": lambda: rng.choice(("low", "medium", "high")),
        "Mood": lambda: rng.choice(("good", "bad", "so-so")),
        "date": lambda: f"20{rng.randrange(10, 30)}-0{rng.randrange(1, 10)}-1{rng.randrange(10)}",
        "Person": lambda: _person(rng),
        "list[Person]": lambda: [_person(rng) for _ in range(rng.randrange(1, 3))],
        "Order": lambda: {
            "number": rng.randrange(1000),
            "items": [
                {"label": text(rng), "price": rng.choice((1.5, 20.25)), "tags": [text(rng)]}
                for _ in range(rng.randrange(1, 3))
            ],
            "shipped": rng.random() < 0.5,
        },
    }
    return plain[kind]()


def _person(rng: random.Random) -> dict[str, Any]:
    email = rng.choice((None, "z@example.org"))
    return {"name": rng.choice(("Zoë", "Ann O'Neil", "李雷")), "age": rng.randrange(1, 99), "email": email}


def python_value(kind: str, data: Any) -> Any:
    """Return the Python value of JSON data."""
    return pydantic.TypeAdapter(TYPES[kind]).validate_python(data)


def json_value(value: Any) -> Any:
    """Return a Python value as JSON data."""
    return pydantic.TypeAdapter(Any).dump_python(value, mode="json")
