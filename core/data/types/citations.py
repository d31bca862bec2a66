"""`Document` and `Citations`: texts that a model may quote, and the places it quoted.

Knows nothing about models. The forms are those of Anthropic's citations, which endpoints give in their own part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

import pydantic

from core.data.types.type import Part, Type

__all__ = ["Citations", "Document"]


class Document(Type):
    """A text to quote from.

    Args:
        data: The text.
        title: Its name in citations.
        media_type: "text/plain", or "application/pdf" with base64 data.
        context: What the model should know about it and may not quote.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    data: str
    title: str | None = None
    media_type: str = "text/plain"
    context: str | None = None

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        super().__init__(**(data if source is None else {"data": source, **data}))

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Document):
            return value.model_dump()
        return value if isinstance(value, Mapping) else {"data": value}

    def format(self) -> list[Part]:
        """Return the part: {"type": "document", "source": {…}, "citations": {"enabled": True}, "title", "context"}."""
        kind = "text" if self.media_type.startswith("text/") else "base64"
        part: Part = {
            "type": "document",
            "source": {"type": kind, "media_type": self.media_type, "data": self.data},
            "citations": {"enabled": True},
        }
        return [part | {name: value for name in ("title", "context") if (value := getattr(self, name))}]

    @classmethod
    def description(cls) -> str:
        """Say what it is."""
        return "A text that may be quoted, with a title."

    def __str__(self) -> str:
        return f"{self.title}\n\n{self.data}" if self.title else self.data


class Citations(Type):
    """Quotations with their places; behaves like the list of them."""

    class Citation(Type):
        """One quotation.

        Attributes:
            document_index: The document, counted from 0.
            start_char_index, end_char_index: Where in its text, in characters, the end not included.
            supported_text: What of the answer it supports.
        """

        type: str = "char_location"
        cited_text: str
        document_index: int
        document_title: str | None = None
        start_char_index: int
        end_char_index: int
        supported_text: str | None = None

        def format(self) -> dict[str, Any]:
            """Return it as JSON data."""
            return self.model_dump(exclude_none=True)

    citations: list[Citation]

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return {"citations": list(value)}
        if isinstance(value, Mapping) and "citations" not in value and "cited_text" in value:
            return {"citations": [value]}
        return value

    @classmethod
    def from_dict_list(cls, citations: Iterable[Mapping[str, Any]]) -> Self:
        """Return citations from their JSON data."""
        return cls.model_validate(list(citations))

    @classmethod
    def description(cls) -> str:
        """Say what they are."""
        return "Quotations: the exact text quoted, and where it stands."

    def format(self) -> Any:
        """Return them as JSON data."""
        return {"citations": [item.format() for item in self.citations]}

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Leave the field to the endpoint where it gives citations of its own."""
        return signature.delete(field_name) if gives_citations(lm) else signature

    @classmethod
    def parse_lm_response(cls, response: Any) -> Any:
        """Return the citations beside the text of a completion."""
        found = getattr(response, "citations", None)
        if found is None and isinstance(response, Mapping):
            found = response.get("citations")
        return cls.from_dict_list(found) if found else None

    def __len__(self) -> int:
        return len(self.citations)

    def __getitem__(self, index: int) -> Citation:
        return self.citations[index]

    def __iter__(self) -> Iterator[Citation]:  # type: ignore[override]
        return iter(self.citations)


def gives_citations(lm: Any) -> bool:
    """Whether a model gives citations in its own part: it says so, or it is one of Anthropic's."""
    said = getattr(lm, "supports_citations", None)
    return bool(said) if said is not None else str(getattr(lm, "model", "")).startswith("anthropic/")
