"""A wire signature for the layouts' tests."""

from __future__ import annotations

from typing import Any

import pytest


def field(name: str, role: str = "output", kind: str = "str", **more: Any) -> dict[str, Any]:
    shape = more.pop("shape", {"kind": kind})
    return {"name": name, "role": role, "type_name": more.pop("type_name", kind), "shape": shape, **more}


@pytest.fixture
def wire() -> dict[str, Any]:
    labels = {"kind": "literal", "values": ["a", "b c"]}
    return {
        "instructions": "Do it.\nWell.",
        "fields": [
            field("text", "input", desc="what to read"),
            field(
                "passages", "input", shape={"kind": "list", "items": {"kind": "str"}}, type_name="list[str]"
            ),
            field("answer"),
            field("score", kind="float", constraints={"ge": 0, "le": 1}),
            field("label", shape=labels, type_name="Literal['a', 'b c']"),
            field(
                "tags",
                shape={"kind": "list", "items": {"kind": "str"}},
                type_name="list[str]",
                schema={"type": "array"},
            ),
            field("maybe", shape={"kind": "optional", "of": {"kind": "int"}}, type_name="Optional[int]"),
            field("note", default="none"),
        ],
    }


@pytest.fixture
def one() -> dict[str, Any]:
    return {"instructions": "Answer.", "fields": [field("question", "input"), field("answer")]}
