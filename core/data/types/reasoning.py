"""`Reasoning`: what a model thought before it answered; acts like the text.

Knows nothing about models; takes the native reasoning of those that give it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pydantic

from core.data.types.type import Type

__all__ = ["Reasoning"]


class Reasoning(Type):
    """Thoughts as text; every method and operator of `str` works on it.

    Args:
        content: The text.
    """

    content: str

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        super().__init__(**(data if source is None else {"content": source, **data}))

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Reasoning):
            return {"content": value.content}
        return value if isinstance(value, Mapping) else {"content": value}

    def format(self) -> str:
        """Return the text."""
        return self.content

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string"}

    @classmethod
    def adapt_to_native_lm_feature(
        cls, signature: Any, field_name: str, lm: Any, lm_kwargs: dict[str, Any]
    ) -> Any:
        """Leave the field to a model that reasons by itself; sets `reasoning_effort` where nobody did."""
        asked = lm_kwargs.get("reasoning_effort", getattr(lm, "kwargs", {}).get("reasoning_effort"))
        if asked in ("none", "disable") or not getattr(lm, "supports_reasoning", False):
            return signature
        if asked is None:
            lm_kwargs["reasoning_effort"] = "low"
        return signature.delete(field_name)

    @classmethod
    def parse_lm_response(cls, response: Any) -> Any:
        """Return the reasoning that stands beside the text of a completion."""
        found = getattr(response, "reasoning", None)
        if found is None and isinstance(response, Mapping):
            found = response.get("reasoning") or response.get("reasoning_content")
        return cls(content=found) if found else None

    @classmethod
    def is_streamable(cls) -> bool:
        """True: endpoints send it piece by piece."""
        return True

    @classmethod
    def parse_stream_chunk(cls, chunk: Any) -> Any:
        """Return the piece of reasoning of one chunk: `reasoning_content` of its first choice's delta."""
        choices = chunk.get("choices") if isinstance(chunk, Mapping) else getattr(chunk, "choices", None)
        if not choices:
            return None
        first = choices[0]
        delta = first.get("delta") if isinstance(first, Mapping) else getattr(first, "delta", None)
        get = delta.get if isinstance(delta, Mapping) else lambda name: getattr(delta, name, None)
        return get("reasoning_content") or get("reasoning")

    def __str__(self) -> str:
        return self.content

    def __repr__(self) -> str:
        return repr(self.content)

    def __format__(self, spec: str) -> str:
        return format(self.content, spec)

    def __len__(self) -> int:
        return len(self.content)

    def __bool__(self) -> bool:
        return bool(self.content)

    def __getitem__(self, key: int | slice) -> str:
        return self.content[key]

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self.content)

    def __contains__(self, part: object) -> bool:
        return str(part) in self.content

    def __add__(self, other: Any) -> str:
        return self.content + str(other)

    def __radd__(self, other: Any) -> str:
        return str(other) + self.content

    def __eq__(self, other: object) -> bool:
        return str(other) == self.content if isinstance(other, (str, Reasoning)) else NotImplemented

    def __lt__(self, other: Any) -> bool:
        return self.content < str(other)

    def __hash__(self) -> int:
        return hash(self.content)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(str, name):
            raise AttributeError(f"'Reasoning' has no attribute '{name}'.")
        return getattr(self.content, name)
