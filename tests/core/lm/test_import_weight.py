"""Naming the package costs nothing; the heavy libraries come with what needs them."""

from __future__ import annotations

import subprocess
import sys

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
