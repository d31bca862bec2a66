"""C114–C128: BayesianSignatureOptimizer, which is MIPROv2 by its names of 2024, and MIPRO."""

from __future__ import annotations

import builtins
import inspect

import pytest

import core
from core.evaluate import EvaluationResult
from core.foundation.errors import OptimizerError
from core.teleprompt import MIPRO, BayesianSignatureOptimizer, MIPROv2
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows
from tests.fakes.writer import Writer, material

TRIALS = 6


def compiled(devset=None, *, n=4, metric=exact, lm=None, prompt_model=None, track_stats=True, **options):
    optimizer = BayesianSignatureOptimizer(
        n=n, metric=metric, prompt_model=prompt_model, track_stats=track_stats
    )
    with core.context(lm=lm or ToyLM(skill=20)):
        return optimizer.compile(
            TwoSteps(),
            devset=devset or rows("dev", 30),
            **{
                "optuna_trials_num": TRIALS,
                "max_bootstrapped_demos": 2,
                "max_labeled_demos": 4,
                "eval_kwargs": {"num_threads": 4},
                **options,
            },
        )


def defaults(function) -> dict[str, object]:
    return {name: item.default for name, item in inspect.signature(function).parameters.items()}


def test_c114_its_parameters_and_the_models_that_are_left_out() -> None:
    found = defaults(BayesianSignatureOptimizer)
    first, rest = (
        "prompt_model task_model teacher_settings n metric",
        "verbose track_stats view_data_batch_size",
    )
    assert " ".join(found) == f"{first} init_temperature {rest}"
    assert (found["n"], found["init_temperature"], found["view_data_batch_size"]) == (10, 1.0, 10)
    lm = ToyLM(skill=20)
    compiled(lm=lm)  # neither model was given: the configured one does both
    assert lm.sent
    assert BayesianSignatureOptimizer(metric=exact, view_data_batch_size=3).params.view_data_batch_size == 3


def test_c115_its_compile_takes_what_it_took_then() -> None:
    found = defaults(BayesianSignatureOptimizer.acompile)
    assert (found["view_data"], found["view_examples"]) == (True, True)
    program = compiled(view_data=False, view_examples=False)
    assert program.report.seed == 42
    assert compiled(seed=7).report.seed == 7
    assert program.report.params["num_trials"] == TRIALS
    assert program.report.params["max_labeled_demos"] == 4
    with pytest.raises(OptimizerError, match="once"):
        BayesianSignatureOptimizer(metric=exact).compile(TwoSteps(), optuna_trials_num=2)


def test_c116_eval_kwargs_reach_the_evaluation(capsys) -> None:
    lm = ToyLM(skill=20, cache=False)
    program = compiled(
        lm=lm, eval_kwargs={"num_threads": 1, "display_progress": False, "display_table": False}
    )
    assert lm.most_in_flight == 1
    assert isinstance(program.held_out, EvaluationResult)


def test_c117_the_first_demo_set_is_empty_and_the_others_come_of_shuffled_rows() -> None:
    sets = material(compiled())["sets"]
    assert sets[0] == {"look": [], "say": []}
    assert 2 <= len(sets) <= 4
    assert all(demos for part in sets[1:] for demos in part.values())
    first = [[demo["row"] for demo in part["say"]] for part in sets[1:]]
    assert len({tuple(found) for found in first}) == len(first)


def test_c118_the_data_is_viewed_in_batches_until_nothing_is_new() -> None:
    writer = Writer(lambda number: "Seen." if number == 1 else "COMPLETE")
    compiled(rows("dev", 250), prompt_model=writer.lm)
    assert len(writer.users("observations")) == 6
    assert len(writer.users("data_summary")) == 1
    unseen = Writer()
    compiled(prompt_model=unseen.lm, view_data=False)
    assert "observations" not in unseen.asked


def test_c119_the_demos_of_a_set_are_shown_to_its_proposal() -> None:
    writer = Writer()
    program = compiled(prompt_model=writer.lm, max_labeled_demos=0)
    demos = material(program)["sets"][1]["say"]
    questions = {row.id: row.question for row in rows("dev", 30)}
    shown = writer.users("proposed_instruction")[3]
    assert demos
    assert all(questions[demo["row"]] in shown for demo in demos)


@pytest.mark.parametrize("data", [True, False])
@pytest.mark.parametrize("examples", [True, False])
def test_c120_n_less_one_proposals_a_step_and_the_original(data, examples) -> None:
    writer = Writer()
    program = compiled(prompt_model=writer.lm, view_data=data, view_examples=examples)
    assert len(writer.users("proposed_instruction")) == 2 * 3
    for texts in material(program)["instructions"].values():
        assert len(texts) == 4
        assert texts[0].startswith("From `")
    for system, _ in writer.asked["proposed_instruction"]:
        assert ("data_summary" in system, "[[ ## examples ## ]]" in system) == (data, examples)


