"""What one call takes, for estimates: as the messages that would be sent say, or as a few probe runs measured.

Knows nothing about optimizers. Asked are the program's own model, a teacher, and a model that writes instructions; each
is counted at its own price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.search.estimate import Amount, Asked, Measured
from workbench.jobs.engine import (
    engine_context,
    load_program,
    make_adapter,
    open_embedder,
    open_model,
    stored_prices,
)
from workbench.services.previews import predict_steps, preview_messages, token_count
from workbench.services.specs import as_spec
from workbench.services.tasks import Version
from workbench.services.workspace import Workspace

if TYPE_CHECKING:
    from core.data.example import Example
    from core.lm.base import BaseLM

__all__ = ["REPLY_TOKENS", "measured_by_messages", "measured_by_probe", "runs_side_by_side"]

REPLY_TOKENS = 40
"""A usual reply; the true number is known only afterwards."""

WRITTEN_TOKENS = 150
"""A usual reply that holds an instruction or rules."""

ROWS_READ = 5
"""Rows whose messages are counted."""


@dataclass(frozen=True)
class _PerCall:
    """What one call takes, as the messages that would be sent say."""

    prompt_tokens: Amount
    completion_tokens: Amount
    demo_tokens: float
    cost: Amount | None
    seconds: Amount | None = None


def measured_by_messages(
    ws: Workspace, version: Version, models: Mapping[Asked, str], adapter: str, rows: Sequence[Example]
) -> dict[Asked, Measured]:
    """Return what a call of each takes, without asking any model.

    Args:
        models: Who answers whose calls.
        rows: Examples for the messages.
    """
    from core.modules import ForEach

    program, sent = load_program(version.spec, None), list[list[dict[str, Any]]]()
    for step in predict_steps(version.spec):
        part = getattr(program, step)
        for row in rows[:ROWS_READ]:
            asked_about = part.one_of(row) if isinstance(part, ForEach) else row
            inputs = _inputs(version.spec, step, asked_about)
            sent.append(preview_messages(version.spec, step, inputs, adapter, version.state))
    prompts = [float(token_count(messages)) for messages in sent] or [0.0]
    turns = [float(token_count(messages[-1:])) for messages in sent if messages] or [0.0]
    shown = sum(turns) / len(turns) + REPLY_TOKENS
    found: dict[Asked, Measured] = {}
    for asked, model in models.items():
        written = _question(version, rows, adapter) if asked == "writer" else None
        counts, reply = ([written], WRITTEN_TOKENS) if written else (prompts, REPLY_TOKENS)
        found[asked] = _per_call(ws, model, counts, reply, shown)
    return found


def measured_by_probe(
    ws: Workspace,
    version: Version,
    models: Mapping[Asked, str],
    adapter: str,
    rows: Sequence[Example],
    count: int,
) -> dict[Asked, Measured]:
    """Return what a call of each takes, from `count` runs of the program and one question to a writer.

    The calls are sent even where the cache has their answers: only so the time is known. It keeps the answers it had.

    Raises:
        OptimizerError: No call was answered; says why.
    """
    from core.search.probing import probe, probe_writer

    program = load_program(version.spec, version.state)
    found: dict[Asked, Measured] = {}
    runs: dict[str, Measured] = {}
    for asked, model in models.items():
        lm = open_model(ws.store, model, cache="write")
        with engine_context(ws.store, lm, adapter, open_embedder(ws.store, model)):
            if asked == "writer":
                found[asked] = probe_writer(program, rows)
            else:
                runs[model] = runs.get(model) or probe(program, rows, count)
                found[asked] = runs[model]
    return found


def runs_side_by_side(ws: Workspace, model: str, concurrency: int) -> int:
    """Return how many calls of a model are in flight at a time: one where it computes in this very process."""
    return 1 if open_model(ws.store, model).local else concurrency


def _inputs(spec: Mapping[str, Any], step: str, row: Example) -> dict[str, Any]:
    """Return a step's inputs as far as the row has them; what earlier steps would give stays a placeholder."""
    known = as_spec(spec).step(step)
    fields = known.signature.inputs if known.signature is not None else []
    sources = {item.name: known.inputs.get(item.name, item.name) for item in fields}
    return {
        name: row.get(source if isinstance(source, str) else name, f"{{{name}}}")
        for name, source in sources.items()
    }


def _question(version: Version, rows: Sequence[Example], adapter: str) -> float | None:
    """Return how many tokens a usual question about instructions has; None where there is nothing to ask about."""
    from core.foundation.errors import OptimizerError
    from core.search.probing import writing

    try:
        program, question = writing(load_program(version.spec, version.state), rows)
    except OptimizerError:
        return None
    inputs = dict(question.inputs().items())
    return float(token_count(make_adapter(adapter).format(program.signature, [], inputs)))


def _per_call(
    ws: Workspace, model: str, prompts: Sequence[float], reply: int, demo_tokens: float
) -> _PerCall:
    lm = None if model.startswith("embedded/") else open_model(ws.store, model)
    costs = [_cost(ws, lm, round(prompt), reply) for prompt in prompts]
    known = [cost for cost in costs if cost is not None]
    return _PerCall(
        prompt_tokens=Amount.of(prompts),
        completion_tokens=Amount.of([reply]),
        demo_tokens=demo_tokens,
        cost=Amount.of(known) if len(known) == len(costs) else None,
    )


def _cost(ws: Workspace, lm: BaseLM | None, prompt_tokens: int, reply: int) -> float | None:
    from core.lm.pricing import price_of
    from core.messages import Usage

    if lm is None:  # the embedded one
        return 0.0
    usage = Usage(prompt_tokens, reply)
    return price_of(lm.model, usage, stored_prices(ws.store), built_in=lm.list_prices)
