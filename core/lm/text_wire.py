"""Text completions: a prompt that the model goes on writing.

Knows nothing about how they travel. Answers and their events have the form of chat completions with `text` for the
message, so `core.lm.openai_wire` reads both.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMUnsupportedFeatureError
from core.lm.api import Api
from core.lm.capabilities import Capabilities
from core.lm.openai_wire import ChatGathering, response_of, text_of
from core.messages import LMRequest, Message

__all__ = ["API", "body_of", "prompt_of"]


def body_of(
    request: LMRequest, model: str, known: Capabilities, developer_role: bool = False
) -> dict[str, Any]:
    """Return the JSON body; the messages' texts make one prompt, roles left out."""
    del developer_role
    prompt = prompt_of(request.messages, request.model)
    return {"model": model, "prompt": prompt, **known.fitted(request.params)}


def prompt_of(messages: list[Message], model: str) -> str:
    """Return messages as the one text that such an endpoint gets."""
    return "\n\n".join(_text(message, model) for message in messages)


def _text(message: Message, model: str) -> str:
    content = message.get("content")
    if isinstance(content, list) and any(part.get("type") != "text" for part in content):
        raise LMUnsupportedFeatureError(
            "A text completion takes text alone.",
            model=model,
            hint='Images, audio and files need model_type="chat" or "responses".',
        )
    return text_of(content)


API = Api(
    "/completions",
    body_of,
    response_of,
    ChatGathering,
    streamed={"stream_options": {"include_usage": True}},
)
