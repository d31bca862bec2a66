"""`Adapter`: render, ask, parse; one repair turn; then an error that carries the raw text.

Knows nothing about who answers: the model is an argument, and all that is needed of it stands in
`core.messages.LanguageModel`. What a layout looks like is `core.wire`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, ClassVar

from core.adapters.hooks import FormatHooks
from core.adapters.signatures import layout_of, reader_of, wire_signature
from core.adapters.special import Special, special_of
from core.callbacks import reported
from core.foundation.drive import drive
from core.foundation.errors import AdapterParseError, ConfigurationError
from core.foundation.overrides import means_call
from core.foundation.registry import Registry
from core.foundation.threads import run_sync
from core.messages import LanguageModel, LMOutput, LMResponse, Message
from core.settings import current
from core.signature import SignatureMeta
from core.trace.tracer import is_tracing, span
from core.wire.layout import Layout, ReplyError
from core.wire.repair import repair_messages

__all__ = ["Adapter", "adapters", "wire_signature"]


class Adapter(FormatHooks):
    """Turns a signature, demos and inputs into messages, and the replies into fields.

    Subclasses name a `layout`, or override the methods of `FormatHooks`, `format` or `parse`; those that ask in a way
    of their own override `ask`.

    Args:
        callbacks: Told when messages are made and replies are read; see `core.callbacks`.
        repair_turns: How often a reply that cannot be read is sent back with what is wrong with it.
        use_native_function_calling: Send tools as `tools` to models that take them, and read their calls.
        native_response_types: Custom types that a model may give in its own way (reasoning, citations); None: all
            that know how.
        parallel_tool_calls: Whether a model may call several tools at once; None leaves it to the endpoint.
    """

    requests: ClassVar[int] = 1
    """How many requests a call sends when every reply can be read."""
    _has_parse: ClassVar[bool] = False
    _own_call: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._has_parse = cls.parse is not Adapter.parse
        cls._own_call = means_call(cls, "acall")

    def __init__(
        self,
        callbacks: list[Any] | None = None,
        use_native_function_calling: bool = False,
        native_response_types: list[Any] | None = None,
        parallel_tool_calls: bool | None = None,
        *,
        repair_turns: int = 1,
    ) -> None:
        self.callbacks = list(callbacks or [])
        self.use_native_function_calling = use_native_function_calling
        self.native_response_types = native_response_types
        self.parallel_tool_calls = parallel_tool_calls
        self.repair_turns = repair_turns

    def preview(
        self, signature: SignatureMeta, demos: Sequence[Any] = (), inputs: Mapping[str, Any] | None = None
    ) -> list[Message]:
        """Return the messages that a call would send; nothing is sent. Absent inputs show as `{name}`."""
        shown = {name: f"{{{name}}}" for name in signature.input_fields}
        return self.format(signature, demos, {**shown, **(inputs or {})})

    def parse(self, signature: SignatureMeta, completion: str) -> dict[str, Any]:
        """Return the output fields that a reply gives, as Python values.

        Raises:
            AdapterParseError: A field is absent or does not fit.
        """
        layout = layout_of(signature, self.layout)
        try:
            return reader_of(signature).read(layout, completion)
        except ReplyError as error:
            raise self._unreadable(signature, error, [completion]) from error

    def __call__(
        self,
        lm: LanguageModel,
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """Same as `acall`, from sync code."""
        return drive(self.acall(lm, lm_kwargs, signature, demos, inputs))

    def answer(self, *request: Any) -> Awaitable[list[dict[str, Any]]]:
        """Same as `acall`, or the call itself where that is what a subclass overrides: what predictors use."""
        return run_sync(self.__call__, *request) if self._own_call else self.acall(*request)

    async def acall(
        self,
        lm: LanguageModel,
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
        demos: Sequence[Any],
        inputs: Mapping[str, Any],
    ) -> list[dict[str, Any]]:
        """Ask the model; return the fields of each completion.

        Raises:
            LMError: The model could not answer.
            AdapterParseError: A reply could not be read, nor the one to the repair turn; carries both texts.
        """
        special = special_of(signature)
        if special is not None and special.natives:
            signature, lm_kwargs = self._natively(special, lm, lm_kwargs, signature, inputs)
        layout = layout_of(signature, self.layout)
        watched = bool(is_tracing() or self.callbacks or current().callbacks)
        if watched:
            messages = self._watched_format(layout, signature, demos, inputs)
        else:
            messages = self.format(signature, demos, inputs)
        response = await self.ask(lm, messages, lm_kwargs, signature)
        found: list[dict[str, Any]] = []
        for output in response.outputs:
            try:
                found.append(
                    self._watched_parse(layout, signature, output, turn=0)
                    if watched
                    else self._parsed(layout, signature, output)
                )
            except ReplyError as error:
                found.append(await self._repaired(lm, lm_kwargs, signature, messages, output, error))
        return found

    def _natively(self, special: Special, *request: Any) -> tuple[SignatureMeta, Mapping[str, Any]]:
        from core.adapters.native import native_request

        return native_request(self, special, *request)

    def ask(
        self,
        lm: LanguageModel,
        messages: list[Message],
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
    ) -> Awaitable[LMResponse]:
        """Send one request."""
        return lm.respond(messages, **lm_kwargs)

    async def _repaired(
        self,
        lm: LanguageModel,
        lm_kwargs: Mapping[str, Any],
        signature: SignatureMeta,
        messages: list[Message],
        output: LMOutput,
        error: ReplyError,
    ) -> dict[str, Any]:
        """Return the fields of one completion that could not be read, after repair turns."""
        layout = layout_of(signature, self.layout)
        texts = [output.text or ""]
        while len(texts) <= self.repair_turns:
            messages = repair_messages(layout, messages, texts[-1], error)
            response = await self.ask(lm, messages, _one_sample(lm, lm_kwargs), signature)
            output = response.outputs[0] if response.outputs else LMOutput("")
            texts.append(output.text or "")
            try:
                return self._watched_parse(layout, signature, output, turn=len(texts) - 1)
            except ReplyError as again:
                error = again
        raise self._unreadable(signature, error, texts) from error

    def _watched_format(
        self, layout: Layout, signature: SignatureMeta, demos: Sequence[Any], inputs: Mapping[str, Any]
    ) -> list[Message]:
        asked = {"signature": signature, "demos": demos, "inputs": inputs}
        with span("adapter.render", layout.name) as opened, reported("adapter_format", self, asked) as told:
            messages = told.gives(self.format(signature, demos, inputs))
            if opened.recording:
                opened.set(demos=len(demos), messages=len(messages))
            return messages

    def _watched_parse(
        self, layout: Layout, signature: SignatureMeta, output: LMOutput, turn: int
    ) -> dict[str, Any]:
        asked = {"signature": signature, "completion": output.text}
        with reported("adapter_parse", self, asked) as told, span("adapter.parse", layout.name) as opened:
            if opened.recording:
                opened.set(raw=output.text, repair_turn=turn)
            values = self._parsed(layout, signature, output)
            if opened.recording:
                opened.set(fields=list(values))
            return told.gives(values)

    def _parsed(self, layout: Layout, signature: SignatureMeta, output: LMOutput) -> dict[str, Any]:
        native = signature.made.get("native")
        if native is None:
            values = self._values(layout, signature, output.text or "")
        else:
            values = native.values(output, signature, lambda text: self._values(layout, signature, text))
        if output.logprobs is not None:
            values["logprobs"] = output.logprobs
        return values

    def _values(self, layout: Layout, signature: SignatureMeta, text: str) -> dict[str, Any]:
        if not self._has_parse:
            return reader_of(signature).read(layout, text)
        try:
            return self.parse(signature, text)
        except AdapterParseError as error:
            raise ReplyError(error.reason, {}, error.parsed_result) from error
        except ConfigurationError:  # a ValueError too, and none that another reply could mend
            raise
        except ValueError as error:
            raise ReplyError(str(error), {}) from error

    def _unreadable(
        self, signature: SignatureMeta, error: ReplyError, texts: Sequence[str]
    ) -> AdapterParseError:
        return AdapterParseError(
            type(self).__name__,
            signature,
            texts[-1],
            message=str(error),
            parsed_result=error.values,
            attempts=tuple(texts),
        )


def _one_sample(lm: LanguageModel, lm_kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request settings of a repair turn: those of the request, for one completion."""
    asked = lm_kwargs.get("n", lm.kwargs.get("n")) or 1
    return {**lm_kwargs, "n": 1} if asked > 1 else lm_kwargs


adapters: Registry[type[Adapter]] = Registry("adapter", "core.adapters")
"""All adapters by name."""
