"""`Type`: the base of values that stand in messages in a form of their own: images, tools, code, or one's own.

Knows nothing about adapters and models. A subclass is a pydantic model with a `format` method; what `format` gives is
put where the value stands, as text or as content parts of the OpenAI protocol.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from typing import Any, ClassVar

import pydantic

from core.wire.values import value_text

__all__ = ["Part", "Type", "custom_types_in"]

Part = dict[str, Any]
"""A content part of a message: {"type": "text" | "image_url" | "input_audio" | "file" | …, …}."""

_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]{200,}")


class Type(pydantic.BaseModel):
    """Base of custom types. Subclasses say how they are written with `format`, and `description` to the model.

    A value is JSON data for files and traces (`model_dump`), and text or parts for messages (`format`).
    """

    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    is_custom_type: ClassVar[bool] = True

    def format(self) -> Any:
        """Return the value as it stands in a message: a text, a list of content parts, or JSON data.

        Raises:
            NotImplementedError: The subclass does not say.
        """
        raise NotImplementedError(f"{type(self).__name__} has no format().")

    def message_parts(self) -> list[Part]:
        """Return `format()` as content parts."""
        made = self.format()
        return made if isinstance(made, list) else [{"type": "text", "text": value_text(made)}]

    @classmethod
    def description(cls) -> str:
        """Return what a model should know about the type; stands below the field in the system message."""
        return ""

    @classmethod
    def extract_custom_type_from_annotation(cls, annotation: Any) -> list[type[Type]]:
        """Return the custom types inside an annotation, each once: `dict[str, list[Image]]` gives [Image]."""
        return list(dict.fromkeys(custom_types_in(annotation)))

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Use a feature of the model instead of text for an output of this type.

        Args:
            signature: The signature of the request.
            field_name: The output that has this type.
            lm: The model; says in `supports_…` what it can do.
            lm_kwargs: The request's settings, to be changed in place.

        Returns:
            The signature for the request: without the field where the model gives it in its own way.
        """
        return signature

    @classmethod
    def parse_lm_response(cls, response: Any) -> Any:
        """Return the value that a completion (`core.messages.LMOutput`) carries beside its text; None without one."""
        return None

    @classmethod
    def is_streamable(cls) -> bool:
        """Whether `parse_stream_chunk` can read this type from the chunks of a stream."""
        return False

    @classmethod
    def parse_stream_chunk(cls, chunk: Any) -> Any:
        """Return the piece of the value that one chunk of a stream carries; None without one."""
        return None

    def __str__(self) -> str:
        made = self.format()
        return repr(self) if isinstance(made, list) else value_text(made)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, shortened(value)


def shortened(value: Any) -> Any:
    """Return a long run of base64 as its beginning and its size; anything else as it is."""
    if not isinstance(value, str) or len(value) <= 200:
        return value
    return _BASE64.sub(lambda run: f"{run[0][:12]}…({len(run[0]):,} characters)", value)


def custom_types_in(annotation: Any) -> Iterator[type[Type]]:
    """Yield the custom types inside an annotation: in its arguments and in the members of pydantic models."""
    yield from _types_in(annotation, set())


def _types_in(annotation: Any, seen: set[Any]) -> Iterator[type[Type]]:
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        if annotation in seen:
            return
        seen.add(annotation)
        if issubclass(annotation, Type):
            yield annotation
        elif issubclass(annotation, pydantic.BaseModel):
            for info in annotation.model_fields.values():
                yield from _types_in(info.annotation, seen)
        return
    for argument in typing.get_args(annotation):
        yield from _types_in(argument, seen)
