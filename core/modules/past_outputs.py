"""What a second attempt is shown beside its inputs: the past outputs, and what was wrong with them.

Knows nothing about predictors or about who found the fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.modules.overlay import Extension
from core.signature import Field, InputField, SignatureMeta

__all__ = ["FEEDBACK", "past_name", "retry_extension"]

FEEDBACK = "feedback"
_FEEDBACK_FIELD = InputField(
    prefix="Instructions:", desc="what the new outputs must satisfy, which the past ones did not"
)


def past_name(output: str) -> str:
    """Return the input under which a past output is shown."""
    return f"past_{output}"


def retry_extension(signature: SignatureMeta, past_outputs: Mapping[str, Any], feedback: str) -> Extension:
    """Return the inputs that a second attempt gets beside those of `signature`."""
    fields: list[tuple[str, Field]] = []
    values: dict[str, Any] = {}
    for name, field in signature.output_fields.items():
        shown = field.replace(
            role="input", prefix=f"Past {field.prefix}", desc="past output with errors", constraints={}
        )
        fields.append((past_name(name), shown))
        values[past_name(name)] = past_outputs.get(name)
    fields.append((FEEDBACK, _FEEDBACK_FIELD))
    return Extension(tuple(fields), {**values, FEEDBACK: feedback})
