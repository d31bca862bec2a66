"""Ensemble: programs asked side by side, drawn or all, their answers reduced or listed."""

import asyncio

import pytest

import core
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.optimizers import Ensemble, optimizers
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


class Says(core.Module):
    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, question: str):
        return core.Prediction(answer=self.answer)


class SaysLater(Says):
    async def aforward(self, question: str):
        await asyncio.sleep(0)
        return core.Prediction(answer=self.answer)


def said(found) -> list[str]:
    return [prediction.answer for prediction in found]


def test_without_a_reduction_it_gives_all_answers_in_order_from_either_colour() -> None:
    program = Ensemble().compile([Says("a"), SaysLater("b"), Says("c")])
    assert said(program(question="?")) == ["a", "b", "c"]
    assert said(asyncio.run(program.acall(question="?"))) == ["a", "b", "c"]


def test_the_majority_answers() -> None:
    program = Ensemble(reduce_fn=core.majority).compile([Says("a"), Says("b"), Says("b")])
    assert program(question="?").answer == "b"


def test_a_reduction_may_be_async() -> None:
    async def last(predictions):
        await asyncio.sleep(0)
        return predictions[-1]

    program = Ensemble(reduce_fn=last).compile([Says("a"), Says("b")])
    assert asyncio.run(program.acall(question="?")).answer == "b"


def test_a_size_asks_so_many_and_not_always_the_same() -> None:
    program = Ensemble(size=2).compile([Says(str(number)) for number in range(8)])
    asked = [said(program(question="?")) for _ in range(30)]
    assert {len(answers) for answers in asked} == {2}
    assert all(len(set(answers)) == 2 for answers in asked)
    assert len({tuple(answers) for answers in asked}) > 1


def test_deterministic_draws_by_the_inputs() -> None:
    programs = [Says(str(number)) for number in range(8)]
    program = Ensemble(size=2, deterministic=True).compile(programs)
    again = Ensemble(size=2, deterministic=True).compile(programs)
    drawn = {question: said(program(question=question)) for question in map(str, range(20))}
    assert all(said(again(question=question)) == answers for question, answers in drawn.items())
    assert len({tuple(answers) for answers in drawn.values()}) > 1


def test_programs_run_side_by_side() -> None:
    lm = ToyLM(jitter=0.02, cache=False)
    with context(lm=lm):
        Ensemble().compile([core.Predict("question -> hint") for _ in range(4)])(question="?")
    assert lm.sent == 4
    assert lm.most_in_flight > 1


def test_candidates_of_a_search_may_be_given_as_they_are_listed() -> None:
    with context(lm=ToyLM()):
        compiled = core.BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=2).compile(
            TwoSteps(), trainset=rows("train", 12), valset=rows("validation", 12), racing=False
        )
        program = Ensemble(reduce_fn=core.majority).compile(compiled.candidate_programs[:3])
        assert program(question="validation 1").answer
    assert [path for path, _ in program.named_predictors()][:2] == ["programs[0].look", "programs[0].say"]


def test_its_state_is_that_of_its_programs(tmp_path) -> None:
    program = Ensemble().compile([core.Predict("question -> answer") for _ in range(2)])
    program.programs[1].demos = [core.Example(question="q", answer="a")]
    program.save(tmp_path / "state.json")
    fresh = Ensemble().compile([core.Predict("question -> answer") for _ in range(2)])
    fresh.load(tmp_path / "state.json")
    assert fresh.programs[1].demos[0].answer == "a"
    assert not fresh.programs[0].demos


def test_a_failing_program_fails_the_call() -> None:
    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx\n\n[[ ## completed ## ]]")
    with context(lm=lm), pytest.raises(TypeError):
        Ensemble().compile([Says("a"), core.Predict("question -> answer")])(wrong="?")


def test_what_makes_no_ensemble_is_refused() -> None:
    with pytest.raises(OptimizerError, match="no program"):
        Ensemble(size=0)
    with pytest.raises(OptimizerError, match="1 program,"):
        Ensemble(size=2).compile([Says("a")])
    with pytest.raises(OptimizerError, match="0 programs"):
        Ensemble().compile([])
    with pytest.raises(OptimizerError, match="a str"):
        Ensemble().compile([Says("a"), "b"])


def test_it_is_no_search_and_not_offered_as_one() -> None:
    assert "ensemble" not in optimizers.names()
    assert Ensemble(size=3).get_params()["size"] == 3


def test_an_estimate_knows_that_a_share_is_asked() -> None:
    from core.search.estimate import calls_per_run

    programs = [core.Predict("question -> answer") for _ in range(6)]
    assert calls_per_run(Ensemble().compile(programs)) == 6
    assert calls_per_run(Ensemble(size=2).compile(programs)) == 2


@pytest.mark.parametrize("programs", [None, 3, "x", {"program": Says("a")}])
def test_what_is_no_list_of_programs_is_refused(programs) -> None:
    with pytest.raises(OptimizerError, match="list of programs") as caught:
        Ensemble().compile(programs)
    assert "candidate_programs" in caught.value.hint


def test_a_truth_is_no_size() -> None:
    with pytest.raises(OptimizerError, match="size=True"):
        Ensemble(size=True)
