"""What a run will take, before it is started: calls, tokens, money, time.

Knows nothing about running. The counts are the engine's own formulas; tokens come from the messages that would be sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.foundation.errors import WorkbenchError
from workbench.jobs.engine import (
    EMBEDDED,
    checked_split,
    load_examples,
    load_program,
    open_model,
    stored_prices,
)
from workbench.services.adapters import requests_per_call
from workbench.services.previews import predict_steps, preview_messages, token_count
from workbench.services.tasks import Version, get_version
from workbench.services.workspace import Workspace

__all__ = ["Estimate", "estimate_compile", "estimate_evaluation"]

REPLY_TOKENS = 40
"""A usual reply; the true number is known only afterwards."""


@dataclass(frozen=True)
class Estimate:
    """What to expect. Answers from the cache make it less."""

    low: int
    """Calls to the model at least, as `likely` and `high`."""
    likely: int
    high: int
    prompt_tokens_per_call: int
    cost: float | None
    """US dollars for the likely number of calls; None where the model's price is unknown."""
    cost_range: tuple[float, float] | None = None
    """US dollars for the fewest and the most calls."""
    phases: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of a compile: name, low, likely, high of each phase."""
    warnings: list[str] = field(default_factory=list[str])


def estimate_evaluation(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    split: str | None,
    model: str = EMBEDDED,
    limit: int | None = None,
    repeats: int = 1,
    *,
    adapter: str = "chat",
) -> Estimate:
    """Return what an evaluation will take; asks no model."""
    version = get_version(ws, version_id)
    rows = len(load_examples(ws.store, dataset_id, checked_split(split), limit))
    calls = rows * repeats * max(1, len(predict_steps(version.spec)))
    return _estimate(ws, version, model, adapter, (calls, calls, 2 * calls))


def estimate_compile(
    ws: Workspace,
    version_id: str,
    dataset_id: str,
    optimizer: str,
    params: Mapping[str, Any] | None = None,
    model: str = EMBEDDED,
    *,
    adapter: str = "chat",
) -> Estimate:
    """Return what a compile will take, by the optimizer's own formula; asks no model."""
    from core.optimizers.base import optimizers

    version = get_version(ws, version_id)
    train = load_examples(ws.store, dataset_id, "train")
    warnings: list[str] = []
    try:
        validation = load_examples(ws.store, dataset_id, "validation")
    except WorkbenchError:
        validation = None
        warnings.append(
            "There are no validation rows: candidates are chosen on train, and the score is too good."
        )
    made = optimizers.get(optimizer).create(dict(params or {}), metric=lambda *_: 0.0)
    found = made.estimate(load_program(version.spec, None), train, validation)
    phases = [
        {"name": phase.name, "low": phase.low, "likely": phase.likely, "high": phase.high}
        for phase in found.phases
    ]
    return _estimate(
        ws, version, model, adapter, (found.low, found.likely, found.high), phases=phases, warnings=warnings
    )


def _estimate(
    ws: Workspace, version: Version, model: str, adapter: str, calls: tuple[int, int, int], **more: Any
) -> Estimate:
    tokens = _prompt_tokens(version, adapter)
    low, likely, high = (count * requests_per_call(adapter) for count in calls)
    costs = [_cost(ws, model, count, tokens) for count in (low, likely, high)]
    known = None if costs[0] is None or costs[2] is None else (costs[0], costs[2])
    return Estimate(low, likely, high, tokens, costs[1], known, **more)


def _prompt_tokens(version: Version, adapter: str) -> int:
    counts = [
        token_count(preview_messages(version.spec, step, None, adapter, version.state))
        for step in predict_steps(version.spec)
    ]
    return round(sum(counts) / len(counts)) if counts else 0


def _cost(ws: Workspace, model: str, calls: int, prompt_tokens: int) -> float | None:
    from core.lm.pricing import price_of
    from core.messages import Usage

    if model.startswith("embedded/"):
        return 0.0
    lm = open_model(ws.store, model)
    usage = Usage(calls * prompt_tokens, calls * REPLY_TOKENS)
    return price_of(lm.model, usage, stored_prices(ws.store), built_in=lm.list_prices)
