"""Chat completions: a request as a body, an answer or its events as a response.

Knows nothing about how they travel. Reads leniently: compatible servers leave out what they like.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMUnexpectedError
from core.lm.api import Api
from core.lm.capabilities import Capabilities
from core.lm.deltas import Voice
from core.messages import LMOutput, LMRequest, LMResponse, Usage

__all__ = ["API", "ChatGathering", "body_of", "choices_of", "response_of", "schema_of", "text_of", "usage_of"]


def body_of(
    request: LMRequest, model: str, known: Capabilities, developer_role: bool = False
) -> dict[str, Any]:
    """Return the JSON body.

    Args:
        model: The name that the endpoint knows.
        known: What is known of the endpoint.
        developer_role: Call the system "developer".
    """
    messages = [_developer(message) for message in request.messages] if developer_role else request.messages
    return {"model": model, "messages": messages, **known.fitted(request.params)}


def _developer(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "role": "developer"} if message.get("role") == "system" else message


def schema_of(model: Any) -> dict[str, Any]:
    """Return a pydantic class as a response format."""
    return {
        "type": "json_schema",
        "json_schema": {"name": model.__name__, "schema": model.model_json_schema()},
    }


def choices_of(data: Any, model: str) -> list[dict[str, Any]]:
    """Return the choices of a completion.

    Raises:
        LMUnexpectedError: It is JSON of another protocol.
    """
    choices = data.get("choices") if isinstance(data, dict) else None
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise LMUnexpectedError(
            "The endpoint's answer holds no choices.",
            model=model,
            hint="Is it an OpenAI-compatible endpoint, and does api_base end where /chat/completions begins?",
        )
    return choices


def usage_of(data: dict[str, Any]) -> tuple[Usage, float | None]:
    """Return the tokens, and the cost where the endpoint says it."""
    usage: Any = data.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    cost = usage.get("cost")
    tokens = Usage(count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
    return tokens, float(cost) if isinstance(cost, int | float) else None


def response_of(data: Any, model: str) -> LMResponse:
    """Read a chat completion, or a text completion where a server answers with one.

    Raises:
        LMUnexpectedError: It is JSON of another protocol.
    """
    outputs = [_output(choice) for choice in choices_of(data, model)]
    usage, cost = usage_of(data)
    return LMResponse(outputs, usage, model=str(data.get("model") or model), cost=cost)


def _output(choice: dict[str, Any]) -> LMOutput:
    message = choice.get("message")
    if not isinstance(message, dict):
        message = {"content": choice.get("text")}
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    calls = message.get("tool_calls")
    return LMOutput(
        text_of(message.get("content")),
        tool_calls=calls if isinstance(calls, list) and calls else None,
        reasoning=reasoning if isinstance(reasoning, str) else None,
        logprobs=choice.get("logprobs"),
        finish_reason=choice.get("finish_reason"),
        citations=citations_of(message),
    )


def citations_of(message: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the citations of a message: those of its content parts, or those that a gateway puts beside it."""
    content, beside = message.get("content"), message.get("provider_specific_fields")
    if not isinstance(content, list) and not beside and not message.get("citations"):
        return None  # as nearly always
    parts = content if isinstance(content, list) else []
    given = [part.get("citations") for part in parts if isinstance(part, dict)]
    given.append(beside.get("citations") if isinstance(beside, dict) else message.get("citations"))
    found = [
        item
        for several in given
        for one in several or ()
        for item in (one if isinstance(one, list) else [one])
    ]
    return [item for item in found if isinstance(item, dict)] or None


