"""Runs a program once, by hand, with the trace of every step.

Knows nothing about evaluations; nothing it does is stored except the model's replies in the cache.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.foundation.fingerprint import jsonable
from core.trace import MemorySink, redact, sink_to
from workbench.jobs.engine import EMBEDDED, engine_context, load_program, open_embedder, open_model
from workbench.jobs.execute import error_record
from workbench.services.tasks import get_version
from workbench.services.workspace import Workspace

__all__ = ["ExploreResult", "run_once"]


@dataclass(frozen=True)
class ExploreResult:
    """What one run of a program gave, failures included."""

    outputs: dict[str, Any]
    spans: list[dict[str, Any]]
    """Every step in the order in which it ended; `core.trace.tree` nests them."""
    usage: dict[str, int] = field(default_factory=dict[str, int])
    """prompt_tokens, completion_tokens, calls, cached_calls."""
    cost: float | None = 0.0
    """US dollars; None where a price is unknown."""
    latency: float = 0.0
    error: str = ""
    hint: str = ""
    error_type: str = ""

    @property
    def ok(self) -> bool:
        """True where there are outputs."""
        return not self.error

    @property
    def cached(self) -> bool:
        """True where every call was answered from the cache."""
        return bool(self.usage.get("calls")) and self.usage["calls"] == self.usage["cached_calls"]


def run_once(
    ws: Workspace,
    version_id: str,
    inputs: Mapping[str, Any],
    model: str = EMBEDDED,
    *,
    adapter: str = "chat",
    cache: bool = True,
    temperature: float | None = None,
) -> ExploreResult:
    """Run one input through a version of a program. A failure is a result with `error` and `hint`.

    Args:
        cache: False asks the model anew.
        temperature: The model's own where not given.

    Raises:
        StoreError: There is no such version.
    """
    version = get_version(ws, version_id)
    started = time.perf_counter()
    outputs: dict[str, Any] = {}
    failure: Exception | None = None
    with sink_to(MemorySink()) as sink:
        try:
            lm = open_model(ws.store, model, temperature=temperature, cache=True if cache else "refresh")
            program = load_program(version.spec, version.state)
            values = {name: value for name, value in inputs.items() if value is not None}
            with engine_context(ws.store, lm, adapter, open_embedder(ws.store, model)):
                outputs = jsonable(dict(program(**values).items()))
        except Exception as error:  # whatever went wrong is what the person came to see
            failure = error
    latency = time.perf_counter() - started
    spans = [redact(span.to_dict()) for span in sink.spans]
    record = error_record(failure) if failure else {"message": "", "hint": "", "type": ""}
    usage, cost = _spent(spans)
    return ExploreResult(
        outputs, spans, usage, cost, latency, record["message"], record["hint"], record["type"]
    )


def _spent(spans: list[dict[str, Any]]) -> tuple[dict[str, int], float | None]:
    calls = [span["attributes"] for span in spans if span["kind"] == "lm" and span["status"] == "ok"]
    usage = [call.get("usage") or {} for call in calls]
    costs = [call.get("cost") for call in calls]
    known = [cost for cost in costs if cost is not None]
    return {
        "prompt_tokens": sum(int(item.get("prompt_tokens") or 0) for item in usage),
        "completion_tokens": sum(int(item.get("completion_tokens") or 0) for item in usage),
        "calls": len(calls),
        "cached_calls": sum(1 for call in calls if call.get("cached")),
    }, sum(known) if len(known) == len(costs) else None
