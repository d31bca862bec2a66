"""Naming the package costs nothing; the heavy libraries come with what needs them."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"aiohttp", "openai", "diskcache", "numpy", "pandas", "httpx", "sqlite3"}


def _loaded(code: str, root) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(' '.join(sys.modules))"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_models_in_the_process_are_made_without_heavy_libraries(root):
    code = "import core.lm; core.lm.LM('embedded/in-context'); core.lm.ScriptedLM(['x'])('q'); core.lm.Embedder(len)"
    assert not HEAVY & _loaded(code, root)


def test_a_model_at_an_address_brings_its_http_client_before_the_first_call(root):
    code = "import core.lm; core.lm.LM('openai/gpt-4o')"
    assert HEAVY & _loaded(code, root) == {"aiohttp"}


@pytest.mark.parametrize(("collecting", "expected"), [("enable", "[2] True"), ("disable", "[] False")])
def test_the_garbage_collector_goes_through_the_client_once_and_then_does_as_before(
    root, collecting, expected
):
    code = (
        "import gc\n"
        "from core.lm.transport import load_client\n"
        "seen = []\n"
        "gc.callbacks.append(lambda phase, info: seen.append(info['generation']) if phase == 'start' else None)\n"
        f"gc.{collecting}(); seen.clear()\n"
        "load_client(); load_client()\n"
        "print(seen, gc.isenabled())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected


def test_the_package_alone_loads_none_of_its_modules(root):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import core.lm, sys; print([m for m in sys.modules if m.startswith('core.lm.')])",
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
