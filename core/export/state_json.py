"""State as JSON: instructions, demos and model names, in the form that DSPy reads too.

Knows nothing about the form itself: `core.modules.saving`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from core.export.base import Exporter, ExportFile, exporters, file_stem
from core.modules import Module

__all__ = ["StateJson"]


@exporters.register("state_json", summary="State as JSON; loads here and in DSPy")
class StateJson(Exporter):
    """One file, `<name>.json`, for `program.load(path)`."""

    def export(self, program: Module, *, name: str = "program", **options: Any) -> list[ExportFile]:
        """Return the state file; there are no options."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state.json"
            program.save(path)
            return [ExportFile(f"{file_stem(name)}.json", path.read_bytes())]
