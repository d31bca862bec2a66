"""`Audio`: sound as base64 data with its format.

Knows nothing about models. Constructing one reads nothing from disk or network: `from_path` and `from_url` do.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import pydantic

from core.data.types import media
from core.data.types.type import Part, Type
from core.foundation.errors import DataError, MissingExtraError

__all__ = ["Audio"]

# The OpenAI protocol knows "mp3" and "wav"; others are called as their media type is.
_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "x-m4a": "m4a", "x-flac": "flac"}


class Audio(Type):
    """Sound.

    Args:
        data: The bytes, or base64 text of them.
        audio_format: "wav", "mp3", …

    Also made of a data URI, bytes ("wav" unless they tell otherwise) or {"data", "audio_format"}.

    Raises:
        DataError: It is none of these, or too large.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    is_media: ClassVar[bool] = True

    data: str
    audio_format: str

    def __init__(self, source: Any = None, audio_format: str | None = None, /, **data: Any) -> None:
        given = data if source is None else {**_data_of(source, audio_format), **data}
        super().__init__(**given)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _read(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return _data_of(value, None)
        data = value.get("data")
        return {**value, **_encoded(data)} if isinstance(data, (bytes, bytearray)) else value

    @pydantic.field_validator("data")
    @classmethod
    def _checked(cls, data: str) -> str:
        return media.checked_base64(data, "audio")

    def format(self) -> list[Part]:
        """Return the part of the OpenAI protocol: {"type": "input_audio", "input_audio": {"data", "format"}}."""
        return [{"type": "input_audio", "input_audio": {"data": self.data, "format": self.audio_format}}]

    def to_bytes(self) -> bytes:
        """Return the sound as bytes."""
        return base64.b64decode(self.data)

    @classmethod
    def from_url(cls, url: str, verify: bool = True, timeout: float | None = 30.0) -> Self:
        """Download sound. Errors as of `bytes_of_url`, and DataError where it is no sound."""
        content, kind = media.bytes_of_url(url, verify, timeout)
        return cls(
            data=_base64(content), audio_format=_format_of(content, kind or media.kind_of_name(url), url)
        )

    @classmethod
    def from_path(cls, file_path: Any) -> Self:
        """Read sound from a file.

        Raises:
            DataError: There is none, it is too large, or no sound.
        """
        content, name = media.bytes_of_path(file_path)
        return cls(data=_base64(content), audio_format=_format_of(content, media.kind_of_name(name), name))

    @classmethod
    def from_file(cls, file_path: Any) -> Self:
        """DSPy's older name of `from_path`."""
        return cls.from_path(file_path)

    @classmethod
    def from_array(cls, array: Any, sampling_rate: int, format: str = "wav") -> Self:
        """Take samples: numbers from -1 to 1, or 16-bit integers; rows are moments, columns channels.

        Args:
            sampling_rate: Samples per second.
            format: "wav" needs no further package; others need `soundfile`.
        """
        content = (
            _wav(array, sampling_rate)
            if format == "wav"
            else _encoded_by_soundfile(array, sampling_rate, format)
        )
        return cls(data=_base64(content), audio_format=format)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield "data", f"…({len(self.data):,} characters)"
        yield "audio_format", self.audio_format

    def __str__(self) -> str:
        return repr(self)


def _base64(content: bytes) -> str:
    return media.data_uri(content, "audio/any").partition(",")[2]


def _encoded(content: Any) -> dict[str, str]:
    return {"data": _base64(bytes(content))}


def _data_of(source: Any, audio_format: str | None) -> dict[str, str]:
    if isinstance(source, Audio):
        return {"data": source.data, "audio_format": source.audio_format}
    if isinstance(source, (bytes, bytearray)):
        kind = (media.kind_of_bytes(bytes(source)) or "audio/wav").removeprefix("audio/")
        return {**_encoded(source), "audio_format": audio_format or _FORMATS.get(kind, kind)}
    if isinstance(source, str) and (found := media.split_data_uri(source)):
        kind = found[0].removeprefix("audio/")
        if found[0] and not found[0].startswith("audio/"):
            raise DataError(f"This data URI holds {found[0]}, no sound.", hint="It starts with data:audio/….")
        return {"data": found[1], "audio_format": audio_format or _FORMATS.get(kind, kind or "wav")}
    if isinstance(source, str) and audio_format:
        return {"data": source, "audio_format": audio_format}
    shown = repr(media.shown_source(source)) if isinstance(source, str) else type(source).__name__
    raise DataError(
        f"Sound cannot be made of {shown}.",
        hint="Give bytes or a data URI; a file: Audio.from_path(path), the web: Audio.from_url(url).",
    )


def _format_of(content: bytes, kind: str | None, name: str) -> str:
    kind = media.kind_of_bytes(content) or kind or ""
    if not kind.startswith(("audio/", "video/")):
        raise DataError(
            f"'{name}' is no sound but {kind or 'of an unknown kind'}.", hint="For example .wav or .mp3."
        )
    short = kind.partition("/")[2]
    return _FORMATS.get(short, short)


def _wav(array: Any, sampling_rate: int) -> bytes:
    import wave

    numbers = _samples(array)
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(numbers.shape[1] if numbers.ndim == 2 else 1)
        file.setsampwidth(2)
        file.setframerate(int(sampling_rate))
        file.writeframes(numbers.tobytes())
    return target.getvalue()


def _samples(array: Any) -> Any:
    """Return 16-bit samples; floats are taken as -1 … 1 and cut there."""
    try:
        import numpy
    except ModuleNotFoundError as error:
        raise MissingExtraError("numpy", "audio") from error
    numbers = numpy.asarray(array)
    if numbers.ndim not in (1, 2):
        raise DataError(
            "Samples are one row of numbers, or one column per channel.", hint="Check array.shape."
        )
    if numbers.dtype.kind == "f":
        numbers = numpy.round(numpy.clip(numbers, -1.0, 1.0) * 32767)
    return numbers.astype("<i2")


def _encoded_by_soundfile(array: Any, sampling_rate: int, kind: str) -> bytes:
    try:
        import soundfile  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        raise MissingExtraError("soundfile", "audio") from error
    target = io.BytesIO()
    soundfile.write(target, array, sampling_rate, format=kind.upper())
    return target.getvalue()
