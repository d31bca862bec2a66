"""Conversations in a request: the turns so far as messages, tool calls and what they gave included.

Knows nothing about layouts beyond the adapter's own methods for a user and an assistant turn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.adapters.parts import Parts
from core.adapters.special import Special, is_custom
from core.messages import Message
from core.signature import InputField, OutputField, SignatureMeta, make_signature

__all__ = ["special_messages"]

_RESULTS = "tool_call_results"


class _Writes(Protocol):
    """What is needed of an adapter."""

    def plain_format(
        self, signature: SignatureMeta, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[Message]: ...

    def format_user_message_content(self, signature: SignatureMeta, inputs: Mapping[str, Any]) -> str: ...

    def format_assistant_message_content(
        self, signature: SignatureMeta, outputs: Mapping[str, Any]
    ) -> str: ...

    def format_conversation_history(
        self, signature: SignatureMeta, history_field_name: str, inputs: Mapping[str, Any]
    ) -> list[Message]: ...


def special_messages(
    adapter: Any, special: Special, signature: SignatureMeta, demos: Sequence[Any], inputs: Mapping[str, Any]
) -> list[Message]:
    """Return the messages of a request whose signature has custom types or a conversation."""
    parts = Parts(signature, special)
    given = {name: value for name, value in inputs.items() if name != special.history}
    messages = adapter.plain_format(
        signature, [parts.swapped(demo, saved=True) for demo in demos], parts.swapped(given)
    )
    turns = _turns_given(inputs.get(special.history)) if special.history else []
    if turns:
        messages[-1:-1] = _history_messages(adapter, special, signature, turns, parts)
    return parts.placed(messages)


def _turns_given(history: Any) -> Sequence[Mapping[str, Any]]:
    """Return the turns of a History, also of one that came as JSON data; a placeholder of a preview has none."""
    if history is None or isinstance(history, str):
        return []
    from core.data.types.history import History

    return (history if isinstance(history, History) else History.model_validate(history)).messages


def _history_messages(
    adapter: Any, special: Special, signature: SignatureMeta, turns: Sequence[Mapping[str, Any]], parts: Parts
) -> list[Message]:
    without = _without_history(signature, special.history)
    if not any(_has_calls(turn) for turn in turns):
        history = _Turns([parts.swapped(turn) for turn in turns])
        return adapter.format_conversation_history(without, special.history, {special.history: history})
    native = signature.made.get("native")
    found: list[Message] = []
    for turn in turns:
        found += _turn_messages(adapter, without, turn, parts, native.calls if native is not None else "")
    return found


class _Turns:
    """Turns with stand-ins, in the form of a History."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages


def _without_history(signature: SignatureMeta, name: str) -> SignatureMeta:
    made = signature.made
    if "without_history" not in made:
        made["without_history"] = signature.delete(name)
    return made["without_history"]


def _has_calls(turn: Mapping[str, Any]) -> bool:
    return any(is_custom(type(value)) and hasattr(value, "tool_calls") for value in turn.values())


def _turn_messages(
    adapter: _Writes, signature: SignatureMeta, turn: Mapping[str, Any], parts: Parts, native: str
) -> list[Message]:
    """Return one turn with tool calls: what was asked, what was answered and called, what the calls gave.

    Args:
        native: The field whose calls go into the message's own `tool_calls`; "" writes all of them as text.
    """
    shown = parts.swapped({name: value for name, value in turn.items() if name != native})
    calls = (
        turn.get(native)
        if native
        else next((item for item in turn.values() if hasattr(item, "tool_calls")), None)
    )
    found: list[Message] = []
    if asked := adapter.format_user_message_content(signature, shown):
        found.append({"role": "user", "content": asked})
    answered = any(name in shown for name in signature.output_fields)
    content = (
        adapter.format_assistant_message_content(signature, shown) if answered or calls is None else None
    )
    answer: Message = {"role": "assistant", "content": content}
    results = getattr(calls, _RESULTS, None)
    if native and calls is not None:
        found.append({**answer, "tool_calls": [call.as_provider() for call in calls.tool_calls]})
        return found + (results.messages() if results is not None else [])
    found.append(answer)
    if results is not None:
        told = adapter.format_user_message_content(
            _results_signature(signature), {_RESULTS: parts.swap(results.format())}
        )
        found.append({"role": "user", "content": told})
    return found


def _results_signature(signature: SignatureMeta) -> SignatureMeta:
    """Return a signature with one input, for writing what calls gave as the adapter writes inputs."""
    made = signature.made
    if _RESULTS not in made:
        fields: dict[str, Any] = {_RESULTS: (dict, InputField()), "next": (str, OutputField())}
        made[_RESULTS] = make_signature(fields, "-")
    return made[_RESULTS]
