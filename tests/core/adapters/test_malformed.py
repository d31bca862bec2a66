"""Malformed replies give fields or an AdapterParseError with the raw text, quickly, and nothing else."""

from __future__ import annotations

import time
from typing import Any

import pydantic
import pytest

from core.adapters import ChatAdapter, JSONAdapter
from core.foundation.errors import AdapterParseError
from core.signature import Signature
from tests.fakes.malformed_replies import GOOD, as_json, chat, replies


class Record(pydantic.BaseModel):
    name: str
    age: int


_OUTPUTS = (
    "answer",
    "reasoning, answer",
    "score: float",
    "label: Literal['billing', 'other']",
    "tags: list[str]",
    "record: Record",
    "flag: bool",
    "answer, score: float, label: Literal['billing', 'other'], tags: list[str]",
    "reasoning, answer, score: float, label: Literal['billing', 'other'], tags: list[str], record: Record, flag: bool",
    "record: dict[str, Any]",
    "answer: Any",
    "score: Optional[int], tags: set[str]",
)
SIGNATURES = [Signature(f"q -> {outputs}", custom_types={"Record": Record}) for outputs in _OUTPUTS]
ADAPTERS: tuple[Any, ...] = (ChatAdapter(), JSONAdapter())


def _outcome(adapter: Any, signature: Any, text: str) -> dict[str, Any] | AdapterParseError:
    try:
        return adapter.parse(signature, text)
    except AdapterParseError as error:
        return error


def _survives(seed: int, count: int) -> list[float]:
    """Parse `count` malformed replies with signatures in turn; return the CPU seconds that each took, sorted."""
    taken: list[float] = []
    for index, (_, text) in enumerate(replies(seed, count)):
        signature = SIGNATURES[(index * 7 + seed) % len(SIGNATURES)]
        for adapter in ADAPTERS:
            begun = time.thread_time()
            outcome = _outcome(adapter, signature, text)
            taken.append(time.thread_time() - begun)
            if isinstance(outcome, AdapterParseError):
                assert outcome.lm_response == text
                assert outcome.hint
            else:
                assert outcome.keys() == signature.output_fields.keys()
    return sorted(taken)


def test_five_hundred_malformed_replies():
    taken = _survives(seed=1, count=500)
    assert taken[int(len(taken) * 0.99)] < 0.05


@pytest.mark.full
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2, 12))
def test_ten_thousand_malformed_replies(seed: int):
    taken = _survives(seed=seed, count=1_000)
    assert taken[int(len(taken) * 0.99)] < 0.05


@pytest.mark.parametrize("adapter", ADAPTERS, ids=["chat", "json"])
@pytest.mark.parametrize("write", [chat, as_json])
@pytest.mark.parametrize(
    "wrap",
    [
        "{}",
        "```json\n{}\n```",
        "Sure! Here {{it}} is:\n\n{}\n\nAnything else?",
        "<think>draft [[ ## answer ## ]] no</think>\n{}",
        "\ufeff{}",
    ],
)
def test_a_good_reply_survives_its_wrapping(adapter: Any, write: Any, wrap: str):
    if write is chat and "```" in wrap:
        wrap = "```\n{}```"
    fields = adapter.parse(
        SIGNATURES[8], wrap.replace("{{", "{").replace("}}", "}").replace("{}", write(GOOD))
    )
    assert fields == {**GOOD, "record": Record(name="Zoë", age=7)}


def test_every_fault_is_met():
    assert len({fault for fault, _ in replies(1, 500)}) == 16
