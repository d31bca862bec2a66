"""Messages as the one text that a checkpoint reads: by its chat template, or plainly where it has none.

Knows nothing about tokens and weights.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMConfigurationError
from core.lm.text_wire import prompt_of
from core.messages import Message

__all__ = ["chat_text"]

_TITLES = {
    "system": "System",
    "developer": "System",
    "user": "User",
    "assistant": "Assistant",
    "tool": "Tool",
}


def chat_text(tokenizer: Any, messages: list[Message], model: str) -> str:
    """Return the text that asks for the next reply.

    Raises:
        LMUnsupportedFeatureError: A message holds more than text.
        LMConfigurationError: The template takes no such conversation.
    """
    turns = [
        {"role": str(message.get("role") or "user"), "content": prompt_of([message], model)}
        for message in messages
    ]
    if not getattr(tokenizer, "chat_template", None):
        return _plain(turns)
    try:
        return _templated(tokenizer, turns)
    except Exception:  # a template says no by raising: most often to the system role
        try:
            return _templated(tokenizer, _without_system(turns))
        except Exception as error:
            raise LMConfigurationError(
                f"The checkpoint's chat template takes no such conversation ({error}).",
                model=model,
                hint='model_type="text" sends the messages without a template.',
            ) from error


def _templated(tokenizer: Any, turns: list[dict[str, str]]) -> str:
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    """Put what the system says in front of the first user turn."""
    system = [turn["content"] for turn in turns if turn["role"] in ("system", "developer")]
    others = [dict(turn) for turn in turns if turn["role"] not in ("system", "developer")]
    if not others or others[0]["role"] != "user":
        others.insert(0, {"role": "user", "content": ""})
    others[0]["content"] = "\n\n".join([*system, others[0]["content"]]).strip()
    return others


def _plain(turns: list[dict[str, str]]) -> str:
    said = [f"{_TITLES.get(turn['role'], 'User')}: {turn['content']}" for turn in turns]
    return "\n\n".join([*said, "Assistant:"])
