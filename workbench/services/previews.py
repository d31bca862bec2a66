"""What a program will send, before anything is sent: messages, token counts, code, JSON schema, the string form.

Knows nothing about the store; works on specs, so a form can show it at every keystroke.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.foundation.errors import PipelineError
from workbench.jobs.engine import load_program, make_adapter
from workbench.services.specs import as_spec

if TYPE_CHECKING:
    from core.pipeline.spec import ProgramSpec, SignatureSpec

__all__ = [
    "code_of",
    "instructions_of",
    "json_schema_of",
    "parse_signature",
    "predict_steps",
    "preview_messages",
    "signature_text",
    "token_count",
]


def predict_steps(spec: ProgramSpec | Mapping[str, Any]) -> list[str]:
    """Return the names of the steps that call a model, in order."""
    return [step.name for step in as_spec(spec).steps if step.signature is not None]


def preview_messages(
    spec: ProgramSpec | Mapping[str, Any],
    step: str,
    inputs: Mapping[str, Any] | None = None,
    adapter: str = "chat",
    state: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the exact messages that a step will send.

    Args:
        step: Name of a step that calls a model.
        inputs: The step's own inputs; placeholders such as `{text}` where not given.
        state: A compiled state, whose demos and instructions are then part of the messages.

    Raises:
        PipelineError: The program cannot be built, or has no such step.
    """
    signature, demos = _asked(spec, step, state)
    made = make_adapter(adapter)
    if inputs is None:
        return made.preview(signature, demos)
    filled = {name: inputs.get(name, "") for name in signature.input_fields}
    return made.format(signature, demos, filled)


def token_count(messages: list[dict[str, Any]]) -> int:
    """Return how many tokens messages are about, by the embedded model's stated rule.

    A model's own tokeniser counts some percent more or less.
    """
    from core.lm.embedded.text import count_tokens

    return sum(count_tokens(str(message.get("content", ""))) for message in messages)


def json_schema_of(spec: ProgramSpec | Mapping[str, Any], step: str) -> dict[str, Any]:
    """Return the JSON schema of a step's outputs."""
    from core.pipeline import shape_of_field, step_kinds
    from core.signature.schema import json_schema

    known = as_spec(spec).step(step)
    fields = {item.name: item for item in step_kinds.get(known.kind)().outputs(known)}
    return {
        "type": "object",
        "properties": {name: json_schema(shape_of_field(item)) for name, item in fields.items()},
        "required": list(fields),
        "additionalProperties": False,
    }


def code_of(spec: ProgramSpec | Mapping[str, Any]) -> str:
    """Return Python that builds and runs the same program."""
    from core.pipeline import code

    return code(as_spec(spec))


def instructions_of(
    spec: ProgramSpec | Mapping[str, Any], state: Mapping[str, Any] | None = None
) -> dict[str, str]:
    """Return the instructions of every predictor of a program by its path, as optimizers see them."""
    program = load_program(as_spec(spec).model_dump(mode="json"), state)
    return {path: str(predictor.signature.instructions) for path, predictor in program.named_predictors()}


def signature_text(signature: SignatureSpec | Mapping[str, Any]) -> str:
    """Return a signature as one line: `question, context: list[str] -> answer: bool`."""
    from core.pipeline import signature_string
    from core.pipeline.spec import SignatureSpec

    found = (
        signature if isinstance(signature, SignatureSpec) else SignatureSpec.model_validate(dict(signature))
    )
    return signature_string(found)


def parse_signature(text: str) -> SignatureSpec:
    """Return the signature that a line says.

    Raises:
        SignatureError: It cannot be read.
    """
    from core.pipeline import parse_signature_string

    return parse_signature_string(text)


def _asked(
    spec: ProgramSpec | Mapping[str, Any], step: str, state: Mapping[str, Any] | None
) -> tuple[Any, list[Any]]:
    """Return the signature and the demos of a step's first request."""
    from core.pipeline import step_kinds

    found = as_spec(spec)
    program = load_program(found.model_dump(mode="json"), state)
    for path, predictor in program.named_predictors():
        if path == step or path.startswith(f"{step}."):
            return step_kinds.get(found.step(step).kind)().asked(getattr(program, step), predictor)
    raise PipelineError(
        f"The program has no step '{step}' that calls a model.",
        hint=f"There are: {', '.join(predict_steps(spec)) or 'none'}.",
    )
