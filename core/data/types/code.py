"""`Code`: source text in a language; `Code["python"]` is a type of its own.

Knows nothing about running it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import pydantic

from core.data.types.type import Type

__all__ = ["Code"]

_FENCE = re.compile(
    r"^[ \t]*(```+|~~~+)[ \t]*[\w+#.-]*[^\n]*\n(.*?)\n?^[ \t]*\1[ \t]*$", re.DOTALL | re.MULTILINE
)
_OPEN_FENCE = re.compile(r"^[ \t]*```+[ \t]*[\w+#.-]*[ \t]*\n(.*)\Z", re.DOTALL | re.MULTILINE)


class Code(Type):
    """Source text.

    Args:
        code: The text; the fences of a Markdown block around it are taken off.
    """

    language: ClassVar[str] = "python"
    takes_words: ClassVar[bool] = True

    code: str

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        super().__init__(**(data if source is None else {"code": source, **data}))

    def __class_getitem__(cls, language: Any) -> Any:
        return (
            _of_language(cls, language) if isinstance(language, str) else super().__class_getitem__(language)
        )

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if isinstance(value, Code):
            return {"code": value.code}
        if isinstance(value, str):
            return {"code": _without_fences(value)}
        if isinstance(value, Mapping) and isinstance(value.get("code"), str):
            return {**value, "code": _without_fences(value["code"])}
        return value

    def format(self) -> str:
        """Return the source."""
        return self.code

    @classmethod
    def description(cls) -> str:
        """Say in which language and form it is written."""
        return f"Source in {cls.language}; as an output, a Markdown block: ```{cls.language} … ```."

    @classmethod
    def __get_pydantic_json_schema__(cls, _core: Any, _handler: Any) -> dict[str, Any]:
        return {"type": "string"}

    def __str__(self) -> str:
        return self.code

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and self.language == other.language and self.code == other.code

    def __hash__(self) -> int:
        return hash((self.language, self.code))


@lru_cache(maxsize=256)
def _of_language(base: type[Code], language: str) -> type[Code]:
    """Return the type of one language, the same for each call, so that annotations compare equal."""
    name = f"{base.__name__}_{re.sub(r'[^A-Za-z0-9]', '_', language)}"
    made = pydantic.create_model(name, __base__=base, __module__=base.__module__)
    made.language = language
    return made


def _without_fences(text: str) -> str:
    found = _FENCE.search(text) or _OPEN_FENCE.search(text)
    return found[found.lastindex or 1].strip("\n") if found else text
