"""Every form of type a field can have: written in a string, resolved, shown, read from a reply, checked."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import typing
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

import pydantic
import pytest

import core
from core.adapters import ChatAdapter
from core.foundation.errors import AdapterParseError, SignatureError
from core.signature import infer_prefix, type_name


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Person(pydantic.BaseModel):
    name: str
    age: int = 1
    friends: list[Person] = []


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


class Row(TypedDict):
    a: int
    b: typing.NotRequired[str]


FORMS: list[tuple[str, Any, str, Any]] = [
    ("str", str, "x", "x"),
    ("int", int, "3", 3),
    ("float", float, "0.5", 0.5),
    ("bool", bool, "True", True),
    ("Any", Any, '{"a": 1}', {"a": 1}),
    ("list", list, "[1]", [1]),
    ("dict", dict, '{"a": 1}', {"a": 1}),
    ("tuple", tuple, "[1, 2]", (1, 2)),
    ("set", set, "[1, 1]", {1}),
    ("frozenset[int]", frozenset[int], "[1, 1]", frozenset({1})),
    ("list[str]", list[str], '["a"]', ["a"]),
    ("typing.List[int]", list[int], "[1]", [1]),
    ("Sequence[str]", Sequence[str], '["a"]', ["a"]),
    ("dict[str, list[int]]", dict[str, list[int]], '{"a": [1]}', {"a": [1]}),
    ("tuple[int, str]", tuple[int, str], '[1, "a"]', (1, "a")),
    ("tuple[int, ...]", tuple[int, ...], "[1, 2]", (1, 2)),
    ("Optional[int]", int | None, "None", None),
    ("int | None", int | None, "3", 3),
    ("Union[int, str]", int | str, "a", "a"),
    ("int | str", int | str, "3", 3),
    ("Literal['a', 'b->c']", Literal["a", "b->c"], "b->c", "b->c"),
    ("Literal[1, 2]", Literal[1, 2], "2", 2),
    ("Colour", Colour, "r", Colour.RED),
    ("list[Colour]", list[Colour], '["BLUE"]', [Colour.BLUE]),
    (
        "Person",
        Person,
        '{"name": "A", "friends": [{"name": "B"}]}',
        Person(name="A", friends=[Person(name="B")]),
    ),
    ("Point", Point, '{"x": 1}', Point(1)),
    ("Row", Row, '{"a": 1}', {"a": 1}),
    ("list[Row]", list[Row], '[{"a": "1", "b": "x"}]', [{"a": 1, "b": "x"}]),
    ("Optional[Row]", Row | None, '{"a": 1}', {"a": 1}),
    ("date", datetime.date, "2024-02-03", datetime.date(2024, 2, 3)),
    ("datetime.datetime", datetime.datetime, "2024-02-03T04:05:06", datetime.datetime(2024, 2, 3, 4, 5, 6)),
    ("datetime.time", datetime.time, "04:05:06", datetime.time(4, 5, 6)),
]


@pytest.mark.parametrize(("written", "meant", "reply", "value"), FORMS, ids=[form[0] for form in FORMS])
def test_a_type_is_resolved_shown_and_read(written: str, meant: Any, reply: str, value: Any) -> None:
    signature = core.Signature(f"q -> y: {written}")
    assert signature.fields["y"].type_name.casefold() == type_name(meant).casefold()
    system = ChatAdapter().format(signature, [], {"q": "x"})[0]["content"]
    assert f"1. `y` ({signature.fields['y'].type_name})" in system
    text = f"[[ ## y ## ]]\n{reply}\n\n[[ ## completed ## ]]"
    read = ChatAdapter().parse(signature, text)["y"]
    assert read == value and type(read) is type(value)


def test_the_same_types_in_a_dict_and_in_a_class() -> None:
    for written, meant, _, _ in FORMS:
        as_dict = core.Signature({"q": (str, core.InputField()), "y": (meant, core.OutputField())})
        body = {
            "__annotations__": {"q": str, "y": meant},
            "__module__": __name__,
            "__doc__": as_dict.instructions,
        }
        made: Any = type(core.Signature)(
            "Made", (core.Signature,), body | {"q": core.InputField(), "y": core.OutputField()}
        )
        assert made.fields["y"].annotation == meant, written
        assert made.signature == as_dict.signature == "q -> y"


def test_names_are_looked_up_where_the_signature_is_made_or_in_custom_types() -> None:
    class Local(pydantic.BaseModel):
        z: int

    assert core.Signature("a: Local -> b: list[Local]").fields["b"].annotation == list[Local]
    assert core.Signature("a: Foo -> b", custom_types={"Foo": Local}).fields["a"].annotation is Local
    assert core.Signature("i: core.Image -> b").fields["i"].annotation is core.Image
    with pytest.raises(SignatureError, match="no type called 'Nosuch'"):
        core.Signature("a: Nosuch -> b")


BOUNDS: list[tuple[Any, dict[str, Any], str, str, list[str]]] = [
    (int, {"ge": 0, "le": 5}, "3", "6", ["0", "5"]),
    (float, {"gt": 0.5, "lt": 1}, "0.7", "0.5", ["0.5", "1"]),
    (int, {"multiple_of": 3}, "9", "10", ["3"]),
    (str, {"min_length": 2, "max_length": 3}, "ab", "a", ["2", "3"]),
    (str, {"pattern": "^a+$"}, "aa", "b", ["^a+$"]),
    (list[int], {"min_length": 1}, "[1]", "[]", ["1"]),
    (float, {"allow_inf_nan": False}, "1.0", "inf", []),
]


@pytest.mark.parametrize(
    ("kind", "bounds", "good", "bad", "said"), BOUNDS, ids=[str(case[1]) for case in BOUNDS]
)
def test_constraints_are_said_in_the_prompt_and_hold_on_the_reply(
    kind: Any, bounds: dict[str, Any], good: str, bad: str, said: list[str]
) -> None:
    signature = core.Signature({"q": (str, core.InputField()), "y": (kind, core.OutputField(**bounds))})
    system = ChatAdapter().format(signature, [], {"q": "x"})[0]["content"]
    constraints = next(line for line in system.splitlines() if line.startswith("Constraints:"))
    assert all(word in constraints for word in said)
    assert signature.fields["y"].json_schema_extra["constraints"] in constraints
    ChatAdapter().parse(signature, f"[[ ## y ## ]]\n{good}")
    with pytest.raises(AdapterParseError):
        ChatAdapter().parse(signature, f"[[ ## y ## ]]\n{bad}\n\n[[ ## completed ## ]]")


@pytest.mark.parametrize(
    ("index", "names"),
    [(0, "z, a, b"), (1, "a, z, b"), (2, "a, b, z"), (-1, "a, b, z"), (-2, "a, z, b"), (-3, "z, a, b")],
)
def test_insert_counts_among_fields_of_the_role(index: int, names: str) -> None:
    before = core.Signature("a, b -> c")
    assert before.insert(index, "z", core.InputField(), int).signature == f"{names} -> c"
    assert before.signature == "a, b -> c"


@pytest.mark.parametrize("index", [3, -4])
def test_a_place_that_is_none_is_a_value_error(index: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        core.Signature("a, b -> c").insert(index, "z", core.InputField())


def test_edits_give_new_signatures() -> None:
    before = core.Signature("a, b: int -> c", "Do.")
    assert before.delete("nosuch").equals(before) and before.delete("a").signature == "b -> c"
    assert before.append("a", core.OutputField()).signature == "b -> a, c"
    changed = before.with_updated_fields("a", int, desc="new", ge=1, note="kept")
    extra = changed.fields["a"].json_schema_extra
    assert (changed.fields["a"].annotation, extra["desc"], extra["note"]) == (int, "new", "kept")
    assert changed.fields["a"].constraints == {"ge": 1}
    assert not changed.equals(before) and before.equals(core.Signature("a, b: int -> c", "Do."))
    assert before.append_instructions("More.").instructions == "Do.\n\nMore."
    with pytest.raises(SignatureError, match="Did you mean 'desc'"):
        before.with_updated_fields("a", descr="x")


def test_labels_survive_a_saved_state() -> None:
    before = core.Signature("a, b: int -> c", "Do.").with_updated_fields("a", desc="new", prefix="A!")
    state = before.dump_state()
    assert state["fields"][0] == {"prefix": "A!", "description": "new"}
    assert core.Signature("x, y -> z").load_state(state).fields["x"].desc == "new"


def test_defaults_stand_in_strings_too() -> None:
    signature = core.Signature("q, k: int = 3 -> a: str = 'none'")
    assert signature.fields["k"].default == 3
    assert ChatAdapter().parse(core.Signature("q -> b, a: str = 'none'"), "[[ ## b ## ]]\nx")["a"] == "none"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("camelCaseText", "Camel Case Text"),
        ("snake_case", "Snake Case"),
        ("HTMLText", "HTML Text"),
        ("question_2b", "Question 2 B"),
        ("x1", "X 1"),
        ("URLs", "UR Ls"),
    ],
)
def test_prefixes_are_inferred_from_names(name: str, words: str) -> None:
    assert infer_prefix(name) == words
