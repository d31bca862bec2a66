"""What a call costs, from a small table of public list prices.

Knows nothing about accounts or discounts: a stated estimate, never a bill. A model that is not in the table
has no known cost, which is not the same as none. The setting `prices` goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from core.messages import Usage

__all__ = ["AS_OF", "PRICES", "price_of", "table"]

AS_OF = "2025-08"
"""When the table was last compared with the providers' public lists."""

PRICES: Mapping[str, tuple[float, float]] = {
    # US dollars per million tokens: prompt, completion
    "openai/gpt-3.5-turbo": (0.50, 1.50),
    "openai/gpt-4o": (2.50, 10.00),
    "openai/gpt-4o-mini": (0.15, 0.60),
    "openai/gpt-4.1": (2.00, 8.00),
    "openai/gpt-4.1-mini": (0.40, 1.60),
    "openai/gpt-4.1-nano": (0.10, 0.40),
    "openai/gpt-5": (1.25, 10.00),
    "openai/gpt-5-mini": (0.25, 2.00),
    "openai/gpt-5-nano": (0.05, 0.40),
    "openai/o3": (2.00, 8.00),
    "openai/o4-mini": (1.10, 4.40),
    "openai/text-embedding-3-small": (0.02, 0.0),
    "openai/text-embedding-3-large": (0.13, 0.0),
    "anthropic/claude-3-5-haiku": (0.80, 4.00),
    "anthropic/claude-3-7-sonnet": (3.00, 15.00),
    "anthropic/claude-sonnet-4": (3.00, 15.00),
    "anthropic/claude-opus-4": (15.00, 75.00),
    "gemini/gemini-2.0-flash": (0.10, 0.40),
    "gemini/gemini-2.5-flash": (0.30, 2.50),
    "gemini/gemini-2.5-flash-lite": (0.10, 0.40),
    "mistral/mistral-large": (2.00, 6.00),
    "mistral/mistral-small": (0.10, 0.30),
    "deepseek/deepseek-chat": (0.27, 1.10),
    "deepseek/deepseek-reasoner": (0.55, 2.19),
}

# A name may go on with a date or "-latest"; anything else ("-audio", "-pro") is another model at another
# price.
_DATED = re.compile(r"(?:-\d{3,8}|-\d{4}-\d{2}-\d{2}|-latest)$")


def price_of(
    model: str,
    usage: Usage,
    prices: Mapping[str, tuple[float, float]] | None = None,
    *,
    built_in: bool = True,
) -> float | None:
    """Return US dollars, or None where no price is known.

    Args:
        prices: {model: (prompt, completion)} per million tokens; looked at before the built-in table.
        built_in: False where the built-in table does not hold, as for a server of one's own.
    """
    pair = _own(model, prices) if prices else None
    if pair is None and built_in:
        pair = _listed(model)
    if pair is None:
        return None
    return (usage.prompt_tokens * pair[0] + usage.completion_tokens * pair[1]) / 1_000_000


def _own(model: str, prices: Mapping[str, tuple[float, float]]) -> tuple[float, float] | None:
    for name in (model, model.partition("/")[2]):
        if name in prices:
            return prices[name]
    return None


@lru_cache(maxsize=256)
def _listed(model: str) -> tuple[float, float] | None:
    name = model if "/" in model else f"openai/{model}"
    return PRICES.get(name) or PRICES.get(_DATED.sub("", name))


def table(prices: Mapping[str, tuple[float, float]] | None = None) -> list[tuple[str, float, float, str]]:
    """Return rows (model, prompt, completion, where from), one's own prices first."""
    own = [(name, *pair, "setting") for name, pair in (prices or {}).items()]
    mine = {name for name, *_ in own}
    return own + [(name, *pair, AS_OF) for name, pair in PRICES.items() if name not in mine]
