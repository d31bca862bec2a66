"""Asking: messages, parsing, the repair turn, the fallback, several completions, response formats, spans."""

from __future__ import annotations

import asyncio
import enum
from typing import Any

import pydantic
import pytest

from core.adapters import ChatAdapter, JSONAdapter, XMLAdapter, adapters, default_adapter, wire_signature
from core.adapters.json import response_schema
from core.foundation.errors import (
    AdapterParseError,
    ContextWindowExceededError,
    LMInvalidRequestError,
    LMRateLimitError,
)
from core.lm.scripted import ScriptedLM
from core.messages import LMOutput, LMRequest
from core.signature import InputField, OutputField, Signature
from core.trace import MemorySink, sink_to
from core.trace.counts import counts

COUNT = Signature("question -> answer, count: int")
GOOD = "[[ ## answer ## ]]\nyes\n\n[[ ## count ## ]]\n3\n\n[[ ## completed ## ]]\n"
BAD = "[[ ## answer ## ]]\nyes\n\n[[ ## count ## ]]\nmany"


class Colour(enum.Enum):
    RED = "r"


class Person(pydantic.BaseModel):
    name: str
    age: int = pydantic.Field(ge=0)
    tags: list[str] = pydantic.Field(default_factory=list)


class Typed(Signature):
    """Do it."""

    question: str = InputField()
    colour: Colour = OutputField(desc="its colour")
    person: Person = OutputField()
    share: float = OutputField(ge=0, le=1)
    note: str = OutputField(default="none")


def ask(adapter: Any, lm: ScriptedLM, signature: Any = COUNT, **kwargs: Any) -> list[dict[str, Any]]:
    return adapter(lm, kwargs, signature, [], {"question": "how many?"})


def test_a_reply_is_read_at_once():
    lm = ScriptedLM([GOOD])
    assert ask(ChatAdapter(), lm) == [{"answer": "yes", "count": 3}]
    assert len(lm.requests) == 1


def test_async_and_sync_give_the_same():
    found = asyncio.run(ChatAdapter().acall(ScriptedLM([GOOD]), {}, COUNT, [], {"question": "q"}))
    assert found == ask(ChatAdapter(), ScriptedLM([GOOD]))


def test_values_become_python_types():
    reply = (
        "[[ ## colour ## ]]\nRED\n[[ ## person ## ]]\n{'Name': 'Zoë', 'age': '7',}\n[[ ## share ## ]]\n42%\n"
    )
    assert ChatAdapter().parse(Typed, reply) == {
        "colour": Colour.RED,
        "person": Person(name="Zoë", age=7, tags=[]),
        "share": 0.42,
        "note": "none",
    }


def test_a_members_own_constraint_is_checked():
    reply = '{"colour": "r", "person": {"name": "Z", "age": -1}, "share": 0.5}'
    with pytest.raises(AdapterParseError, match="age: -1 breaks the constraint: >= 0") as caught:
        JSONAdapter().parse(Typed, reply)
    assert caught.value.parsed_result == {"colour": Colour.RED, "share": 0.5, "note": "none"}


def test_one_repair_turn_quotes_the_reply_and_what_is_wrong():
    lm = ScriptedLM([BAD, GOOD])
    assert ask(ChatAdapter(), lm, temperature=0.3) == [{"answer": "yes", "count": 3}]
    first, second = lm.requests
    assert second.messages[: len(first.messages)] == first.messages
    assert second.messages[-2] == {"role": "assistant", "content": BAD}
    complaint = second.messages[-1]
    assert complaint["role"] == "user"
    assert "`count`: 'many' is not a whole number" in complaint["content"]
    assert complaint["content"].endswith("then `[[ ## completed ## ]]`.")
    assert second.params == first.params


def test_after_the_repair_turn_the_error_carries_both_texts():
    with pytest.raises(AdapterParseError) as caught:
        ask(ChatAdapter(), ScriptedLM([BAD, "still no"]))
    assert caught.value.attempts == (BAD, "still no")
    assert caught.value.lm_response == "still no"
    assert caught.value.adapter_name == "ChatAdapter"
    assert caught.value.parsed_result == {}


