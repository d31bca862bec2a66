"""Every code block in README and docs runs, offline, and prints what the page says it prints.

Python blocks of a page run in order in one process in an empty folder; an ``output`` block under one is what it
prints. In shell blocks every line is accounted for: `workbench` commands run, `make` targets exist, the extras
that `pip` is asked for exist.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

MARK = "=" * 20 + " block "
# Commands that only prepare a machine, or that run until they are stopped.
PREPARING = {"git", "cd", "python3", ".", "source", "export", "pytest"}
STAYING = {"run", "worker", "serve-lm"}
SHELL = {"bash", "console", "sh"}
DATA = {"json": json.loads, "toml": tomllib.loads}
PLAIN = {"", "text", "output", "mermaid", "csv"}


@pytest.fixture
def environment(root, tmp_path):
    """What a new user has, with private folders."""
    paths = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    home = {"WORKBENCH_HOME": str(tmp_path / "home"), "WORKBENCH_CACHE_DIR": str(tmp_path / "cache")}
    return {**os.environ, **home, "PATH": paths, "PYTHONPATH": str(root), "PYTHONWARNINGS": "error"}


def test_every_block_is_of_a_kind_that_is_checked(blocks):
    known = {"python", *SHELL, *DATA, *PLAIN}
    assert not [f"{b.where} {b.language}" for b in blocks if b.language not in known]


def test_python_blocks_run_and_print_what_is_shown(blocks, root, environment, tmp_path):
    python = [b for b in blocks if b.language == "python"]
    if not python:
        return
    work = tmp_path / "work"
    work.mkdir()
    (work / "sample_data").symlink_to(root / "sample_data")  # as in a checkout
    script = work / "page.py"
    script.write_text("".join(f"print('{MARK}{b.line}')\n{b.code}\n" for b in python), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, script.name], cwd=work, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, f"{python[0].file}\n{done.stderr[-3000:]}"
    printed = dict(part.split("\n", 1) for part in done.stdout.split(MARK)[1:])
    for block, shown in _shown(blocks):
        assert printed[str(block.line)].strip() == shown.strip(), block.where


def _shown(blocks):
    """Each Python block that is followed at once by an `output` block, with that block's text."""
    return [
        (b, after.code)
        for b, after in pairwise(blocks)
        if b.language == "python" and after.language == "output"
    ]


def test_data_blocks_parse(blocks):
    for block in blocks:
        if block.language in DATA:
            DATA[block.language](block.code)


def _commands(blocks):
    for block in blocks:
        if block.language in SHELL:
            lines = block.code.replace("\\\n", " ").splitlines()
            prompted = [line[2:] for line in lines if line.startswith("$ ")]
            for line in prompted if block.language == "console" else lines:
                for part in re.split(r"\s+&&\s+", line.split(" #")[0].strip()):
                    if part and not part.startswith("#"):
                        yield block, part


def test_shell_lines_are_true(blocks, root, environment, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    for block, command in _commands(blocks):
        words = shlex.split(command)
        name = words[0].rsplit("/", 1)[-1]
        if name == "make":
            targets = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE)
            assert {w for w in words[1:] if "=" not in w} <= set(targets), block.where
        elif name in {"pip", "pip3"}:
            _extras_exist(words, root, block)
        elif name == "workbench":
            _runs(words[1:], work, environment, block)
        else:
            assert words[0] in PREPARING, f"{block.where}: nothing checks `{command}`"


def _extras_exist(words, root, block):
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    for asked in re.findall(r"\[([\w,-]+)\]", " ".join(words)):
        assert set(asked.split(",")) <= set(project["optional-dependencies"]), block.where


def _runs(words, work, environment, block):
    if words and words[0] in STAYING:
        words = [words[0], "--help"]
    done = subprocess.run(
        [sys.executable, "-c", "import sys; from workbench.cli import main; sys.exit(main())", *words],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, (
        f"{block.where}: workbench {' '.join(words)}\n{done.stdout}\n{done.stderr[-2000:]}"
    )
