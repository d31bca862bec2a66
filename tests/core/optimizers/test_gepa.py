"""GEPA: what reflections read, which candidates live, budgets, joins, what comes back."""

import json
import re
from typing import Any

import pytest

import core
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

RULES = ["red", "green", "blue", "black"]
REPLY = "[[ ## proposed_instruction ## ]]\n{}\n[[ ## completed ## ]]"


def colour_rows(count: int, start: int = 0) -> list[core.Example]:
    """Rows whose answer is right only where the instruction names their colour."""
    return [
        core.Example(item=f"{RULES[number % 4]} thing {number}", answer=RULES[number % 4]).with_inputs("item")
        for number in range(start, start + count)
    ]


class Pupil(ScriptedLM):
    """Answers what its instruction names; as a writer it adds what the feedback says it lacks."""

    def __init__(self) -> None:
        self.questions: list[str] = []
        super().__init__(self.answer)

    def answer(self, request: Any) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if "proposed_instruction" in system:
            self.questions.append(asked)
            current = asked.split("[[ ## current_instruction ## ]]")[1].split("[[ ##")[0].strip()
            lacking = [word for word in RULES if f"name {word}" in asked.split("examples_with_feedback")[1]]
            return REPLY.format(" ".join(dict.fromkeys([*current.split(), *lacking])))
        item = re.search(r"(\w+) thing", asked.split("[[ ## item ## ]]")[-1])
        colour = item[1] if item and f" {item[1]}" in system.split("objective")[-1] else "unknown"
        return f"[[ ## answer ## ]]\n{colour}\n[[ ## completed ## ]]"


def told(gold: Any, pred: Any, trace: Any = None) -> Any:
    right = gold.answer == pred.answer
    return core.Prediction(score=float(right), feedback="fine" if right else f"name {gold.answer}")


def student() -> core.Module:
    return core.Predict(core.Signature("item -> answer", "Name the colour."))


def compiled(lm: Pupil | None = None, **params: Any) -> tuple[Any, Pupil]:
    lm, options = (
        lm or Pupil(),
        {key: params.pop(key) for key in ("racing", "run_log", "seed") if key in params},
    )
    params.setdefault("max_metric_calls", 200)
    with context(lm=lm):
        program = core.GEPA(told, track_stats=True, **params).compile(
            student(), trainset=colour_rows(8), valset=colour_rows(24, 100), **options
        )
    return program, lm


@pytest.mark.parametrize("racing", [True, False])
def test_it_finds_the_planted_optimum_from_feedback(racing: bool) -> None:
    program, lm = compiled(racing=racing)
    assert program.report.score.mean == 1.0
    assert program.report.baseline.mean == 0.0
    assert all(word in program.signature.instructions for word in RULES)
    assert lm.questions


def test_inputs_outputs_and_feedback_reach_the_reflection() -> None:
    _, lm = compiled()
    shown = lm.questions[0].split("[[ ## examples_with_feedback ## ]]")[1]
    assert shown.count("### Example") == 3
    assert re.search(r"item: \w+ thing \d+", shown)
    assert "answer: unknown" in shown
    assert re.search(r"Feedback: name \w+", shown)
    assert "Name the colour." in lm.questions[0].split("current_instruction")[1]


def test_without_words_from_the_metric_the_labels_are_shown() -> None:
    lm = Pupil()
    with context(lm=lm):
        core.GEPA(exact, max_metric_calls=40).compile(
            student(), trainset=colour_rows(6), valset=colour_rows(4, 50)
        )
    assert re.search(r"Score 0\. answer should be \w+\.", lm.questions[0])


