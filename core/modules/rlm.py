"""RLM: inputs too long to read stay in a sandbox as variables; the model explores them by code and by asking itself.

Knows nothing about interpreters. Zhang and Khattab 2025, "Recursive Language Models"; names and steps are DSPy's, the
sentences our own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.data.prediction import Prediction
from core.foundation.errors import (
    AdapterParseError,
    ConfigurationError,
    ContextWindowExceededError,
    ValueCoercionError,
)
from core.modules.code_step import cut, output_text, run_written
from core.modules.fields import names_of, refuse_fields
from core.modules.module import Module
from core.modules.predict import Predict
from core.modules.rlm_view import ReplHistory, described_variables
from core.modules.sandbox import SUBSET, CodeInterpreter, FinalOutput, PythonInterpreter, closing
from core.modules.sub_queries import SubQueries
from core.modules.toolset import Toolset, listing
from core.modules.trajectory import carrying
from core.settings import current
from core.signature import Field, InputField, OutputField, ensure_signature, make_signature, validate
from core.wire.values import value_text

__all__ = ["RESERVED", "RLM"]

_log = logging.getLogger("core.rlm")

RESERVED = ("llm_query", "llm_query_batched", "SUBMIT", "print")
FORCED = "(The steps were used up; the outputs were taken from what they gave.)"


class RLM(Module):
    """Answers over long inputs through a Python session.

    Args:
        signature: "context, question -> answer" or a Signature class; inputs become variables of the session.
        max_iters: The most steps.
        max_llm_calls: The most questions that code may ask a model in one call of this module.
        max_output_chars: Characters of a step's output that the model reads.
        verbose: Log each step.
        tools: Functions that code may call beside `llm_query`.
        sub_lm: Answers `llm_query`; None takes the model of the steps.
        interpreter_factory: Makes the interpreter of one call. One may also be given to a call, by position; it then
            stays open.

    In the session: `llm_query(prompt)`, `llm_query_batched(prompts)` (all at once), `print`, `SUBMIT(field=…)`.

    A call returns the outputs, `trajectory` ([{"reasoning", "code", "output"}, …]), `final_reasoning` and
    `termination_reason`: "submit", "max_iters", "parse_error" or "context_window_exceeded". Errors carry the
    trajectory.
    """

    def __init__(
        self,
        signature: Any,
        max_iters: int = 20,
        max_llm_calls: int = 50,
        max_output_chars: int = 10_000,
        verbose: bool = False,
        tools: Iterable[Any] | Mapping[str, Any] | None = None,
        sub_lm: Any = None,
        interpreter_factory: Callable[[], CodeInterpreter] | None = None,
        *,
        callbacks: Any = None,
    ) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.max_iters = max_iters
        self.max_llm_calls = max_llm_calls
        self.max_output_chars = max_output_chars
        self.verbose = verbose
        self.sub_lm = sub_lm
        self.interpreter_factory = interpreter_factory or PythonInterpreter
        self.tools = Toolset(tools or (), reserved=RESERVED)
        refuse_fields(self.signature, RESERVED, "RLM")
        self.generate_action = Predict(self._step_signature())
        self.extract = Predict(self._last_signature())

    def _step_signature(self) -> Any:
        given, wanted = names_of(self.signature.input_fields), names_of(self.signature.output_fields)
        call = ", ".join(f"{name}=…" for name in self.signature.output_fields)
        types = "; ".join(_described(field) for field in self.signature.output_fields.values())
        own = f"\nAlso:\n{listing(self.tools)}" if self.tools else ""
        task = (
            f"{self.signature.instructions}\n\n"
            f"Work in a Python session, step by step. The inputs {given} are variables there and may be too long to "
            f"read: look at parts of them, search and split them by code. To understand text, ask: "
            f"llm_query(prompt) returns a model's answer, llm_query_batched(prompts) answers a list at once; at most "
            f"{self.max_llm_calls} questions in all. Only what is printed is shown to you, and at most "
            f"{self.max_output_chars:,} characters of it; variables stay from step to step. When {wanted} is certain, "
            f"call SUBMIT({call}) in a step of its own. Outputs: {types}. {SUBSET}{own}"
        )
        fields = {
            **_session_fields(),
            "iteration": (str, InputField(desc="this step, of how many")),
            "reasoning": (str, OutputField(desc="what is known and what to look at next")),
            "code": (str, OutputField(desc="Python code, nothing else")),
        }
        return make_signature(fields, task)

    def _last_signature(self) -> Any:
        outputs = {name: (field.annotation, field) for name, field in self.signature.output_fields.items()}
        task = (
            f"{self.signature.instructions}\n\n"
            f"A Python session has explored the inputs and ended without an answer. Give "
            f"{names_of(self.signature.output_fields)} from what it found."
        )
        return make_signature({**_session_fields(), **outputs}, task)

    async def aforward(self, interpreter: CodeInterpreter | None = None, /, **inputs: Any) -> Prediction:
        """Explore, then answer.

        Args:
            interpreter: Runs the code instead of a new one, and stays open.

        Raises:
            ConfigurationError: An input is missing.
            LMError: The model could not answer.
            AdapterParseError: The last reply gives no answer.
        """
        known = {name: inputs[name] for name in self.signature.input_fields if name in inputs}
        if missing := [name for name in self.signature.input_fields if name not in inputs]:
            raise ConfigurationError(
                f"RLM was called without {', '.join(missing)}.",
                hint="Every input is a variable of the session.",
            )
        done = ReplHistory()
        variables = described_variables(self.signature, known)
        with carrying(done):
            async with closing(self.interpreter_factory, interpreter) as session:
                queries = SubQueries(
                    self.sub_lm or self.generate_action.lm or current().lm, self.max_llm_calls
                )
                self._equip(session, queries)
                reason, outputs = await self._loop(done, session, known, variables)
            if outputs is None:
                outputs = dict((await done.ask(self.extract, {"variables_info": variables})).items())
        final = done.steps[-1]["reasoning"] if reason == "submit" else FORCED
        extra = {"trajectory": done.record(), "final_reasoning": final, "termination_reason": reason}
        return Prediction({**extra, **outputs})

    def _equip(self, session: CodeInterpreter, queries: SubQueries) -> None:
        session.tools.update(
            {**self.tools, "llm_query": queries.llm_query, "llm_query_batched": queries.llm_query_batched}
        )
        if hasattr(session, "output_fields"):
            session.output_fields = [{"name": name} for name in self.signature.output_fields]  # type: ignore[attr-defined]

    async def _loop(
        self, done: ReplHistory, session: CodeInterpreter, known: dict[str, Any], variables: str
    ) -> tuple[str, dict[str, Any] | None]:
        """Return why it ended, and the outputs where code submitted them."""
        for number in range(1, self.max_iters + 1):
            asked = {"variables_info": variables, "iteration": f"{number}/{self.max_iters}"}
            try:
                chosen = await done.ask(self.generate_action, asked)
            except AdapterParseError:
                return "parse_error", None
            except ContextWindowExceededError:
                return "context_window_exceeded", None
            code, result, error = await run_written(session, chosen.code, known)
            output, found = self._read(result, error)
            done.add(reasoning=chosen.reasoning, code=code, output=cut(output, self.max_output_chars))
            if self.verbose:
                _log.info("Step %d of %d\n%s\n%s\n%s", number, self.max_iters, chosen.reasoning, code, output)
            if found is not None:
                return "submit", found
        return "max_iters", None

    def _read(self, result: Any, error: Exception | None) -> tuple[str, dict[str, Any] | None]:
        """Return a step's output as text, and the outputs of the module where it submitted fitting ones."""
        if error is not None:
            return f"[Error] {error}", None
        if not isinstance(result, FinalOutput):
            return output_text(result), None
        try:
            found = self._outputs(result.output)
        except ValueCoercionError as fault:
            return f"[Error] {fault}", None
        return f"FINAL: {found}", found

    def _outputs(self, given: Any) -> dict[str, Any]:
        fields = self.signature.output_fields
        if not isinstance(given, dict) or not given.keys() & fields.keys():
            if len(fields) > 1:
                raise ValueCoercionError(f"SUBMIT needs the fields {names_of(fields)}.")
            given = {next(iter(fields)): given}
        if missing := [name for name in fields if name not in given]:
            raise ValueCoercionError(f"SUBMIT misses {names_of(missing)}.")
        return {name: _fitting(field, given[name]) for name, field in fields.items()}


def _fitting(field: Field, value: Any) -> Any:
    if field.annotation is str and not isinstance(value, str):
        value = value_text(value)
    return validate(field, value)


def _described(field: Field) -> str:
    return f"`{field.name}` ({field.type_name}){': ' + field.desc if field.has_desc else ''}"


def _session_fields() -> dict[str, Any]:
    return {
        "variables_info": (str, InputField(desc="the variables of the session")),
        "repl_history": (str, InputField(desc="the steps so far")),
    }
