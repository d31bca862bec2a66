"""The layout of a request that wants free text: fields by name, no markers, nothing asked about form.

Knows nothing about who takes the fields out of the text. Standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.wire.chat_layout import ChatLayout
from core.wire.layout import WireField
from core.wire.values import value_text


class TwoStepLayout(ChatLayout):
    """Names and values in, free text out."""

    name = "two_step"
    shows_sections = False

    def structure(self) -> str:
        """Ask for every output, in any form."""
        return "\nAnswer in free text. Say every output, so that a reader can find it."

    def reminding(self) -> str:
        """Nothing: the request says no more than the inputs."""
        return ""

    def shown_input(self, field: WireField, value: Any) -> str:
        """Return name and value."""
        return f"{field.name}: {value_text(value, field.is_text)}"

    def answer(self, outputs: Mapping[str, Any], missing: str = "") -> str:
        """Return names and values of the outputs that are there."""
        lines = [
            f"{field.name}: {value_text(outputs[field.name])}" if field.name in outputs else missing
            for field in self.outputs
        ]
        return "\n\n".join(line for line in lines if line)
