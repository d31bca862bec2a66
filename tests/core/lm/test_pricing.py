"""What calls cost, and that nothing is made up."""

from __future__ import annotations

import pytest

from core.lm.pricing import PRICES, price_of, table
from core.messages import Usage
from core.settings import context
from tests.fakes.server import FakeServer, Step

MILLION = Usage(1_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("openai/gpt-4o-mini", 0.75),
        ("gpt-4o-mini", 0.75),
        ("openai/gpt-4o-mini-2024-07-18", 0.75),
        ("anthropic/claude-sonnet-4-20250514", 18.0),
        ("mistral/mistral-large-latest", 8.0),
        ("openai/gpt-4o-audio-preview", None),
        ("openai/gpt-4o-minimal", None),
        ("anthropic/claude-sonnet-4-5", None),
        ("ollama/llama3", None),
        ("azure/gpt-4o", None),
    ],
)
def test_built_in_table(model, expected):
    assert price_of(model, MILLION) == expected


def test_own_prices_go_first_and_hold_for_own_servers():
    own = {"openai/gpt-4o-mini": (1.0, 1.0), "mine": (0.5, 0.5)}
    assert price_of("openai/gpt-4o-mini", MILLION, own) == 2.0
    assert price_of("hosted_vllm/mine", MILLION, own, built_in=False) == 1.0
    assert price_of("openai/gpt-4o", MILLION, own, built_in=False) is None


def test_a_server_of_ones_own_has_no_list_price(client):
    with FakeServer(default=Step(usage=(1000, 1000))) as server:
        lm = client(server, model="openai/gpt-4o-mini")
        lm("q")
        assert lm.history[-1]["cost"] is None
        with context(prices={"gpt-4o-mini": (1.0, 1.0)}):
            lm("q")
        assert lm.history[-1]["cost"] == 0.002


def test_the_table_for_people():
    rows = table({"openai/gpt-4o": (9.0, 9.0)})
    assert rows[0] == ("openai/gpt-4o", 9.0, 9.0, "setting")
    assert len(rows) == len(PRICES)
    assert all(row[1] >= 0 and row[2] >= 0 for row in rows)
