"""State as JSON: what `save` writes, and it loads."""

from __future__ import annotations

import json
from pathlib import Path

from core.export import exporters
from core.modules import Module
from core.pipeline import build
from tests.core.export.conftest import TWO_HOPS


def test_the_exported_state_loads(two_hops: Module, tmp_path: Path):
    [file] = exporters.get("state_json")().export(two_hops, name="two hops: v1")
    assert file.name == "two_hops_v1.json"
    assert json.loads(file.data)["metadata"]["dependency_versions"]
    (tmp_path / file.name).write_bytes(file.data)
    fresh = build(TWO_HOPS)
    fresh.load(tmp_path / file.name)
    assert [dict(demo.items()) for demo in fresh.answer.predict.demos] == [
        dict(demo.items()) for demo in two_hops.answer.predict.demos
    ]
