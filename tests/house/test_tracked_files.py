"""What may not be tracked: paths of one machine, registry hosts, notes to self, other people's data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEXT = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".jsonl", ".csv", ".txt", ".cfg", ".ini", ".sh", ""}

# Written in pieces, so that this file does not find itself.
MACHINE = [
    "/wo" + "rk/",
    "/ro" + "ot/",
    "/home/" + "runner",
    "." + "library",
    "sub" + "agent",
    "/tmp/" + "team",
]
REGISTRIES = ["pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "--index" + "-url"]
NOTES = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
SKIPS = re.compile(r"pytest\.(" + r"xfail|importorskip)\(|mark\.(" + r"skip|xfail)")


@pytest.fixture(scope="module")
def texts(root: Path, tracked: list[str]) -> dict[str, str]:
    files = [name for name in tracked if Path(name).suffix in TEXT and not name.endswith(".lock")]
    return {name: (root / name).read_text(encoding="utf-8") for name in files}


@pytest.mark.parametrize("word", MACHINE)
def test_no_path_of_a_machine(texts, word):
    assert not [name for name, text in texts.items() if word in text]


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_registry_host(texts, host):
    assert not [name for name, text in texts.items() if host in text]


def test_no_note_to_self(texts):
    assert not [name for name, text in texts.items() if name.endswith(".py") and NOTES.search(text)]


def test_no_test_is_switched_off(texts):
    assert not [name for name, text in texts.items() if name.startswith("tests/") and SKIPS.search(text)]


def test_no_file_is_large(root, tracked):
    large = {
        name: (root / name).stat().st_size for name in tracked if (root / name).stat().st_size > 1_500_000
    }
    assert not large


def test_no_dataset_of_others_is_copied_in(tracked):
    others = [
        name for name in tracked if re.search(r"banking77|gsm8k|hotpotqa", Path(name).name, re.IGNORECASE)
    ]
    assert not [name for name in others if not name.endswith((".py", ".md", ".json"))]
