"""`workbench export`: write a program as files that run without the workbench.

Knows nothing about the formats.
"""

from __future__ import annotations

import argparse
from pathlib import Path, PurePath

from core.foundation.errors import ConfigurationError
from core.foundation.files import atomic_write
from workbench.cli.common import emit, open_home
from workbench.services import export, preferences, runs, tasks
from workbench.services.workspace import Workspace

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--version", dest="version_id", metavar="ID", help="a version")
    which.add_argument(
        "--run", dest="run_id", metavar="RUN", help="the version that a compile made, or an evaluation used"
    )
    which.add_argument("--task", metavar="ID", help="the task's newest version")
    parser.add_argument("--kind", default="python_script", help="state_json, python_script or messages")
    parser.add_argument("--out", default=".", metavar="FOLDER", help="where to write (default: here)")
    parser.add_argument("--model", help="model that the files mention (default: that of the settings)")
    parser.add_argument(
        "--adapter", default="chat", choices=("chat", "json", "xml", "baml"), help="layout of the messages"
    )


def run(options: argparse.Namespace) -> int:
    """Export and print the names of the files."""
    ws = open_home(options)
    version_id = _version_id(ws, options)
    model = options.model or preferences.default_model(ws).model
    files = export.export_version(ws, version_id, options.kind, model=model, adapter=options.adapter)
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for name, content in files:
        path = folder / PurePath(name).name  # a file's name, never a way out of the folder
        atomic_write(path, content)
        written.append(str(path))
    emit(options, {"version": version_id, "kind": options.kind, "files": written}, "\n".join(written))
    return 0


def _version_id(ws: Workspace, options: argparse.Namespace) -> str:
    if options.version_id:
        return options.version_id
    if options.run_id:
        run = runs.find_run(ws, options.run_id)
        return run.result_version_id or run.version_id
    newest = tasks.newest_version(ws, options.task)
    if newest is None:
        raise ConfigurationError("The task has no program.", hint="Give --version or --run.")
    return newest.id
