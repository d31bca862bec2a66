"""ReAct: think, call a tool, look at what it gave, again; then answer from all that was found.

Knows nothing about single tools. Yao et al. 2023, "ReAct: Synergizing Reasoning and Acting in Language Models"; the
loop is DSPy's, its sentences are our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.data.prediction import Prediction
from core.data.types.tool import Tool
from core.foundation.errors import (
    AdapterParseError,
    ContextWindowExceededError,
    ValueCoercionError,
)
from core.modules.chain_of_thought import ChainOfThought
from core.modules.fields import extended, names_of, refuse_fields
from core.modules.module import Module
from core.modules.predict import Predict
from core.modules.retrieve import Retrieve
from core.modules.tool_use import is_ours_to_raise, use
from core.modules.toolset import Toolset, listing, observation_of, tool_name_type
from core.modules.trajectory import Trajectory, carrying, without_oldest
from core.signature import MISSING, InputField, OutputField, ensure_signature, validate

__all__ = ["OWN_FIELDS", "ReAct", "observed_call", "rescued", "with_trajectory"]

FINISH = "finish"
OWN_FIELDS = ("trajectory", "next_thought", "next_tool_name", "next_tool_args")


class ReAct(Module):
    """An agent that calls tools until it knows enough.

    Args:
        signature: "question -> answer" or a Signature class.
        tools: Functions, methods, `Tool`s, modules, retrievers, or names of built-in tools ("calculator"); None:
            passages from the retriever in the settings.
        max_iters: The most calls of tools; a call may give another number as `max_iters`.
        num_results: With `tools=None`: how many passages a search gives (the 2024 name).

    A call returns the outputs, `reasoning`, `trajectory` ({"thought_0", "tool_name_0", "tool_args_0",
    "observation_0", …}, never shortened) and `termination_reason`: "finish", "max_iters", "parse_error" (a reply
    could not be read) or "context_window_exceeded". Errors carry the trajectory as `.trajectory`.

    Attributes:
        tools: By name, with `finish`.
        react: Chooses the next call.
        extract: Answers at the end.
    """

    def __init__(
        self,
        signature: Any,
        tools: Iterable[Any] | Mapping[str, Any] | None = None,
        max_iters: int = 20,
        *,
        num_results: int = 3,
        callbacks: Any = None,
    ) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.max_iters = max_iters
        refuse_fields(self.signature, OWN_FIELDS, "ReAct")
        self.tools = Toolset([Retrieve(k=num_results)] if tools is None else tools, reserved=(FINISH,))
        self.tools[FINISH] = _finish(self.signature)
        self.react = Predict(_step_signature(self.signature, self.tools))
        self.extract = ChainOfThought(with_trajectory(self.signature))

    async def aforward(self, **inputs: Any) -> Prediction:
        """Run the loop, then answer.

        Raises:
            LMError: The model could not answer.
            AdapterParseError: The last reply gives no answer, and nothing before it does.
        """
        steps = inputs.pop("max_iters", None) if "max_iters" not in self.signature.input_fields else None
        done = Trajectory(truncate=self.truncate_trajectory)
        with carrying(done):
            reason = await self._loop(done, inputs, self.max_iters if steps is None else steps)
            return await self._answer(done, inputs, reason)

    def truncate_trajectory(self, trajectory: dict[str, Any]) -> dict[str, Any]:
        """Return what is still shown of a trajectory that the model cannot read: all but its oldest step.

        Override it to shorten in another way. What a call returns and errors carry stays whole.

        Args:
            trajectory: What was shown, {"thought_0": …, "observation_0": …, …}.

        Raises:
            ContextWindowExceededError: There is nothing to leave out; the model's own error is raised then.
        """
        return without_oldest(trajectory)

    async def _loop(self, done: Trajectory, inputs: dict[str, Any], steps: int) -> str:
        """Return why it ended."""
        for _ in range(steps):
            try:
                chosen = await done.ask(self.react, inputs)
            except AdapterParseError:
                return "parse_error"
            except ContextWindowExceededError:
                return "context_window_exceeded"
            name, args = chosen.next_tool_name, chosen.next_tool_args
            observation = await observed_call(self.tools, name, args)
            done.add(thought=chosen.next_thought, tool_name=name, tool_args=args, observation=observation)
            if name == FINISH:
                return "finish"
        return "max_iters"

    async def _answer(self, done: Trajectory, inputs: dict[str, Any], reason: str) -> Prediction:
        try:
            answer = dict((await done.ask(self.extract, inputs)).items())
        except AdapterParseError as error:
            said = done.steps[-1]["tool_args"] if reason == FINISH else {}
            found = rescued(self.signature, error.parsed_result or {}, said)
            if found is None:
                raise
            answer, reason = found, "parse_error"
        return Prediction({"trajectory": done.as_dict(), "termination_reason": reason, **answer})


async def observed_call(tools: Mapping[str, Tool], name: str, args: Any) -> Any:
    """Return what a tool gives, or a sentence about its error; errors that no model can mend are raised."""
    try:
        if name not in tools:
            raise ValueError(f"there is no such tool; there are: {', '.join(tools)}")
        return observation_of(await use(tools[name], (), dict(args or {})))
    except Exception as error:
        if is_ours_to_raise(error):
            raise
        return f"Execution error in {name}: {type(error).__name__}: {error}"


def rescued(signature: Any, *sources: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return an answer put together from what was said before; None where an output is nowhere."""
    found: dict[str, Any] = {}
    for name, field in signature.output_fields.items():
        value = next((source[name] for source in sources if name in source), MISSING)
        try:
            value = field.absent_value() if value is MISSING else validate(field, value)
        except ValueCoercionError:
            value = field.absent_value()
        if value is MISSING:
            return None
        found[name] = value
    return found


def with_trajectory(signature: Any) -> Any:
    """Return a signature with the further input `trajectory`."""
    return signature.append("trajectory", InputField(desc="the steps taken so far"), str)


def _finish(signature: Any) -> Tool:
    outputs = names_of(signature.output_fields)

    def finish(**_answer: Any) -> str:
        return "Done."

    return Tool(
        finish,
        name=FINISH,
        desc=f"Ends the steps: all that is needed for {outputs} is known.",
        args={},
        has_kwargs=True,
    )


def _step_signature(signature: Any, tools: Toolset) -> Any:
    outputs = names_of(signature.output_fields)
    task = (
        f"{signature.instructions}\n\n"
        f"Work towards {outputs} in steps. `trajectory` holds the steps so far and what each gave. In this step write "
        "`next_thought`: what is known, what is missing. Then choose one tool: its name in `next_tool_name`, its "
        f"arguments as a JSON object in `next_tool_args`. Choose `{FINISH}` as soon as {outputs} can be given.\n\n"
        f"Tools:\n{listing(tools)}"
    )
    return extended(
        signature,
        {"trajectory": (str, InputField(desc="the steps so far"))},
        {
            "next_thought": (str, OutputField()),
            "next_tool_name": (tool_name_type(tools), OutputField()),
            "next_tool_args": (dict[str, Any], OutputField()),
        },
        task,
    )
