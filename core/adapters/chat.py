"""The chat adapter: every value under its marker, in requests and in replies. The default.

Knows nothing about the text itself: `core.wire.chat_layout`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import CoroutineType
from typing import Any

from core.adapters.base import Adapter, adapters
from core.foundation.errors import AdapterParseError
from core.messages import LanguageModel
from core.signature import SignatureMeta
from core.trace import emit
from core.trace.counts import FALLBACKS, count
from core.wire.chat_layout import ChatLayout

__all__ = ["ChatAdapter"]


@adapters.register("chat", summary="Marked sections, [[ ## name ## ]], both ways", label="Chat markers")
class ChatAdapter(Adapter):
    """Marked sections both ways.

    Args:
        callbacks: Kept for programs that pass them.
        use_json_adapter_fallback: When the repair turn failed too, ask once more in the JSON layout. Off by default:
            the repair turn mostly does what DSPy's fallback is for, and each of them is one more call.
        use_native_function_calling, native_response_types, parallel_tool_calls, repair_turns: As for `Adapter`.
    """

    layout = ChatLayout

    def __init__(
        self,
        callbacks: list[Any] | None = None,
        use_native_function_calling: bool = False,
        native_response_types: list[Any] | None = None,
        use_json_adapter_fallback: bool = False,
        parallel_tool_calls: bool | None = None,
        *,
        repair_turns: int = 1,
    ) -> None:
        super().__init__(
            callbacks,
            use_native_function_calling,
            native_response_types,
            parallel_tool_calls,
            repair_turns=repair_turns,
        )
        self.use_json_adapter_fallback = use_json_adapter_fallback

    def acall(
        self,
        lm: LanguageModel,
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
    ) -> CoroutineType[Any, Any, list[dict[str, Any]]]:
        """As `Adapter.acall`; with the fallback on, the JSON layout has the last word."""
        asked = super().acall(lm, lm_kwargs, signature, demos, inputs)
        if not self.use_json_adapter_fallback:
            return asked
        return self._with_fallback(asked, lm, lm_kwargs, signature, demos, inputs)

    async def _with_fallback(
        self, asked: CoroutineType[Any, Any, list[dict[str, Any]]], *request: Any
    ) -> list[dict[str, Any]]:
        try:
            return await asked
        except AdapterParseError as error:
            return await self._by_json(error, *request)

    async def _by_json(self, first: AdapterParseError, *request: Any) -> list[dict[str, Any]]:
        """Ask in the JSON layout; when that fails too, the error tells of both."""
        from core.adapters.json import JSONAdapter

        emit("adapter.fallback", adapter="json", because=first.message)
        count(FALLBACKS)
        try:
            by_json = JSONAdapter(
                None,
                self.use_native_function_calling,
                self.native_response_types,
                self.parallel_tool_calls,
                repair_turns=0,
            )
            return await by_json.acall(*request)
        except AdapterParseError as second:
            raise AdapterParseError(
                type(self).__name__,
                first.signature,
                second.lm_response,
                message=f"{first.reason}; and in the JSON layout: {second.reason}",
                parsed_result=second.parsed_result or first.parsed_result,
                attempts=(*first.attempts, *second.attempts),
                errors=(first, second),
            ) from first