def test_c121_two_choices_a_step_are_searched_with_a_seed() -> None:
    first, again, other = compiled(), compiled(), compiled(seed=3)
    choices = [c.notes["choice"] for c in first.report.candidates[1:]]
    names = {f"{step}_predictor_{kind}" for step in (0, 1) for kind in ("instruction", "demos")}
    assert all(set(choice) == names for choice in choices)
    assert choices == [c.notes["choice"] for c in again.report.candidates[1:]]
    assert choices != [c.notes["choice"] for c in other.report.candidates[1:]]
    assert first.score == max(item["score"] for item in first.candidate_programs)


def test_c122_a_trial_that_cannot_win_is_pruned_between_batches() -> None:
    program = compiled(rows("dev", 120), lm=ToyLM(skill=25), optuna_trials_num=10)
    pruned = [log for log in program.trial_logs.values() if log["pruned"]]
    assert pruned
    assert all(0 < log["rows"] < 48 and not log["full"] for log in pruned)


def test_c123_the_best_program_and_the_log_of_trials() -> None:
    program = compiled()
    best = max(program.trial_logs.values(), key=lambda log: (log["full"], log["score"]))
    assert best["score"] == program.score
    assert best["program"].dump_state() == program.dump_state()
    assert {"program", "score", "pruned"} <= set(best)
    assert any("_predictor_instruction" in name for log in program.trial_logs.values() for name in log)
    assert not hasattr(compiled(track_stats=False), "trial_logs")


def test_c124_verbose_prints_what_came_of_it(capsys) -> None:
    optimizer = BayesianSignatureOptimizer(n=3, metric=exact, verbose=True)
    with core.context(lm=ToyLM(skill=20)):
        optimizer.compile(TwoSteps(), devset=rows("dev", 20), optuna_trials_num=2)
    assert "validation rows that chose it" in capsys.readouterr().out


def test_c125_nothing_bootstrapped_is_said_and_the_search_goes_on() -> None:
    program = compiled(metric=lambda *args, **kw: 0, max_labeled_demos=0)
    assert any("Nothing was bootstrapped" in warning for warning in program.report.warnings)
    assert any("written without examples" in warning for warning in program.report.warnings)
    assert len(program.report.candidates) > 1


def test_c126_learning_choosing_and_scoring_rows_are_apart() -> None:
    writer = Writer()
    program = compiled(rows("dev", 30), prompt_model=writer.lm)
    assert program.report.score.on == "validation"
    assert (program.report.score.of, len(program.held_out_rows)) == (12, 6)
    assert program.held_out.n_scored == 6
    held = {row.question for row in program.held_out_rows}
    shown = "".join(user + system for asked in writer.asked.values() for system, user in asked)
    assert not any(f"question: {question}\n" in shown for question in held)
    demos = {demo["question"] for part in program.predictors() for demo in part.demos}
    assert not demos & held
    capped = compiled(rows("dev", 30), budget=200)
    assert capped.held_out is None
    assert capped.report.calls <= 200


def test_c127_the_formula_of_its_cost_holds() -> None:
    lm, train = ToyLM(skill=20, cache=False), rows("dev", 30)
    optimizer = BayesianSignatureOptimizer(n=4, metric=exact).with_params(
        num_trials=TRIALS, max_bootstrapped_demos=2
    )
    estimate = optimizer.estimate(TwoSteps(), train)
    phases = {phase.name: phase for phase in estimate.phases}
    # Trials and the student, 12 rows to choose by, two steps; a summary of two batches, three proposals a step.
    assert phases["score candidates"].likely == (TRIALS + 1) * 12 * 2
    assert phases["write instructions"].likely == 2 + 1 + 3 * 2
    assert phases["score held-out rows"].likely == 6 * 2
    with core.context(lm=lm):
        optimizer.compile(TwoSteps(), devset=train)
    assert estimate.low <= lm.sent <= estimate.high


def test_c128_the_names_of_mipro_and_no_question_at_the_terminal(monkeypatch) -> None:
    def asked(*args):
        raise AssertionError("a question at the terminal")

    monkeypatch.setattr(builtins, "input", asked)
    assert list(defaults(MIPRO))[:5] == [
        "metric",
        "prompt_model",
        "task_model",
        "teacher_settings",
        "num_candidates",
    ]
    with core.context(lm=ToyLM(skill=20)):
        old = MIPRO(metric=exact, num_candidates=3).compile(
            TwoSteps(),
            trainset=rows("train", 20),
            num_trials=2,
            max_bootstrapped_demos=1,
            max_labeled_demos=2,
            requires_permission_to_run=True,
        )
        new = MIPROv2(metric=exact).compile(
            TwoSteps(), trainset=rows("train", 20), requires_permission_to_run=True
        )
    assert old.report.params["num_candidates"] == 3
    assert old.trial_logs
    assert new.report.params["auto"] == "light"