def text_of(content: Any) -> str:
    """Return a message's content, text or parts, as text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


def count(value: Any) -> int:
    """Return a number of tokens; 0 for what is none."""
    return int(value) if isinstance(value, int | float) and value >= 0 else 0


class _Choice:
    """One completion on its way."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.calls: dict[int, dict[str, Any]] = {}
        self.logprobs: dict[str, Any] | None = None
        self.citations: list[dict[str, Any]] = []
        self.finish_reason: str | None = None

    def take(self, choice: dict[str, Any]) -> tuple[str, str]:
        """Add an event's part of it; return the pieces of text and reasoning."""
        delta: Any = choice.get("delta") or choice.get("message")  # some servers end with the whole message
        delta = delta if isinstance(delta, dict) else {"content": choice.get("text")}
        whole = "delta" not in choice and "message" in choice and bool(self.text)
        text = "" if whole else text_of(delta.get("content"))
        reasoning = delta.get("reasoning_content") or delta.get("reasoning")
        reasoning = reasoning if isinstance(reasoning, str) and not whole else ""
        self.text.append(text)
        self.reasoning.append(reasoning)
        for call in delta.get("tool_calls") or []:
            if isinstance(call, dict):
                self._take_call(call)
        self.citations += [] if whole else citations_of(delta) or []
        self._take_logprobs(choice.get("logprobs"))
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        return text, reasoning

    def _take_call(self, piece: dict[str, Any]) -> None:
        index = piece.get("index")
        if not isinstance(index, int):  # servers that send whole calls leave it out
            same = [at for at, call in self.calls.items() if piece.get("id") and call["id"] == piece["id"]]
            index = same[0] if same else len(self.calls)
        call = self.calls.setdefault(
            index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
        )
        call["id"] = piece.get("id") or call["id"]
        function: Any = piece.get("function")
        if isinstance(function, dict):
            call["function"]["name"] += function.get("name") or ""
            call["function"]["arguments"] += function.get("arguments") or ""

    def _take_logprobs(self, piece: Any) -> None:
        if not isinstance(piece, dict):
            return
        if self.logprobs is None:
            self.logprobs = {}
        for name, values in piece.items():
            if isinstance(values, list):
                self.logprobs.setdefault(name, []).extend(values)
            elif values is not None:
                self.logprobs[name] = values

    def output(self) -> LMOutput:
        return LMOutput(
            "".join(self.text),
            tool_calls=[self.calls[index] for index in sorted(self.calls)] or None,
            reasoning="".join(self.reasoning) or None,
            logprobs=self.logprobs,
            finish_reason=self.finish_reason,
            citations=self.citations or None,
        )


class ChatGathering:
    """Puts the chunks of a chat or text completion together; the first choice is heard on the way."""

    def __init__(self, model: str, voice: Voice) -> None:
        self._model = model
        self._voice = voice
        self._choices: dict[int, _Choice] = {}
        self._last: dict[str, Any] = {}

    def add(self, event: dict[str, Any]) -> None:
        """Take the next chunk.

        Raises:
            LMUnexpectedError: It is JSON of another protocol.
        """
        if isinstance(event.get("usage"), dict) and event["usage"]:
            self._last["usage"] = event["usage"]
        self._last["model"] = event.get("model") or self._last.get("model")
        for choice in choices_of({"choices": [], **event}, self._model):
            index = choice.get("index")
            index = index if isinstance(index, int) else 0
            text, reasoning = self._choices.setdefault(index, _Choice()).take(choice)
            if index == 0:
                if reasoning:
                    self._voice.reasoning(reasoning)
                if text:
                    self._voice.text(text)

    @property
    def complete(self) -> bool:
        """Whether each choice has said why it ended."""
        return bool(self._choices) and all(choice.finish_reason for choice in self._choices.values())

    def response(self) -> LMResponse:
        """Return the whole answer."""
        outputs = [self._choices[index].output() for index in sorted(self._choices)]
        usage, cost = usage_of(self._last)
        return LMResponse(outputs, usage, model=str(self._last.get("model") or self._model), cost=cost)


API = Api(
    "/chat/completions",
    body_of,
    response_of,
    ChatGathering,
    streamed={"stream_options": {"include_usage": True}},
)
