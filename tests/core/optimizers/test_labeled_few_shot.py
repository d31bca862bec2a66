"""LabeledFewShot draws the rows that DSPy draws (facts taken from running dspy 3.4.1)."""

from __future__ import annotations

import pytest

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.labeled_few_shot import LabeledFewShot
from core.settings import context

TRAIN = [Example(q=str(i), a=str(i)).with_inputs("q") for i in range(30)]


class Two(Module):
    def __init__(self):
        super().__init__()
        self.x = Predict("q -> a")
        self.y = Predict("q -> a")


def shown(program):
    return [[demo.q for demo in part.demos] for part in program.predictors()]


def test_the_draws_are_those_of_dspy():
    assert shown(LabeledFewShot(k=4).compile(Two(), trainset=TRAIN)) == [
        ["27", "12", "24", "28"],
        ["13", "1", "8", "16"],
    ]


def test_without_sampling_the_first_rows_are_taken():
    assert shown(LabeledFewShot(k=3).compile(Two(), trainset=TRAIN, sample=False)) == [["0", "1", "2"]] * 2


def test_fewer_rows_than_k_are_all_taken_and_none_is_fine():
    assert sorted(shown(LabeledFewShot(k=16).compile(Two(), trainset=TRAIN[:3]))[0]) == ["0", "1", "2"]
    assert shown(LabeledFewShot().compile(Two(), trainset=[])) == [[], []]


def test_rows_that_show_no_answer_are_said():
    bare = [Example(q=str(i)).with_inputs("q") for i in range(3)]

    def warned(rows, k=16):
        return LabeledFewShot(k=k).compile(Two(), trainset=rows).report.warnings

    assert warned(TRAIN) == ()
    (said,) = warned([*TRAIN[:5], *bare])
    assert said.startswith(
        "3 of 8 training rows have no label for any step: as demos such rows show inputs alone."
    )
    assert warned(bare[:1])[0].startswith("1 of 1 training row has no label")
    assert warned([])[0].startswith("There are no training rows: the program has no demos.")
    assert warned(bare, k=0) == ()
    none = Example(q="1", a=None).with_inputs("q"), Example(q="2", a=False).with_inputs("q")
    assert warned(none)[0].startswith("1 of 2 training rows has no label")


def test_it_costs_nothing_and_stays_open_to_further_compiling():
    lm = ScriptedLM([])
    with context(lm=lm):
        program = LabeledFewShot().compile(Two(), trainset=TRAIN)
    assert lm.requests == []
    assert program._compiled is False
    assert program.report.calls == 0
    assert program.report.summary().startswith("labeled_few_shot: the program was compiled and not scored.")


def test_the_demos_are_the_users_own_examples_and_another_seed_draws_others():
    program = LabeledFewShot(k=4).compile(Two(), trainset=TRAIN)
    assert all(any(demo is row for row in TRAIN) for demo in program.x.demos)
    assert shown(LabeledFewShot(k=4).compile(Two(), trainset=TRAIN, seed=1)) != shown(program)


def test_frozen_parts_are_left_alone():
    student = Two()
    student.inner = Two()
    student.inner._compiled = True
    program = LabeledFewShot(k=2).compile(student, trainset=TRAIN)
    assert program.x.demos
    assert not program.inner.x.demos


def test_a_misspelt_parameter_is_named():
    with pytest.raises(OptimizerError, match="sampel"):
        LabeledFewShot().compile(Two(), trainset=TRAIN, sampel=False)
    with pytest.raises(OptimizerError, match="greater than or equal to 0"):
        LabeledFewShot(k=-1)
