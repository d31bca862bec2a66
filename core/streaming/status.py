"""Status messages: what a program tells people about its steps while it runs.

Knows nothing about streams: messages go to a `put`. Steps are heard through `core.callbacks`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.callbacks import BaseCallback
from core.streaming.messages import StatusMessage

__all__ = ["StatusCallback", "StatusMessageProvider"]

_ENDS_THE_LOOP = "finish"
"""The tool by which an agent says that it is done: nothing that people wait for."""


class StatusMessageProvider:
    """Words for the start and end of steps; override what should be said. None or "" says nothing."""

    def tool_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A tool is called."""
        return f"Calling tool {instance.name}..."

    def tool_end_status_message(self, outputs: Any) -> str | None:
        """A tool returned."""
        return "The tool has answered; asking the model again..."

    def module_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A module is called."""
        return None

    def module_end_status_message(self, outputs: Any) -> str | None:
        """A module returned."""
        return None

    def lm_start_status_message(self, instance: Any, inputs: dict[str, Any]) -> str | None:
        """A language model is asked."""
        return None

    def lm_end_status_message(self, outputs: Any) -> str | None:
        """A language model answered."""
        return None


class StatusCallback(BaseCallback):
    """Asks a provider for words at each step of one run."""

    def __init__(self, provider: StatusMessageProvider, put: Callable[[Any], None]) -> None:
        self._provider = provider
        self._put = put
        self._silent: set[str] = set()

    def _say(self, message: str | None) -> None:
        if message:
            self._put(StatusMessage(message))

    def on_tool_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A tool is called."""
        if getattr(instance, "name", "") == _ENDS_THE_LOOP:
            self._silent.add(call_id)
            return
        self._say(self._provider.tool_start_status_message(instance, inputs))

    def on_tool_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A tool returned."""
        if call_id in self._silent:
            self._silent.discard(call_id)
            return
        self._say(self._provider.tool_end_status_message(outputs))

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A module is called."""
        self._say(self._provider.module_start_status_message(instance, inputs))

    def on_module_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A module returned."""
        self._say(self._provider.module_end_status_message(outputs))

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A language model is asked."""
        self._say(self._provider.lm_start_status_message(instance, inputs))

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:
        """A language model answered."""
        self._say(self._provider.lm_end_status_message(outputs))
