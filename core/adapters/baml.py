"""The BAML-like adapter: JSON replies, asked for with short types instead of JSON schemas.

Knows nothing about the text itself: `core.wire.baml_layout`.
"""

from __future__ import annotations

from core.adapters.base import adapters
from core.adapters.json import JSONAdapter
from core.wire.baml_layout import BamlLayout

__all__ = ["BAMLAdapter"]


@adapters.register(
    "baml", summary="Marked inputs, one JSON object back, described by short types", label="Short types"
)
class BAMLAdapter(JSONAdapter):
    """As `JSONAdapter`; the prompt describes nested types in a short form that small models follow well."""

    layout = BamlLayout
