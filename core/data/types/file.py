"""`File`: a document of any kind, as data, or by the id under which an endpoint holds it.

Knows nothing about models. Constructing one reads nothing from disk: `from_path` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import pydantic

from core.data.types import media
from core.data.types.type import Part, Type
from core.foundation.errors import DataError

__all__ = ["File"]

_ANY = "application/octet-stream"


class File(Type):
    """A file.

    Args:
        file_data: Its content as a data URI (or base64 text).
        file_id: Its id at the endpoint, when uploaded there.
        filename: Its name.

    Also made of bytes or a data URI.

    Raises:
        DataError: Nothing of it was given, or it is too large.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    is_media: ClassVar[bool] = True

    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        super().__init__(**(data if source is None else {**_data_of(source), **data}))

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        value = value if isinstance(value, Mapping) else _data_of(value)
        if isinstance(value.get("file_data"), (bytes, bytearray)):
            value = {**value, **_data_of(value["file_data"])}
        if not any(value.get(name) for name in ("file_data", "file_id", "filename")):
            raise DataError(
                "A File needs file_data, file_id or filename.", hint="From disk: File.from_path(path)."
            )
        return value

    def format(self) -> list[Part]:
        """Return the part of the OpenAI protocol: {"type": "file", "file": {…}}, with what is known of it."""
        return [{"type": "file", "file": self.model_dump(exclude_none=True)}]

    @classmethod
    def from_path(cls, file_path: Any, filename: str | None = None, mime_type: str | None = None) -> Self:
        """Read a file; its name and kind are told by the path unless given. DataError where it cannot be read."""
        content, name = media.bytes_of_path(file_path)
        kind = mime_type or media.kind_of_name(name) or media.kind_of_bytes(content) or _ANY
        return cls(file_data=media.data_uri(content, kind), filename=filename or name)

    @classmethod
    def from_bytes(cls, file_bytes: bytes, filename: str | None = None, mime_type: str = _ANY) -> Self:
        """Take bytes."""
        return cls(file_data=media.data_uri(file_bytes, mime_type), filename=filename)

    @classmethod
    def from_file_id(cls, file_id: str, filename: str | None = None) -> Self:
        """Name a file that the endpoint holds."""
        return cls(file_id=file_id, filename=filename)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        if self.file_data is not None:
            yield "file_data", media.shown_source(self.file_data)
        yield from (
            (name, value) for name in ("file_id", "filename") if (value := getattr(self, name)) is not None
        )

    def __str__(self) -> str:
        return repr(self)


def _data_of(source: Any) -> dict[str, Any]:
    if isinstance(source, File):
        return source.model_dump(exclude_none=True)
    if isinstance(source, (bytes, bytearray)):
        return {"file_data": media.data_uri(bytes(source), media.kind_of_bytes(bytes(source)) or _ANY)}
    if isinstance(source, str) and media.split_data_uri(source) is not None:
        return {"file_data": source}
    shown = repr(media.shown_source(source)) if isinstance(source, str) else type(source).__name__
    raise DataError(
        f"A File cannot be made of {shown}.",
        hint="Give bytes or a data URI; a file on disk: File.from_path(path).",
    )
