"""`StreamListener`: which field of which predictor is wanted; found in the program before it runs.

Knows nothing about replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.foundation.errors import ConfigurationError
from core.modules.module import Module, named_parts
from core.modules.parameter import Parameter

__all__ = ["Bound", "StreamListener", "bind"]


@dataclass
class StreamListener:
    """Wants one output field.

    Attributes:
        signature_field_name: The field.
        predict: Its predictor; needed where several have a field of that name.
        predict_name: Or its path, e.g. "hops[0].predict".
        allow_reuse: Hear every call of the predictor, not its first alone.
    """

    signature_field_name: str
    predict: Any = None
    predict_name: str | None = None
    allow_reuse: bool = False


class Bound:
    """A listener in one run of a program."""

    def __init__(self, listener: StreamListener, predict: Any, name: str | None) -> None:
        self.field = listener.signature_field_name
        self.name = name
        self._predict = predict
        self._reuse = listener.allow_reuse
        self._calls = 0

    def fresh(self) -> Bound:
        """Return the same for another run."""
        made = object.__new__(Bound)
        made.__dict__ = {**self.__dict__, "_calls": 0}
        return made

    def wants(self, predictor: Any, path: str, signature: Any) -> bool:
        """Whether this predictor's field is meant. A copy made while the program runs has no path: its form tells."""
        if self.field not in signature.output_fields:
            return False
        if self._predict is None or self._predict is predictor:
            return True
        if path:
            return path == self.name
        return self._predict.signature.signature == signature.signature

    def claim(self) -> int | None:
        """Return the number of this call; None where no more are wanted."""
        number = self._calls
        self._calls += 1
        return number if number == 0 or self._reuse else None


def bind(program: Any, listeners: Sequence[StreamListener]) -> list[Bound]:
    """Find the predictors that the listeners mean.

    Raises:
        ConfigurationError: There is none, or more than one.
    """
    if not isinstance(program, Module):
        return [Bound(item, item.predict, item.predict_name) for item in listeners]
    parts = [
        (name, part)
        for name, part in named_parts(program, Parameter)
        if part.is_predictor and hasattr(part, "signature")
    ]
    return [_bound(item, parts) for item in listeners]


def _bound(listener: StreamListener, parts: list[tuple[str, Any]]) -> Bound:
    field = listener.signature_field_name
    if listener.predict is not None or listener.predict_name is not None:
        found = [
            (name, part)
            for name, part in parts
            if (listener.predict is None or part is listener.predict)
            and listener.predict_name in (None, name)
        ]
        if not found:
            raise ConfigurationError(
                f"The program has no predictor {listener.predict_name or listener.predict!r}.",
                hint=_known(parts),
            )
    else:
        found = [(name, part) for name, part in parts if field in part.signature.output_fields]
    if len(found) > 1:
        names = ", ".join(repr(name) for name, _ in found)
        raise ConfigurationError(
            f"Several predictors have an output field '{field}': {names}.",
            hint=f"Say which: StreamListener({field!r}, predict_name={found[0][0]!r}).",
        )
    if not found or field not in found[0][1].signature.output_fields:
        raise ConfigurationError(
            f"No predictor has an output field '{field}' to listen to.", hint=_known(parts)
        )
    return Bound(listener, found[0][1], found[0][0])


def _known(parts: list[tuple[str, Any]]) -> str:
    shown = "; ".join(f"{name}: {', '.join(part.signature.output_fields)}" for name, part in parts)
    return f"There are: {shown}." if shown else "It has no predictors."
