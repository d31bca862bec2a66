"""One call of a language model: span → cache → single-flight → limit → retry → model.

Knows nothing about providers or prompts. The cache is asked in the caller's own thread; only a network
model that has to be asked goes to the I/O loop, where everything shared between calls lives without locks.
"""

from __future__ import annotations

import asyncio
import time
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Protocol

from core.foundation.drive import on_io
from core.foundation.errors import LMConfigurationError, LMError, LMUnexpectedError
from core.lm.cache import Cache, active_cache, cache_mode
from core.lm.cache_key import decode, encode, request_key
from core.lm.deltas import listener, unheard
from core.lm.history import Entry, History, recent
from core.lm.limits import Limiter, Slot, Turns
from core.lm.loop_state import loop_state
from core.lm.openai_wire import schema_of
from core.lm.pricing import price_of
from core.lm.retry import Backoff
from core.lm.spending import budgets, give_back, settle, take
from core.lm.tally import tell
from core.messages import LMOutput, LMRequest, LMResponse, Message, Usage
from core.settings import callers, current
from core.trace import span

__all__ = ["Adjusted", "CallMeter", "call", "call_attempts", "call_meter"]

MAX_ADJUSTMENTS = 2
_OF_A_MODEL = frozenset({"api_key", "api_base", "base_url", "api_version", "headers", "extra_headers"})


class Answering(Protocol):
    """What a call needs of a model; `core.lm.base.BaseLM` says what each means."""

    model: str
    model_type: str
    kwargs: dict[str, Any]
    cache: bool | str
    num_retries: int
    local: bool
    backoff: Backoff
    endpoint: str
    list_prices: bool
    max_concurrency: int | None
    history: History

    async def complete(self, request: LMRequest) -> LMResponse:
        """One request upstream."""
        ...

    def identity(self) -> str:
        """Who answers."""
        ...


class CallMeter(Protocol):
    """Who counts and caps what is sent upstream; cached answers never come by."""

    async def reserve(self, request: LMRequest) -> None:
        """Called before every upstream attempt; may raise `BudgetExceeded`, and then nothing is sent."""
        ...

    def settle(self, response: LMResponse | None) -> None:
        """Called once after every attempt that `reserve` let through; None: it failed."""
        ...


call_meter: ContextVar[CallMeter | None] = ContextVar("call_meter", default=None)
"""The meter in force; `core.search.budget` sets it. The caps of `core.budget` hold beside it."""


class Adjusted(LMError):
    """A refusal taught a model how its endpoint wants requests; the next one differs, so it is no retry."""


async def call(lm: Answering, messages: list[Message], params: dict[str, Any]) -> LMResponse:
    """Answer `messages` with `lm`; see `core.lm.base.BaseLM.respond`."""
    started = time.perf_counter()
    request, mode, retries = _prepare(lm, messages, params)
    with span("lm", lm.model) as recorded:
        if recorded.recording:
            recorded.set(model=request.model, messages=request.messages, params=request.params)
        response = await _answer(lm, request, mode, retries)
        if (heard := listener.get()) is not None:
            heard.arrived(request, response)
        response.latency = time.perf_counter() - started
        if recorded.recording:
            recorded.set(**_facts(response))
    tell(request, response)
    now = current()
    if not now.disable_history:
        entry = Entry(request, response)
        lm.history.add(entry, now.max_history_size)
        recent.add(entry, now.max_history_size)
        for module in callers.get():
            module.remember(entry, now.max_history_size)
    return response


def _prepare(lm: Answering, messages: list[Message], params: dict[str, Any]) -> tuple[LMRequest, str, int]:
    merged = {name: value for name, value in (lm.kwargs | params).items() if value is not None}
    mode = cache_mode(merged.pop("cache", lm.cache))
    retries = merged.pop("num_retries", lm.num_retries)
    rollout_id = merged.pop("rollout_id", None)
    if not _OF_A_MODEL.isdisjoint(merged):
        raise LMConfigurationError(
            f"{', '.join(sorted(_OF_A_MODEL & merged.keys()))}: what is said of an endpoint belongs to a model, "
            "not to one call.",
            model=lm.model,
            hint='Give it to the model: LM("…", api_base=…, api_key=…) or lm.copy(api_key=…).',
        )
    if isinstance(merged.get("response_format"), type):
        merged["response_format"] = schema_of(merged["response_format"])
    return LMRequest(lm.model, messages, merged, lm.model_type, rollout_id), mode, retries


def _facts(response: LMResponse) -> dict[str, Any]:
    return {
        "raw": [output.text for output in response.outputs],
        "usage": response.usage.to_dict(),
        "cost": response.cost,
        "saved_cost": response.saved_cost,
        "latency": response.latency,
        "cached": response.cached,
        "attempts": response.attempts,
        **(
            {"tool_calls": calls}
            if (calls := [o.tool_calls for o in response.outputs if o.tool_calls])
            else {}
        ),
    }


