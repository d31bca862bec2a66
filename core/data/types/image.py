"""`Image`: a picture by URL, data URI, bytes or PIL image.

Knows nothing about models. Constructing one reads nothing from disk or network: `from_path` and `from_url` do.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import pydantic

from core.data.types import media
from core.data.types.type import Part, Type
from core.foundation.errors import DataError, MissingExtraError

__all__ = ["Image"]


class Image(Type):
    """A picture.

    Args:
        source: A URL (https, gs …), a data URI, bytes, a PIL image, or another Image.
        url: The same by name.

    Raises:
        DataError: It is none of these, or too large.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    is_media: ClassVar[bool] = True

    url: str

    def __init__(self, source: Any = None, /, **data: Any) -> None:
        if data.pop("download", False):
            raise DataError("Making an Image downloads nothing.", hint="Write Image.from_url(url).")
        data.pop("verify", None)
        super().__init__(**(data if source is None else {**_data_of(source), **data}))

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        value = value if isinstance(value, Mapping) else _data_of(value)
        url = value.get("url")
        return value if isinstance(url, str) and _fits(url) else {**value, **_data_of(url)} if url else value

    def format(self) -> list[Part]:
        """Return the part of the OpenAI protocol: {"type": "image_url", "image_url": {"url": …}}."""
        return [{"type": "image_url", "image_url": {"url": self.url}}]

    @classmethod
    def from_url(cls, url: str, verify: bool = True, timeout: float | None = 30.0) -> Self:
        """Download a picture; `Image(url)` leaves that to the endpoint. Errors as of `bytes_of_url`."""
        content, kind = media.bytes_of_url(url, verify, timeout)
        kind = kind if kind.startswith(("image/", "application/pdf")) else ""
        return cls(url=media.data_uri(content, kind or media.kind_of_bytes(content) or "image/png"))

    @classmethod
    def from_path(cls, file_path: Any) -> Self:
        """Read a picture from a file.

        Raises:
            DataError: There is none, it is too large, or no picture.
        """
        content, name = media.bytes_of_path(file_path)
        kind = media.kind_of_bytes(content) or media.kind_of_name(name) or "application/octet-stream"
        if not kind.startswith(("image/", "application/pdf")):
            raise DataError(f"'{name}' is no picture but {kind}.", hint="core.File takes other files.")
        return cls(url=media.data_uri(content, kind))

    @classmethod
    def from_file(cls, file_path: Any) -> Self:
        """DSPy's older name of `from_path`."""
        return cls.from_path(file_path)

    @classmethod
    def from_PIL(cls, pil_image: Any) -> Self:  # noqa: N802 - DSPy's name
        """Take a PIL image, as PNG unless it came from a file of another format."""
        return cls(pil_image)

    def to_pil(self) -> Any:
        """Return a PIL image of the picture, which must be a data URI.

        Raises:
            DataError: It is a URL.
            MissingExtraError: Pillow is not installed.
        """
        import base64

        found = media.split_data_uri(self.url)
        if found is None:
            raise DataError("The picture is a URL.", hint="Load it first: Image.from_url(url).")
        try:
            from PIL import Image as PilImage
        except ModuleNotFoundError as error:
            raise MissingExtraError("Pillow", "images") from error
        return PilImage.open(io.BytesIO(base64.b64decode(found[1])))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "url", media.shown_source(self.url)

    def __str__(self) -> str:
        return repr(self)


def _fits(url: str) -> bool:
    return media.is_url(url) or media.split_data_uri(url) is not None


def _data_of(source: Any) -> dict[str, str]:
    if isinstance(source, Image):
        return {"url": source.url}
    if isinstance(source, str):
        if _fits(source):
            return {"url": source}
        raise DataError(
            f"Not an image: {media.shown_source(source)!r} is neither a URL nor a data URI.",
            hint="A file on disk: Image.from_path(path).",
        )
    if isinstance(source, Mapping):
        return dict(source)
    if isinstance(source, (bytes, bytearray)):
        return {"url": media.data_uri(bytes(source), _image_kind(bytes(source)))}
    if hasattr(source, "save") and hasattr(source, "size"):  # a PIL image, without importing PIL for it
        return {"url": _of_pil(source)}
    raise DataError(
        f"An image cannot be made of {type(source).__name__}.",
        hint="Give a URL, a data URI, bytes or a PIL image.",
    )


def _image_kind(content: bytes) -> str:
    kind = media.kind_of_bytes(content)
    if kind is None or not kind.startswith(("image/", "application/pdf")):
        raise DataError(
            "These bytes are no picture that we know.", hint="PNG, JPEG, GIF, WebP, BMP, TIFF, SVG or PDF."
        )
    return kind


def _of_pil(image: Any) -> str:
    kind = getattr(image, "format", None) or "PNG"
    target = io.BytesIO()
    image.save(target, format=kind)
    return media.data_uri(target.getvalue(), f"image/{kind.lower()}")
