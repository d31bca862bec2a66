"""Determinism, temperature, counts."""

from __future__ import annotations

import math
import random
import time
from collections import Counter
from typing import Any

import pytest

from core.lm.embedded import InContextModel
from core.lm.embedded.options import Option, Sampler, distribution
from core.lm.embedded.text import count_tokens

PROMPT = [{"role": "user", "content": "Classify as one of: red, blue, green.\n\nText: a red and blue thing"}]


def test_the_same_request_has_the_same_answer(model: InContextModel) -> None:
    assert model.complete(PROMPT) == InContextModel().complete(PROMPT)
    hot: dict[str, Any] = {"temperature": 1.5, "seed": 4, "n": 5}
    assert model.complete(PROMPT, **hot) == InContextModel().complete(PROMPT, **hot)


def test_temperature_zero_ignores_seed_and_sample(model: InContextModel) -> None:
    assert len({model.complete(PROMPT, seed=s, sample=s)[0].text for s in range(9)}) == 1
    assert len({reply.text for reply in model.complete(PROMPT, n=4)}) == 1


def test_samples_differ_by_seed_and_by_number(model: InContextModel) -> None:
    by_seed = {model.complete(PROMPT, temperature=1.5, seed=s)[0].text for s in range(30)}
    by_number = {model.complete(PROMPT, temperature=1.5, sample=s)[0].text for s in range(30)}
    assert len(by_seed) > 1
    assert len(by_number) > 1


def test_draws_follow_the_models_own_distribution() -> None:
    options = [Option("a", math.log(0.6)), Option("b", math.log(0.3)), Option("c", math.log(0.1))]
    for temperature in (0.5, 1.0, 2.0):
        expected = distribution(options, temperature)
        sampler = Sampler(temperature, random.Random(1))
        counts = Counter(sampler.pick(options).value for _ in range(20_000))
        for option, share in zip(options, expected, strict=True):
            assert counts[option.value] / 20_000 == pytest.approx(share, abs=0.015)


def test_the_likelier_label_is_drawn_more_often(model: InContextModel) -> None:
    drawn = Counter(model.complete(PROMPT, temperature=1.0, seed=seed)[0].text for seed in range(300))
    assert drawn["green"] < min(drawn["red"], drawn["blue"])


def test_tokens_are_counted_by_the_stated_rule(model: InContextModel) -> None:
    assert [count_tokens(text) for text in ("", "word", "words", "a b", "a, b!", "東京")] == [
        0,
        1,
        2,
        2,
        4,
        2,
    ]
    reply = model.complete(PROMPT)[0]
    assert reply.prompt_tokens == count_tokens(PROMPT[0]["content"]) + 3
    assert reply.completion_tokens == count_tokens(reply.text)


def test_a_long_reply_is_cut(model: InContextModel) -> None:
    whole = model.complete(PROMPT)[0].text
    cut = model.complete(PROMPT, max_tokens=1)[0]
    assert cut.finish_reason == ("length" if count_tokens(whole) > 1 else "stop")
    assert cut.completion_tokens <= 1
    assert whole.startswith(cut.text)


@pytest.mark.parametrize(
    "messages", [[{"role": "user", "content": text}] for text in ("", " ", "?", "[[ ## x ## ]]", "{", "<a>")]
)
def test_odd_prompts_get_an_answer(model: InContextModel, messages: list[dict[str, str]]) -> None:
    assert isinstance(model.complete(messages)[0].text, str)


def test_contents_in_parts_and_missing_contents(model: InContextModel) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": PROMPT[0]["content"]}]}]
    assert model.complete(parts)[0].text == model.complete(PROMPT)[0].text
    assert model.complete([{"role": "assistant", "content": None}, *PROMPT])[0].text


@pytest.mark.parametrize("kind", ["str", "list[str]", "float", "Optional[str]", "bool"])
@pytest.mark.parametrize(
    "piece", ["a", "1", "(", "A ", "Ab, ", "a@", "<a>", "\n", "[1] «", "{", "[", "a and ", "1-", "東"]
)
def test_hostile_texts_are_answered_in_time(
    model: InContextModel, stranger: Any, kind: str, piece: str
) -> None:
    messages = stranger([("value", kind, "")], {"text": piece * (20_000 // len(piece))})
    started = time.process_time()
    assert "[[ ## value ## ]]" in model.complete(messages)[0].text
    assert model.complete([{"role": "user", "content": piece * (20_000 // len(piece))}])
    assert time.process_time() - started < 10
