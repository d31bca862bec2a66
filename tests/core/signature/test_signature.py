"""Signatures: both forms, edits, types as data."""

import enum
import importlib.util
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NewType, Optional

import pydantic
import pytest

from core.foundation.errors import SignatureError, ValueCoercionError
from core.signature import (
    InputField,
    OutputField,
    Signature,
    ensure_signature,
    infer_prefix,
    json_schema,
    make_signature,
    shape_of,
    type_name,
    type_of,
    validate,
)


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(0, description="in years")
    tags: list[str] = []


class Answer(Signature):
    """Answer the question.

    Be brief.
    """

    question: str = InputField(desc="what is asked")
    context: list[str] = InputField(default=[])
    answer: str = OutputField(max_length=20)
    sure: float = OutputField(ge=0, le=1, desc="how sure")


def test_a_string_makes_a_signature() -> None:
    made = Signature("question, context: list[str] -> answer: Literal['yes', 'no'], score: float", "Judge.")
    assert list(made.input_fields) == ["question", "context"]
    assert list(made.output_fields) == ["answer", "score"]
    assert made.signature == "question, context -> answer, score"
    assert made.instructions == "Judge."
    assert made.fields["answer"].shape == {"kind": "literal", "values": ["yes", "no"]}
    assert made.fields["question"].is_type_undefined


def test_a_class_body_makes_a_signature() -> None:
    assert Answer.instructions == "Answer the question.\n\nBe brief."
    assert Answer.question.desc == "what is asked"
    assert Answer.answer.desc == "${answer}"
    assert Answer.sure.constraints == {"ge": 0, "le": 1}
    assert Answer.context.absent_value() == []
    assert not Answer.context.required


def test_without_words_the_instructions_name_the_fields() -> None:
    assert Signature("a, b -> c").instructions == "From `a`, `b` produce `c`."


def test_signatures_inherit_fields() -> None:
    class More(Answer):
        """Answer more."""

        extra: int = OutputField()

    assert list(More.fields) == ["question", "context", "answer", "sure", "extra"]
    assert More.instructions == "Answer more."


