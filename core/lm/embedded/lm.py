"""`EmbeddedLM`: the embedded model as a `BaseLM`, `LM("embedded/in-context")`.

Knows nothing about how the model answers. Price zero; its version is part of the cache key.
"""

from __future__ import annotations

from typing import Any

from core.foundation.errors import LMConfigurationError
from core.lm.base import BaseLM
from core.lm.deltas import say
from core.lm.embedded.model import VERSION, EmbeddedReply, InContextModel
from core.messages import LMOutput, LMRequest, LMResponse, Usage

__all__ = ["EmbeddedLM"]

NAME = "embedded/in-context"


class EmbeddedLM(BaseLM):
    """A language model that runs in process: enough to learn the workbench and to test with.

    Args:
        model: Its name.
        seed: With the request and its `rollout_id`, fixes every draw at a temperature above 0.
        **kwargs: As for `BaseLM`.

    Raises:
        LMConfigurationError: There is no such model.
    """

    local = True

    def __init__(self, model: str = NAME, *, seed: int | None = None, **kwargs: Any) -> None:
        if model != NAME:
            raise LMConfigurationError(
                f"There is no embedded model called '{model.removeprefix('embedded/')}'.",
                model=model,
                hint=f'There is one: LM("{NAME}").',
            )
        super().__init__(model, **kwargs)
        if seed is not None:
            self.kwargs["seed"] = seed
        self._model = InContextModel()

    async def complete(self, request: LMRequest) -> LMResponse:
        """Answer one request; never waits."""
        params = request.params
        replies = self._model.complete(
            request.messages,
            temperature=float(params.get("temperature") or 0.0),
            seed=int(params.get("seed") or 0),
            n=int(params.get("n") or 1),
            max_tokens=params.get("max_tokens") or params.get("max_completion_tokens"),
            sample=request.rollout_id or 0,
            response_format=params.get("response_format"),
            tools=params.get("tools"),
            tool_choice=params.get("tool_choice"),
        )
        say(request, replies[0].text)
        return LMResponse(
            outputs=[_output(reply, number) for number, reply in enumerate(replies)],
            usage=Usage(replies[0].prompt_tokens, sum(reply.completion_tokens for reply in replies)),
            model=self.model,
            cost=0.0,
        )

    @property
    def supports_function_calling(self) -> bool:
        """Takes `tools`, and replies with a call where one helps."""
        return True

    def identity(self) -> str:
        """Return the model's name and version: a new version never shares answers with an old one."""
        return f"embedded/in-context@{VERSION}"

    @property
    def supports_response_schema(self) -> bool:
        """It writes to a JSON schema."""
        return True


def _output(reply: EmbeddedReply, number: int) -> LMOutput:
    """Return a reply as the engine knows it; calls in the OpenAI protocol's form."""
    calls: list[dict[str, Any]] = [
        {
            "id": f"call_{number}_{at}",
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        for at, (name, arguments) in enumerate(reply.tool_calls)
    ]
    return LMOutput(reply.text, tool_calls=calls or None, finish_reason=reply.finish_reason)
