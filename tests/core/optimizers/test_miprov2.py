"""MIPROv2: what is tried, what chooses, what is shown as a score, and what it leaves alone."""

import random
import statistics

import pytest

import core
from core.foundation.errors import MissingExtraError, OptimizerError
from core.foundation.randomness import derive_seed
from core.lm import ScriptedLM
from core.optimizers import MIPROv2
from core.optimizers.mipro_plan import AUTO, plan_of, schedule, split_rows, trials_for
from core.optimizers.tpe import choice_key, suggestions
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

SMALL = {"auto": None, "num_candidates": 4}
QUIET = {"data_aware_proposer": False, "program_aware_proposer": False, "tip_aware_proposer": False}
ZERO = {"max_bootstrapped_demos": 0, "max_labeled_demos": 0}


def mipro(metric=exact, **params):
    options = {name: params.pop(name) for name in list(params) if name not in MIPROv2.Params.model_fields}
    return MIPROv2(metric=metric, **{**SMALL, **options}).with_params(**params)


WORTH = {"look": [0.1, 0.2, 0.0, 0.5], "say": [0.2, 0.4, 0.1, 0.3]}


class Planted:
    """Writes "way <n>" as instructions; how many points an answer gets depends on the ways of both steps alone."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, str]] = []
        self.lm = ScriptedLM(self.reply)

    def reply(self, request) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if "proposed_instruction" in system:
            return f"[[ ## proposed_instruction ## ]]\nway {request.rollout_id}\n[[ ## completed ## ]]"
        way = int(system.split("way ")[1].split()[0]) if "way " in system else 0
        if "[[ ## hint ## ]]" not in asked.split("[[ ## question ## ]]")[0]:
            return f"[[ ## hint ## ]]\n{way}\n[[ ## completed ## ]]"
        first = int(asked.split("[[ ## hint ## ]]")[1].split()[0])
        self.asked.append((first, way, asked.split("[[ ## question ## ]]")[1].strip().splitlines()[0]))
        return f"[[ ## answer ## ]]\n{WORTH['look'][first] + WORTH['say'][way]}\n[[ ## completed ## ]]"

    def compiled(self, count: int = 4, racing: bool = False, **params):
        with context(lm=self.lm):
            return mipro(points, **QUIET, **ZERO, **params).compile(
                TwoSteps(), trainset=rows("train", 3), valset=rows("validation", count), racing=racing
            )


def points(example, prediction, trace=None) -> float:
    return float(prediction.answer)


def test_a_planted_optimum_is_found_and_no_combination_is_scored_twice() -> None:
    planted = Planted()
    program = planted.compiled(num_trials=15, minibatch=False)
    assert (program.look.signature.instructions, program.say.signature.instructions) == ("way 3", "way 1")
    assert program.score == 90.0
    assert len(planted.asked) == len(set(planted.asked)) == 16 * 4


def test_the_search_ends_where_every_combination_is_scored() -> None:
    program = Planted().compiled(num_trials=200, minibatch=False)
    assert len(program.report.candidates) == 16
    assert program.report.stop_code == "done"


def test_the_model_of_the_scores_finds_more_than_chance_in_as_many_trials() -> None:
    sizes = {f"part {number}": 6 for number in range(4)}

    def best_share(seed: int, guided: bool) -> float:
        draw = random.Random(seed)
        worth = {name: [draw.random() for _ in range(size)] for name, size in sizes.items()}
        most = sum(max(options) for options in worth.values())
        least = sum(min(options) for options in worth.values())
        tried: dict[str, tuple[dict[str, int], float]] = {}
        choice = dict.fromkeys(sizes, 0)
        for trial in range(22):
            tried[choice_key(choice)] = (choice, sum(worth[name][option] for name, option in choice.items()))
            if guided:
                values = {key: value for key, (_, value) in tried.items()}
                found = suggestions(
                    sizes, list(tried.values()), seed=derive_seed(seed, trial), startup=5, values=values
                )
                choice = next(guess for guess in found if choice_key(guess) not in tried)
            else:
                choice = {name: draw.randrange(size) for name, size in sizes.items()}
        return (max(value for _, value in tried.values()) - least) / (most - least)

    guided = [best_share(seed, True) for seed in range(10)]
    by_chance = [best_share(seed, False) for seed in range(10)]
    assert statistics.mean(guided) > statistics.mean(by_chance) + 0.03
    assert sum(g >= c for g, c in zip(guided, by_chance, strict=True)) >= 8


def test_a_suggestion_depends_on_seed_and_history_alone() -> None:
    history = [({"a": 0, "b": 1}, 0.5), ({"a": 2, "b": 1}, 0.7)]

    def first(seed: int) -> dict[str, int]:
        return next(suggestions({"a": 9, "b": 9}, history, seed=seed, startup=5, values={}))

    assert first(1) == first(1)
    assert len({choice_key(first(seed)) for seed in range(8)}) > 1


def test_a_mini_batch_is_never_shown_as_a_full_score() -> None:
    planted = Planted()
    program = planted.compiled(40, num_trials=7, minibatch_size=6, minibatch_full_eval_steps=3)
    assert all(item["full"] and item["rows"] == 40 for item in program.candidate_programs)
    assert program.mb_candidate_programs
    assert all(not item["full"] and 0 < item["rows"] < 40 for item in program.mb_candidate_programs)
    partial = [one for one in program.report.candidates if one.status == "minibatch"]
    assert partial
    assert all(not one.score.full for one in partial)
    assert program.report.winner.score.full
    assert len(planted.asked) == len(set(planted.asked))  # a promoted one runs only what it has not seen


def test_the_best_average_is_scored_in_full_after_every_few_trials_and_at_the_end() -> None:
    assert schedule(4, 2) == ["trial", "trial", "promote", "trial", "trial", "promote"]
    assert schedule(3, 2) == ["trial", "trial", "promote", "trial", "promote"]
    assert schedule(2, None) == schedule(2, None, 2) == ["trial", "trial"]
    early = schedule(6, 3, 2)  # a race has a mark early on
    assert early == ["trial", "trial", "promote", "trial", "trial", "trial", "promote", "trial", "promote"]
    assert schedule(4, 1, 2) == ["trial", "promote"] * 4
    full = Planted().compiled(30, num_trials=6, minibatch_size=5).candidate_programs
    assert len(full) == 3  # the student, and two that were promoted


def test_a_race_ends_where_seven_combinations_were_no_better_than_the_program_as_given() -> None:
    def level(example, prediction, trace=None) -> float:
        return 0.5

    def tried(racing: bool) -> tuple[int, list[str]]:
        log = MemoryRunLog()
        with context(lm=Planted().lm):
            program = mipro(level, **QUIET, **ZERO, num_trials=15, minibatch_size=6).compile(
                TwoSteps(),
                trainset=rows("train", 3),
                valset=rows("validation", 40),
                racing=racing,
                run_log=log,
            )
        return len(program.report.candidates) - 1, [event.get("text", "") for event in log.read()]

    count, texts = tried(racing=True)
    assert "The last 7 combinations did not beat the best: no more are tried." in texts
    assert count == 7 < tried(racing=False)[0]


def test_frozen_parts_stay_as_they_are() -> None:
    class Outer(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = TwoSteps()
            self.inner._compiled = True
            self.last = core.Predict("hint, question -> answer")

        def forward(self, question):
            return self.last(hint=self.inner(question=question).answer, question=question)

    student = Outer()
    before = student.dump_state()
    with context(lm=ToyLM()):
        program = mipro(num_trials=4).compile(student, trainset=rows("train", 8), valset=rows("val", 10))
    assert student.dump_state() == before
    assert program.inner.dump_state() == student.inner.dump_state()
    assert program.last.signature.instructions != student.last.signature.instructions or program.last.demos


def test_a_compiled_program_is_improved_further() -> None:
    data = {"trainset": rows("train", 10), "valset": rows("validation", 30)}
    with context(lm=ToyLM(skill=5)):
        first = mipro(num_trials=3).compile(TwoSteps(), **data)
        second = mipro(num_trials=6, seed=1).compile(first, **data)
    assert second.report.baseline.percent == first.score
    assert second.score >= first.score
    assert second is not first
    assert not second._compiled  # as in DSPy


@pytest.mark.parametrize(
    "params",
    [
        {"num_candidates": 5},
        {"num_trials": 5},
        {"auto": None},
        {"auto": "huge"},
        {"auto": None, "num_candidates": 0},
    ],
)
def test_sizes_that_contradict_each_other_are_refused(params) -> None:
    with pytest.raises(OptimizerError, match=r"auto|num_candidates"):
        MIPROv2.create(params, metric=exact)


def test_trials_at_compile_time_are_refused_next_to_auto() -> None:
    with pytest.raises(OptimizerError, match="auto='light' sets num_trials"):
        MIPROv2(metric=exact).compile(TwoSteps(), trainset=rows("train", 6), num_trials=3)


def test_no_demos_means_that_no_teacher_runs() -> None:
    with context(lm=ToyLM()):
        program = mipro(num_trials=3, **ZERO).compile(TwoSteps(), trainset=rows("train", 8))
    assert not program.report.attempts
    assert not any(demos_of(program).values())
    assert "bootstrap" not in program.report.spend_by_purpose


def test_sizes_are_those_of_dspy() -> None:
    asked = {"num_candidates": None, "num_trials": None, "minibatch": True, "size": 35, "full_every": 5}
    light = plan_of(auto="light", zero_shot=False, predictors=1, rows=100, **asked)
    assert (light.demo_sets, light.instructions, light.trials, light.batch) == (6, 3, 10, 35)
    zero = plan_of(auto="medium", zero_shot=True, predictors=2, rows=300, **asked)
    assert (zero.demo_sets, zero.instructions, zero.trials) == (0, 12, 18)
    heavy = plan_of(auto="heavy", zero_shot=False, predictors=2, rows=50, **asked)
    assert (heavy.trials, heavy.batch) == (33, None)
    assert trials_for(4, 1) == 1
    assert {name: size.rows for name, size in AUTO.items()} == {"light": 100, "medium": 300, "heavy": 1000}


def test_rows_to_choose_by_are_set_aside_where_there_are_none() -> None:
    learn, choose = split_rows(rows("train", 50), None, "light", 9)
    assert (len(learn), len(choose)) == (10, 40)
    assert not {row.question for row in learn} & {row.question for row in choose}
    assert len(split_rows(rows("train", 5), rows("val", 500), "light", 9)[1]) == 100
    assert len(split_rows(rows("train", 5), rows("val", 500), None, 9)[1]) == 500
    assert split_rows(rows("train", 1), None, "light", 9)[1] is None
    with context(lm=ToyLM()):
        program = mipro(num_trials=2, **ZERO).compile(TwoSteps(), trainset=rows("train", 20))
    assert (program.report.score.on, program.report.score.of) == ("validation", 16)


def test_two_models_do_two_jobs_and_neither_needs_to_be_configured() -> None:
    writer = ScriptedLM(
        lambda request: "[[ ## proposed_instruction ## ]]\nTake care 30.\n[[ ## completed ## ]]"
    )
    task = ToyLM()
    program = mipro(prompt_model=writer, task_model=task, num_trials=2, **QUIET, **ZERO).compile(
        TwoSteps(), trainset=rows("train", 8)
    )
    assert len(writer.requests) == 6
    assert task.sent + len(writer.requests) == program.report.calls


def test_without_a_prompt_model_the_configured_one_writes() -> None:
    written = ScriptedLM(
        lambda request: "[[ ## proposed_instruction ## ]]\nTake care 9.\n[[ ## completed ## ]]"
    )
    with context(lm=written):
        mipro(task_model=ToyLM(), num_trials=2, **QUIET, **ZERO).compile(TwoSteps(), trainset=rows("t", 8))
    assert len(written.requests) == 6


def test_what_it_found_is_on_the_program(capsys) -> None:
    with context(lm=ToyLM()):
        program = mipro(num_trials=4, verbose=True).compile(TwoSteps(), trainset=rows("train", 20))
    assert program.score == program.report.score.percent == program.candidate_programs[0]["score"]
    assert program.trial_logs[1]["full"]
    assert set(program.trial_logs[2]) >= {"score", "rows", "pruned", "program"}
    assert any("_predictor_" in name for name in program.trial_logs[2])
    assert "16 validation rows" in capsys.readouterr().out


def test_a_folder_for_logs_lets_the_same_call_go_on(tmp_path) -> None:
    lm = ToyLM(cache=False)
    for _ in range(2):
        with context(lm=lm):
            program = mipro(num_trials=3, log_dir=tmp_path).compile(TwoSteps(), trainset=rows("train", 12))
    assert program.report.resumed
    assert lm.sent == program.report.calls


def test_a_missing_optuna_is_said_before_anything_is_spent(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    lm = ToyLM()
    with context(lm=lm), pytest.raises(MissingExtraError, match="optuna"):
        mipro(num_trials=3).compile(TwoSteps(), trainset=rows("train", 12))
    assert not lm.sent


def test_one_option_for_everything_is_said_loudly() -> None:
    writer = ScriptedLM(lambda request: "")
    with context(lm=ToyLM()):
        program = mipro(prompt_model=writer, num_trials=3, **QUIET, **ZERO).compile(
            TwoSteps(), trainset=rows("train", 8)
        )
    assert any("nothing to choose among" in warning for warning in program.report.warnings)
    assert len(program.report.candidates) == 1


def test_the_plan_is_said_before_anything_is_spent_and_equal_scores_after() -> None:
    log = MemoryRunLog()
    with context(lm=ToyLM()):
        program = mipro(lambda *args, **kw: 0.5, num_trials=4).compile(
            TwoSteps(), trainset=rows("train", 8), valset=rows("validation", 60), run_log=log
        )
    texts = [event.get("text", "") for event in log.read()]
    plan = next(index for index, text in enumerate(texts) if text.startswith("The plan: 4 demo sets and 4"))
    assert "4 combinations on 35 rows each, 2 of them on all rows" in texts[plan]
    assert not any(event["type"] in {"row", "trace", "ask"} for event in log.read()[:plan])
    assert any("Every combination scored 50.0%" in warning for warning in program.report.warnings)


@pytest.mark.parametrize("seed", [7, 8])
def test_what_leads_on_a_mini_batch_runs_on_all_rows_before_a_race_ends(seed: int) -> None:
    sizes = {"num_trials": 15, "minibatch_size": 6, "minibatch_full_eval_steps": 15}
    with context(lm=Planted().lm):
        program = mipro(points, **QUIET, **ZERO, **sizes).compile(
            TwoSteps(), trainset=rows("train", 3), valset=rows("validation", 40), racing=True, seed=seed
        )
    found = [(one.status, one.score.mean) for one in program.report.candidates]
    assert program.report.score.mean >= max(mean for _, mean in found)
    assert program.report.stop_code == "done"
