"""Thirty ways in which an endpoint fails, and exactly how often we ask it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.foundation.errors import (
    ContextWindowExceededError,
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
    LMUnexpectedError,
    LMUnsupportedModelError,
)
from core.lm.retry import Backoff
from tests.fakes.server import FakeServer, Step, error

OK = Step(text="fine")
RESET, HALF = Step(reset=True), Step(half=True)
BROKEN = Step(body=b'{"choices": [{"mess')
PAGE = Step(body=b"<html>hello</html>")
OTHER = Step(body=b'{"result": 1}')
QUOTA = error(429, "You exceeded your current quota", code="insufficient_quota")
LONG = error(400, "This model's maximum context length is 8192 tokens", code="context_length_exceeded")
MOVED = Step(status=302, body=b"", headers={"Location": "http://127.0.0.1:1/v1/chat/completions"})

# what the endpoint does → how it ends → requests sent (three retries are allowed)
SCRIPTS = [
    ("fine at once", [OK], None, 1),
    ("429 once", [error(429), OK], None, 2),
    ("429 twice", [error(429), error(429), OK], None, 3),
    ("429 three times", [error(429)] * 3 + [OK], None, 4),
    ("429 for ever", [error(429)] * 9, LMRateLimitError, 4),
    ("429 with seconds", [error(429, Retry_After="0.05"), OK], None, 2),
    ("429 with milliseconds", [error(429, retry_after_ms="50"), OK], None, 2),
    ("429 with a wait beyond patience", [error(429, Retry_After="3600"), OK], LMRateLimitError, 1),
    ("429 for want of credit", [QUOTA, OK], LMBillingError, 1),
    ("408", [error(408), OK], None, 2),
    ("409", [error(409), OK], None, 2),
    ("500", [error(500), OK], None, 2),
    ("502, 503, 504", [error(502), error(503), error(504), OK], None, 4),
    ("529", [error(529), OK], None, 2),
    ("500 for ever", [error(500)] * 9, LMServerError, 4),
    ("500 with a web page", [Step(status=500, body=b"<html>oops</html>"), OK], None, 2),
    ("reset", [RESET, OK], None, 2),
    ("reset for ever", [RESET] * 9, LMTransportError, 4),
    ("half a body", [HALF, OK], None, 2),
    ("half a body for ever", [HALF] * 9, LMTransportError, 4),
    ("broken JSON", [BROKEN, OK], None, 2),
    ("broken JSON for ever", [BROKEN] * 9, LMTransportError, 4),
    ("a web page", [PAGE, OK], LMUnexpectedError, 1),
    ("JSON of another protocol", [OTHER, OK], LMUnexpectedError, 1),
    ("400", [error(400, "bad parameter"), OK], LMInvalidRequestError, 1),
    ("401", [error(401), OK], LMAuthError, 1),
    ("402", [error(402), OK], LMBillingError, 1),
    ("403", [error(403), OK], LMAuthError, 1),
    ("404 of the model", [error(404, "model not found"), OK], LMUnsupportedModelError, 1),
    ("404 of the path", [error(404, "no such page"), OK], LMInvalidRequestError, 1),
    ("413", [error(413), OK], ContextWindowExceededError, 1),
    ("422", [error(422, "temperature too high"), OK], LMInvalidRequestError, 1),
    ("too long", [LONG, OK], ContextWindowExceededError, 1),
    ("redirect", [MOVED, OK], LMConfigurationError, 1),
    ("slow once", [Step(delay=1.0), OK], None, 2),
    ("one byte at a time", [Step(trickle=0.1)], LMTimeoutError, 4),
    ("mixed", [error(500), RESET, HALF, OK], None, 4),
]


@pytest.mark.parametrize(("script", "ends", "sent"), [s[1:] for s in SCRIPTS], ids=[s[0] for s in SCRIPTS])
def test_exactly_so_many_attempts(script, ends, sent, client):
    default = script[-1] if ends is LMTimeoutError else OK
    with FakeServer(script, default=default) as server:
        lm = client(server, timeout=0.4)
        if ends is None:
            assert lm("hello") in (["fine"], ["ok"])
            assert lm.history[-1]["response"].attempts == sent
        else:
            with pytest.raises(ends) as caught:
                lm("hello")
            assert type(caught.value) is ends
            assert "[openai/fake]" in str(caught.value)
        assert len(server.calls) == sent


@pytest.mark.parametrize("retries", [0, 1, 5])
def test_num_retries_is_exact(retries, client):
    with FakeServer(default=error(500)) as server:
        with pytest.raises(LMServerError):
            client(server, num_retries=retries)("hello")
        assert len(server.calls) == retries + 1


def test_a_call_may_set_its_own_retries(client):
    with FakeServer(default=error(500)) as server:
        with pytest.raises(LMServerError):
            client(server)("hello", num_retries=1)
        assert len(server.calls) == 2
        assert "num_retries" not in server.calls[0].body


def _waited(server: FakeServer, client) -> float:
    lm = client(server)
    lm("warm up")
    started = time.monotonic()
    lm("hello")
    return time.monotonic() - started


def test_retry_after_in_seconds_is_waited_for(client):
    with FakeServer([OK, error(429, Retry_After="0.5"), OK]) as server:
        assert 0.5 <= _waited(server, client) <= 3


def test_retry_after_as_a_date_is_waited_for(client):
    # HTTP dates have whole seconds: between one and two seconds from now.
    when = (datetime.now(UTC) + timedelta(seconds=2)).replace(microsecond=0)
    step = error(503, Retry_After=format_datetime(when, usegmt=True))
    with FakeServer([OK, step, OK]) as server:
        _waited(server, client)
        assert datetime.now(UTC) >= when
        assert datetime.now(UTC) <= when + timedelta(seconds=3)


def test_backoff_doubles_with_jitter():
    policy = Backoff(base=1.0, ceiling=5.0)
    waits = [policy.wait(LMServerError("x"), attempt) for attempt in (1, 2, 3, 4, 5)]
    for wait, full in zip(waits, (1, 2, 4, 5, 5), strict=True):
        assert 0.75 * full <= wait <= full
    assert policy.wait(LMAuthError("x"), 1) is None
    assert policy.wait(ValueError("x"), 1) is None


def test_a_deadline_is_kept(client):
    with FakeServer(default=Step(delay=30)) as server:
        started = time.monotonic()
        with pytest.raises(LMTimeoutError, match=r"0\.3 seconds"):
            client(server, timeout=0.3, num_retries=0)("hello")
        assert time.monotonic() - started < 15  # the server would answer after 30 s


def test_nobody_listens(client):
    lm = client(type("Gone", (), {"url": "http://127.0.0.1:9/v1"}), num_retries=1)
    with pytest.raises(LMTransportError, match=r"Nothing answers at http://127\.0\.0\.1:9.*api_base"):
        lm("hello")


def test_messages_say_what_to_do(client):
    def said(step: Step, **kwargs: object) -> str:
        with (
            FakeServer(default=step, models=["llama-3-8b", "qwen"]) as server,
            pytest.raises(LMError) as caught,
        ):
            client(server, **kwargs)("hello", num_retries=0)
        return str(caught.value)

    assert "llama-3-8b" in said(error(404, "model does not exist"), model="openai/llama-3-7b")
    assert "Give api_key" in said(error(401))
    assert "Check api_key" in said(error(401), api_key="wrong")
    assert "api_base" in said(MOVED)
    assert "longer than the model can read" in said(LONG)
    assert "/v1" in said(PAGE)


def test_thirty_percent_transient_faults_lose_nothing(client, how_many):
    import asyncio
    import random

    faults, dice = [error(429), error(500), error(503), RESET, HALF, BROKEN], random.Random(7)

    def script(received):
        if dice.random() < 0.3:
            return dice.choice(faults)
        return Step(text=received.body["messages"][0]["content"])

    n = how_many(200, 1000)
    with FakeServer(script) as server:
        lm = client(server, num_retries=12)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall(f"row {i}") for i in range(n)))

        assert asyncio.run(all_of_them()) == [[f"row {i}"] for i in range(n)]
