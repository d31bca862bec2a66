"""Fields found in replies that are still being written, one reader per layout.

Knows nothing about streams and listeners. A file here with a class registered under the layout's name is all that
another layout needs; without one, its fields are heard when the reply is whole.
"""

from __future__ import annotations

from core.streaming.readers.base import FieldReader, reader_for, readers

__all__ = ["FieldReader", "reader_for", "readers"]
