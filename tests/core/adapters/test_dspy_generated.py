"""What DSPy made of generated cases, kept as data: the same structure of messages, the same values of replies.

The file is written by `python -m benchmarks.compat --dspy-python … --golden tests/golden/dspy_generated.json`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.compat import cases
from benchmarks.compat.our_side import NAMES, messages_of, parsed, signature_of
from benchmarks.compat.structure import structure
from core.adapters import adapters

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "dspy_generated.json").read_text("utf-8")
)
REQUESTS = cases.requests(len(GOLDEN["structures"]), GOLDEN["seed"])
SPECS, REPLIES = cases.replies(len(GOLDEN["values"]), GOLDEN["seed"])


@pytest.mark.parametrize("name", NAMES)
def test_messages_have_dspys_structure(name: str):
    for case, theirs in zip(REQUESTS, GOLDEN["structures"], strict=True):
        fields = [field["name"] for field in case["fields"]]
        found = structure(messages_of(case)[name], name, fields)
        assert json.loads(json.dumps(found)) == theirs[name]


def test_replies_have_dspys_values():
    signatures = [signature_of(spec) for spec in SPECS]
    for reply, values in zip(REPLIES, GOLDEN["values"], strict=True):
        told = parsed(adapters.get(reply["adapter"])(), signatures[reply["signature"]], reply["text"])
        assert told == {"values": values}
