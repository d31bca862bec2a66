"""A workspace in a folder of the test's own, with the smallest useful task in it."""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from workbench.config import read_config
from workbench.services.workspace import Workspace, open_workspace

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1] / "jobs")]


@pytest.fixture
def ws(tmp_path: Path) -> Generator[Workspace, None, None]:
    opened = open_workspace(
        read_config(tmp_path / "home", {"WORKBENCH_CACHE_DIR": str(tmp_path / "cache")}), jobs="inline"
    )
    yield opened
    opened.close()


@pytest.fixture
def small(ws: Workspace) -> Any:
    from small_task import make_small

    return make_small(ws)
