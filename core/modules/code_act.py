"""CodeAct: acts by writing code that calls tools, step by step, then answers from what came out.

Knows nothing about interpreters. Wang et al. 2024, "Executable Code Actions Elicit Better LLM Agents"; the loop is
DSPy's, the sentences our own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.data.prediction import Prediction
from core.foundation.errors import AdapterParseError, ConfigurationError, ContextWindowExceededError
from core.modules.chain_of_thought import ChainOfThought
from core.modules.code_step import output_text, run_written
from core.modules.fields import extended, names_of, refuse_fields
from core.modules.module import Module
from core.modules.predict import Predict
from core.modules.react import rescued, with_trajectory
from core.modules.sandbox import SUBSET, CodeInterpreter, FinalOutput, PythonInterpreter, closing
from core.modules.toolset import Toolset, listing
from core.modules.trajectory import Trajectory, carrying, without_oldest
from core.signature import InputField, OutputField, ensure_signature

__all__ = ["OWN_FIELDS", "CodeAct"]

OWN_FIELDS = ("trajectory", "generated_code", "finished")


class CodeAct(Module):
    """An agent whose steps are code; state lasts from step to step.

    Args:
        signature: "question -> answer" or a Signature class.
        tools: Functions that the code may call, retrievers, or names of built-in tools. Their own code runs here,
            not in the sandbox.
        max_iters: The most steps; a call may give another number as `max_iters`.
        interpreter_factory: Makes the interpreter of one call; by default the sandbox.

    A call returns the outputs, `reasoning`, `trajectory` ({"generated_code_0", and "code_output_0" or after an error
    "observation_0", …}) and `termination_reason`: "finish", "max_iters", "parse_error" or
    "context_window_exceeded". Errors carry the trajectory.

    Raises:
        ConfigurationError: A tool is a callable object (DSPy's rule; wrap it in a function).
    """

    def __init__(
        self,
        signature: Any,
        tools: Iterable[Any] | Mapping[str, Any],
        max_iters: int = 5,
        interpreter_factory: Callable[[], CodeInterpreter] | None = None,
        *,
        callbacks: Any = None,
    ) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.max_iters = max_iters
        self.interpreter_factory = interpreter_factory or PythonInterpreter
        refuse_fields(self.signature, OWN_FIELDS, "CodeAct")
        self.tools = Toolset(tools, reserved=("SUBMIT", "print"))
        for tool in self.tools.values():
            _refuse_object(tool.func)
        self.codeact = Predict(self._step_signature())
        self.extractor = ChainOfThought(with_trajectory(self.signature))

    def _step_signature(self) -> Any:
        wanted = names_of(self.signature.output_fields)
        task = (
            f"{self.signature.instructions}\n\n"
            f"Work towards {wanted} in steps. `trajectory` holds the code so far and what it gave. In this step write "
            "`generated_code`: Python that goes on from there and prints what should be known next; variables stay. "
            f"The inputs are variables: {names_of(self.signature.input_fields)}. Set `finished` to true as soon as "
            f"{wanted} can be given. {SUBSET}\n\nFunctions that the code may call, with arguments by name:\n"
            f"{listing(self.tools)}"
        )
        return extended(
            self.signature,
            {"trajectory": (str, InputField(desc="the steps so far"))},
            {
                "generated_code": (str, OutputField(desc="Python code, nothing else")),
                "finished": (bool, OutputField(desc="whether this is the last step")),
            },
            task,
        )

    async def aforward(self, **inputs: Any) -> Prediction:
        """Run the loop, then answer.

        Raises:
            LMError: The model could not answer.
            AdapterParseError: The last reply gives no answer.
        """
        steps = inputs.pop("max_iters", None) if "max_iters" not in self.signature.input_fields else None
        done = Trajectory(truncate=self.truncate_trajectory)
        with carrying(done):
            async with closing(self.interpreter_factory) as interpreter:
                interpreter.tools.update(self.tools)
                reason, submitted = await self._loop(
                    done, interpreter, inputs, self.max_iters if steps is None else steps
                )
            try:
                answer = dict((await done.ask(self.extractor, inputs)).items())
            except AdapterParseError as error:
                answer = rescued(self.signature, error.parsed_result or {}, submitted)
                if answer is None:
                    raise
                reason = "parse_error"
        return Prediction({"trajectory": done.as_dict(), "termination_reason": reason, **answer})

    def truncate_trajectory(self, trajectory: dict[str, Any]) -> dict[str, Any]:
        """Return what is still shown of a trajectory that the model cannot read: all but its oldest step.

        Override it to shorten in another way. What a call returns and errors carry stays whole.

        Args:
            trajectory: What was shown, {"generated_code_0": …, "observation_0": …, …}.

        Raises:
            ContextWindowExceededError: There is nothing to leave out; the model's own error is raised then.
        """
        return without_oldest(trajectory)

    async def _loop(
        self, done: Trajectory, interpreter: CodeInterpreter, inputs: dict[str, Any], steps: int
    ) -> tuple[str, dict[str, Any]]:
        """Return why it ended, and what the code submitted, if it did."""
        known = {name: inputs[name] for name in self.signature.input_fields if name in inputs}
        for _ in range(steps):
            try:
                written = await done.ask(self.codeact, inputs)
            except AdapterParseError:
                return "parse_error", {}
            except ContextWindowExceededError:
                return "context_window_exceeded", {}
            code, result, error = await run_written(interpreter, written.generated_code, known)
            if error is not None:
                done.add(generated_code=code, observation=f"The code failed: {error}")
                continue
            done.add(generated_code=code, code_output=output_text(result))
            if isinstance(result, FinalOutput) or written.finished:
                output = getattr(result, "output", None)
                return "finish", output if isinstance(output, dict) else {}
        return "max_iters", {}


def _refuse_object(function: Any) -> None:
    if not inspect.isroutine(function):
        raise ConfigurationError(
            f"CodeAct takes functions, not objects like {type(function).__name__}.",
            hint="Wrap it: def search(query: str): return retriever(query).",
        )
