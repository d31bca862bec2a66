"""Our messages have the structure of DSPy: roles, order, markers, values, demos, as recorded from its package.

`benchmarks/compat_tokens.py --write-structure` writes the golden file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compat_tokens import structure
from core.adapters import ChatAdapter, JSONAdapter
from core.signature import Signature

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "dspy_structure.json").read_text("utf-8"))
ADAPTERS: dict[str, Any] = {"chat": ChatAdapter(), "json": JSONAdapter()}


@pytest.mark.parametrize("adapter", ["chat", "json"])
@pytest.mark.parametrize("case", GOLDEN["cases"], ids=[case["name"] for case in GOLDEN["cases"]])
def test_structure_is_that_of_dspy(case: dict[str, Any], adapter: str):
    signature = Signature(case["signature"], case.get("instructions"))
    messages = ADAPTERS[adapter].format(signature, case.get("demos", []), case["inputs"])
    assert structure(messages, adapter) == case["structure"][adapter]
