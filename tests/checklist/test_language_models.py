"""C11–C22: language models, their settings, samples, cache and history."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import core
from core.dsp import LM as OldLM
from core.foundation.errors import LMAuthError, LMConfigurationError
from core.lm import Cache, ScriptedLM
from core.lm.cache import _Active
from core.retrieval import BM25
from tests.fakes.server import FakeServer, Step, error


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path) -> Iterator[None]:
    before, configured = _Active.value, _Active.configured
    _Active.value, _Active.configured = Cache(tmp_path / "lm-cache"), True
    yield
    _Active.value.close()
    _Active.value, _Active.configured = before, configured


def reply(answer: object) -> str:
    return f"[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]"


def test_c011_a_client_called_with_a_text_gives_a_list_of_completions() -> None:
    with FakeServer(lambda _: Step(text="Paris")) as server:
        made = {
            kind: core.OpenAI("m", "key", api_base=server.url, model_type=kind, max_tokens=9)
            for kind in ("chat", "text")
        }
        for kind, path in (("chat", "/v1/chat/completions"), ("text", "/v1/completions")):
            assert made[kind]("The capital of France is", n=2) == ["Paris 0", "Paris 1"]
            sent = server.calls[-1]
            assert sent.path == path
            assert sent.headers["authorization"] == "Bearer key"
            assert (sent.body["max_tokens"], sent.body["temperature"]) == (9, 0.0)
        azure = core.OpenAI("m", "key", api_provider="azure", api_base=server.url, model_type="chat")
        assert "openai" in azure.identity()
    with (
        FakeServer(default=error(401, "wrong")) as server,
        pytest.raises(LMAuthError, match="refuses the key"),
    ):
        core.OpenAI("m", "key", api_base=server.url)("q")


def test_c012_model_and_retriever_are_configured_in_one_place() -> None:
    before = core.settings.copy()
    lm, rm = ScriptedLM([reply("a")]), BM25(["one passage about cats", "another about dogs"])
    try:
        for configure in (core.configure, core.settings.configure):
            configure(lm=lm, rm=rm)
            assert core.settings.lm is lm
            assert core.Retrieve(k=1)("cats").passages == ["one passage about cats"]
        assert core.Predict("question -> answer")(question="q").answer == "a"
    finally:
        core.configure(lm=before["lm"], rm=before["rm"])


def test_c013_a_context_holds_inside_its_block_and_its_thread() -> None:
    outer, inner = ScriptedLM([]), ScriptedLM([])
    seen: dict[str, Any] = {}
    with core.context(lm=outer):
        with core.context(lm=inner):
            assert core.settings.lm is inner
            thread = threading.Thread(target=lambda: seen.update(lm=core.settings.lm))
            thread.start()
            thread.join()
        assert core.settings.lm is outer
    assert seen["lm"] not in (inner, outer)


@pytest.mark.parametrize("where", ["constructor", "call"])
def test_c014_n_samples_are_completions(where: str) -> None:
    lm = ScriptedLM([[reply(letter) for letter in "abcde"]])
    with core.context(lm=lm):
        if where == "constructor":
            prediction = core.Predict("question -> answer", n=5)(question="q")
        else:
            prediction = core.Predict("question -> answer")(question="q", config={"n": 5})
    assert list(prediction.completions.answer) == list("abcde")
    assert prediction.completions[3].answer == "d"
    assert prediction.answer == "a"


def test_c015_the_same_call_is_answered_once_and_another_temperature_asks_anew() -> None:
    with FakeServer(lambda r: Step(text=reply(len(server.calls)))) as server:
        predict = core.Predict("question -> answer")
        with core.context(lm=core.LM("openai/m", api_base=server.url)):
            assert {predict(question="q").answer for _ in range(4)} == {"1"}
            drawn = [predict(question="q", config={"temperature": 0.7 + 0.0001 * i}).answer for i in range(3)]
            assert drawn == ["2", "3", "4"]
            assert predict(question="q", config={"temperature": 0.7001}).answer == "3"
            assert predict(question="q", config={"rollout_id": 1}).answer == "5"  # the way without a trick


@pytest.mark.parametrize(("asked", "sent"), [(0.0, 0.7), (0.15, 0.7), (None, 0.7), (0.5, 0.5)])
def test_c016_several_samples_at_a_low_temperature_are_drawn_at_a_higher_one(asked, sent) -> None:
    lm = ScriptedLM(lambda _: reply("a"), temperature=asked)
    with core.context(lm=lm):
        core.Predict("question -> answer", n=3)(question="q")
        core.Predict("question -> answer")(question="q")
    assert lm.requests[0].params["temperature"] == sent
    assert lm.requests[1].params.get("temperature") == asked


@pytest.mark.parametrize("name", ["signature", "new_signature"])
def test_c017_one_call_may_differ_in_everything(name: str) -> None:
    usual, other = ScriptedLM(lambda _: reply("usual")), ScriptedLM(lambda _: reply("other"))
    predict = core.Predict("question -> answer")
    with core.context(lm=usual):
        changed = predict(
            question="q",
            lm=other,
            config={"temperature": 0.3},
            demos=[core.Example(question="shown", answer="so")],
            **{name: core.Signature("question -> answer", "In one word.")},
        )
        assert (changed.answer, predict(question="q").answer) == ("other", "usual")
    asked = str(other.requests[0].messages)
    assert "In one word." in asked and "shown" in asked
    assert other.requests[0].params["temperature"] == 0.3
    assert "shown" not in str(usual.requests[0].messages)
    assert predict.demos == []


@pytest.mark.parametrize(
    "name",
    ["OpenAI", "Anthropic", "Claude", "Mistral", "Together", "Groq", "Google", "AzureOpenAI", "Databricks"],
)
def test_c018_clients_of_hosted_models_speak_to_their_address(name: str) -> None:
    with FakeServer() as server:
        made = getattr(core, name)(model="m", api_key="key", api_base=server.url, cache=False)
        assert made("q") == ["ok"]
        (sent,) = server.calls
        assert "key" in sent.headers.get("authorization", sent.headers.get("api-key", ""))
        assert sent.body["model"] == "m"
    for gone in ("Cohere", "Anyscale"):
        with pytest.raises(LMConfigurationError) as caught:
            getattr(core, gone)(model="m")
        assert caught.value.hint


@pytest.mark.parametrize("name", ["HFClientTGI", "HFClientVLLM"])
def test_c019_clients_of_local_servers(name: str) -> None:
    with FakeServer() as server:
        made = getattr(core, name)(model="m", port=server.port, url="http://127.0.0.1", cache=False)
        assert made("q") == ["ok"]
        assert "authorization" not in server.calls[0].headers
        ollama = core.OllamaLocal("llama3:8b", base_url=f"http://127.0.0.1:{server.port}", cache=False)
        assert ollama("q") == ["ok"]
        assert server.calls[1].body["model"] == "llama3:8b"
    assert core.HFModel("org/model", checkpoint="folder").model == "local/folder"
    with pytest.raises(LMConfigurationError) as caught:
        core.ChatModuleClient("m")
    assert caught.value.hint


def test_c020_a_model_of_ones_own_with_basic_request() -> None:
    class Mine(OldLM):
        def __init__(self) -> None:
            super().__init__("mine")
            self.provider = "default"
            self.asked: list[str] = []

        def basic_request(self, prompt: str, **kwargs: Any) -> Any:
            self.asked.append(prompt)
            return {
                "choices": [{"text": reply("four")}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1},
            }

        def __call__(
            self, prompt: str, only_completed: bool = True, return_sorted: bool = False, **kwargs: Any
        ) -> list[str]:
            return [choice["text"] for choice in self.request(prompt, **kwargs)["choices"]]

    lm = Mine()
    with core.context(lm=lm):
        assert core.Predict("question -> answer")(question="2 + 2?").answer == "four"
    assert "2 + 2?" in lm.asked[0]
    assert lm.history


def test_c021_what_was_asked_and_answered_last(capsys: pytest.CaptureFixture[str]) -> None:
    lm = ScriptedLM(["first reply", "second reply"], temperature=0.3)
    lm("first question")
    lm("second question")
    lm.inspect_history(n=1)
    shown = capsys.readouterr().out
    assert "second question" in shown and "second reply" in shown
    assert "first" not in shown
    everything = io.StringIO()
    lm.inspect_history(n=5, file=everything)
    assert "first reply" in everything.getvalue()
    entry = lm.history[-1]
    assert set(entry) >= {
        "prompt", "messages", "kwargs", "response", "outputs", "usage", "cost", "timestamp", "uuid", "model",
        "response_model", "model_type",
    }  # fmt: skip
    assert (entry["prompt"], entry["outputs"]) == ("second question", ["second reply"])
    assert entry["kwargs"] == {"temperature": 0.3}


_ASK = """
import sys
import core
print(core.LM("openai/m", api_base=sys.argv[1], num_retries=0)("q"))
core.lm.active_cache().close()
"""


def _asked(url: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _ASK, url],
        env={**os.environ, "PYTHONPATH": str(Path.cwd()), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_c022_the_cache_is_switched_off_put_elsewhere_and_answers_offline(tmp_path: Path) -> None:
    def without(*names: str) -> dict[str, str]:
        return dict.fromkeys(names, "")

    plain = without("WORKBENCH_CACHE_DIR", "DSPY_CACHEDIR")
    here = {**plain, "DSP_NOTEBOOK_CACHEDIR": str(tmp_path / "notebook")}
    with FakeServer() as server:
        for _ in range(2):
            assert "['ok']" in _asked(server.url, **here, DSP_CACHEBOOL="False").stdout
        assert len(server.calls) == 2
        for _ in range(2):
            assert "['ok']" in _asked(server.url, **here).stdout
        assert len(server.calls) == 3
        url = server.url
        lm = core.LM("openai/m", api_base=server.url, cache=False)
        assert [lm("q"), lm("q")] == [["ok"], ["ok"]]
        assert len(server.calls) == 5
    assert any((tmp_path / "notebook").iterdir())
    assert "['ok']" in _asked(url, **here).stdout  # nobody listens there any more
