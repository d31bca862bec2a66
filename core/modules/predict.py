"""One call of a language model, from typed inputs to typed outputs: the leaf that all other modules stand on.

Knows nothing about how messages are written (the adapter does) or sent (the model does); they meet here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from core.data.example import Example, plain_fields
from core.data.prediction import Prediction
from core.foundation.drive import drive
from core.foundation.errors import LMConfigurationError, LMNotConfiguredError, SignatureError, StateError
from core.foundation.fingerprint import jsonable
from core.lm.deltas import audience
from core.modules.module import Module, observed, path_of
from core.modules.overlay import overlay
from core.modules.overrides import any_overrides, override_for
from core.modules.parameter import Parameter
from core.settings import Settings, callers, current
from core.signature import MISSING, Field, SignatureMeta, ensure_signature
from core.trace.collect import is_collecting, record_step
from core.trace.tracer import is_tracing, span

__all__ = ["Predict"]

_log = logging.getLogger("core.predict")

_CONTROLS = frozenset({"signature", "new_signature", "demos", "config", "lm"})
_LOW_TEMPERATURE = 0.15
_SAMPLING_TEMPERATURE = 0.7


class Predict(Module, Parameter):
    """Ask a language model once.

    Args:
        signature: "question -> answer" or a Signature class.
        config: Request settings of this step: temperature, max_tokens, n …

    A call takes the input fields by name and, where no field is called so, `signature`, `demos`, `config` and `lm`
    for this call alone.

    Attributes:
        demos: Examples shown to the model, inputs and outputs by field name.
        lm: The language model; None takes the one in the settings.
    """

    is_predictor = True

    def __init__(self, signature: Any, callbacks: Any = None, **config: Any) -> None:
        super().__init__(callbacks)
        self.signature: Any = ensure_signature(signature)
        self.config: dict[str, Any] = config
        self.demos: list[Any] = []
        self.traces: list[Any] = []
        self.train: list[Any] = []
        self.lm: Any = None

    def reset(self) -> None:
        """Forget demos and model; the signature stays."""
        self.demos, self.traces, self.train, self.lm = [], [], [], None

    def update_config(self, **config: Any) -> None:
        """Change request settings."""
        self.config = {**self.config, **config}

    def get_config(self) -> dict[str, Any]:
        """Return the request settings."""
        return self.config

    def __call__(self, *args: Any, **inputs: Any) -> Prediction:
        """Ask from sync code.

        Raises:
            SignatureError: An input was given by position.
            LMNotConfiguredError: There is no language model.
            LMError: The model could not answer.
            AdapterParseError: Its reply could not be read, repair included.
        """
        self._refuse_positional(args)
        if not self._as_built:  # a subclass has a `forward` or another way in of its own
            return super().__call__(**inputs)
        return drive(self._asked(inputs))

    async def acall(self, *args: Any, **inputs: Any) -> Prediction:
        """Ask from async code; errors as for a sync call."""
        self._refuse_positional(args)
        if not self._as_built:
            return await super().acall(**inputs)
        return await self._asked(inputs)

    async def _asked(self, inputs: dict[str, Any]) -> Prediction:
        inside = callers.set((*callers.get(), self))
        try:
            now = current()
            if now.callbacks or self.callbacks or now.track_usage:
                with observed(self, (), inputs) as gives:
                    return gives(await self.aforward(**inputs))
            return await self.aforward(**inputs)
        finally:
            callers.reset(inside)

    async def aforward(self, **inputs: Any) -> Prediction:
        """Render, ask, parse."""
        now = current()
        signature, demos, config, lm = self.signature, self.demos, self.config, self.lm
        if not _CONTROLS.isdisjoint(inputs):
            controls = self._take_controls(inputs)
            signature = controls.get("signature") or controls.get("new_signature") or signature
            demos = controls.get("demos", demos)
            config = {**config, **(controls.get("config") or {})}
            lm = controls.get("lm") or lm
        lm = lm or now.lm
        if type(signature) is not SignatureMeta:
            signature = ensure_signature(signature)
        listening = is_tracing() or is_collecting()
        path = path_of(self) if listening or any_overrides() else ""
        override = override_for(path) if path else None
        if override is not None:
            demos = override.demos if override.demos is not None else demos
            signature = (
                signature.with_instructions(override.instructions) if override.instructions else signature
            )
            lm = override.lm or lm
            config = {**config, **override.config} if override.config else config
        if not hasattr(lm, "respond"):
            raise _no_model(lm)
        given = self._checked(signature, inputs, now)
        attempt, asked, further = overlay.get(), given, None
        if attempt is not None:
            config = attempt.config(config, lm)
            extension = attempt.extensions.get(id(self))
            if extension is not None:
                signature, demos = extension.signature(signature), extension.demos(demos)
                further = dict(extension.values)
                asked = {**given, **further}
        config = _for_samples(config, lm)
        adapter = now.adapter or (_default.adapter or _default_adapter())
        with span("predict", type(self).__name__, path=path) as opened:
            hearing = audience.get()
            if hearing is None:
                completions = await adapter.answer(lm, config, signature, demos, asked)
            else:
                ask = partial(adapter.answer, lm, config, signature, demos, asked)
                completions = await hearing.follow(self, path_of(self), signature, adapter, ask)
            prediction = _prediction(completions, signature)
            if opened.recording:
                opened.set(
                    signature=signature.signature,
                    inputs=jsonable(asked),
                    outputs=plain_fields(prediction),
                )
        if listening:
            record_step(self, given, prediction, path, further)
        if now.trace is not None:
            _append(now.trace, (self, given, prediction), now.max_trace_size)
        return prediction

    def preview(self, **inputs: Any) -> list[dict[str, Any]]:
        """Return the exact messages that a call would send, without sending; absent inputs show as placeholders."""
        adapter = current().adapter or _default_adapter()
        return adapter.preview(self.signature, self.demos, inputs or None)

    def _refuse_positional(self, args: tuple[Any, ...]) -> None:
        if args:
            names = ", ".join(f"{name}=…" for name in self.signature.input_fields)
            raise SignatureError("Inputs are given by name.", hint=f"Write: predictor({names}).")

    def _take_controls(self, inputs: dict[str, Any]) -> dict[str, Any]:
        fields = self.signature.input_fields
        return {name: inputs.pop(name) for name in _CONTROLS if name in inputs and name not in fields}

    def _checked(self, signature: SignatureMeta, inputs: dict[str, Any], now: Settings) -> dict[str, Any]:
        """Return the inputs that the signature knows, defaults filled in; warn of the others and of the missing."""
        fields = signature.input_fields
        if inputs.keys() != fields.keys():
            unknown = [name for name in inputs if name not in fields]
            if unknown:
                _log.warning(
                    "Dropped inputs that '%s' does not have: %s.", signature.signature, ", ".join(unknown)
                )
            inputs = {name: inputs[name] for name in fields if name in inputs}
            for name, field in fields.items():
                if name not in inputs and (field.default is not MISSING or field.default_factory is not None):
                    inputs[name] = field.absent_value()
            missing = [name for name, field in fields.items() if name not in inputs and field.required]
            if missing:
                _log.warning(
                    "Not all inputs of '%s' were given; missing: %s.", signature.signature, ", ".join(missing)
                )
        if now.warn_on_type_mismatch:
            for name, value in inputs.items():
                field = fields[name]
                if field.annotation is not str:  # text takes anything
                    _warn_of_type(field, value)
        return inputs

    def dump_state(self, json_mode: bool = True) -> dict[str, Any]:
        """Return demos, instructions and model, in DSPy's form."""
        return {
            "traces": [],
            "train": [],
            "demos": [_demo_state(demo) for demo in self.demos],
            "signature": self.signature.dump_state(),
            "lm": self.lm.dump_state() if self.lm is not None else None,
        }

    def load_state(self, state: dict[str, Any], *, allow_unsafe_lm_state: bool = False) -> None:
        """Take over a saved state.

        Raises:
            StateError: It does not fit.
        """
        from core.modules.saving import lm_from_state

        demos, model = (
            (state.get(name) for name in ("demos", "lm")) if isinstance(state, dict) else (None, None)
        )
        if not isinstance(demos, list) or not all(isinstance(demo, dict) for demo in demos):
            raise StateError("It has no list of demos, each an object of fields.")
        if not isinstance(state.get("signature"), dict) or not isinstance(model, dict | None):
            raise StateError("Its signature and its language model are objects.")
        signature = self.signature.load_state(state["signature"])
        self.lm = lm_from_state(model, allow_unsafe=allow_unsafe_lm_state) if model else self.lm
        self.signature, self.demos = signature, [Example(demo) for demo in demos]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.signature!r})"


