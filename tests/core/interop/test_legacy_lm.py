"""Language models written in 2024's way serve predictors."""

import asyncio

import pytest

import core
from core.dsp import LM
from core.foundation.errors import LMError

REPLY = "[[ ## answer ## ]]\nfour\n\n[[ ## completed ## ]]"


class ByRequest(LM):
    def __init__(self) -> None:
        super().__init__("mine")
        self.prompts: list[str] = []

    def basic_request(self, prompt: str, **kwargs):
        self.prompts.append(prompt)
        return {"choices": [{"text": REPLY}], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}

    def __repr__(self) -> str:
        return "ByRequest"


class ByCall(LM):
    def __init__(self) -> None:
        super().__init__("mine")

    def __call__(self, prompt, only_completed=True, return_sorted=False, **kwargs):
        return [REPLY]


@pytest.mark.parametrize("make", [ByRequest, ByCall])
def test_a_predictor_uses_it_from_sync_and_async_code(make) -> None:
    program = core.Predict("question -> answer")
    program.lm = make()
    assert program(question="2 + 2?").answer == "four"
    assert asyncio.run(program.acall(question="2 + 3?")).answer == "four"


def test_the_prompt_holds_every_message_and_usage_is_kept() -> None:
    lm = ByRequest()
    with core.context(lm=lm):
        core.Predict("question -> answer")(question="2 + 2?")
    assert "2 + 2?" in lm.prompts[0]
    assert "[[ ## answer ## ]]" in lm.prompts[0]
    assert lm.history[-1]["usage"]["prompt_tokens"] == 7


def test_a_wrong_answer_type_says_what_to_return() -> None:
    class Wrong(ByRequest):
        def basic_request(self, prompt: str, **kwargs):
            return 3

    with core.context(lm=Wrong()), pytest.raises(LMError, match="answered with int") as caught:
        core.Predict("question -> answer")(question="?")
    assert "list of texts" in caught.value.hint


def test_without_basic_request_it_says_so() -> None:
    with core.context(lm=LM("mine")), pytest.raises(LMError, match="has no basic_request"):
        core.Predict("question -> answer")(question="?")
