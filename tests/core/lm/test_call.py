"""The path of one call: span, meter, threads, colours."""

from __future__ import annotations

import asyncio
import threading

import pytest

from core.foundation.drive import io_loop
from core.foundation.errors import BudgetExceeded, LMConfigurationError, LMServerError, LMUnexpectedError
from core.lm import LM, BaseLM, ScriptedLM, call_meter
from core.messages import LMOutput, LMResponse
from core.settings import context
from core.trace import MemorySink, sink_to
from tests.fakes.server import FakeServer, Step, error


class Meter:
    """Counts what is reserved and settled; refuses beyond `cap`."""

    def __init__(self, cap: int = 10**9) -> None:
        self.cap = cap
        self.reserved = 0
        self.settled: list[LMResponse | None] = []

    async def reserve(self, request: object) -> None:
        if self.reserved >= self.cap:
            raise BudgetExceeded("no calls left")
        self.reserved += 1

    def settle(self, response: LMResponse | None) -> None:
        self.settled.append(response)


@pytest.fixture
def meter():
    made = Meter()
    token = call_meter.set(made)
    yield made
    call_meter.reset(token)


def test_the_span_carries_the_whole_call(client):
    with (
        FakeServer([error(500)], default=Step(text="Paris", usage=(7, 3))) as server,
        sink_to(MemorySink()) as sink,
    ):
        lm = client(server, cache=True)
        with context(prices={"openai/fake": (1.0, 1.0)}):
            lm("Capital?", temperature=0.5)
            lm("Capital?", temperature=0.5)
    live, cached = [span.attributes for span in sink.spans]
    assert [span.kind for span in sink.spans] == ["lm", "lm"]
    assert live["model"] == "openai/fake"
    assert live["messages"] == [{"role": "user", "content": "Capital?"}]
    assert live["raw"] == cached["raw"] == ["Paris"]
    assert live["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert (live["cached"], live["attempts"], live["cost"]) == (False, 2, 0.00001)
    assert (cached["cached"], cached["attempts"], cached["cost"]) == (True, 0, 0.0)
    assert cached["saved_cost"] == 0.00001
    assert live["latency"] > cached["latency"] >= 0
    assert live["params"] == {"temperature": 0.5}


def test_a_failed_call_ends_its_span_with_the_error(client):
    with (
        FakeServer(default=error(500)) as server,
        sink_to(MemorySink()) as sink,
        pytest.raises(LMServerError),
    ):
        client(server, num_retries=0)("x")
    assert sink.spans[0].status == "error"
    assert "LMServerError" in sink.spans[0].error


def test_the_meter_sees_every_attempt_and_no_cached_answer(client, meter):
    with FakeServer([error(500), error(429)]) as server:
        lm = client(server, cache=True)
        lm("x")
        assert meter.reserved == 3
        assert [response is None for response in meter.settled] == [True, True, False]
        lm("x")
        assert meter.reserved == 3
        lm("y")
        assert meter.reserved == len(meter.settled) == len(server.calls) == 4


def test_the_meter_stops_a_call_before_it_is_sent(client, meter):
    meter.cap = 2
    with FakeServer(default=error(500)) as server:
        with pytest.raises(BudgetExceeded):
            client(server)("x")
        assert len(server.calls) == 2
        assert len(meter.settled) == 2


def test_a_cap_is_exact_under_concurrency(client, meter):
    meter.cap = 25
    with FakeServer() as server:
        lm = client(server)

        async def all_of_them():
            return await asyncio.gather(*(lm.acall("x") for _ in range(100)), return_exceptions=True)

        results = asyncio.run(all_of_them())
        assert len(server.calls) == 25
        assert sum(isinstance(result, BudgetExceeded) for result in results) == 75


def test_the_meter_counts_in_process_models_too(meter):
    lm = ScriptedLM([LMServerError("once"), "fine"], num_retries=1)
    lm.backoff = type(lm.backoff)(base=0.01)
    assert lm("x") == ["fine"]
    assert meter.reserved == 2
    assert [response is None for response in meter.settled] == [True, False]


def test_in_process_models_stay_in_the_callers_thread_and_networks_go_to_the_io_loop():
    threads = []

    class Here(BaseLM):
        local = True

        async def complete(self, request):
            threads.append(threading.current_thread())
            return LMResponse([LMOutput("x")])

    class There(Here):
        local = False

    Here("m")("q")
    There("m")("q")
    assert threads[0] is threading.current_thread()
    assert threads[1].name == "io"


def test_a_cache_hit_never_goes_to_the_io_loop(client, monkeypatch):
    with FakeServer() as server:
        lm = client(server, cache=True)
        lm("x")
        monkeypatch.setattr("core.lm.call.on_io", lambda start: pytest.fail("went to the I/O loop"))
        assert lm("x") == ["ok"]


def test_every_colour_gets_the_same(client):
    with FakeServer(lambda r: Step(text=r.body["messages"][0]["content"])) as server:
        lm = client(server)

        async def inside():
            return await lm.acall("async")

        assert lm("sync") == ["sync"]
        assert asyncio.run(inside()) == ["async"]
        assert asyncio.run_coroutine_threadsafe(inside(), io_loop()).result(10) == ["async"]

        async def notebook():
            return lm("sync under a running loop")

        assert asyncio.run(notebook()) == ["sync under a running loop"]


def test_arguments(client):
    with FakeServer() as server:
        lm = client(server, temperature=0.3, top_p=0.9)
        lm("x", temperature=0.7, stop=["."], rollout_id=4, top_p=None)
        body = server.calls[0].body
        assert body == {
            "model": "fake",
            "messages": [{"role": "user", "content": "x"}],
            "temperature": 0.7,
            "stop": ["."],
        }
        lm(messages=[{"role": "system", "content": "s"}, {"role": "user", "content": "u"}])
        assert [m["role"] for m in server.calls[1].body["messages"]] == ["system", "user"]
        with pytest.raises(LMConfigurationError, match="Give a text or messages"):
            lm()


def test_an_endpoint_or_key_cannot_be_slipped_into_a_call(client):
    with FakeServer() as server:
        for name in ("api_key", "api_base", "base_url"):
            with pytest.raises(LMConfigurationError, match="belongs to a model"):
                client(server)("x", **{name: "http://elsewhere"})


def test_context_reaches_the_model(client):
    """The settings of the caller hold on the I/O loop."""
    seen = []

    class There(BaseLM):
        async def complete(self, request):
            from core.settings import settings

            seen.append(settings.max_errors)
            return LMResponse([LMOutput("x")])

    with context(max_errors=77):
        There("m")("q")
    assert seen == [77]


def test_more_than_text_is_a_dict():
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    lm = ScriptedLM([LMOutput("t", tool_calls=[call], reasoning="because"), "plain"])
    assert lm("x") == [{"text": "t", "tool_calls": [call], "reasoning_content": "because"}]
    assert lm("x") == ["plain"]


def test_a_copy_has_its_own_settings_and_history():
    lm = ScriptedLM(lambda request: "x", temperature=0.1, top_p=0.5)
    lm("q")
    made = lm.copy(temperature=0.9, top_p=None, rollout_id=3, num_retries=7)
    assert made.kwargs == {"temperature": 0.9, "max_tokens": None, "rollout_id": 3}
    assert lm.kwargs == {"temperature": 0.1, "max_tokens": None, "top_p": 0.5}
    assert (made.num_retries, lm.num_retries) == (7, 3)
    assert len(made.history) == 0
    made("q")
    assert len(lm.history) == 1


def test_a_model_needs_a_name_and_a_way_to_answer():
    with pytest.raises(LMConfigurationError):
        LM("")
    with pytest.raises(LMConfigurationError, match="complete"):
        BaseLM("nothing")("x")


def test_no_completion_is_an_error_and_is_not_kept(client):
    with FakeServer([Step(body=b'{"choices": []}')], default=Step(text="now")) as server:
        lm = client(server, cache=True)
        with pytest.raises(LMUnexpectedError, match="no completion"):
            lm("q")
        assert lm("q") == ["now"]