@pytest.mark.parametrize(("turns", "calls"), [(0, 1), (2, 3)])
def test_the_number_of_repair_turns_can_be_chosen(turns: int, calls: int):
    lm = ScriptedLM([BAD] * 5)
    with pytest.raises(AdapterParseError):
        ask(ChatAdapter(repair_turns=turns), lm)
    assert len(lm.requests) == calls


def test_every_completion_is_read_and_repaired_by_itself():
    def answer(request: LMRequest) -> Any:
        return [GOOD, BAD, GOOD.replace("3", "4")] if request.params.get("n") == 3 else GOOD.replace("3", "9")

    lm = ScriptedLM(answer)
    assert [found["count"] for found in ask(ChatAdapter(), lm, n=3)] == [3, 9, 4]
    assert [request.params["n"] for request in lm.requests] == [3, 1]


def test_an_empty_reply_is_repaired():
    lm = ScriptedLM(["", GOOD])
    assert ask(ChatAdapter(), lm)[0]["count"] == 3
    assert lm.requests[1].messages[-2]["content"] == "(empty)"


def test_no_fallback_unless_it_is_asked_for():
    lm = ScriptedLM([BAD, BAD, '{"answer": "yes", "count": 3}'])
    with pytest.raises(AdapterParseError):
        ask(ChatAdapter(), lm)
    assert len(lm.requests) == 2


def test_the_json_fallback_is_recorded():
    lm = ScriptedLM([BAD, BAD, '{"answer": "yes", "count": 3}'])
    with sink_to(MemorySink()) as sink:
        assert ask(ChatAdapter(use_json_adapter_fallback=True), lm) == [{"answer": "yes", "count": 3}]
    event = next(span for span in sink.spans if span.name == "adapter.fallback")
    assert "many" in event.attributes["because"]
    assert "JSON object" in lm.requests[-1].messages[-1]["content"]


def test_a_fallback_is_counted():
    with counts() as outer, counts() as found:
        ask(
            ChatAdapter(use_json_adapter_fallback=True),
            ScriptedLM([BAD, BAD, '{"answer": "yes", "count": 3}']),
        )
        ask(ChatAdapter(use_json_adapter_fallback=True), ScriptedLM([BAD, GOOD]))
    assert found == outer == {"adapter.fallbacks": 1}


@pytest.mark.parametrize("adapter", [ChatAdapter, XMLAdapter])
def test_when_the_fallback_fails_too_the_error_keeps_both(adapter: Any):
    lm = ScriptedLM([BAD, "still no", '{"answer": "yes", "count": "lots"}'])
    with pytest.raises(AdapterParseError) as caught:
        ask(adapter(use_json_adapter_fallback=True), lm)
    error = caught.value
    assert error.attempts == (BAD, "still no", '{"answer": "yes", "count": "lots"}')
    first, second = error.errors
    assert (first.adapter_name, second.adapter_name) == (adapter.__name__, "JSONAdapter")
    assert error.__cause__ is first
    assert error.parsed_result == {"answer": "yes"}
    assert first.reason in error.message
    assert "'lots' is not a whole number" in error.message


def test_spans_tell_of_rendering_and_of_every_parse():
    with sink_to(MemorySink()) as sink:
        ask(ChatAdapter(), ScriptedLM([BAD, GOOD]))
    kinds = [(span.kind, span.status) for span in sink.spans]
    assert kinds == [
        ("adapter.render", "ok"),
        ("lm", "ok"),
        ("adapter.parse", "error"),
        ("lm", "ok"),
        ("adapter.parse", "ok"),
    ]
    assert sink.spans[2].attributes["raw"] == BAD
    assert sink.spans[4].attributes["repair_turn"] == 1


def test_logprobs_ride_along():
    lm = ScriptedLM([LMOutput(GOOD, logprobs=[1])])
    assert ask(ChatAdapter(), lm)[0]["logprobs"] == [1]


