"""Files that are either wholly there or not at all.

Knows nothing about what is written.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["atomic_write"]


def atomic_write(path: str | os.PathLike[str], data: str | bytes) -> Path:
    """Write `data` to `path` so that a reader sees the old or the new content, never half.

    Text is UTF-8 with line ends kept as given; half a surrogate pair, which models do write, is put down as JSON
    escapes it.

    Raises:
        OSError: The folder does not exist or cannot be written.
    """
    target = Path(path)
    payload = data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target
