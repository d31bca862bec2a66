"""Program of thought: write code, run it in the sandbox, mend it where it fails, answer from what it gave.

Knows nothing about interpreters. Chen et al. 2022, "Program of Thoughts Prompting: Disentangling Computation from
Reasoning"; the steps are DSPy's, the sentences our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.data.prediction import Prediction
from core.foundation.errors import CodeExecutionError
from core.modules.chain_of_thought import ChainOfThought
from core.modules.code_step import output_text, run_written
from core.modules.fields import extended, names_of, refuse_fields
from core.modules.module import Module
from core.modules.sandbox import SUBSET, CodeInterpreter, PythonInterpreter, closing
from core.signature import InputField, OutputField, ensure_signature

__all__ = ["OWN_FIELDS", "ProgramOfThought"]

OWN_FIELDS = ("generated_code", "previous_code", "error", "final_generated_code", "code_output")


class ProgramOfThought(Module):
    """Answers by code that it writes and runs.

    Args:
        signature: "question -> answer" or a Signature class.
        max_iters: The most attempts to write code that runs.
        interpreter_factory: Makes the interpreter of one call; by default the sandbox.

    Attributes:
        code_generate, code_regenerate: Write the code, and write it again after an error.
        generate_output: Answers.
    """

    def __init__(
        self,
        signature: Any,
        max_iters: int = 3,
        interpreter_factory: Callable[[], CodeInterpreter] | None = None,
        *,
        callbacks: Any = None,
    ) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.max_iters = max_iters
        self.interpreter_factory = interpreter_factory or PythonInterpreter
        refuse_fields(self.signature, OWN_FIELDS, "ProgramOfThought")
        code = {"generated_code": (str, OutputField(desc="Python code, nothing else"))}
        failed = {"previous_code": (str, InputField()), "error": (str, InputField(desc="what it raised"))}
        done = {
            "final_generated_code": (str, InputField(desc="the code that ran")),
            "code_output": (str, InputField(desc="what it gave")),
        }
        outputs = {name: (field.annotation, field) for name, field in self.signature.output_fields.items()}
        self.code_generate = ChainOfThought(extended(self.signature, {}, code, self._task()))
        self.code_regenerate = ChainOfThought(
            extended(self.signature, failed, code, f"{self._task()} Mend the error in `previous_code`.")
        )
        self.generate_output = ChainOfThought(extended(self.signature, done, outputs, self._last_task()))

    def _task(self) -> str:
        given, wanted = names_of(self.signature.input_fields), names_of(self.signature.output_fields)
        call = ", ".join(f"{name}=…" for name in self.signature.output_fields)
        return (
            f"{self.signature.instructions}\n\n"
            f"Write Python code that computes {wanted}. The inputs are there as variables: {given}. At the end call "
            f"SUBMIT({call}). {SUBSET}"
        )

    def _last_task(self) -> str:
        wanted = names_of(self.signature.output_fields)
        return f"{self.signature.instructions}\n\nGive {wanted} from what the code gave."

    async def aforward(self, **inputs: Any) -> Prediction:
        """Write, run, mend, answer.

        Raises:
            CodeExecutionError: The code still fails after `max_iters` attempts; `.code` is the last.
        """
        known = {name: inputs[name] for name in self.signature.input_fields if name in inputs}
        async with closing(self.interpreter_factory) as interpreter:
            written = await self.code_generate.acall(**inputs)
            attempt = 1
            while True:
                code, result, error = await run_written(interpreter, written.generated_code, known)
                if error is None:
                    break
                if attempt >= self.max_iters:
                    raise _exhausted(error, code, attempt) from error
                attempt += 1
                written = await self.code_regenerate.acall(**inputs, previous_code=code, error=str(error))
        given = {"final_generated_code": code, "code_output": output_text(result)}
        return await self.generate_output.acall(**inputs, **given)


def _exhausted(error: CodeExecutionError, code: str, attempts: int) -> CodeExecutionError:
    return CodeExecutionError(
        f"The code still fails after {attempts} attempts: {error.message}",
        kind=error.kind,
        line=error.line,
        code=code,
        hint="Allow more with max_iters, or look at the attempts in the trace.",
    )
