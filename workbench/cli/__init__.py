"""The command line: `workbench …`, the same services as the pages.

Knows nothing about how anything is done: each command reads its arguments, calls services and prints.
"""

from __future__ import annotations

from workbench.cli.main import main

__all__ = ["main"]
