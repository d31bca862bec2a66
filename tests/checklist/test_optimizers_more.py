"""C108, C110, C111: demos chosen by optuna, ensembles, demos from the nearest rows."""

from __future__ import annotations

import re

import core
from core.lm import ScriptedLM
from core.teleprompt import BootstrapFewShotWithOptuna, Ensemble, KNNFewShot
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, gold, rows


def test_c108_optuna_picks_the_demo_of_each_predictor() -> None:
    optimizer = BootstrapFewShotWithOptuna(
        metric=exact,
        teacher_settings={},
        max_bootstrapped_demos=3,
        max_labeled_demos=4,
        max_rounds=1,
        num_candidate_programs=5,
    )
    with core.context(lm=ToyLM(skill=10)):
        program = optimizer.compile(
            TwoSteps(), teacher=None, max_demos=3, trainset=rows("train", 12), valset=rows("val", 30)
        )
    tried = [c.notes["choice"] for c in program.report.candidates if "choice" in c.notes]
    assert len(tried) == 5
    assert all(set(choice) == {"look", "say"} for choice in tried)
    assert all(len(demos) == 1 for demos in demos_of(program).values())
    assert program.report.score.mean > program.report.baseline.mean


def test_c110_an_ensemble_asks_programs_and_reduces_their_answers() -> None:
    lm = ScriptedLM([f"[[ ## answer ## ]]\n{text}\n\n[[ ## completed ## ]]" for text in "abb"])
    programs = [core.Predict("question -> answer") for _ in range(3)]
    optimizer = Ensemble(reduce_fn=core.majority, size=None, deterministic=False)
    with core.context(lm=lm, num_threads=1):
        assert optimizer.compile(programs)(question="?").answer == "b"
    assert len(lm.requests) == 3


def test_c111_each_call_bootstraps_on_its_nearest_rows() -> None:
    def vectorizer(texts):
        numbers = [int(re.search(r"(\d+)$", text)[1]) for text in texts]
        return [[2.0 * n, -1.0 * n * n] if len(texts) > 1 else [1.0 * n, 1.0] for n in numbers]

    def right(request):
        question = request.messages[-1]["content"].split("[[ ## question ## ]]")[1].strip().split("\n")[0]
        return f"[[ ## answer ## ]]\n{gold(question)}\n\n[[ ## completed ## ]]"

    lm, student = ScriptedLM(right), core.Predict("question -> answer")
    optimizer = KNNFewShot(
        k=2, trainset=rows("train", 20), vectorizer=vectorizer, metric=exact, max_labeled_demos=0
    )
    program = optimizer.compile(student, teacher=None)
    assert not lm.requests
    with core.context(lm=lm):
        assert program(question="other 7").answer == gold("other 7")
    shown = "\n".join(message["content"] for message in lm.requests[-1].messages[1:-1])
    assert "train 7" in shown
    assert shown.count("[[ ## question ## ]]") == 2
    assert not student.demos
    old = KNNFewShot(core.KNN, 2, rows("train", 20), vectorizer, metric=exact)
    assert old.get_params()["k"] == 2
