"""What a run will take, before it is started: calls, tokens, money, time.

Knows nothing about running. The counts are the engine's own formulas; tokens come from the messages that would be sent,
or, where asked for, from a few probe runs, which also tell the time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from core.foundation.errors import OptimizerError, WorkbenchError
from core.search.estimate import Amount, Measured, Phase
from core.search.estimate import Estimate as Calls
from workbench.jobs.engine import (
    EMBEDDED,
    checked_split,
    engine_context,
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
    """US dollars at least and at most."""
    tokens: dict[str, float] = field(default_factory=dict[str, float])
    """Prompt and completion tokens: low, likely, high."""
    seconds: dict[str, float] | None = None
    """The same of the wall time; None where nothing was measured."""
    phases: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Of a compile: name, low, likely, high of each phase."""
    warnings: list[str] = field(default_factory=list[str])

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return asdict(self)


@dataclass(frozen=True)
class _PerCall:
    """What one call takes, as the messages that would be sent say."""

    prompt_tokens: Amount
    completion_tokens: Amount
    demo_tokens: float
    cost: Amount | None
    seconds: Amount | None = None


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
    probe_rows: int = 0,
    concurrency: int = 8,
) -> Estimate:
    """Return what a compile will take, by the optimizer's own formula.

    Args:
        probe_rows: Run the program on so many training rows and measure; 0 asks no model, and tells no time.
        concurrency: Calls in flight, for the time.
    """
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
    measured: Measured | None = None
    if probe_rows:
        try:
            measured = _probed(ws, version, model, adapter, train, probe_rows)
        except OptimizerError as error:
            warnings.append(f"The probe failed: {error}")
    calls = (found.low, found.likely, found.high)
    told = {"phases": phases, "warnings": warnings}
    return _estimate(ws, version, model, adapter, calls, measured, made.most_demos, concurrency, **told)


def _estimate(
    ws: Workspace,
    version: Version,
    model: str,
    adapter: str,
    calls: tuple[int, int, int],
    measured: Measured | None = None,
    demos: int = 0,
    concurrency: int = 8,
    **more: Any,
) -> Estimate:
    low, likely, high = (count * requests_per_call(adapter) for count in calls)
    call = measured or _per_call(ws, version, model, adapter)
    priced = Calls((Phase("", low, likely, high),)).priced(call, demos=demos, num_threads=concurrency)
    cost, tokens, seconds = priced.cost, priced.tokens, priced.seconds
    return Estimate(
        low,
        likely,
        high,
        round(call.prompt_tokens.likely),
        None if cost is None else cost.likely,
        None if cost is None else (cost.low, cost.high),
        tokens={} if tokens is None else asdict(tokens),
        seconds=None if seconds is None else asdict(seconds),
        **more,
    )


def _probed(
    ws: Workspace, version: Version, model: str, adapter: str, rows: Sequence[Any], count: int
) -> Measured:
    from core.search.probing import probe

    with engine_context(ws.store, open_model(ws.store, model), adapter):
        return probe(load_program(version.spec, version.state), rows, count)


def _per_call(ws: Workspace, version: Version, model: str, adapter: str) -> _PerCall:
    sent = [
        preview_messages(version.spec, step, None, adapter, version.state)
        for step in predict_steps(version.spec)
    ]
    prompts = [float(token_count(messages)) for messages in sent] or [0.0]
    turns = [float(token_count(messages[-1:])) for messages in sent if messages] or [0.0]
    costs = [_cost(ws, model, 1, round(prompt)) for prompt in prompts]
    known = [cost for cost in costs if cost is not None]
    return _PerCall(
        prompt_tokens=Amount.of(prompts),
        completion_tokens=Amount.of([REPLY_TOKENS]),
        demo_tokens=sum(turns) / len(turns) + REPLY_TOKENS,
        cost=Amount.of(known) if len(known) == len(costs) else None,
    )


def _cost(ws: Workspace, model: str, calls: int, prompt_tokens: int) -> float | None:
    from core.lm.pricing import price_of
    from core.messages import Usage

    if model.startswith("embedded/"):
        return 0.0
    lm = open_model(ws.store, model)
    usage = Usage(calls * prompt_tokens, calls * REPLY_TOKENS)
    return price_of(lm.model, usage, stored_prices(ws.store), built_in=lm.list_prices)
