"""C51 and C137: rewritten signatures, and a checkpoint given to predictors."""

import core
from core.evaluate import Evaluate
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def test_c051_optimize_signature_rewrites_instructions_by_their_scores() -> None:
    evaluator = Evaluate(devset=rows("train", 10), metric=exact)
    with core.context(lm=ToyLM()):
        result = core.optimize_signature(
            TwoSteps(), evaluator, initial_prompts=2, n_iterations=2, strategy="best"
        )
    assert "Take care" in result.program.say.signature.instructions
    assert max(result.scores) == max(item["score"] for item in result.program.candidate_programs)


def test_c137_a_checkpoint_is_given_to_every_predictor(monkeypatch) -> None:
    made: list[str] = []

    def local(name: str, **kwargs):
        made.append(name)
        return core.ScriptedLM(
            lambda request: "[[ ## hint ## ]]\nx\n[[ ## answer ## ]]\ny\n[[ ## completed ## ]]"
        )

    monkeypatch.setattr("core.interop.clients.LM", local)
    lm = core.HFModel(checkpoint="results/checkpoint-10", model="t5-large")
    program = TwoSteps()
    for predictor in program.predictors():
        predictor.lm = lm
        predictor.activated = False
    assert made == ["local/results/checkpoint-10"]
    assert program(question="?").answer == "y"
