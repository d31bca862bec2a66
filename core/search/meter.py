"""Counts the calls of one job (a row, a trace) and asks the budget's gate before each.

Knows nothing about programs. `core.lm.call` finds it in the context variable `call_meter`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace

from core.foundation.errors import BudgetExceeded
from core.foundation.fingerprint import fingerprint
from core.lm.call import call_meter
from core.messages import LMRequest, LMResponse
from core.search.budget import Gate, Spend
from core.search.ledger import JobRecord

__all__ = ["JobMeter"]


class JobMeter:
    """The meter of one job.

    Args:
        gate: The search's budget.
        prior: What earlier sessions paid for this job without finishing it; the gate was charged with it before.
        record: Told (request key, spending) after every call; None where no cap needs it.
        blind: Told (resource, model) of every answer that says nothing of its "cost" or "tokens".
    """

    def __init__(
        self,
        gate: Gate,
        prior: JobRecord | None = None,
        record: Callable[[str, Spend], None] | None = None,
        blind: Callable[[str, str], None] = lambda resource, model: None,
    ) -> None:
        self.spend = Spend()
        self.refused: BudgetExceeded | None = None
        self._gate = gate
        self._record = record
        self._blind = blind
        self._model = ""  # the last that was asked, for answers that do not say
        self._pending: list[str | None] = []  # keys of calls under way; None: paid by an earlier session
        self._paid = prior.by_key() if prior else Counter[str]()
        if prior:
            self.spend.add(prior.spend())

    @contextmanager
    def installed(self) -> Generator[JobMeter]:
        """Count the calls made inside the block, in this task or thread and those it starts."""
        token = call_meter.set(self)
        try:
            yield self
        finally:
            call_meter.reset(token)

    async def reserve(self, request: LMRequest) -> None:
        """Count one call before it is sent.

        Raises:
            BudgetExceeded: It must not be sent.
        """
        key = _request_key(request) if self._record is not None or self._paid else ""
        if self._paid and self._paid[key] > 0:
            self._paid[key] -= 1
            self._pending.append(None)
            return
        try:
            self._gate.take()
        except BudgetExceeded as error:
            self.refused = error
            raise
        self.spend.calls += 1
        self._model = request.model
        self._pending.append(key)

    def settle(self, response: LMResponse | None) -> None:
        """Add what one answered or failed call cost."""
        key = self._pending.pop() if self._pending else None
        if key is None:
            return
        spend = Spend(calls=1)
        if response is not None:
            spend.prompt_tokens = response.usage.prompt_tokens
            spend.completion_tokens = response.usage.completion_tokens
            spend.cost = response.cost or 0.0
            spend.unpriced = int(response.cost is None)
            self.spend.add(replace(spend, calls=0))
            self._gate.settle(spend)
            self._look(spend, response.model or self._model)
        if self._record is not None:
            self._record(key, spend)

    def _look(self, spend: Spend, model: str) -> None:
        if spend.unpriced:
            self._blind("cost", model)
        if not spend.tokens:
            self._blind("tokens", model)


def _request_key(request: LMRequest) -> str:
    return fingerprint([request.model, request.messages, request.params, request.rollout_id])[:20]
