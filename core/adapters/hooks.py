"""The parts of a request as methods of an adapter, under DSPy's names: a subclass overrides what it wants otherwise.

Knows nothing about asking. An adapter that overrides none of them never comes here: its messages are those of the
compiled layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from core.adapters.signatures import layout_of
from core.adapters.special import holds_custom, special_of
from core.messages import Message
from core.signature import SignatureMeta
from core.wire.chat_layout import ChatLayout
from core.wire.layout import INCOMPLETE_DEMO, Layout

__all__ = ["FormatHooks"]

_HOOKS = (
    "format_system_message",
    "format_field_description",
    "format_field_structure",
    "format_task_description",
    "format_user_message_content",
    "format_assistant_message_content",
    "format_demos",
    "format_conversation_history",
    "user_message_output_requirements",
)


class FormatHooks:
    """The parts of a request; each may be overridden by itself, and `format` puts them together."""

    layout: ClassVar[type[Layout]] = ChatLayout
    _has_hooks: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_hooks = any(getattr(cls, name) is not getattr(FormatHooks, name) for name in _HOOKS)

    def format_system_message(self, signature: SignatureMeta) -> str:
        """Return the system message: the fields, the structure, the task."""
        parts = (
            f"{self.format_field_description(signature)}\n{self.format_field_structure(signature)}",
            self.format_task_description(signature),
        )
        return "\n\n".join(part for part in parts if part.strip()).rstrip()

    def format_field_description(self, signature: SignatureMeta) -> str:
        """Return the numbered lists of inputs and outputs."""
        return layout_of(signature, self.layout).field_lists()

    def format_field_structure(self, signature: SignatureMeta) -> str:
        """Return how values stand in messages."""
        return layout_of(signature, self.layout).structure()

    def format_task_description(self, signature: SignatureMeta) -> str:
        """Return the part that holds the instructions."""
        return layout_of(signature, self.layout).task()

    def format_user_message_content(
        self,
        signature: SignatureMeta,
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """Return a user turn: the inputs that are there, between `prefix` and `suffix`.

        Args:
            main_request: It is the request itself, and ends with what to reply.
        """
        content = layout_of(signature, self.layout).user(inputs, prefix)
        wanted = self.user_message_output_requirements(signature) if main_request else ""
        return "\n\n".join(part for part in (content, wanted, suffix) if part).strip()

    def user_message_output_requirements(self, signature: SignatureMeta) -> str:
        """Return the sentence at the end of the request: what to reply."""
        return layout_of(signature, self.layout).reminder

    def format_assistant_message_content(
        self, signature: SignatureMeta, outputs: Mapping[str, Any], missing_field_message: str | None = None
    ) -> str:
        """Return an assistant turn: outputs as a reply would give them.

        Args:
            missing_field_message: Stands for an output that is absent; None: the words of the layout.
        """
        layout = layout_of(signature, self.layout)
        if missing_field_message is None:
            return layout.answer(outputs)
        return layout.answer(outputs, missing_field_message)

    def format_demos(self, signature: SignatureMeta, demos: Sequence[Any]) -> list[Message]:
        """Return two turns per demo, incomplete demos first; those without an input or an output are left out."""
        layout = layout_of(signature, self.layout)
        turns: dict[bool, list[Message]] = {False: [], True: []}
        for demo in demos:
            whole = layout.completeness(demo)
            if whole is None:
                continue
            prefix = "" if whole else INCOMPLETE_DEMO
            asked = self.format_user_message_content(signature, demo, prefix=prefix)
            answered = self.format_assistant_message_content(signature, demo)
            turns[whole] += ({"role": "user", "content": asked}, {"role": "assistant", "content": answered})
        return turns[False] + turns[True]

    def format_conversation_history(
        self, signature: SignatureMeta, history_field_name: str, inputs: Mapping[str, Any]
    ) -> list[Message]:
        """Return the turns of a conversation: of each of its messages the inputs, then the outputs.

        Args:
            signature: The signature without the field of the history.
            history_field_name: The input that holds it: an object with `messages`, each a dict of fields.
        """
        history = inputs.get(history_field_name)
        turns: list[Message] = []
        for message in getattr(history, "messages", None) or ():
            asked = self.format_user_message_content(signature, message)
            answered = self.format_assistant_message_content(signature, message)
            turns += ({"role": "user", "content": asked},) if asked else ()
            turns.append({"role": "assistant", "content": answered})
        return turns

    def format_finetune_data(
        self,
        signature: SignatureMeta,
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
    ) -> dict[str, list[Message]]:
        """Return one training conversation, `{"messages": [...]}`: the request and the reply that it should get."""
        answered = self.format_assistant_message_content(signature, outputs)
        asked = self.format(signature, demos, inputs)
        return {"messages": [*asked, {"role": "assistant", "content": answered}]}

    def format(
        self, signature: SignatureMeta, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[Message]:
        """Return the messages of one request: system, two per demo (incomplete demos first), the request.

        The turns of a conversation stand before the request, custom types as content parts where their values are.
        """
        special = special_of(signature)
        if special is None or not (
            special.is_sure or any(holds_custom(special, values) for values in (inputs, *demos))
        ):
            return self.plain_format(signature, demos, inputs)
        from core.adapters.history import special_messages

        return special_messages(self, special, signature, demos, inputs)

    def plain_format(
        self, signature: SignatureMeta, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[Message]:
        """Return the messages of one request whose values are all text or JSON data."""
        if not self._has_hooks:
            return layout_of(signature, self.layout).messages(demos, inputs)
        request = self.format_user_message_content(signature, inputs, main_request=True)
        return [
            {"role": "system", "content": self.format_system_message(signature)},
            *self.format_demos(signature, demos),
            {"role": "user", "content": request},
        ]
