"""Programs that the tests of this folder share."""

from __future__ import annotations

import pytest

from core.pipeline import parse_spec

TRIAGE = {
    "name": "support triage",
    "description": "Sorts tickets.",
    "inputs": [{"name": "message"}],
    "steps": [
        {
            "name": "triage",
            "kind": "predict",
            "signature": {
                "instructions": "Sort the message.\n\n    Keep this indentation.",
                "inputs": [{"name": "message", "desc": "What the customer wrote"}],
                "outputs": [
                    {"name": "topic", "type": "Literal['billing', 'it\\'s broken', 'other']"},
                    {"name": "urgency", "type": "int", "constraints": {"ge": 1, "le": 5}},
                ],
            },
            "inputs": {"message": "message"},
            "options": {"temperature": 0.0},
        }
    ],
    "outputs": {"topic": "triage.topic", "urgency": "triage.urgency"},
}

HOPS = {
    "name": "two hops",
    "inputs": [{"name": "question"}],
    "steps": [
        {"name": "hop1", "kind": "retrieve", "inputs": {"query": "question"}, "options": {"k": 1}},
        {
            "name": "ask",
            "kind": "predict",
            "signature": {
                "instructions": "Write the next query.",
                "inputs": [{"name": "question"}, {"name": "passages", "type": "list[str]"}],
                "outputs": [{"name": "query"}],
            },
            "inputs": {"question": "question", "passages": "hop1.passages"},
        },
        {"name": "hop2", "kind": "retrieve", "inputs": {"query": "ask.query"}, "options": {"k": 2}},
        {
            "name": "answer",
            "kind": "chain_of_thought",
            "signature": {
                "inputs": [{"name": "question"}, {"name": "passages", "type": "list[str]"}],
                "outputs": [{"name": "answer"}],
            },
            "inputs": {"question": "question", "passages": ["hop1.passages", "hop2.passages"]},
        },
    ],
    "outputs": {"answer": "answer.answer", "passages": ["hop1.passages", "hop2.passages"]},
    "corpus": [
        "Ostal was founded by Mira.",
        "Mira was born in Ven.",
        "Ven lies in the north.",
        'A "quoted"\nline \\ and ünïcode.',
    ],
}

RECORD = {
    "name": "extraction",
    "inputs": [{"name": "text"}],
    "steps": [
        {
            "name": "extract",
            "signature": {
                "instructions": 'Say """what""" \\ is asked.',
                "inputs": [{"name": "text"}],
                "outputs": [
                    {
                        "name": "order",
                        "type": "object",
                        "desc": "The order",
                        "fields": [
                            {"name": "customer", "desc": 'Full "name"'},
                            {"name": "date", "type": "Optional[date]", "desc": "Day of delivery"},
                            {
                                "name": "lines",
                                "type": "list[object]",
                                "fields": [
                                    {"name": "item"},
                                    {"name": "count", "type": "int", "constraints": {"ge": 1}},
                                ],
                            },
                        ],
                    },
                    {"name": "list", "type": "list[str]", "constraints": {"max_length": 3}},
                ],
            },
            "inputs": {"text": "text"},
        }
    ],
    "outputs": {"order": "extract.order", "list": "extract.list"},
}


@pytest.fixture(params=[TRIAGE, HOPS, RECORD], ids=["triage", "hops", "record"])
def any_spec(request):
    return parse_spec(request.param)


@pytest.fixture
def triage():
    return parse_spec(TRIAGE)


@pytest.fixture
def hops():
    return parse_spec(HOPS)


@pytest.fixture
def record():
    return parse_spec(RECORD)
