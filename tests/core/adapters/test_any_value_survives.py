"""Any value of any type survives: shown as a demo's answer it parses back to itself; it fits the schema we send."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.adapters import adapters
from core.adapters.json import response_schema
from core.signature import InputField, OutputField, Signature, json_schema
from core.wire.values import plain_value
from tests.fakes.typed_values import texts, typed

NAMES = ("baml", "chat", "json", "xml")
MANY = settings(
    max_examples=500,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
FULL = settings(MANY, max_examples=5_000)


def signature_of(annotation: Any) -> Any:
    fields = {
        "question": (str, InputField()),
        "other": (str, OutputField()),
        "answer": (annotation, OutputField()),
        "last": (str, OutputField()),
    }
    return Signature(fields, "Do it.")


def _survives(name: str, data: st.DataObject) -> None:
    annotation, strategy = data.draw(typed)
    answer = data.draw(strategy)
    values = {"other": data.draw(texts).strip(), "answer": answer, "last": data.draw(texts).strip()}
    if type(answer) is str:
        values["answer"] = answer.strip()  # blanks around a text are not part of it
    signature, adapter = signature_of(annotation), adapters.get(name)()
    messages = adapter.format(signature, [{"question": data.draw(texts), **values}], {"question": "q"})
    reply = messages[2]["content"]
    found = adapter.parse(signature, reply)
    assert found == values, (annotation, reply)
    assert type(found["answer"]) is type(values["answer"])


@pytest.mark.parametrize("name", NAMES)
@MANY
@given(data=st.data())
def test_any_value_survives(name: str, data: st.DataObject):
    _survives(name, data)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
@FULL
@given(data=st.data())
def test_many_more_values_survive(name: str, data: st.DataObject):
    _survives(name, data)


@MANY
@given(data=st.data())
def test_any_value_fits_the_schema_that_we_send(data: st.DataObject):
    annotation, strategy = data.draw(typed)
    answer = data.draw(strategy)
    signature = signature_of(annotation)
    outputs = json.loads(json.dumps(plain_value({"other": "o", "answer": answer, "last": "l"})))
    shape = signature.output_fields["answer"].shape
    jsonschema.validate(outputs["answer"], json_schema(shape))
    sent = response_schema(signature)
    if sent is not None:
        schema = sent["json_schema"]["schema"]
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.validate(outputs, schema)
