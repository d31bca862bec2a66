"""`Exporter`: a program in, named files out.

Knows nothing about single formats, nor about where files are written.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from core.foundation.registry import Registry
from core.modules import Module

__all__ = ["ExportFile", "Exporter", "exporters", "file_stem"]


@dataclass(frozen=True)
class ExportFile:
    """One file: a plain name without folders, and its bytes."""

    name: str
    data: bytes


class Exporter(ABC):
    """Writes programs in one form; stateless."""

    @abstractmethod
    def export(self, program: Module, *, name: str = "program", **options: Any) -> list[ExportFile]:
        """Return the files.

        Args:
            name: What the program is called; file names are made from it.
            options: What this exporter knows beyond that; each says which.

        Raises:
            ExportError: The program, or an option, cannot be written in this form.
        """


def file_stem(name: str) -> str:
    """Return `name` as a file name without its ending: letters, digits, hyphens, underscores."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[:80] or "program"


exporters: Registry[type[Exporter]] = Registry("exporter", "core.export")
"""All exporters by name."""