def test_edits_give_new_signatures() -> None:
    made = Answer.with_instructions("Other.")
    assert (made.instructions, Answer.instructions[:6]) == ("Other.", "Answer")
    assert made.append_instructions("Also.").instructions == "Other.\n\nAlso."
    assert list(Answer.prepend("reasoning", OutputField()).output_fields) == ["reasoning", "answer", "sure"]
    assert list(Answer.append("hint", InputField(), int).input_fields) == ["question", "context", "hint"]
    assert list(Answer.insert(1, "x", OutputField()).output_fields) == ["answer", "x", "sure"]
    assert list(Answer.delete("sure").output_fields) == ["answer"]
    assert Answer.delete("nothing").equals(Answer)
    assert Answer.with_updated_fields("answer", int, desc="a number").answer.annotation is int
    assert list(Answer.output_fields) == ["answer", "sure"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("a, b", "exactly one"),
        ("a -> b -> c", "exactly one"),
        ("a -> ", "no output"),
        ("a, a -> b", "twice"),
        ("a -> a", "twice"),
        ("a: strr -> b", "Did you mean 'str'"),
        ("class -> b", "Cannot read"),
        ("a b -> c", "Cannot read"),
        ("a=x -> b", "cannot be a default"),
        ("a, *b -> c", "Only names"),
        ("a: Optional -> b", "in brackets"),
        ("a -> b: Literal[yes]", "quotes"),
        ("a -> b: list[1]", "not a type"),
        ("a: __import__('os') -> b", "not a type"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, match: str) -> None:
    with pytest.raises(SignatureError, match=match):
        Signature(text)


def test_a_field_needs_a_role_and_a_known_option() -> None:
    with pytest.raises(SignatureError, match="neither an input nor an output"):

        class Bad(Signature):
            a: str

    with pytest.raises(SignatureError, match="'descr'"):
        InputField(descr="x")
    with pytest.raises(SignatureError, match="out of range"):
        Answer.insert(9, "x", OutputField())
    with pytest.raises(SignatureError, match="no field 'zzz'"):
        Answer.with_updated_fields("zzz", desc="")
    with pytest.raises(SignatureError, match="no instances"):
        Answer(question="x")
    with pytest.raises(SignatureError, match="not int"):
        ensure_signature(5)


def test_types_are_found_at_the_caller_or_given() -> None:
    class Local(pydantic.BaseModel):
        x: int

    assert Signature("a: Local -> b: list[Local]").fields["a"].annotation is Local
    assert Signature("a -> b: Mine", custom_types={"Mine": Local}).fields["b"].annotation is Local
    assert (
        make_signature({"a": (int, InputField()), "b": (Person, OutputField())}).fields["b"].annotation
        is Person
    )


def test_state_goes_round_and_names_stay() -> None:
    state = Answer.with_instructions("Learned.").dump_state()
    assert state["fields"][0] == {"prefix": "Question:", "description": "what is asked"}
    loaded = Answer.load_state(state)
    assert loaded.instructions == "Learned."
    assert list(loaded.fields) == list(Answer.fields)
    with pytest.raises(SignatureError, match="2 fields"):
        Answer.load_state({"instructions": "", "fields": state["fields"][:2]})


def test_changing_the_instructions_forgets_what_was_derived() -> None:
    made = Signature("a -> b")
    made.made["x"] = 1
    made.instructions = "New."
    assert made.made == {}


@pytest.mark.parametrize(
    ("annotation", "name", "kind"),
    [
        (str, "str", "str"),
        (Optional[int], "Optional[int]", "optional"),  # noqa: UP045
        (int | str, "Union[int, str]", "union"),
        (list[str], "list[str]", "list"),
        (dict[str, Any], "dict[str, Any]", "dict"),
        (tuple[int, ...], "tuple[int, ...]", "tuple"),
        (set[str], "set[str]", "set"),
        (Literal["a", 1], "Literal['a', 1]", "literal"),
        (Colour, "Colour", "enum"),
        (Person, "Person", "object"),
        (list[Person], "list[Person]", "list"),
    ],
)
def test_types_as_data(annotation: Any, name: str, kind: str) -> None:
    shape = shape_of(annotation)
    assert (type_name(annotation), shape["kind"]) == (name, kind)
    assert shape_of(type_of(shape))["kind"] in (kind, "literal")
    assert isinstance(json_schema(shape), dict)


def test_a_model_is_described_field_by_field() -> None:
    shape = shape_of(Person)
    assert shape["fields"]["age"] == {
        "shape": {"kind": "int"},
        "required": False,
        "desc": "in years",
        "default": 0,
    }
    schema = json_schema(shape)
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False


def test_recursive_models_end() -> None:
    class Node(pydantic.BaseModel):
        children: list["Node"] = []

    assert shape_of(Node)["fields"]["children"]["shape"]["items"]["kind"] == "custom"


def test_values_are_checked_with_their_constraints() -> None:
    assert validate(Answer.sure, "0.5") == 0.5
    assert validate(Signature("a -> p: Person").fields["p"], {"name": "Ada", "age": 3}) == Person(
        name="Ada", age=3
    )
    with pytest.raises(ValueCoercionError, match="less than or equal to 1"):
        validate(Answer.sure, 2)
    with pytest.raises(ValueCoercionError, match="at most 20"):
        validate(Answer.answer, "x" * 21)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("search_query", "Search Query"),
        ("camelCaseText", "Camel Case Text"),
        ("HTMLText2", "HTML Text 2"),
        ("x", "X"),
        ("été_2Vrai", "Été 2 Vrai"),
        ("größeÄndern", "Größe Ändern"),
    ],
)
def test_names_become_labels(name: str, words: str) -> None:
    assert infer_prefix(name) == words


def test_a_class_without_words_of_its_own_keeps_those_of_its_parent() -> None:
    class Quiet(Answer):
        extra: int = OutputField()

    assert Quiet.instructions == Answer.instructions

    class Unsaid(Signature):
        a: str = InputField()
        b: str = OutputField()

    class More(Unsaid):
        c: str = OutputField()

    assert More.instructions == "From `a` produce `b`, `c`."


