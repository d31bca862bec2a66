"""BootstrapFewShotWithOptuna: one bootstrapping, one demo a step, choices guessed from scores."""

import subprocess
import sys

import pytest

import core
from core.foundation.errors import MissingExtraError, OptimizerError
from core.optimizers import BootstrapFewShotWithOptuna, tpe
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows


def compiled(lm, *, student=None, teacher=None, train=14, params=None, **options):
    made = BootstrapFewShotWithOptuna(exact, max_labeled_demos=6, num_candidate_programs=6, **(params or {}))
    with context(lm=lm):
        return made.compile(
            student or TwoSteps(),
            teacher=teacher,
            trainset=rows("train", train),
            valset=rows("validation", 18),
            **options,
        )


def tried(program):
    return [candidate for candidate in program.report.candidates if "choice" in candidate.notes]


def test_every_candidate_shows_one_demo_a_step_out_of_one_bootstrapping() -> None:
    program = compiled(ToyLM(skill=60), max_demos=4, racing=False)
    material = next(c.notes["material"] for c in tried(program) if "material" in c.notes)
    assert {len(demos) for demos in material.values()} == {6}
    assert [sum("values" in demo for demo in demos) for demos in material.values()] == [4, 4]
    for candidate in tried(program):
        for path, number in candidate.notes["choice"].items():
            assert candidate.state[path]["demos"] == [material[path][number]]
    assert len(tried(program)) == 6
    assert len({attempt.purpose for attempt in program.report.attempts}) == 1
    assert len(program.report.kept) == 4


def test_max_demos_of_compile_counts_before_that_of_the_constructor() -> None:
    program = compiled(ToyLM(skill=60), params={"max_bootstrapped_demos": 5}, max_demos=2)
    assert len(program.report.kept) == 2
    assert len(compiled(ToyLM(skill=60), params={"max_bootstrapped_demos": 5}).report.kept) == 5


def test_no_choice_is_tried_twice_and_it_ends_when_all_are() -> None:
    student = core.Predict("hint, question -> answer")
    train = [
        core.Example(hint="h", **dict(row.items())).with_inputs("hint", "question")
        for row in rows("train", 6)
    ]
    checks = [
        core.Example(hint="h", **dict(row.items())).with_inputs("hint", "question") for row in rows("v", 12)
    ]
    made = BootstrapFewShotWithOptuna(exact, max_labeled_demos=3, num_candidate_programs=20)
    with context(lm=ToyLM(skill=60)):
        program = made.compile(student, max_demos=3, trainset=train, valset=checks)
    choices = [tuple(candidate.notes["choice"].values()) for candidate in tried(program)]
    assert sorted(choices) == [(0,), (1,), (2,)]
    assert program.report.stop_code == "done"


def test_it_finds_the_demo_that_matters() -> None:
    program = compiled(ToyLM(skill=20), params={}, max_demos=4)
    assert program.report.score.mean >= program.report.baseline.mean
    assert all(len(demos) <= 1 for demos in demos_of(program).values())


def test_without_any_demo_the_student_comes_back() -> None:
    made = BootstrapFewShotWithOptuna(lambda *_: 0.0, max_labeled_demos=0)
    with context(lm=ToyLM()):
        program = made.compile(TwoSteps(), max_demos=3, trainset=rows("train", 5), valset=rows("v", 4))
    assert not any(demos_of(program).values())
    assert any("Nothing was bootstrapped" in warning for warning in program.report.warnings)


def test_a_compiled_student_and_missing_rows_are_refused() -> None:
    student = TwoSteps()
    student._compiled = True
    with pytest.raises(OptimizerError, match="compiled already"):
        compiled(ToyLM(), student=student)
    with pytest.raises(OptimizerError, match="no rows"):
        BootstrapFewShotWithOptuna(exact).compile(TwoSteps(), max_demos=1, trainset=[])


def test_without_optuna_it_says_what_to_install(monkeypatch) -> None:
    monkeypatch.setattr(tpe.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="optuna"):
        compiled(ToyLM())


def test_importing_it_does_not_import_optuna() -> None:
    code = "import core.optimizers.bootstrap_optuna, sys; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
