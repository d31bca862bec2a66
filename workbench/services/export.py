"""A program version as files that run without the workbench.

Knows nothing about the formats; those are `core.export`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.jobs.engine import EMBEDDED, load_program
from workbench.services.tasks import get_version
from workbench.services.workspace import Workspace

__all__ = ["ExportKind", "export_kinds", "export_version"]


@dataclass(frozen=True)
class ExportKind:
    """A kind of file that a program can be taken away as."""

    name: str
    summary: str
    meta: dict[str, Any]


def export_kinds() -> list[ExportKind]:
    """Return all kinds of exports."""
    from core.export.base import exporters

    return [ExportKind(entry.name, entry.summary, dict(entry.meta)) for entry in exporters.entries()]


def export_version(
    ws: Workspace,
    version_id: str,
    kind: str,
    *,
    model: str = EMBEDDED,
    adapter: str = "chat",
    options: Mapping[str, Any] | None = None,
) -> list[tuple[str, bytes]]:
    """Return a version as files, (name, content) each.

    Args:
        kind: "state_json", "python_script" or "messages".
        model: Name of the model that the files mention; never an endpoint's key.
        adapter: The layout of the messages.

    Raises:
        UnknownNameError: There is no such kind.
        ExportError: This program cannot be exported as that.
    """
    from core.export.base import exporters

    version = get_version(ws, version_id)
    program = load_program(version.spec, version.state)
    exporter = exporters.get(kind)()
    given = {"model": model, "adapter": adapter, **dict(options or {})}
    return [(file.name, file.data) for file in exporter.export(program, name=version.spec["name"], **given)]