def test_constraints_may_stand_in_the_type() -> None:
    class Bounded(Signature):
        q: str = InputField()
        score: Annotated[int, pydantic.Field(ge=0, le=10)] = OutputField()
        many: list[Annotated[int, pydantic.Field(gt=0)]] = OutputField()

    assert Bounded.score.constraints == {"ge": 0, "le": 10}
    assert Bounded.many.shape["items"] == {"kind": "int", "constraints": {"gt": 0}}


def test_a_type_of_another_name_has_the_shape_of_what_it_names() -> None:
    UserId = NewType("UserId", str)
    assert Signature("q -> user: UserId").user.annotation is UserId
    assert Signature("q -> user: UserId").user.shape == {"kind": "str"}


def test_a_variable_is_no_type() -> None:
    label = "spam"
    with pytest.raises(SignatureError, match="'label' is a str here, not a type"):
        Signature("text -> kind: label")
    assert label


def test_dates_may_be_written_with_their_module() -> None:
    made = Signature("a: datetime.date, b: datetime.datetime -> c: list[datetime.time], d: datetime")
    assert [field.shape["kind"] for field in made.fields.values()] == ["date", "datetime", "list", "datetime"]
    assert made.c.shape["items"] == {"kind": "time"}


def test_own_types_and_those_at_the_call_go_together() -> None:
    class Local:
        """A type of the caller."""

    made = Signature("a: Local -> b: Given", custom_types={"Given": int})
    assert (made.a.annotation, made.b.annotation) == (Local, int)


def test_an_unknown_type_is_an_ordinary_signature_error() -> None:
    with pytest.raises(SignatureError, match="no type called") as caught:
        Signature("a -> b: Nonesuch")
    assert type(caught.value) is SignatureError


def test_what_is_no_signature_is_said_so() -> None:
    for wrong in (5, None, str):
        with pytest.raises(SignatureError, match="a string or a Signature class"):
            Signature(wrong)  # type: ignore[arg-type]


def test_types_written_as_text_are_looked_up_where_the_class_stands(tmp_path: Path) -> None:
    """What the importer of a module calls `Label` is not what the module calls so."""
    (tmp_path / "labels_of_a_test.py").write_text(
        "from __future__ import annotations\n"
        "from typing import Literal\n"
        "from core import InputField, OutputField, Signature\n"
        "Label = Literal['a', 'b']\n"
        "class Choose(Signature):\n"
        "    text: str = InputField()\n"
        "    label: Label = OutputField()\n"
    )
    spec = importlib.util.spec_from_file_location("labels_of_a_test", tmp_path / "labels_of_a_test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["labels_of_a_test"] = module
    try:
        Label = int
        spec.loader.exec_module(module)
    finally:
        del sys.modules["labels_of_a_test"]
    assert module.Choose.label.shape["kind"] == "literal"
    assert Label is int


def test_a_field_cannot_be_called_self() -> None:
    with pytest.raises(SignatureError, match="'self'"):
        Signature("self -> a")
    with pytest.raises(SignatureError, match="'self'"):
        make_signature({"self": InputField(), "a": OutputField()})


def test_what_a_field_says_is_not_changed_in_place() -> None:
    signature = Signature("question -> answer")
    with pytest.raises(SignatureError, match="with_updated_fields"):
        signature.fields["answer"].json_schema_extra["desc"] = "short"
    with pytest.raises(SignatureError, match="with_updated_fields"):
        signature.fields["answer"].json_schema_extra.update(desc="short")
    assert dict(signature.fields["answer"].json_schema_extra)["desc"] == "${answer}"


def test_options_of_pydantic_that_say_nothing_to_a_model_are_taken() -> None:
    class Asked(Signature):
        question: str = InputField(desc="d", title="Q", examples=["why?"], strict=True)
        answer: str = OutputField(default="", repr=False)

    assert Asked.fields["question"].is_required() and not Asked.fields["answer"].is_required()
    with pytest.raises(SignatureError, match="'dsc'"):
        InputField(dsc="a misspelt one")