def test_a_metric_of_five_arguments_is_asked_about_the_step_in_turn() -> None:
    heard: list[tuple[str, int]] = []

    def metric(gold: Any, pred: Any, trace: Any, pred_name: Any, pred_trace: Any) -> Any:
        if pred_name is not None:
            [(predictor, inputs, outputs)] = pred_trace
            heard.append((pred_name, len(trace)))
            assert set(inputs) <= set(predictor.signature.input_fields) and outputs
        return core.Prediction(score=float(exact(gold, pred)), feedback=f"about {pred_name}")

    asked: list[str] = []

    def write(request: Any) -> str:
        asked.append(request.messages[-1]["content"])
        return REPLY.format(f"Take care {len(asked)}.")

    with context(lm=ToyLM()):
        core.GEPA(metric, max_metric_calls=120, reflection_lm=ScriptedLM(write)).compile(
            TwoSteps(), trainset=rows("train", 9), valset=rows("validation", 6)
        )
    assert {name for name, _ in heard} == {"look", "say"}
    assert {count for _, count in heard} == {2}
    assert "Feedback: about look" in asked[0] and "about say" not in asked[0]
    assert any("Feedback: about say" in question for question in asked)


def test_a_step_scored_otherwise_than_the_whole_is_said_once() -> None:
    def metric(
        gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> float:
        return 0.25 if pred_name else 0.5

    with context(lm=ToyLM()):
        program = core.GEPA(metric, max_metric_calls=40).compile(
            TwoSteps(), trainset=rows("t", 6), valset=rows("v", 4)
        )
        quiet = core.GEPA(metric, max_metric_calls=40, warn_on_score_mismatch=False).compile(
            TwoSteps(), trainset=rows("t", 6), valset=rows("v", 4)
        )
    assert sum("of the whole" in warning for warning in program.report.warnings) == 1
    assert not any("of the whole" in warning for warning in quiet.report.warnings)


def test_what_does_not_improve_its_own_rows_is_never_scored_on_validation_rows() -> None:
    with context(lm=Pupil()):
        program = core.GEPA(
            told, max_metric_calls=60, reflection_lm=ScriptedLM(lambda request: REPLY.format("Nothing new."))
        ).compile(student(), trainset=colour_rows(8), valset=colour_rows(12, 50))
    assert [candidate.id for candidate in program.report.candidates] == ["c0"]


def test_runs_with_full_marks_are_not_reflected_on() -> None:
    def never(request: Any) -> str:
        raise AssertionError("asked")

    def fine(gold: Any, pred: Any, trace: Any = None) -> float:
        return 1.0 if gold.item.startswith(("red", "green")) else 0.0

    train = [row for row in colour_rows(16) if row.answer in {"red", "green"}]
    with context(lm=Pupil()):
        program = core.GEPA(fine, max_metric_calls=40, reflection_lm=ScriptedLM(never)).compile(
            student(), trainset=train, valset=colour_rows(4, 50)
        )
    assert len(program.report.candidates) == 1


def test_candidates_meet_part_of_the_validation_rows_first_unless_racing_is_off() -> None:
    raced, _ = compiled(max_metric_calls=150)
    whole, _ = compiled(max_metric_calls=150, racing=False)
    assert {candidate.status for candidate in whole.report.candidates} == {"full"}
    assert raced.report.winner.score.full
    assert any(not candidate.score.full for candidate in raced.report.candidates) or len(
        raced.report.candidates
    ) <= len(whole.report.candidates)


def test_the_budget_counts_scored_runs() -> None:
    program, _ = compiled(max_metric_calls=100, racing=False)
    found = program.detailed_results
    assert found.discovery_eval_counts == sorted(found.discovery_eval_counts)
    assert found.discovery_eval_counts[0] == 0
    assert found.total_metric_calls <= 100 + 2 * 3 + 24
    assert found.discovery_eval_counts[1] == 24 + 6


def test_exactly_one_budget() -> None:
    with pytest.raises(OptimizerError, match="exactly one"):
        core.GEPA(exact)
    with pytest.raises(OptimizerError, match="exactly one"):
        core.GEPA(exact, auto="light", max_metric_calls=5)
    assert core.GEPA(exact, auto="heavy").with_params(max_full_evals=2).params.auto is None
    assert core.optimizers.GEPA.create({}, metric=exact).params.auto == "light"


@pytest.mark.parametrize(
    ("auto", "predictors", "validation", "expected"),
    [("light", 1, 100, 780), ("light", 2, 50, 1030), ("medium", 1, 300, 2190), ("heavy", 3, 40, 2320)],
)
def test_named_budgets_are_those_of_dspy(auto: str, predictors: int, validation: int, expected: int) -> None:
    assert core.GEPA(exact, auto=auto).limit(predictors, 10, validation) == expected


def test_full_evals_count_both_sets() -> None:
    assert core.GEPA(exact, max_full_evals=3).limit(1, 10, 20) == 90
    assert core.GEPA(exact, max_full_evals=3).limit(1, 10, None) == 30


def test_steps_take_turns_or_are_rewritten_together_or_as_a_function_says() -> None:
    def rewritten(selector: Any) -> list[list[str]]:
        with context(lm=ToyLM()):
            program = core.GEPA(
                exact, max_metric_calls=150, component_selector=selector, use_merge=False
            ).compile(TwoSteps(), trainset=rows("train", 9), valset=rows("validation", 12))
        return [c.notes["paths"] for c in program.report.candidates if c.notes.get("kind") == "reflection"]

    seen: list[Any] = []

    def last(state: Any, trajectories: Any, scores: Any, index: int, candidate: dict[str, str]) -> list[str]:
        seen.append((state.program_candidates[index] == candidate, len(trajectories) == len(scores) == 3))
        return ["say"]

    assert {tuple(paths) for paths in rewritten("all")} == {("look", "say")}
    assert {tuple(paths) for paths in rewritten(last)} == {("say",)}
    assert seen and all(all(one) for one in seen)
    assert all(len(paths) == 1 for paths in rewritten("round_robin"))


def test_an_instruction_proposer_of_ones_own_is_given_dspys_records() -> None:
    given: list[Any] = []

    def proposer(candidate: Any, reflective_dataset: Any, components_to_update: Any) -> dict[str, str]:
        given.append((candidate, reflective_dataset, components_to_update))
        return {path: " ".join(["Name the colour.", *RULES]) for path in components_to_update}

    with context(lm=Pupil()):
        program = core.GEPA(told, max_metric_calls=60, instruction_proposer=proposer).compile(
            student(), trainset=colour_rows(8), valset=colour_rows(8, 50)
        )
    [path] = given[0][2]
    assert set(given[0][1][path][0]) == {"Inputs", "Generated Outputs", "Feedback"}
    assert given[0][0] == {path: "Name the colour."}
    assert program.report.score.mean == 1.0


def test_replies_that_cannot_be_read_are_feedback_only_if_asked_for() -> None:
    def broken(request: Any) -> str:
        return (
            "?" if "proposed_instruction" not in request.messages[0]["content"] else REPLY.format("Be clear.")
        )

    asked: dict[bool, list[str]] = {True: [], False: []}
    for wanted in asked:
        lm = ScriptedLM(broken)
        with context(lm=lm):
            core.GEPA(told, max_metric_calls=20, add_format_failure_as_feedback=wanted).compile(
                core.Predict("item -> answer, number: int"),
                trainset=colour_rows(4),
                valset=colour_rows(4, 50),
            )
        asked[wanted] = [
            request.messages[-1]["content"]
            for request in lm.requests
            if "proposed_instruction" in request.messages[0]["content"]
        ]
    assert not asked[False]
    assert "could not be read" in asked[True][0] and "It failed" in asked[True][0]


class Halves(core.Module):
    """Two steps of which each has something of its own to learn."""

    def __init__(self) -> None:
        super().__init__()
        self.left = core.Predict(core.Signature("item -> one", "Left."))
        self.right = core.Predict(core.Signature("item -> two", "Right."))

    async def aforward(self, item: str) -> Any:
        """Ask both."""
        one, two = await self.left.acall(item=item), await self.right.acall(item=item)
        return core.Prediction(one=one.one, two=two.two)


def test_candidates_that_improved_different_steps_are_joined() -> None:
    def answer(request: Any) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if "proposed_instruction" in system:
            current = asked.split("[[ ## current_instruction ## ]]")[1].split("[[ ##")[0].strip()
            return REPLY.format(f"{current} Do it well.")
        name = "one" if "[[ ## one ## ]]" in system else "two"
        return f"[[ ## {name} ## ]]\n{'good' if 'well' in system else 'bad'}\n[[ ## completed ## ]]"

    def metric(gold: Any, pred: Any, trace: Any = None) -> float:
        if gold.side == "neither":  # keeps the program as given on a front: it is the best there
            return float(pred.one == pred.two == "bad")
        return float((pred.one if gold.side == "one" else pred.two) == "good")

    def sided(prefix: str) -> list[core.Example]:
        sides = ["one", "two", "one", "two", "neither"]
        return [core.Example(item=f"{prefix} {n}", side=sides[n % 5]).with_inputs("item") for n in range(20)]

    programs = []
    for use_merge in (True, False):
        for seed in range(6):
            with context(lm=ScriptedLM(answer)):
                programs.append(
                    core.GEPA(
                        metric, max_metric_calls=120, use_merge=use_merge, max_merge_invocations=1
                    ).compile(Halves(), trainset=sided("t"), valset=sided("v"), seed=seed, racing=False)
                )
    merges = [
        [one for one in program.report.candidates if one.notes.get("kind") == "merge"] for program in programs
    ]
    assert any(merges[:6]) and not any(merges[6:])
    assert all(len(found) <= 1 for found in merges)
    [joined] = next(found for found in merges if found)
    assert set(joined.instructions) == {"left", "right"}
    assert joined.score.full and joined.score.mean == 0.8
    assert len(joined.parents) == 2


def test_detailed_results_list_every_candidate_with_its_rows() -> None:
    program, _ = compiled(racing=False, max_metric_calls=150)
    found = program.detailed_results
    count = len(found.candidates)
    assert count == len(found.parents) == len(found.val_aggregate_scores) == len(found.val_subscores)
    assert found.parents[0] == [None] and found.parents[1] == [0]
    assert found.best_candidate.signature.instructions == program.signature.instructions
    assert found.val_aggregate_scores[found.best_idx] == max(found.val_aggregate_scores)
    assert len(found.per_val_instance_best_candidates) == 24
    assert found.best_idx in found.per_val_instance_best_candidates[0]
    assert found.highest_score_achieved_per_val_task == [1.0] * 24
    assert json.loads(json.dumps(found.to_dict()))["best_idx"] == found.best_idx


def test_a_resumed_search_asks_nothing_twice() -> None:
    log = MemoryRunLog()
    first, lm = compiled(run_log=log)
    sent = len(lm.requests)
    again, _ = compiled(lm, run_log=log)
    assert len(lm.requests) == sent
    assert again.signature.instructions == first.signature.instructions
    assert again.detailed_results.total_metric_calls == first.detailed_results.total_metric_calls


def test_a_log_folder_resumes_the_same_call(tmp_path: Any) -> None:
    first, lm = compiled(log_dir=str(tmp_path))
    sent = len(lm.requests)
    again, _ = compiled(lm, log_dir=str(tmp_path))
    assert len(lm.requests) == sent
    assert first.report.best == again.report.best
    assert again.detailed_results.log_dir == str(tmp_path)


def test_what_is_not_there_is_said() -> None:
    program, _ = compiled(use_wandb=True, use_mlflow=True, track_best_outputs=True)
    for name in ("use_wandb", "use_mlflow", "track_best_outputs"):
        assert any(name in warning for warning in program.report.warnings)


def test_parameters_of_one_compile_keep_functions_and_notes() -> None:
    with context(lm=Pupil()):
        program = core.GEPA(told, auto="light", component_selector=lambda *_: ["self"], seed=4).compile(
            student(), trainset=colour_rows(6), valset=colour_rows(6, 50), max_metric_calls=30
        )
    assert program.report.params["max_metric_calls"] == 30
    assert [one.notes["paths"] for one in program.report.candidates[1:]]
    assert all(one.notes["paths"] == ["self"] for one in program.report.candidates[1:])
    assert program.report.seed == 4
