"""Bytes in messages: data URIs, kinds of content by their first bytes, size limits, and the two ways to read bytes.

Knows nothing about the types that use it. Only `bytes_of_url` and `bytes_of_path` do I/O, and nothing here calls them.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.foundation.errors import DataError

__all__ = [
    "MAX_BYTES",
    "bytes_of_path",
    "bytes_of_url",
    "data_uri",
    "is_url",
    "kind_of_bytes",
    "kind_of_name",
    "shown_source",
    "split_data_uri",
]

MAX_BYTES = 50_000_000
"""Bytes that a part of a message may have; endpoints refuse larger requests (OpenAI's limit for a request)."""

_DATA_URI = re.compile(r"data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+-]+=[^;,]*)*)(;base64)?,", re.IGNORECASE)
_URL_SCHEMES = ("http", "https", "gs", "s3")

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav"}


def is_url(text: str) -> bool:
    """Whether a text is the address of something an endpoint can fetch."""
    parts = urlsplit(text) if "://" in text[:12] else None
    return parts is not None and parts.scheme in _URL_SCHEMES and bool(parts.netloc)


def split_data_uri(text: str) -> tuple[str, str] | None:
    """Return media type ("" where unsaid) and base64 text of a data URI; None for anything else."""
    found = _DATA_URI.match(text)
    if found is None or not found[3]:
        return None
    return (found[1] or "").lower(), text[found.end() :]


def data_uri(content: bytes, media_type: str) -> str:
    """Return bytes as a data URI.

    Raises:
        DataError: They are too many.
    """
    _check_size(len(content), f"{media_type} content")
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def checked_base64(text: str, what: str) -> str:
    """Return base64 text without white space.

    Raises:
        DataError: It is not base64, or too long.
    """
    compact = "".join(text.split())
    _check_size(len(compact) * 3 // 4, what)
    try:
        base64.b64decode(compact, validate=True)
    except binascii.Error as error:
        raise DataError(
            f"The data of this {what} is not base64: {error}.", hint="Give the bytes instead."
        ) from None
    return compact


def kind_of_bytes(content: bytes) -> str | None:
    """Return the media type that the first bytes tell, e.g. "image/png"; None where they do not."""
    for start, kind in _SIGNATURES:
        if content.startswith(start):
            return kind
    if content.startswith(b"RIFF"):
        return _RIFF.get(content[8:12])
    if content[:256].lstrip().lower().startswith((b"<svg", b"<?xml")) and b"<svg" in content[:1024].lower():
        return "image/svg+xml"
    return None


def kind_of_name(name: str) -> str | None:
    """Return the media type that the end of a file's name tells."""
    return mimetypes.guess_type(name)[0]


def bytes_of_path(path: Any) -> tuple[bytes, str]:
    """Return a file's bytes and its name.

    Raises:
        DataError: There is no such file, or it is too large.
    """
    file = Path(path).expanduser()
    try:
        _check_size(file.stat().st_size, file.name)
        return file.read_bytes(), file.name
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"Cannot read the file '{file}': {reason}.", hint="Check the path.") from None


def bytes_of_url(url: str, verify: bool = True, timeout: float | None = 30.0) -> tuple[bytes, str]:
    """Return what is at a web address, and its media type as the server says ("" where it does not).

    Args:
        verify: Check the server's certificate.
        timeout: Seconds; None waits for ever.

    Raises:
        DataError: The address is not http(s), cannot be read, or is too large.
    """
    import ssl
    import urllib.request

    if urlsplit(url).scheme not in ("http", "https"):
        raise DataError(
            f"Not a web address: {shown_source(url)}.", hint="It starts with https:// or http://."
        )
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    request = urllib.request.Request(url, headers={"User-Agent": "workbench"})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=timeout, context=context) as answer:  # noqa: S310
            content = answer.read(MAX_BYTES + 1)
            kind = answer.headers.get_content_type() if answer.headers.get("Content-Type") else ""
    except (OSError, ValueError) as error:
        raise DataError(
            f"Cannot read {url}: {error}.", hint="Check the address, or download it yourself."
        ) from error
    _check_size(len(content), url)
    return content, kind


def _check_size(size: int, what: str) -> None:
    if size > MAX_BYTES:
        raise DataError(
            f"Too large: {what} has {size / 1e6:,.0f} MB, a request takes {MAX_BYTES / 1e6:,.0f} MB.",
            hint="Scale it down, cut it, or upload it to the endpoint and give its id or URL.",
        )


def shown_source(text: str) -> str:
    """Return a text for a message or a `repr`: data URIs without their data, long texts cut."""
    found = _DATA_URI.match(text)
    if found is not None:
        return f"{found[0]}…({len(text) - found.end():,} characters)"
    return text if len(text) <= 120 else f"{text[:100]}…({len(text):,} characters)"
