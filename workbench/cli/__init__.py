"""The command line: `workbench …`, the same services as the pages.

Knows nothing about how anything is done: each command reads its arguments, calls services and prints.
"""

from __future__ import annotations

from core.foundation.errors import MissingExtraError

try:
    from workbench.cli.main import main
except ModuleNotFoundError as missing:
    library = (missing.name or "").split(".")[0]
    if library in ("", "core", "workbench"):
        raise
    # The engine was installed without the workbench; the command is there all the same.
    raise SystemExit(f"error: {MissingExtraError(library, 'workbench')}") from None

__all__ = ["main"]
