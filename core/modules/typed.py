"""The typed forms of DSPy's pages of 2024: `TypedPredictor`, `TypedChainOfThought`, `@predictor`, `@cot`.

Knows nothing about types: every predictor reads typed fields. What these add is the number of times that a reply which
does not fit is sent back with what is wrong, and functions as signatures.
"""

from __future__ import annotations

import copy
import inspect
import sys
import typing
from collections.abc import Callable
from typing import Any, Self

from core.foundation.errors import SignatureError
from core.modules.chain_of_thought import ChainOfThought
from core.modules.module import Module
from core.modules.predict import Predict
from core.settings import context, current
from core.signature import Field, InputField, OutputField, SignatureMeta, make_signature

__all__ = ["FunctionalModule", "TypedChainOfThought", "TypedPredictor", "cot", "predictor"]


class TypedPredictor(Module):
    """Ask for typed outputs; a reply that does not fit goes back with the error.

    Args:
        signature: "question -> answer: int", a Signature class, or a mapping of fields.
        instructions: Instead of the signature's own.
        max_retries: How often a reply goes back, so there are up to 1 + `max_retries` requests.
        wrap_json, explain_errors: Accepted from programs of 2024; the adapter sees to both.
        config: Request settings, as for `Predict`.

    Attributes:
        predictor: The `Predict`.
    """

    def __init__(
        self,
        signature: Any,
        instructions: str | None = None,
        *,
        max_retries: int = 3,
        wrap_json: bool = False,
        explain_errors: bool = False,
        **config: Any,
    ) -> None:
        del wrap_json, explain_errors
        super().__init__()
        self.max_retries = max_retries
        self.predictor = Predict(self._extended(make_signature(signature, instructions)), **config)

    def _extended(self, signature: SignatureMeta) -> SignatureMeta:
        return signature

    @property
    def signature(self) -> SignatureMeta:
        """That of the predictor."""
        return self.predictor.signature

    async def aforward(self, **inputs: Any) -> Any:
        """Ask, and ask again.

        Raises:
            AdapterParseError: The last reply does not fit either; `.attempts` holds all texts.
        """
        with context(adapter=self._patient_adapter()):
            return await self.predictor.acall(**inputs)

    def _patient_adapter(self) -> Any:
        from core.adapters import default_adapter

        adapter = copy.copy(current().adapter or default_adapter())
        adapter.repair_turns = self.max_retries
        return adapter


class TypedChainOfThought(TypedPredictor):
    """`TypedPredictor` that writes its `reasoning` first."""

    def _extended(self, signature: SignatureMeta) -> SignatureMeta:
        return ChainOfThought(signature).signature


class _FunctionModule(Module):
    """A module that is called like the function it was made of, and returns its one output."""

    def __init__(self, function: Callable[..., Any], step: TypedPredictor, output: str) -> None:
        super().__init__()
        self.step = step
        self.output = output
        self.parameters_of_function = [
            name for name in inspect.signature(function).parameters if name != "self"
        ]
        self.__doc__ = function.__doc__

    async def aforward(self, *args: Any, **inputs: Any) -> Any:
        """Ask with the arguments; return the value of the output field."""
        named = dict(zip(self.parameters_of_function, args, strict=False))
        prediction = await self.step.acall(**named, **inputs)
        return prediction[self.output]


def predictor(*function: Callable[..., Any], max_retries: int = 3, **config: Any) -> Any:
    """Make a module of a function without a body: parameters are inputs, the return type is the output.

        @predictor
        def capital(country: str) -> str:
            "Name the capital."

        capital(country="France")

    The docstring is the instructions; the output field is called as the function. `typing.Annotated[str,
    InputField(desc="…")]` says more about a parameter.

    Args:
        max_retries: As for `TypedPredictor`.
        config: Request settings.

    Raises:
        SignatureError: The return type is missing, or a type is unknown.
    """
    return _decorator(function, TypedPredictor, max_retries, config)


def cot(*function: Callable[..., Any], max_retries: int = 3, **config: Any) -> Any:
    """As `predictor`, with reasoning before the answer."""
    return _decorator(function, TypedChainOfThought, max_retries, config)


def _decorator(
    given: tuple[Callable[..., Any], ...],
    kind: type[TypedPredictor],
    max_retries: int,
    config: dict[str, Any],
) -> Any:
    names = sys._getframe(2).f_locals  # types of the function's neighbourhood, classes inside functions too

    def decorate(function: Callable[..., Any]) -> _FunctionModule:
        signature = _signature_of(function, dict(names))
        return _FunctionModule(
            function, kind(signature, max_retries=max_retries, **config), list(signature.output_fields)[-1]
        )

    return decorate(*given) if given else decorate


def _signature_of(function: Callable[..., Any], names: dict[str, Any]) -> SignatureMeta:
    try:
        hints = typing.get_type_hints(function, localns=names, include_extras=True)
    except NameError as error:
        raise SignatureError(
            f"A type of '{function.__name__}' is unknown: {error}.", hint="Define it before the function."
        ) from error
    if "return" not in hints:
        raise SignatureError(
            f"'{function.__name__}' does not say what it returns.",
            hint=f"Write: def {function.__name__}(...) -> str:",
        )
    fields: dict[str, tuple[Any, Field]] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        options = {} if parameter.default is parameter.empty else {"default": parameter.default}
        fields[name] = _declared(hints.get(name, str), InputField(**options))
    fields[function.__name__] = _declared(hints["return"], OutputField())
    return make_signature(fields, inspect.getdoc(function), function.__name__)


def _declared(annotation: Any, field: Field) -> tuple[Any, Field]:
    if typing.get_origin(annotation) is not typing.Annotated:
        return annotation, field
    plain, *extras = typing.get_args(annotation)
    for extra in extras:
        if isinstance(extra, Field):
            field = extra.replace(role=field.role)
        elif isinstance(extra, str):
            field = field.replace(desc=extra)
    return plain, field


class FunctionalModule(Module):
    """Base of programs whose methods are predictors, by `@predictor` or `@cot`: each instance gets its own copies."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        made = super().__new__(cls, *args, **kwargs)
        for name in dir(cls):
            value = getattr(cls, name, None)
            if isinstance(value, _FunctionModule):
                made.__dict__[name] = value.deepcopy()
        return made
