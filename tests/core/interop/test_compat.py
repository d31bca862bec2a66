"""What 3.3 has changed since 2024, as it was then."""

import core
from core.interop.compat import Evaluate, ReAct
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def test_evaluate_gives_the_percentage_and_what_is_asked_for(capsys) -> None:
    evaluate = Evaluate(
        devset=rows("dev", 10), metric=exact, num_threads=2, display_progress=True, display_table=3
    )
    with core.context(lm=ToyLM()):
        percent = evaluate(TwoSteps(), display=False)
        assert capsys.readouterr().out == ""
        again, outputs = evaluate(TwoSteps(), return_outputs=True, display=False)
        third, all_outputs, scores = evaluate(
            TwoSteps(), return_outputs=True, return_all_scores=True, display=False
        )
        fourth, only_scores = evaluate(
            TwoSteps(), return_all_scores=True, display_table=0, display_progress=False
        )
    assert isinstance(percent, float)
    assert percent == again == third == fourth
    assert len(outputs) == len(all_outputs) == 10
    assert scores == only_scores == [score for *_, score in outputs]
    assert percent == round(100 * sum(scores) / 10, 2)


def test_react_by_position_searches_with_the_settings_retriever() -> None:
    lm = core.utils.DummyLM(
        [
            {"next_thought": "Search.", "next_tool_name": "search", "next_tool_args": '{"query": "bees"}'},
            {"next_thought": "Done.", "next_tool_name": "finish", "next_tool_args": "{}"},
            {"reasoning": "It says so.", "answer": "honey"},
        ]
    )
    with core.context(lm=lm, rm=core.BM25(["bees make honey", "cats sleep"])):
        prediction = ReAct("question -> answer", 3, 1)(question="What do bees make?")
    assert prediction.answer == "honey"
    assert "bees make honey" in str(prediction.trajectory["observation_0"])
