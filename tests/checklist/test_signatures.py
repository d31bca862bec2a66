"""C23–C30, C46, C52: signatures."""

import logging

import pytest
from pydantic import BaseModel

import core
from core.lm import ScriptedLM


def reply(**fields: str) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def test_c023_inline_signatures_take_any_names_and_several_fields() -> None:
    signature = core.Signature("context, question_2 -> long_answer, score")
    assert list(signature.input_fields) == ["context", "question_2"]
    assert list(signature.output_fields) == ["long_answer", "score"]


def test_c024_an_inline_signature_has_an_instruction_that_names_its_fields() -> None:
    instructions = core.Signature("context, question -> answer").instructions
    assert all(f"`{name}`" in instructions for name in ("context", "question", "answer"))


def test_c025_class_signatures_take_docstring_desc_prefix_and_format() -> None:
    class CheckCitation(core.Signature):
        """Say whether the text follows from the context."""

        context = core.InputField(desc="take it as true")
        text = core.InputField(prefix="Claim:", format=lambda value: value)
        faithful: bool = core.OutputField(desc="True or False")

    assert CheckCitation.instructions == "Say whether the text follows from the context."
    assert CheckCitation.fields["context"].desc == "take it as true"
    assert CheckCitation.fields["text"].prefix == "Claim:"
    assert CheckCitation.fields["faithful"].annotation is bool


def test_c026_prefix_and_description_come_from_the_name() -> None:
    field = core.Signature("question -> best_answer").fields["best_answer"]
    assert field.prefix == "Best Answer:"
    assert field.desc == "${best_answer}"


def test_c027_the_prompt_has_instruction_format_demos_and_query_in_order() -> None:
    program = core.Predict(core.Signature("context, question -> answer", "Answer briefly."))
    program.demos = [core.Example(context=["a"], question="demo question", answer="demo answer")]
    lm = ScriptedLM([reply(answer="x")])
    with core.context(lm=lm):
        program(context=["first passage", "second passage"], question="the query")
    said = "\n".join(message["content"] for message in lm.requests[0].messages)
    places = [said.index(part) for part in ("Answer briefly.", "demo question", "demo answer", "the query")]
    assert places == sorted(places)
    assert "[1] «first passage»" in said
    assert "[2] «second passage»" in said


def test_c028_signatures_are_edited_into_new_ones() -> None:
    signature = core.Signature("question -> answer")
    edited = (
        signature.with_instructions("Short.")
        .with_updated_fields("answer", desc="one word")
        .append("source", core.OutputField())
        .prepend("context", core.InputField())
        .insert(0, "plan", core.OutputField())
    )
    assert edited.signature == "context, question -> plan, answer, source"
    assert edited.fields["answer"].desc == "one word"
    assert signature.signature == "question -> answer"
    assert not signature.equals(edited)
    assert signature.equals(core.Signature("question -> answer"))


def test_c029_a_missing_input_only_warns(caplog: pytest.LogCaptureFixture) -> None:
    with core.context(lm=ScriptedLM([reply(answer="x")])), caplog.at_level(logging.WARNING):
        assert core.Predict("context, question -> answer")(question="?").answer == "x"
    assert "context" in caplog.text


def test_c030_outputs_by_attribute_and_a_readable_repr() -> None:
    with core.context(lm=ScriptedLM([reply(answer="Paris")])):
        prediction = core.Predict("question -> answer")(question="?")
    assert prediction.answer == "Paris"
    assert "answer='Paris'" in repr(prediction)


def test_c046_typed_fields_of_models_lists_and_bounds() -> None:
    class Place(BaseModel):
        name: str
        population: int

    class Find(core.Signature):
        text: str = core.InputField()
        places: list[Place] = core.OutputField()
        confidence: float = core.OutputField(ge=0, le=1)

    lm = ScriptedLM([reply(places='[{"name": "Ulm", "population": 126000}]', confidence="0.9")])
    with core.context(lm=lm):
        found = core.Predict(Find)(text="Ulm has 126,000 people.")
    assert found.places == [Place(name="Ulm", population=126000)]
    assert found.confidence == 0.9
    assert "population" in lm.requests[0].messages[0]["content"]
    lm = ScriptedLM([reply(places="[]", confidence="1.5"), reply(places="[]", confidence="0.5")])
    with core.context(lm=lm):
        assert core.Predict(Find)(text="…").confidence == 0.5
    assert len(lm.requests) == 2


def test_c052_own_classes_in_inline_signatures() -> None:
    class Weather(BaseModel):
        city: str
        degrees: float

    signature = core.Signature("report: str, days: list[int] -> weather: Weather")
    assert signature.fields["weather"].annotation is Weather
    assert signature.fields["days"].annotation == list[int]
    with core.context(lm=ScriptedLM([reply(weather='{"city": "Ulm", "degrees": 3.5}')])):
        assert core.Predict(signature)(report="…", days=[1]).weather == Weather(city="Ulm", degrees=3.5)
