"""Free text whose fields a second request takes out; short types in place of schemas."""

from __future__ import annotations

from typing import Literal

import pydantic
import pytest

from core.adapters import BAMLAdapter, JSONAdapter, TwoStepAdapter
from core.foundation.errors import AdapterParseError, ConfigurationError
from core.lm.scripted import ScriptedLM
from core.messages import LMOutput
from core.settings import context
from core.signature import InputField, OutputField, Signature

SIGNATURE = Signature("question -> answer, count: int", "Count them.")
TAKEN = "[[ ## answer ## ]]\nyes\n\n[[ ## count ## ]]\n3\n\n[[ ## completed ## ]]\n"


def test_one_model_answers_and_another_takes_the_fields_out():
    main, second = ScriptedLM(["I count three, so yes."]), ScriptedLM([TAKEN])
    found = TwoStepAdapter(second)(main, {"temperature": 0.7}, SIGNATURE, [], {"question": "how many?"})
    assert found == [{"answer": "yes", "count": 3}]
    asked, taken = main.requests[0], second.requests[0]
    assert asked.messages[-1] == {"role": "user", "content": "question: how many?"}
    assert asked.params["temperature"] == 0.7
    assert "[[ ##" not in str(asked.messages)
    assert "I count three, so yes." in taken.messages[-1]["content"]
    assert "Count them." in taken.messages[0]["content"]
    assert taken.params.get("temperature") is None


def test_without_a_second_model_the_first_takes_the_fields_out():
    lm = ScriptedLM(["I count three, so yes.", TAKEN])
    assert TwoStepAdapter()(lm, {}, SIGNATURE, [], {"question": "q"}) == [{"answer": "yes", "count": 3}]
    assert len(lm.requests) == 2


def test_every_completion_is_extracted():
    main = ScriptedLM(lambda _: ["one", LMOutput("two", logprobs=[1])])
    second = ScriptedLM([TAKEN, TAKEN.replace("3", "4")])
    found = TwoStepAdapter(second)(main, {"n": 2}, SIGNATURE, [], {"question": "q"})
    assert found == [{"answer": "yes", "count": 3}, {"answer": "yes", "count": 4, "logprobs": [1]}]


def test_what_cannot_be_taken_out_is_an_error_with_all_texts():
    with pytest.raises(AdapterParseError) as caught:
        TwoStepAdapter(ScriptedLM(["?", "??"]))(ScriptedLM(["Well."]), {}, SIGNATURE, [], {"question": "q"})
    assert caught.value.adapter_name == "TwoStepAdapter"
    assert caught.value.attempts == ("Well.", "?", "??")
    assert isinstance(caught.value.__cause__, AdapterParseError)


def test_parse_asks_the_extraction_model_or_that_of_the_settings():
    assert TwoStepAdapter(ScriptedLM([TAKEN])).parse(SIGNATURE, "three") == {"answer": "yes", "count": 3}
    with context(lm=ScriptedLM([TAKEN])):
        assert TwoStepAdapter().parse(SIGNATURE, "three") == {"answer": "yes", "count": 3}
    with context(lm=None), pytest.raises(ConfigurationError, match="No model"):
        TwoStepAdapter().parse(SIGNATURE, "three")


def test_the_extraction_model_is_a_model():
    with pytest.raises(ConfigurationError, match="language model"):
        TwoStepAdapter("openai/gpt-4o-mini")  # type: ignore[arg-type]


def test_demos_are_names_and_values():
    demos = [{"question": "q1", "answer": "a1", "count": 1}, {"question": "q2", "answer": "a2"}]
    messages = TwoStepAdapter().format(SIGNATURE, demos, {"question": "q"})
    assert [message["content"] for message in messages[2:5]] == [
        "answer: a2",
        "question: q1",
        "answer: a1\n\ncount: 1",
    ]


class Part(pydantic.BaseModel):
    label: str = pydantic.Field(description="as printed")
    count: int | None = None


class Typed(Signature):
    """Do it."""

    text: str = InputField()
    answer: str = OutputField()
    share: float = OutputField(ge=0, le=1)
    mood: Literal["good", "bad"] = OutputField()
    parts: list[Part] = OutputField()
    sizes: dict[str, list[int]] = OutputField()
    pair: tuple[int, str] = OutputField()


def test_types_are_short():
    system = BAMLAdapter().format(Typed, [], {"text": "t"})[0]["content"]
    wanted = """\
{
  answer: string,
  // >= 0, <= 1
  share: float,
  mood: "good" or "bad",
  parts: {
    // as printed
    label: string,
    count?: int or null,
  }[],
  sizes: dict[string, int[]],
  pair: [int, string],
}"""
    assert wanted in system
    assert len(system) < 0.6 * len(JSONAdapter().format(Typed, [], {"text": "t"})[0]["content"])


def test_replies_are_json_and_asked_for_as_such():
    values = {
        "answer": "a",
        "share": 0.5,
        "mood": "good",
        "parts": [Part(label="x")],
        "sizes": {"a": [1]},
        "pair": (1, "b"),
    }
    reply = BAMLAdapter().format_assistant_message_content(Typed, values)
    lm = ScriptedLM([reply], supports_response_schema=True)
    assert BAMLAdapter()(lm, {}, Typed, [], {"text": "t"}) == [values]
    assert lm.requests[0].params["response_format"]["type"] == "json_object"
