"""Replies of a seeded grammar over twelve signatures: the one error that is allowed, and what is said is read."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from benchmarks.compat.malformed import FAULTS, LOST, SIGNATURES, Reply, replies
from benchmarks.compat.our_side import parsed, signature_of
from core.adapters import adapters

ADAPTERS = {name: adapters.get(name)() for name in ("chat", "json", "xml", "baml")}
MADE = [signature_of(spec) for spec in SIGNATURES]


def _read(reply: Reply) -> dict[str, Any]:
    """Read with the adapter that asked and, as a reply may come to any of them, with all others; an error passes."""
    outcomes = {
        name: parsed(adapter, MADE[reply.signature], reply.text) for name, adapter in ADAPTERS.items()
    }
    for told in outcomes.values():
        assert ("values" in told) != ("error" in told)
        if "values" in told:
            assert told["values"].keys() == MADE[reply.signature].output_fields.keys()
        else:
            assert told["error"]
    return outcomes[reply.adapter]


def _misread(count: int, seed: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for reply in replies(count, seed):
        told = _read(reply)
        if reply.said is not None and told.get("values") != reply.said:
            found[f"{reply.adapter}: {reply.fault}"] += 1
    return found


def test_a_thousand_malformed_replies_say_what_they_say():
    assert not _misread(1_000, seed=7)


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_ten_thousand_malformed_replies_say_what_they_say():
    assert _misread(10_000, seed=1).total() <= 10


def test_the_grammar_meets_every_fault_and_signature_and_repeats_itself():
    made = list(replies(2_000, seed=3))
    assert {(reply.adapter, reply.fault) for reply in made} == set(FAULTS)
    assert {reply.signature for reply in made} == set(range(12))
    assert {reply.fault for reply in made if reply.said is None} == set(LOST)
    assert made == list(replies(2_000, seed=3))
    assert made != list(replies(2_000, seed=4))
