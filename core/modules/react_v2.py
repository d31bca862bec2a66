"""ReAct by tool calls: the steps are a conversation, several tools may be called at once, `submit` ends it.

Knows nothing about single tools, nor whether a model calls them natively or in text: the adapter does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from typing import Any, Optional

from core.data.prediction import Prediction
from core.data.types import History, Reasoning, Tool, ToolCallResults, ToolCalls
from core.foundation.errors import AdapterParseError, AgentError, ContextWindowExceededError
from core.modules.fields import names_of, refuse_fields
from core.modules.module import Module
from core.modules.predict import Predict
from core.modules.tool_use import is_ours_to_raise, use
from core.modules.toolset import Toolset, observation_of
from core.modules.trajectory import TRIES, Trajectory, carrying
from core.settings import context, current
from core.signature import InputField, OutputField, ensure_signature, make_signature, validate
from core.trace import emit

__all__ = ["OWN_FIELDS", "ReActV2"]

SUBMIT = "submit"
OWN_FIELDS = ("history", "tools", "next_thought", "tool_calls", "termination_reason")


class ReActV2(Module):
    """An agent that calls tools, several at once where it likes, until it submits its answer.

    Args:
        signature: "question -> answer" or a Signature class.
        tools: As for `ReAct`.
        max_iters: The most turns; a call may give another number as `max_iters`, and `history` to go on from.

    A model that calls tools natively does so; others write the calls as text. A call returns the outputs, `history`
    and `termination_reason`: "submit", or "forced_submit" where the turns ended by "max_iters", "parse_error",
    "empty_tool_calls" or "context_window_exceeded" and the model was told to submit. Errors carry the turns as
    `.trajectory`.

    Attributes:
        tools: By name, with `submit`.
        react: Takes one turn.
    """

    def __init__(
        self,
        signature: Any,
        tools: Iterable[Any] | Mapping[str, Any],
        max_iters: int = 20,
        *,
        callbacks: Any = None,
    ) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.max_iters = max_iters
        refuse_fields(self.signature, OWN_FIELDS, "ReActV2")
        self.tools = Toolset(tools, reserved=(SUBMIT,))
        self.tools[SUBMIT] = _submit(self.signature)
        self.react = Predict(_turn_signature(self.signature))

    async def aforward(self, **inputs: Any) -> Prediction:
        """Take turns until the answer is submitted.

        Raises:
            AgentError: It ended without one.
            LMError: The model could not answer.
        """
        turns = inputs.pop("max_iters", None) if "max_iters" not in self.signature.input_fields else None
        talk = _Talk(inputs.pop("history", None), inputs)
        with carrying(talk), _calling_natively():
            reason, outputs = await self._loop(talk, self.max_iters if turns is None else turns)
            if outputs is None:
                outputs = await self._forced(talk, reason)
                reason = "forced_submit"
        history = History(messages=[*talk.before, *talk.steps])
        return Prediction({**outputs, "history": history, "termination_reason": reason})

    async def _loop(self, talk: _Talk, turns: int) -> tuple[str, dict[str, Any] | None]:
        """Return why it ended, and the outputs where they were submitted."""
        for _ in range(turns):
            try:
                turn = await talk.ask(self.react, {"tools": list(self.tools.values())})
            except AdapterParseError:
                return "parse_error", None
            except ContextWindowExceededError:
                return "context_window_exceeded", None
            if not turn.tool_calls or not turn.tool_calls.tool_calls:
                return "empty_tool_calls", None
            outputs = await self._act(talk, turn)
            if outputs is not None:
                return SUBMIT, outputs
        return "max_iters", None

    async def _act(self, talk: _Talk, turn: Any) -> dict[str, Any] | None:
        """Make the calls of one turn; return the outputs where one of them submitted them."""
        calls = [
            call if call.id else call.model_copy(update={"id": f"call_{len(talk.steps)}_{place}"})
            for place, call in enumerate(turn.tool_calls.tool_calls)
        ]
        outputs: dict[str, Any] | None = None
        values: list[Any] = []
        failed: list[bool] = []
        for call in calls:
            value, is_error = await self._result(call.name, call.args)
            values.append(value)
            failed.append(is_error)
            if call.name == SUBMIT and not is_error and outputs is None:
                outputs = value
        made = ToolCalls(tool_calls=calls)
        results = ToolCallResults.from_tool_calls_and_values(made, values, failed)
        talk.add(
            next_thought=turn.next_thought,
            tool_calls=made.model_copy(update={"tool_call_results": results}),
            **(outputs or {}),
        )
        return outputs

    async def _result(self, name: str, args: Mapping[str, Any]) -> tuple[Any, bool]:
        """Return what a call gives, or its error in words and True."""
        if name not in self.tools:
            return f"There is no tool '{name}'. There are: {', '.join(self.tools)}.", True
        try:
            return observation_of(await use(self.tools[name], (), args)), False
        except Exception as error:
            if is_ours_to_raise(error):
                raise
            return f"Execution error in {name}: {type(error).__name__}: {error}", True

    async def _forced(self, talk: _Talk, reason: str) -> dict[str, Any]:
        """Return the outputs from one more turn in which there is nothing to call but `submit`."""
        emit("agent.forced_submit", because=reason)
        cause: Exception | None = None
        try:
            turn = await talk.ask(self.react, {"tools": [self.tools[SUBMIT]]})
            outputs = await self._act(talk, turn) if turn.tool_calls else None
            if outputs is not None:
                return outputs
        except (AdapterParseError, ContextWindowExceededError) as error:
            cause = error
        raise AgentError(
            f"The agent ended without an answer ({reason}), also when it was told to submit one.",
            reason=reason,
            trajectory=talk.record(),
            hint="Look at its turns in `.trajectory`; more turns (max_iters) or a clearer task often help.",
        ) from cause


class _Talk(Trajectory):
    """The turns of one run, each a dict of fields; the first that is shown holds the inputs."""

    def __init__(self, before: Any, inputs: dict[str, Any]) -> None:
        super().__init__("history")
        self.before = list(History.model_validate(before).messages) if before is not None else []
        self.inputs = inputs

    def add(self, **step: Any) -> None:
        """Add a turn."""
        self.steps.append(step if self.steps else {**self.inputs, **step})

    def record(self) -> list[dict[str, Any]]:
        """Return the turns."""
        return list(self.steps)

    async def ask(self, module: Any, inputs: Mapping[str, Any]) -> Any:
        """Return one turn; where the talk is too long, the oldest turns are left out and the inputs stay."""
        for tries_left in range(TRIES, -1, -1):
            turns = [*self.before, *self.steps][self.hidden :]
            own = len(self.steps) - max(0, self.hidden - len(self.before))
            if own < len(self.steps) and own > 0:
                turns[-own] = {**self.inputs, **turns[-own]}
            first = {} if self.steps else self.inputs
            try:
                return await module.acall(**first, **inputs, history=History(messages=turns))
            except ContextWindowExceededError:
                if not tries_left or len(turns) <= 1:
                    raise
                self.hidden += 1
                emit("trajectory.trimmed", hidden=self.hidden, steps=len(self.steps))
        raise AssertionError("unreachable")


def _calling_natively() -> Any:
    """Let models that can do so call natively, unless the program has chosen an adapter itself."""
    if current().adapter is not None:
        return nullcontext()
    from core.adapters import ChatAdapter

    return context(adapter=ChatAdapter(use_native_function_calling=True))


def _submit(signature: Any) -> Tool:
    fields = signature.output_fields

    def submit(**outputs: Any) -> dict[str, Any]:
        found = {name: validate(fields[name], value) for name, value in outputs.items()}
        return {
            name: found[name] if name in found else field.absent_value() for name, field in fields.items()
        }

    return Tool(
        submit,
        name=SUBMIT,
        desc=f"Ends the work: gives {names_of(fields)}.",
        arg_types={name: field.annotation for name, field in fields.items()},
        arg_desc={name: field.desc for name, field in fields.items() if field.has_desc},
        has_kwargs=False,
        required=tuple(name for name, field in fields.items() if field.required),
    )


def _turn_signature(signature: Any) -> Any:
    wanted = names_of(signature.output_fields)
    task = (
        f"{signature.instructions}\n\n"
        f"Work towards {wanted} by calling tools: one or several at once, each with its arguments. What they give "
        f"comes back before the next turn. As soon as {wanted} can be given, call `{SUBMIT}`; nothing else ends the "
        "work."
    )
    # The inputs stand in the first turn of the conversation, so later requests have none.
    given = {
        name: (Optional[field.annotation], field)  # noqa: UP045 - a type made at run time
        for name, field in signature.input_fields.items()
    }
    fields = {
        **given,
        "history": (History, InputField()),
        "tools": (list[Tool], InputField(desc="the tools that can be called")),
        "next_thought": (Reasoning, OutputField(desc="what is known and what to do next")),
        "tool_calls": (ToolCalls, OutputField()),
    }
    return make_signature(fields, task)
