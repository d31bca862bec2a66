"""BestOfN and Refine: several attempts, the best kept, advice between them, and a trace of the kept one alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import core
from core.foundation.errors import ConfigurationError
from core.lm import ScriptedLM
from core.trace import MemorySink, collect, sink_to


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def said(lm: ScriptedLM, call: int = -1) -> str:
    return "\n".join(message["content"] for message in lm.requests[call].messages)


def length(args: dict[str, Any], prediction: core.Prediction) -> float:
    """The longer the better."""
    assert args == {"question": "q"}
    return len(prediction.answer)


def best(n: int = 3, threshold: float = 4, reward: Any = length, **more: Any) -> core.BestOfN:
    return core.BestOfN(core.Predict("question -> answer"), n, reward, threshold, **more)


def test_the_best_of_n_attempts_is_returned() -> None:
    lm = ScriptedLM([reply(answer=text) for text in ("bb", "ccc", "a")])
    with core.context(lm=lm):
        assert best()(question="q").answer == "ccc"
    assert [request.rollout_id for request in lm.requests] == [0, 1, 2]
    assert all(request.params["temperature"] == 1.0 for request in lm.requests)


def test_an_attempt_at_the_threshold_ends_it_in_both_colours() -> None:
    lm = ScriptedLM([reply(answer="a"), reply(answer="dddd")] * 2)
    with core.context(lm=lm):
        assert best()(question="q").answer == "dddd"
        assert asyncio.run(best().acall(question="q")).answer == "dddd"
    assert len(lm.requests) == 4


def test_a_repeated_run_repeats_its_samples_from_the_cache() -> None:
    numbered = iter(range(100))
    lm = ScriptedLM(lambda request: reply(answer="x" * (next(numbered) % 3 + 1)), cache=True)
    with core.context(lm=lm):
        first = best()(question="q").answer
        assert best()(question="q").answer == first == "xxx"
    assert len(lm.requests) == 3


def test_attempts_inside_attempts_have_samples_of_their_own() -> None:
    lm = ScriptedLM(lambda request: reply(answer="a"))
    with core.context(lm=lm):
        core.BestOfN(best(2), 2, length, 9)(question="q")
    assert len({request.rollout_id for request in lm.requests}) == 4


def test_a_judge_as_reward_may_ask_a_model_and_be_async() -> None:
    judge = core.Predict("text -> score: float")

    async def judged(args: dict[str, Any], prediction: core.Prediction) -> float:
        return (await judge.acall(text=prediction.answer)).score

    def sync_judged(args: dict[str, Any], prediction: core.Prediction) -> float:
        return judge(text=prediction.answer).score

    for reward in (judged, sync_judged):
        for local in (True, False):
            replies = [reply(answer="a"), reply(score="0.2"), reply(answer="b"), reply(score="0.9")]
            with core.context(lm=ScriptedLM(replies * 2, local=local)), collect() as steps:
                assert best(2, 0.8, reward)(question="q").answer == "b"
                assert asyncio.run(best(2, 0.8, reward).acall(question="q")).answer == "b"
            assert [step.outputs.answer for step in steps] == ["b", "b"]


def test_only_the_attempt_that_was_kept_stands_in_a_trace() -> None:
    with core.context(lm=ScriptedLM([reply(answer="aaa"), reply(answer="b")]), trace=[]), collect() as steps:
        best(2)(question="q")
        trace = core.settings.trace
    assert [(step.path, step.outputs.answer) for step in steps] == [("module", "aaa")]
    assert [step[2].answer for step in trace] == ["aaa"]


def test_attempts_are_spans_with_their_rewards() -> None:
    with core.context(lm=ScriptedLM([reply(answer="a"), reply(answer="bb")])), sink_to(MemorySink()) as sink:
        best(2)(question="q")
    attempts = [span for span in sink.spans if span.kind == "attempt"]
    assert [(span.name, span.attributes["reward"]) for span in attempts] == [("1 of 2", 1.0), ("2 of 2", 2.0)]


def test_failures_are_borne_up_to_fail_count() -> None:
    replies = [core.LMError("down"), reply(answer="ok"), core.LMError("down")]
    with core.context(lm=ScriptedLM(replies)):
        assert best(3)(question="q").answer == "ok"
    with core.context(lm=ScriptedLM(replies)), pytest.raises(core.LMError, match="down"):
        best(3, fail_count=0)(question="q")
    with core.context(lm=ScriptedLM([core.LMError("down")] * 3)), pytest.raises(core.LMError, match="down"):
        best(3)(question="q")


def test_a_reward_that_is_no_number_and_n_below_one_are_refused() -> None:
    with (
        core.context(lm=ScriptedLM([reply(answer="a")])),
        pytest.raises(ConfigurationError, match="not a number"),
    ):
        best(reward=lambda args, prediction: "good")(question="q")
    with pytest.raises(ConfigurationError, match="N=0"):
        best(0)


def refine(n: int = 3, **more: Any) -> core.Refine:
    return core.Refine(core.ChainOfThought("question -> answer"), n, length, 4, **more)


ADVICE = reply(discussion="too short", advice='{"predict": "Write four letters."}')


def test_refine_advises_the_next_attempt() -> None:
    lm = ScriptedLM([reply(reasoning="r", answer="a"), ADVICE, reply(reasoning="r", answer="dddd")])
    with core.context(lm=lm):
        assert refine()(question="q").answer == "dddd"
    assert "hint_" not in said(lm, 0)
    advised = said(lm, 1)
    assert "The longer the better." in advised and "Reached: 1. Target: 4." in advised
    assert '"predict"' in advised
    assert "[[ ## hint_ ## ]]\nWrite four letters." in said(lm, 2)
    assert len(lm.requests) == 3


def test_refine_shows_no_source_unless_asked() -> None:
    for shown in (False, True):
        lm = ScriptedLM([reply(reasoning="r", answer="a"), ADVICE, reply(reasoning="r", answer="b")])
        with core.context(lm=lm):
            refine(2, show_source=shown)(question="q")
        assert ("def length" in said(lm, 1)) is shown
        assert ("class ChainOfThought" in said(lm, 1)) is shown


def test_refine_goes_on_without_advice_and_keeps_the_best() -> None:
    replies = [
        reply(reasoning="r", answer="bbb"),
        core.LMError("no advice"),
        reply(reasoning="r", answer="a"),
    ]
    lm = ScriptedLM(replies)
    with core.context(lm=lm), collect() as steps:
        assert refine(2)(question="q").answer == "bbb"
    assert [(step.path, step.outputs.answer) for step in steps] == [("module.predict", "bbb")]


def test_hints_are_no_part_of_the_recorded_inputs() -> None:
    lm = ScriptedLM([reply(reasoning="r", answer="a"), ADVICE, reply(reasoning="r", answer="dddd")])
    with core.context(lm=lm), collect() as steps:
        refine()(question="q")
    assert steps[0].inputs == {"question": "q"} and steps[0].further == {"hint_": "Write four letters."}


def test_state_names_are_those_of_the_module_inside() -> None:
    assert [name for name, _ in refine().named_parameters()] == ["module.predict"]
    assert [name for name, _ in best().named_parameters()] == ["module"]


def test_the_adviser_asks_the_modules_own_model() -> None:
    own = ScriptedLM([reply(reasoning="r", answer="a"), ADVICE, reply(reasoning="r", answer="dddd")])
    program = refine()
    program.set_lm(own)
    with core.context(lm=ScriptedLM([])):
        assert program(question="q").answer == "dddd"
    assert len(own.requests) == 3
