"""The form and the line say the same, whichever was edited."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.foundation.errors import SignatureError
from core.pipeline import FieldSpec, SignatureSpec, parse_signature_string, signature_of, signature_string
from core.signature.names import identifier_near, name_fault

plain_types = st.sampled_from(["str", "int", "float", "bool", "date", "Any", "list[str]", "dict[str, int]"])
labels = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=3, unique=True
)
types = st.one_of(
    plain_types,
    labels.map(lambda values: f"Literal[{', '.join(map(repr, values))}]"),
    plain_types.filter(lambda text: text != "Any").map(lambda text: f"Optional[{text}]"),
)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name))


@st.composite
def signatures(draw):
    chosen = draw(st.lists(names, min_size=1, max_size=6, unique=True))
    fields = [FieldSpec(name=name, type=draw(types), desc=draw(st.text(max_size=5))) for name in chosen]
    cut = draw(st.integers(0, len(fields) - 1))
    return SignatureSpec(instructions="Do it.", inputs=tuple(fields[:cut]), outputs=tuple(fields[cut:]))


@given(signatures())
def test_there_and_back(spec):
    line = signature_string(spec)
    assert parse_signature_string(line, keep=spec) == spec
    assert signature_string(parse_signature_string(line)) == line


@given(signatures())
def test_the_line_and_the_form_build_the_same_signature(spec):
    left, right = signature_of(parse_signature_string(signature_string(spec))), signature_of(spec)
    assert [(n, f.role, f.shape) for n, f in left.fields.items()] == [
        (n, f.role, f.shape) for n, f in right.fields.items()
    ]


def test_an_arrow_inside_a_label_is_no_arrow():
    line = "text -> route: Literal['a->b', \"it's -> x\"]"
    assert signature_string(parse_signature_string(line)) == line


def test_the_line_leaves_text_types_out():
    spec = SignatureSpec(
        inputs=(FieldSpec(name="question"), FieldSpec(name="context", type="list[str]")),
        outputs=(FieldSpec(name="answer", type="float"),),
    )
    assert signature_string(spec) == "question, context: list[str] -> answer: float"


def test_an_edit_of_the_line_keeps_what_it_does_not_show():
    order = FieldSpec(name="order", type="object", fields=(FieldSpec(name="item"),), desc="d")
    before = SignatureSpec(
        instructions="Read it.",
        inputs=(FieldSpec(name="text", desc="The text", constraints={"max_length": 9}),),
        outputs=(order, FieldSpec(name="count", type="int", constraints={"ge": 0}, desc="How many")),
    )
    after = parse_signature_string("text, extra -> order: list[object], count: float", keep=before)
    assert after.instructions == "Read it."
    assert after.inputs == (before.inputs[0], FieldSpec(name="extra"))
    assert after.outputs[0] == order.model_copy(update={"type": "list[object]"})
    assert after.outputs[1] == FieldSpec(name="count", type="float", desc="How many")


class Ticket:
    """A type in the frame of the caller, which a line from a browser must not reach."""


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a, b", "exactly one '->'"),
        ("a -> a", "twice"),
        ("a ->", "no output"),
        ("a b -> c", "Cannot read"),
        ("a: strr -> b", "strr"),
        ("a: Ticket -> b", "no type called 'Ticket'"),
        ("a: Callable -> b", "cannot be the type"),
        ("class -> b", "Cannot read"),
        ("a: print('x') -> b", "not a type"),
    ],
)
def test_what_cannot_be_read_is_said(line, message):
    with pytest.raises(SignatureError, match=message) as caught:
        parse_signature_string(line)
    assert caught.value.hint


@given(st.text(max_size=20))
def test_a_usable_name_is_always_found(text):
    assert name_fault(identifier_near(text)) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Customer message", "customer_message"),
        ("2nd try", "field_2nd_try"),
        ("class", "class_"),
        ("", "field"),
        ("Größe (cm)", "grösse_cm"),
    ],
)
def test_a_column_title_becomes_a_name(text, name):
    assert identifier_near(text) == name
    assert name_fault(name) is None
