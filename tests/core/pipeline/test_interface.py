"""What a program takes and gives, typed, so that a data file can be read for it."""

from __future__ import annotations

import json

import pytest

from core.data.example import plain_fields
from core.data.loaders import load_dataset
from core.foundation.errors import DataError
from core.pipeline import input_fields, output_fields, program_types


def test_fields_carry_the_types_of_their_steps(hops, triage):
    assert list(input_fields(hops)) == ["question"]
    assert {name: item.type for name, item in output_fields(hops).items()} == {
        "answer": "str",
        "passages": "list",
    }
    assert output_fields(triage)["urgency"].constraints == {"ge": 1, "le": 5}


def test_data_is_read_for_a_program(triage):
    data = load_dataset(
        b"message,topic,urgency\nhello,Billing,3\n",
        filename="x.csv",
        types=program_types(triage),
        inputs=["message"],
    )
    assert data[0].toDict() == {"message": "hello", "topic": "billing", "urgency": 3}
    with pytest.raises(DataError, match="row 2, field 'urgency'"):
        load_dataset(b"message,urgency\nhello,9\n", filename="x.csv", types=program_types(triage))


def test_records_are_read_for_a_program(record):
    order = {"customer": "Ida", "date": "2024-05-31", "lines": [{"item": "tea", "count": 2}]}
    data = json.dumps([{"text": "t", "order": order, "list": ["a"]}]).encode()
    (example,) = load_dataset(data, filename="x.json", types=program_types(record))
    assert plain_fields(example)["order"] == order
    order["lines"][0]["count"] = 0
    with pytest.raises(DataError, match="Member 'lines': Item 1: Member 'count'"):
        load_dataset(json.dumps([{"order": order}]).encode(), filename="x.json", types=program_types(record))