class _Default:
    """The adapter of calls that name none, once somebody needed it."""

    adapter: Any = None


_default = _Default()


def _default_adapter() -> Any:
    from core.adapters import default_adapter

    _default.adapter = default_adapter()
    return _default.adapter


def _no_model(lm: Any) -> LMConfigurationError:
    if lm is None:
        return LMNotConfiguredError(
            "No language model is configured.",
            hint='Call core.configure(lm=core.LM("embedded/in-context")), or give the step its own lm.',
        )
    return LMConfigurationError(
        f"A language model is an object, not {lm!r}.", hint='Make one: core.LM("openai/gpt-4o-mini").'
    )


def _for_samples(config: dict[str, Any], lm: Any) -> dict[str, Any]:
    """Raise a low temperature when several samples are asked for: equal samples are of no use."""
    n = config.get("n", lm.kwargs.get("n", 1)) or 1
    if n > 1:
        temperature = config.get("temperature", lm.kwargs.get("temperature"))
        if temperature is None or temperature <= _LOW_TEMPERATURE:
            return {**config, "temperature": _SAMPLING_TEMPERATURE}
    return config


def _prediction(completions: list[dict[str, Any]], signature: SignatureMeta) -> Prediction:
    if len(completions) == 1:
        return Prediction(completions[0])
    return Prediction.from_completions(completions, signature)


def _append(trace: list[Any], step: tuple[Any, ...], limit: int) -> None:
    trace.append(step)
    if len(trace) > limit:
        del trace[: len(trace) - limit]


_EASY = {str: "str", int: "int", float: "float", bool: "bool", list: "list", dict: "dict"}


def _warn_of_type(field: Field, value: Any) -> None:
    """Warn where a plain type was declared and something plainly different was given."""
    wanted = field.annotation
    if wanted not in _EASY or isinstance(value, wanted):
        return
    if wanted is float and isinstance(value, int):
        return
    _log.warning("Input '%s' is declared %s and got %s.", field.name, field.type_name, type(value).__name__)


def _demo_state(demo: Any) -> dict[str, Any]:
    if isinstance(demo, Example):
        return plain_fields(demo)
    return jsonable(dict(demo)) if isinstance(demo, Mapping) else jsonable(demo)