async def _answer(lm: Answering, request: LMRequest, mode: str, retries: int) -> LMResponse:
    who = lm.identity() if mode != "off" else ""
    if not who:
        return await (
            _upstream(lm, request, retries) if lm.local else on_io(lambda: _upstream(lm, request, retries))
        )
    cache, key = active_cache(), request_key(who, request)
    if mode in {"on", "read"}:
        found = _look_up(cache, key)
        if found is not None:
            return found
    if lm.local:
        response = await _upstream(lm, request, retries)
        if mode != "read":
            cache.set(key, encode(response), replace=mode != "write")
        return response
    return await on_io(lambda: _once(lm, request, mode, retries, cache, key))


def _look_up(cache: Cache, key: str) -> LMResponse | None:
    data = cache.get(key)
    return None if data is None else decode(data)


async def _once(
    lm: Answering, request: LMRequest, mode: str, retries: int, cache: Cache, key: str
) -> LMResponse:
    """On the I/O loop: one upstream call per key, however many ask at once, stored before anyone gets it."""

    async def fetch() -> LMResponse:
        if mode in {"on", "read"}:
            # Somebody may have stored it between the caller's look-up and now.
            data = cache.peek(key)
            found = None if data is None else decode(data)
            if found is not None:
                return found
        response = await _upstream(lm, request, retries)
        if mode != "read":
            await cache.set_from_loop(key, encode(response), replace=mode != "write")
        return response

    response, mine = await loop_state().flights.run(f"{mode}:{key}", fetch)
    return response if mine else _shared(response)


def _shared(response: LMResponse) -> LMResponse:
    """What those get who asked while the one call was under way: it cost them nothing."""
    if response.cached:
        return replace(response)
    return replace(response, cached=True, cost=0.0, saved_cost=response.cost or 0.0, attempts=0)


async def _upstream(lm: Answering, request: LMRequest, retries: int) -> LMResponse:
    """Ask the model, again where it returned fewer samples than `n`: some endpoints ignore it."""
    response = await call_attempts(lm, request, retries)
    if not response.outputs:  # content filters do that; neither an answer nor worth keeping
        raise LMUnexpectedError(
            "The answer holds no completion.",
            model=lm.model,
            hint="The endpoint may have filtered it; other words or another model help.",
        )
    wanted = request.params.get("n") or 1
    while 0 < len(response.outputs) < wanted:
        rest = replace(request, params={**request.params, "n": wanted - len(response.outputs)})
        with unheard():
            more = await call_attempts(lm, rest, retries)
        if not more.outputs:
            break
        response = _joined(response, more)
    if len(response.outputs) > wanted:
        response.outputs = response.outputs[:wanted]
    return response


def _joined(first: LMResponse, more: LMResponse) -> LMResponse:
    outputs: list[LMOutput] = [*first.outputs, *more.outputs]
    cost = None if first.cost is None or more.cost is None else first.cost + more.cost
    return replace(
        first,
        outputs=outputs,
        usage=first.usage + more.usage,
        cost=cost,
        attempts=first.attempts + more.attempts,
    )


async def call_attempts(lm: Answering, request: LMRequest, retries: int) -> LMResponse:
    """Send the request, and up to `retries` times more after failures that may pass.

    With retries allowed, a refusal that comes while the endpoint answers others takes none of them.
    """
    sent = failures = adjustments = 0
    turns = Turns(_limiter(lm)) if retries > 0 else None
    while True:
        sent += 1
        try:
            response = await _attempt(lm, request)
        except Adjusted:
            adjustments += 1
            if adjustments > MAX_ADJUSTMENTS:
                raise
            continue
        except LMError as error:
            failures += turns is None or not turns.forgive(error)
            wait = lm.backoff.wait(error, max(1, failures)) if failures <= retries else None
            if wait is None:
                raise
            await _sleep(lm, wait)
            continue
        response.attempts = sent
        return response


async def _attempt(lm: Answering, request: LMRequest) -> LMResponse:
    """One request upstream, inside the endpoint's limit, reserved with the meter before and settled after."""
    limiter = _limiter(lm)
    if limiter is None:
        return await _metered(lm, request)
    async with Slot(limiter):
        return await _metered(lm, request)


def _limiter(lm: Answering) -> Limiter | None:
    if lm.local or not lm.endpoint:
        return None
    return loop_state().limiter(lm.endpoint, lm.max_concurrency)


async def _metered(lm: Answering, request: LMRequest) -> LMResponse:
    meter, caps = call_meter.get(), budgets.get()
    if meter is None and not caps:
        response = await lm.complete(request)
        _priced(lm, response)
        return response
    take(caps)
    if meter is not None:
        try:
            await meter.reserve(request)
        except BaseException:
            give_back(caps)
            raise
    answered: LMResponse | None = None
    try:
        response = await lm.complete(request)
        _priced(lm, response)
        answered = response
        return response
    finally:
        settle(caps, answered)
        if meter is not None:
            meter.settle(answered)


def _priced(lm: Answering, response: LMResponse) -> None:
    response.usage = response.usage or Usage()  # a model of one's own may say nothing of it
    if response.cost is None:
        response.cost = price_of(lm.model, response.usage, current().prices, built_in=lm.list_prices)


async def _sleep(lm: Answering, seconds: float) -> None:
    """Wait as driven code can too: an in-process model may be retried from sync code."""
    if lm.local:
        await on_io(lambda: asyncio.sleep(seconds))
    else:
        await asyncio.sleep(seconds)
