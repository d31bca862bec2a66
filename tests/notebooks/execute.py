"""Runs the notebooks; `python -m tests.notebooks.execute` writes what they give into them."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def executed(path: Path, cache: Path) -> Any:
    """Return the notebook as it is after a run in a kernel of its own, with an empty cache.

    Args:
        cache: Folder of the language models' cache.
    """
    notebook = nbformat.read(path, as_version=4)
    before = os.environ.get("WORKBENCH_CACHE_DIR")
    os.environ["WORKBENCH_CACHE_DIR"] = str(cache)
    try:
        NotebookClient(
            notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
        ).execute()
    finally:
        if before is None:
            del os.environ["WORKBENCH_CACHE_DIR"]
        else:
            os.environ["WORKBENCH_CACHE_DIR"] = before
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # times of day
    return notebook


if __name__ == "__main__":
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        with tempfile.TemporaryDirectory() as folder:
            nbformat.write(executed(path, Path(folder)), path)
        sys.stdout.write(f"{path.name}\n")
