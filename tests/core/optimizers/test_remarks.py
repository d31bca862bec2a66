"""What was given and changes nothing is said in the report, before anything is spent."""

from __future__ import annotations

from typing import Any

import pytest

from core.optimizers import COPRO, BootstrapFewShot, BootstrapRS, LabeledFewShot, optimizers
from core.search.racing import Curtailed
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

TRAIN, VALIDATION = rows("train", 24), rows("validation", 6)


def search(**params: Any) -> Any:
    return BootstrapRS(exact, num_candidate_programs=1, **params)


@pytest.mark.parametrize("name", sorted(optimizers.names()))
def test_a_model_or_settings_that_nobody_asks_are_said(name: str) -> None:
    kind = optimizers.get(name)
    other, writer = ToyLM(jitter=0, skill=70), ToyLM(jitter=0, skill=71)
    small = {"simba": {"bsize": 6, "num_candidates": 2, "max_steps": 2}}.get(name, {})
    made = kind.create(
        small,
        metric=None if name == "labeled_few_shot" else exact,
        teacher_settings={"lm": other},
        prompt_model=writer,
    )
    with context(lm=ToyLM(jitter=0, skill=10)):
        report = made.compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION, budget=150).report
    said = " ".join(report.warnings)
    settings = f"teacher_settings were given, and {kind.__name__} runs no teacher: they change nothing."
    model = f"A prompt_model was given, and {kind.__name__} has nothing written: it changes nothing."
    assert (settings in said) == (not other.sent) == (not kind.takes_teacher_settings)
    assert (model in said) == (not writer.sent)


def test_what_a_compile_without_a_search_does_not_heed_is_said() -> None:
    def warned(way: Any, **options: Any) -> str:
        with context(lm=ToyLM(jitter=0, skill=60)):
            return " ".join(way.compile(TwoSteps(), trainset=TRAIN, **options).report.warnings)

    for way in (BootstrapFewShot(exact), LabeledFewShot(k=2)):
        name = type(way).__name__
        assert f"{name} scores no candidates: target changes nothing." in warned(way, target=0.5)
        both = warned(way, target=0.5, plateau=2, racing=Curtailed())
        assert f"{name} scores no candidates: target and plateau and the racing rule change nothing." in both
        assert "change" not in warned(way) + warned(way, racing=False)
    assert "scores no candidates" not in warned(search(), target=0.5, plateau=2, racing=Curtailed())


@pytest.mark.parametrize("percent", [0.3, 1, 1.5, 30, None])
def test_a_score_to_stop_at_that_looks_like_a_share_is_said(percent: float | None) -> None:
    way = search(stop_at_score=percent)
    with context(lm=ToyLM(jitter=0)):
        report = way.compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION).report
    said = [text for text in report.warnings if text.startswith("stop_at_score")]
    assert bool(said) is (percent in (0.3, 1))
    if percent == 0.3:
        assert said == [
            "stop_at_score=0.3 is in percent, as in DSPy: the search stops at a mean of 0.003. "
            "For 30% give 30, or target=0.3."
        ]


def test_arguments_of_an_evaluation_that_copro_does_not_know_are_said() -> None:
    known = {"num_threads": 1, "display_progress": False, "display_table": 0, "max_errors": 3}
    with context(lm=ToyLM(jitter=0)):
        report = (
            COPRO(metric=exact, breadth=2, depth=1)
            .compile(
                TwoSteps(),
                trainset=TRAIN,
                valset=VALIDATION,
                eval_kwargs={**known, "num_thread": 4, "failure_score": 0.5},
            )
            .report
        )
    assert [text for text in report.warnings if "eval_kwargs" in text] == [
        "COPRO has no argument 'num_thread' in eval_kwargs: it changes nothing.",
        "COPRO has no argument 'failure_score' in eval_kwargs: it changes nothing.",
    ]
