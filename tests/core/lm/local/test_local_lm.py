"""A checkpoint in this process, as a language model like any other."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

import core
from core.foundation.errors import (
    ContextWindowExceededError,
    LMConfigurationError,
    LMUnsupportedFeatureError,
    MissingExtraError,
)
from core.lm import LM
from core.lm.local import LocalLM
from core.lm.local.checkpoint import checkpoint_hash
from tests.core.lm.local.conftest import make_llama, make_t5
from tests.fakes.ears import hearing


def model(folder, **kwargs):
    return LM(f"local/{folder}", **{"cache": False, "max_tokens": 12, **kwargs})


def test_a_folder_is_a_model_and_greedy_answers_repeat(checkpoint):
    lm = model(checkpoint)
    assert isinstance(lm, LocalLM)
    first = lm("what is the answer")
    assert first == lm("what is the answer")
    assert isinstance(first[0], str)
    entry = lm.history[-1]
    assert entry["usage"]["completion_tokens"] <= 12
    assert entry["usage"]["prompt_tokens"] > 3
    assert entry["cost"] == 0.0


def test_answers_are_cached_by_what_the_checkpoint_is(checkpoint, tmp_path):
    here, there = tmp_path / "copy", tmp_path / "trained"
    shutil.copytree(checkpoint, here)
    make_llama(there, seed=5)
    assert checkpoint_hash(here) == checkpoint_hash(checkpoint) != checkpoint_hash(there)
    lm = model(checkpoint, cache=True)
    lm("q")
    for folder, cached in ((checkpoint, True), (here, False), (there, False)):
        other = model(folder, cache=True)
        assert (other.identity() == lm.identity()) is (folder != there)
        other("q")
        assert other.history[-1]["cached"] is cached


def test_the_chat_template_is_used_and_one_that_refuses_the_system_role_still_serves(checkpoint):
    from transformers import AutoTokenizer

    from core.lm.local.prompt import chat_text

    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    turns = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert chat_text(tokenizer, turns[1:], "m") == "<|user|>hi\n<|assistant|>"
    assert chat_text(tokenizer, turns, "m") == "<|user|>be brief\n\nhi\n<|assistant|>"
    tokenizer.chat_template = None
    assert chat_text(tokenizer, turns, "m") == "System: be brief\n\nUser: hi\n\nAssistant:"
    tokenizer.chat_template = "{{ raise_exception('never') }}"
    with pytest.raises(LMConfigurationError, match="never"):
        chat_text(tokenizer, turns, "m")


def test_text_models_go_on_from_the_text(untemplated):
    lm = model(untemplated, model_type="text")
    chat = model(untemplated)
    lm("what"), chat("what")
    assert lm.history[-1]["usage"]["prompt_tokens"] < chat.history[-1]["usage"]["prompt_tokens"]


def test_requests_that_wait_together_are_written_together_and_come_out_as_alone(checkpoint):
    lm = model(checkpoint)
    questions = [f"what is {'the ' * number}answer" for number in range(12)]
    alone = [lm(question) for question in questions]

    async def together():
        return await asyncio.gather(*(lm.acall(question) for question in questions))

    engine = lm._engine()[1]
    before = len(engine.batches)
    assert asyncio.run(together()) == alone
    batches = engine.batches[before:]
    assert sum(batches) == 12
    assert max(batches) > 1
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lm, questions)) == alone


def test_samples_differ_and_a_seed_repeats_them(checkpoint):
    lm = model(checkpoint, temperature=1.5)
    first = lm("what is the", n=4, seed=3)
    assert len(set(first)) > 1
    assert lm("what is the", n=4, seed=3) == first
    assert lm("what is the", n=4, seed=4) != first
    assert lm("what is the", n=2, seed=3) == first[:2]
    assert lm("what is the", n=1, seed=3, rollout_id=9) != first[:1]
    drawn = {lm("what is the")[0] for _ in range(4)}
    assert len(drawn) > 1
    assert lm("what is the", temperature=0.0, n=2)[0] == lm("what is the", temperature=1.0, top_k=1)[0]
    assert lm("what is the", temperature=1.0, top_p=1e-6)[0] == lm("what is the", temperature=0.0)[0]


def test_draws_follow_the_models_own_probabilities(untemplated):
    lm = model(untemplated, max_tokens=1, model_type="text")
    (reply,) = lm("what is", logprobs=True, top_logprobs=4)
    (token,) = reply["logprobs"]["content"]
    top = token["top_logprobs"]
    assert (token["token"], token["logprob"]) == (top[0]["token"], top[0]["logprob"])
    assert [item["logprob"] for item in top] == sorted((item["logprob"] for item in top), reverse=True)
    drawn = lm("what is", n=600, seed=1, temperature=0.5, top_k=4, logprobs=True)
    chosen = Counter(item["logprobs"]["content"][0]["logprob"] for item in drawn)
    weights = [math.exp(item["logprob"] / 0.5) for item in top]
    for item, weight in zip(top, weights, strict=True):
        share = sum(number for value, number in chosen.items() if value == pytest.approx(item["logprob"]))
        assert share / 600 == pytest.approx(weight / sum(weights), abs=0.08)  # four standard errors


def test_stop_words_end_a_text_and_are_left_out(checkpoint):
    lm = model(checkpoint, max_tokens=30)
    whole = lm("what is the answer")[0]
    assert len(whole) > 6
    word = whole[3:5]
    assert lm("what is the answer", stop=[word])[0] == whole[: whole.index(word)]
    assert lm.history[-1]["response"].outputs[0].finish_reason == "stop"
    assert lm("what is the answer", stop="never said")[0] == whole


def test_a_text_ends_at_its_limit(checkpoint):
    lm = model(checkpoint, max_tokens=3)
    lm("q")
    assert lm.history[-1]["usage"]["completion_tokens"] == 3
    assert lm.history[-1]["response"].outputs[0].finish_reason == "length"


def test_too_long_a_conversation_is_refused(checkpoint):
    with pytest.raises(ContextWindowExceededError, match="of 1024 tokens"):
        model(checkpoint)("what is " * 1100)


def test_what_a_checkpoint_cannot_do_is_refused(checkpoint):
    with pytest.raises(LMUnsupportedFeatureError, match="tools"):
        model(checkpoint)("q", tools=[{}])
    with pytest.raises(LMUnsupportedFeatureError, match="text alone"):
        model(checkpoint)(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}])
    with pytest.raises(LMConfigurationError, match="model_type"):
        model(checkpoint, model_type="responses")


def test_wrong_paths_are_said(tmp_path):
    with pytest.raises(LMConfigurationError, match="There is no folder"):
        model(tmp_path / "nothing")("q")
    with pytest.raises(LMConfigurationError, match=r"no config\.json"):
        model(tmp_path)("q")
    with pytest.raises(LMConfigurationError, match="neither a folder here nor"):
        model("nobody/never-made")("q")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"}))
    with pytest.raises(LMConfigurationError, match="cannot be loaded"):
        model(tmp_path)("q")


def test_replies_are_heard_while_they_are_written(checkpoint):
    lm = model(checkpoint, max_tokens=20)
    whole = lm("what is the answer")[0]
    with hearing() as ear:
        assert lm("what is the answer", stop=["never said"])[0] == whole
    assert "".join(ear.texts) == whole
    assert len(ear.texts) > 2


def test_who_stops_listening_ends_the_text(checkpoint):
    lm = model(checkpoint, max_tokens=200)
    seen = threading.Event()

    async def run():
        with hearing() as ear:
            ear.text = lambda piece: seen.set()
            task = asyncio.create_task(lm.acall("q"))
            await asyncio.to_thread(seen.wait, 30)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert lm("q", max_tokens=2) == lm("q", max_tokens=2)  # the worker is free again


def test_a_program_runs_on_it(checkpoint):
    with core.context(lm=model(checkpoint, max_tokens=40)):
        answer = core.Predict("question -> answer")(question="what is the answer").answer
    assert isinstance(answer, str)


def test_an_encoder_decoder_is_a_model_too(tmp_path):
    lm = model(make_t5(tmp_path / "t5"), model_type="text")
    alone = [lm(text)[0] for text in ("what", "what is the answer to")]

    async def together():
        return await asyncio.gather(lm.acall("what"), lm.acall("what is the answer to"))

    assert [reply for (reply,) in asyncio.run(together())] == alone


def test_nothing_is_imported_before_a_model_is_asked():
    code = (
        "import sys; from core.lm import LM; LM('local/x');"
        "print('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"


def test_without_the_extra_the_message_says_what_to_install(checkpoint, monkeypatch, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "again")
    (folder / "new.json").write_text("{}")  # another hash, so another engine that has to be loaded
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match="transformers") as caught:
        model(folder)("q")
    assert "[local]" in caught.value.hint