def test_preview_shows_placeholders_and_equals_what_is_sent():
    adapter, lm = ChatAdapter(), ScriptedLM([GOOD])
    assert "[[ ## question ## ]]\n{question}\n\nReply with" in adapter.preview(COUNT)[-1]["content"]
    ask(adapter, lm)
    assert adapter.preview(COUNT, [], {"question": "how many?"}) == lm.requests[0].messages


def test_another_instruction_is_another_system_message():
    adapter = ChatAdapter()
    before = adapter.preview(COUNT)[0]["content"]
    after = adapter.preview(COUNT.with_instructions("Count twice."))[0]["content"]
    assert after.endswith("Task:\nCount twice.")
    assert adapter.preview(COUNT)[0]["content"] == before


# ── JSON: response formats


def test_a_strict_schema_where_the_model_takes_one():
    lm = ScriptedLM(['{"answer": "yes", "count": 3}'], supports_response_schema=True)
    ask(JSONAdapter(), lm)
    sent = lm.requests[0].params["response_format"]
    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["schema"] == {
        "type": "object",
        "properties": {"answer": {"type": "string"}, "count": {"type": "integer"}},
        "required": ["answer", "count"],
        "additionalProperties": False,
    }


def test_a_refused_format_gives_way_to_the_next():
    refused = LMInvalidRequestError("response_format is not supported", status=400)
    lm = ScriptedLM([refused, refused, '{"answer": "yes", "count": 3}'], supports_response_schema=True)
    assert ask(JSONAdapter(), lm) == [{"answer": "yes", "count": 3}]
    formats = [request.params.get("response_format", {}).get("type") for request in lm.requests]
    assert formats == ["json_schema", "json_object", None]


@pytest.mark.parametrize("error", [ContextWindowExceededError("too long"), LMRateLimitError("slow down")])
def test_other_refusals_are_not_blamed_on_the_format(error: Exception):
    lm = ScriptedLM([error, '{"answer": "yes", "count": 3}'], num_retries=0)
    with pytest.raises(type(error)):
        ask(JSONAdapter(), lm)
    assert len(lm.requests) == 1


def test_a_format_of_ones_own_is_left_alone():
    lm = ScriptedLM(['{"answer": "yes", "count": 3}'], supports_response_schema=True)
    ask(JSONAdapter(), lm, response_format={"type": "text"})
    assert lm.requests[0].params["response_format"] == {"type": "text"}


@pytest.mark.parametrize(
    "kind", ["dict[str, int]", "Any", "list[dict[str, str]]", "Optional[tuple[int, int]]"]
)
def test_open_types_cannot_be_enforced(kind: str):
    assert response_schema(Signature(f"q -> a: {kind}")) is None


def test_records_are_closed_and_complete_in_the_strict_schema():
    schema = response_schema(Typed)
    assert schema is not None
    person = schema["json_schema"]["schema"]["properties"]["person"]
    assert person["required"] == ["name", "age", "tags"]
    assert person["additionalProperties"] is False
    assert schema["json_schema"]["schema"]["properties"]["colour"] == {
        "enum": ["r"],
        "description": "its colour",
    }


# ── registry and wire signatures


def test_adapters_are_found_by_name():
    assert adapters.names() == ["baml", "chat", "json", "two_step", "xml"]
    assert adapters.get("json") is JSONAdapter
    assert isinstance(default_adapter(), ChatAdapter)


def test_a_wire_signature_is_json_and_holds_what_the_prompt_needs():
    wire = wire_signature(Typed)
    assert wire["instructions"] == "Do it."
    share = wire["fields"][3]
    assert share == {
        "name": "share",
        "role": "output",
        "type_name": "float",
        "desc": "",
        "shape": {"kind": "float"},
        "constraints": {"ge": 0, "le": 1},
    }
    assert wire["fields"][4]["default"] == "none"
    assert wire["fields"][2]["schema"]["required"] == ["name", "age"]
