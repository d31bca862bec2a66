"""Overriding a part of a request takes effect in what is sent; overriding `parse` in what is read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from core.adapters import Adapter, ChatAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter, adapters
from core.adapters.hooks import FormatHooks
from core.foundation.errors import AdapterParseError, ConfigurationError
from core.lm.scripted import ScriptedLM
from core.signature import Signature

SIGNATURE = Signature("question, hint -> answer, count: int", "Count them.")
INPUTS = {"question": "how many?", "hint": "few"}
DEMOS = [
    {"question": "q1", "hint": "h1", "answer": "a1", "count": 1},
    {"question": "q2", "answer": "a2"},
    {"count": 4},
]
GOOD = "[[ ## answer ## ]]\nyes\n\n[[ ## count ## ]]\n3\n\n[[ ## completed ## ]]\n"


class Nothing(ChatAdapter):
    """Overrides a part and leaves it as it is, so that the request is put together from its parts."""

    def format_task_description(self, signature: Any) -> str:
        return super().format_task_description(signature)


@pytest.mark.parametrize("name", ["chat", "json", "xml", "baml", "two_step"])
def test_the_parts_put_together_are_the_compiled_messages(name: str):
    made = adapters.get(name)
    parts = type("Parts", (made,), {"format_demos": lambda self, *rest: made.format_demos(self, *rest)})
    assert parts._has_hooks
    assert not made._has_hooks
    assert parts().format(SIGNATURE, DEMOS, INPUTS) == made().format(SIGNATURE, DEMOS, INPUTS)


@pytest.mark.parametrize(
    ("part", "role"),
    [
        ("format_system_message", "system"),
        ("format_field_description", "system"),
        ("format_field_structure", "system"),
        ("format_task_description", "system"),
        ("format_user_message_content", "user"),
        ("user_message_output_requirements", "user"),
        ("format_assistant_message_content", "assistant"),
    ],
)
@pytest.mark.parametrize("base", [ChatAdapter, JSONAdapter, XMLAdapter, TwoStepAdapter])
def test_every_part_can_be_replaced(base: type[Adapter], part: str, role: str):
    own = type("Own", (base,), {part: lambda self, *args, **kwargs: "OWN WORDS"})
    messages = own().format(SIGNATURE, DEMOS, INPUTS)
    changed = [message for message in messages if "OWN WORDS" in message["content"]]
    assert changed
    assert {message["role"] for message in changed} == {role}
    assert "OWN WORDS" in str(own().preview(SIGNATURE, DEMOS))


def test_a_part_can_be_added_to_and_is_sent():
    class Polite(ChatAdapter):
        def format_user_message_content(
            self,
            signature: Any,
            inputs: Any,
            prefix: str = "",
            suffix: str = "",
            main_request: bool = False,
        ) -> str:
            return super().format_user_message_content(
                signature, inputs, prefix=f"Please.\n{prefix}", suffix="Thanks.", main_request=main_request
            )

    lm = ScriptedLM([GOOD])
    assert Polite()(lm, {}, SIGNATURE, DEMOS, INPUTS) == [{"answer": "yes", "count": 3}]
    turns = [message["content"] for message in lm.requests[0].messages if message["role"] == "user"]
    assert len(turns) == 3
    assert all(turn.startswith("Please.\n") and turn.endswith("\n\nThanks.") for turn in turns)


def test_demos_can_be_replaced():
    class Fewer(ChatAdapter):
        def format_demos(self, signature: Any, demos: Any) -> list[dict[str, Any]]:
            return super().format_demos(signature, demos[:1])

    assert [message["role"] for message in Fewer().format(SIGNATURE, DEMOS, INPUTS)] == [
        "system",
        "user",
        "assistant",
        "user",
    ]


def test_format_itself_can_be_replaced():
    class Short(ChatAdapter):
        def format(self, signature: Any, demos: Any, inputs: Any) -> list[dict[str, Any]]:
            return super().format(signature, demos, inputs)[-1:]

    lm = ScriptedLM([GOOD])
    Short()(lm, {}, SIGNATURE, DEMOS, INPUTS)
    assert [message["role"] for message in lm.requests[0].messages] == ["user"]


class Shouted(ChatAdapter):
    def parse(self, signature: Any, completion: str) -> dict[str, Any]:
        if completion == "odd":
            raise ValueError("it is odd")
        return {name: str(value).upper() for name, value in super().parse(signature, completion).items()}


def test_parse_can_be_replaced():
    assert Shouted()(ScriptedLM([GOOD]), {}, SIGNATURE, [], INPUTS) == [{"answer": "YES", "count": "3"}]


def test_what_ones_own_parse_cannot_read_is_repaired_too():
    lm = ScriptedLM(["[[ ## answer ## ]]\nyes", "odd", GOOD])
    assert Shouted(repair_turns=2)(lm, {}, SIGNATURE, [], INPUTS) == [{"answer": "YES", "count": "3"}]
    assert "`count`: missing" in lm.requests[1].messages[-1]["content"]
    assert "it is odd" in lm.requests[2].messages[-1]["content"]
    with pytest.raises(AdapterParseError, match="it is odd"):
        Shouted(repair_turns=0)(ScriptedLM(["odd"]), {}, SIGNATURE, [], INPUTS)


def test_a_configuration_error_in_ones_own_parse_is_raised_and_never_repaired():
    class Lacking(ChatAdapter):
        def parse(self, signature: Any, completion: str) -> dict[str, Any]:
            raise ConfigurationError("no key for the parser")

    lm = ScriptedLM([GOOD, GOOD])
    with pytest.raises(ConfigurationError, match="no key"):
        Lacking(repair_turns=1)(lm, {}, SIGNATURE, [], INPUTS)
    assert len(lm.requests) == 1


def test_an_adapter_from_its_parts_alone():
    class Plain(Adapter):
        def format_system_message(self, signature: Any) -> str:
            return signature.instructions

        def format_user_message_content(self, signature: Any, inputs: Any, *_: Any, **__: Any) -> str:
            return " / ".join(f"{name}={value}" for name, value in inputs.items())

        def parse(self, signature: Any, completion: str) -> dict[str, Any]:
            return dict(zip(signature.output_fields, completion.split(), strict=True))

    lm = ScriptedLM(["seven 7"])
    assert Plain()(lm, {}, SIGNATURE, [], INPUTS) == [{"answer": "seven", "count": "7"}]
    assert [message["content"] for message in lm.requests[0].messages] == [
        "Count them.",
        "question=how many? / hint=few",
    ]


def test_a_missing_output_carries_the_words_one_gives():
    answer = ChatAdapter().format_assistant_message_content(SIGNATURE, {"answer": "a"}, "nothing known")
    assert answer.startswith("[[ ## answer ## ]]\na\n\n[[ ## count ## ]]\nnothing known")


def test_a_conversation_becomes_turns():
    class Talk:
        messages = ({"question": "first?", "answer": "1", "count": 1}, {"question": "second?", "answer": "2"})

    turns = Nothing().format_conversation_history(SIGNATURE, "talk", {"talk": Talk()})
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 2
    assert turns[0]["content"] == "[[ ## question ## ]]\nfirst?"
    assert turns[1]["content"].startswith("[[ ## answer ## ]]\n1\n\n[[ ## count ## ]]\n1")


@pytest.mark.parametrize("name", ["chat", "json", "xml"])
def test_finetuning_data_is_the_request_and_the_reply(name: str):
    adapter = adapters.get(name)()
    outputs = {"answer": "few", "count": 3}
    found = adapter.format_finetune_data(SIGNATURE, DEMOS, INPUTS, outputs)
    assert found["messages"][:-1] == adapter.format(SIGNATURE, DEMOS, INPUTS)
    assert found["messages"][-1]["role"] == "assistant"
    assert adapter.parse(SIGNATURE, found["messages"][-1]["content"]) == outputs


def test_adapters_that_override_nothing_keep_the_compiled_path():
    assert not FormatHooks._has_hooks
    assert not any(adapters.get(name)._has_hooks for name in adapters.names())


def test_the_call_itself_can_be_replaced():
    import core

    class Louder(ChatAdapter):
        def __call__(self, lm: Any, lm_kwargs: Any, signature: Any, demos: Any, inputs: Any) -> Any:
            found = super().__call__(lm, lm_kwargs, signature, demos, inputs)
            return [{**fields, "answer": fields["answer"] + "!"} for fields in found]

    with core.context(lm=ScriptedLM([GOOD, GOOD]), adapter=Louder()):
        assert core.Predict(SIGNATURE)(**INPUTS).answer == "yes!"
        assert asyncio.run(core.Predict(SIGNATURE).acall(**INPUTS)).answer == "yes!"
