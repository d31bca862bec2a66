"""What a text or a piece of JSON is read as, by shape; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from core.wire.coerce import coerce, with_defaults
from core.wire.scalars import CoercionError

STR, INT, FLOAT, BOOL, ANY = ({"kind": kind} for kind in ("str", "int", "float", "bool", "any"))
LABELS = {"kind": "literal", "values": ["card_lost", "Card stolen", "other", 3]}
COLOURS = {"kind": "enum", "name": "Colour", "values": {"RED": "r", "BLUE": 2}}
TAGS = {"kind": "list", "items": STR}
PERSON = {
    "kind": "object",
    "name": "Person",
    "fields": {
        "name": {"shape": STR, "required": True},
        "age_years": {"shape": INT, "required": False, "default": 0},
        "tags": {"shape": TAGS, "required": False},
    },
}
SHARE = {"kind": "float", "constraints": {"ge": 0, "le": 1}}


@pytest.mark.parametrize(
    ("value", "shape", "result"),
    [
        (" a ", STR, " a "),
        (3, STR, "3"),
        ({"a": 1}, STR, '{"a": 1}'),
        ("-7", INT, -7),
        ("−7", INT, -7),
        ("1,200", INT, 1200),
        ("3.0", INT, 3),
        ("1e3", INT, 1000),
        ("42.", INT, 42),
        ("**42**", INT, 42),
        ("about 42 km", INT, 42),
        (3.0, INT, 3),
        ("$1,234.50", FLOAT, 1234.5),
        (".5", FLOAT, 0.5),
        ("-inf", FLOAT, float("-inf")),
        (3, FLOAT, 3.0),
        ("42%", FLOAT, 42.0),
        ("42%", SHARE, 0.42),
        ("42 %", SHARE, 0.42),
        ("0.42", SHARE, 0.42),
        ("yes", BOOL, True),
        ("False.", BOOL, False),
        ("No, because it rained", BOOL, False),
        ("TRUE\n\nIt is.", BOOL, True),
        (0, BOOL, False),
        ("card_lost", LABELS, "card_lost"),
        ('"Other"', LABELS, "other"),
        ("Card Lost.", LABELS, "card_lost"),
        ("Literal['other']", LABELS, "other"),
        ("other\n\nThe text names no card.", LABELS, "other"),
        ("3", LABELS, 3),
        (3, LABELS, 3),
        ("r", COLOURS, "r"),
        ("RED", COLOURS, "r"),
        ("Colour.BLUE", COLOURS, 2),
        ("2", COLOURS, 2),
        ('["a", "b"]', TAGS, ["a", "b"]),
        ("['a', 'b',]", TAGS, ["a", "b"]),
        ("- a\n- b", TAGS, ["a", "b"]),
        ("1. a\n2) b", TAGS, ["a", "b"]),
        ('{"tags": ["a"]}', TAGS, ["a"]),
        ("[]", TAGS, []),
        ("[3, 1, 3]", {"kind": "set", "items": INT}, [3, 1]),
        ('[1, "a"]', {"kind": "tuple", "of": [INT, STR]}, [1, "a"]),
        ("[1, 2]", {"kind": "tuple", "items": INT}, [1, 2]),
        ("(1, 'a')", {"kind": "tuple", "of": [INT, STR]}, [1, "a"]),
        ("('a', 'b')", TAGS, ["a", "b"]),
        ("(-1,)", {"kind": "tuple", "of": [INT]}, [-1]),
        ('{"a": "1"}', {"kind": "dict", "values": INT}, {"a": 1}),
        ('{"Name": "Z", "Age Years": "7", "x": 1}', PERSON, {"name": "Z", "age_years": 7}),
        ("None", {"kind": "optional", "of": INT}, None),
        ("", {"kind": "optional", "of": INT}, None),
        ("5", {"kind": "optional", "of": INT}, 5),
        ("5", {"kind": "union", "of": [STR, INT]}, 5),
        ("five", {"kind": "union", "of": [STR, INT]}, "five"),
        (1.5, {"kind": "union", "of": [INT, FLOAT]}, 1.5),
        ('{"a": 1}', ANY, {"a": 1}),
        ("[1", ANY, "[1"),
        ("plain", ANY, "plain"),
        ("2024-03-31", {"kind": "date"}, "2024-03-31"),
        ("2024-03-31T10:00:00", {"kind": "date"}, "2024-03-31"),
        ("2024-03-31T10:00:00Z", {"kind": "datetime"}, "2024-03-31T10:00:00+00:00"),
        ("'10:30'", {"kind": "time"}, "10:30:00"),
        ("null", {"kind": "none"}, None),
    ],
)
def test_what_is_meant_is_read(value: Any, shape: dict[str, Any], result: Any):
    found = coerce(value, shape)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("value", "shape", "reason"),
    [
        (None, STR, "null where a text belongs"),
        ("3.5", INT, "'3.5' is not a whole number"),
        ("", INT, "'' is not a whole number"),
        ("between 3 and 4", INT, "not a whole number"),
        ("2024-03-31", INT, "not a whole number"),
        ("v2", FLOAT, "'v2' is not a number"),
        (True, INT, "not a whole number"),
        ("nan", INT, "not a whole number"),
        ("1_000", INT, "not a whole number"),
        ("9" * 5000, INT, "not a whole number"),
        (10**400, FLOAT, "too large"),
        ("42", SHARE, "42.0 breaks the constraint: <= 1"),
        ("maybe", BOOL, "'maybe' is neither True nor False"),
        ("yes and no", BOOL, "neither True nor False"),
        ("the answer is other", LABELS, "is not one of: card_lost; Card stolen; other; 3"),
        ("card", LABELS, "is not one of"),
        ("green", COLOURS, "is not one of: r; 2"),
        ("a, b", TAGS, "is not a JSON list"),
        ("(none of them)", TAGS, "is not a JSON list"),
        ('[1, "x"]', {"kind": "list", "items": INT}, "item 2: 'x' is not a whole number"),
        ("[1]", {"kind": "tuple", "of": [INT, STR]}, "1 items where 2 belong"),
        ('{"age_years": 3}', PERSON, "name is missing"),
        ('{"name": "Z", "age_years": "old"}', PERSON, "age_years: 'old' is not a whole number"),
        ("[1]", PERSON, "is not a JSON object"),
        ("x", {"kind": "union", "of": [INT, BOOL]}, "is none of: int, bool"),
        ("tomorrow", {"kind": "date"}, "not a date like"),
        ("tomorrow", {"kind": "datetime"}, "not a time like"),
        ("late", {"kind": "time"}, "not a time of day"),
        ("x", {"kind": "none"}, "is not None"),
        (
            "ab",
            {"kind": "str", "constraints": {"min_length": 3}},
            "its length is 2, it must have length >= 3",
        ),
    ],
)
def test_what_is_not_meant_is_refused_with_a_reason(value: Any, shape: dict[str, Any], reason: str):
    with pytest.raises(CoercionError) as caught:
        coerce(value, shape)
    assert reason in str(caught.value)


def test_long_values_are_cut_in_messages():
    with pytest.raises(CoercionError) as caught:
        coerce("x" * 100_000, LABELS)
    assert len(str(caught.value)) < 200


def test_a_label_is_never_guessed_between_two():
    shape = {"kind": "literal", "values": ["A b", "a_b"]}
    assert coerce("A b", shape) == "A b"
    with pytest.raises(CoercionError):
        coerce("A-B", shape)


def test_defaults_are_filled_in_everywhere():
    shape = {"kind": "list", "items": {"kind": "optional", "of": PERSON}}
    assert with_defaults([None, {"name": "Z"}], shape) == [None, {"name": "Z", "age_years": 0}]
    assert with_defaults([3, 1], {"kind": "set", "items": INT}) == [1, 3]
    assert with_defaults({"k": {"name": "Z"}}, {"kind": "dict", "values": PERSON})["k"]["age_years"] == 0
