"""Messages with typed slots: filled, they are what is sent; the request body is complete."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.adapters import JSONAdapter, adapters
from core.adapters.signatures import layout_of
from core.export import exporters
from core.export.messages import fill_segments
from core.export.program_data import ADAPTERS
from core.foundation.errors import ExportError
from core.modules import Module, Predict


def _exported(program: Module, **options: Any) -> dict[str, Any]:
    [file] = exporters.get("messages")().export(program, name="a/b", **options)
    assert file.name == "a_b.messages.json"
    return json.loads(file.data)


@pytest.mark.parametrize("adapter", [adapters.get(name)() for name in ADAPTERS], ids=ADAPTERS)
def test_filled_segments_are_the_messages_that_are_sent(typed: Any, adapter: Any):
    predictor = typed.predict
    inputs = {"text": "{limits} '{text}' %s\n[[ ## label ## ]]\nb", "limits": {"{text}": 1}}
    found = _exported(typed, adapter=adapter.layout.name)["predictors"]["predict"]
    layout = layout_of(predictor.signature, adapter.layout)
    sent = adapter.format(predictor.signature, predictor.demos, inputs)
    filled = [
        {"role": message["role"], "content": fill_segments(layout, message["segments"], inputs)}
        for message in found["messages"]
    ]
    assert filled == sent


def test_slots_are_pieces_of_their_own_with_types(typed: Any):
    *_, request = _exported(typed)["predictors"]["predict"]["messages"]
    slots = [segment for segment in request["segments"] if "slot" in segment]
    assert [(slot["slot"], slot["type"], slot["shape"]["kind"]) for slot in slots] == [
        ("text", "str", "str"),
        ("limits", "dict[str, int]", "dict"),
    ]


def test_schema_and_request_body(typed: Any):
    found = _exported(typed, adapter="json", model="gpt", inputs={"text": "hello"})["predictors"]["predict"]
    assert found["output_schema"]["properties"]["label"] == {"enum": ["a", "b"]}
    assert found["output_schema"]["required"] == ["reasoning", "label", "score", "tags"]
    body = found["openai_request"]
    assert body["model"] == "gpt"
    assert body["response_format"]["type"] == "json_schema"
    assert body["messages"] == JSONAdapter().preview(
        typed.predict.signature, typed.predict.demos, {"text": "hello"}
    )


def test_every_predictor_of_a_pipeline_has_its_own(two_hops: Module):
    assert list(_exported(two_hops)["predictors"]) == ["first", "answer.predict"]
    assert _exported(two_hops)["predictors"]["answer.predict"]["openai_request"]["temperature"] == 0.0


def test_an_unknown_adapter_is_refused():
    with pytest.raises(ExportError, match="no adapter 'two_step'"):
        _exported(Predict("q -> a"), adapter="two_step")
