"""SIMBA: what is sampled, what becomes a demo or a rule, which programs are scored at the end."""

import random
import re
from collections import Counter
from typing import Any

import pytest

import core
from core.lm import ScriptedLM
from core.optimizers.trajectories import buckets_of, percentile, poisson, softmax_draw
from core.search.jobs import Attempt
from core.search.problem import Item
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

RULE = "[[ ## proposed_rule ## ]]\n{}\n[[ ## completed ## ]]"
RULES = "[[ ## rules ## ]]\n{}\n[[ ## completed ## ]]"
SMALL = {"bsize": 6, "num_candidates": 3, "max_steps": 3}


class Waverer(ScriptedLM):
    """Right where told how; else right in some of its samples alone."""

    def __init__(self, rule: str = "Be exact.") -> None:
        self.questions: list[str] = []
        self.rule = rule
        super().__init__(self.answer)

    def answer(self, request: Any) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if is_question(request):
            self.questions.append(asked)
            return written(request, self.rule)
        name = re.findall(r"thing (\d+)", asked)[-1]
        right = "Be exact." in system or (int(name) + (request.rollout_id or 0)) % 3 == 1
        return f"[[ ## answer ## ]]\n{name if right else 'wrong'}\n[[ ## completed ## ]]"


def is_question(request: Any) -> bool:
    """Whether a rule is asked for (published), or a list of them (raced)."""
    system = request.messages[0]["content"]
    return "proposed_rule" in system or "[[ ## rules ## ]]" in system


def written(request: Any, rule: str) -> str:
    return (RULE if "proposed_rule" in request.messages[0]["content"] else RULES).format(rule)


def things(count: int, start: int = 0) -> list[core.Example]:
    return [
        core.Example(item=f"thing {number}", answer=str(number)).with_inputs("item")
        for number in range(start, start + count)
    ]


def compiled(lm: Any = None, *, trainset: Any = None, metric: Any = exact, **params: Any) -> Any:
    options = {key: params.pop(key) for key in ("racing", "run_log", "seed", "budget") if key in params}
    with context(lm=lm or Waverer()):
        return core.SIMBA(metric=metric, **{**SMALL, **params}).compile(
            core.Predict(core.Signature("item -> answer", "Answer.")),
            trainset=trainset or things(12),
            valset=things(10, 100),
            **options,
        )


@pytest.mark.parametrize("racing", [True, False])
def test_it_finds_the_planted_rule(racing: bool) -> None:
    program = compiled(max_demos=0, racing=racing)
    assert program.report.score.mean == 1.0
    assert program.report.baseline.mean < 0.5
    assert program.signature.instructions.startswith(
        "Answer.\n\n- Be exact." if racing else "Answer.\n\nBe exact."
    )


def test_the_rule_is_asked_for_with_the_better_and_the_worse_run() -> None:
    lm = Waverer()

    def metric(gold: Any, pred: Any, trace: Any = None) -> Any:
        right = gold.answer == pred.answer
        return core.Prediction(score=float(right), feedback="well done" if right else f"say {gold.answer}")

    compiled(lm, metric=metric, max_demos=0, max_steps=1, racing=False)
    better, worse = lm.questions[0].split("## better_run ##")[1].split("## worse_run ##")
    assert "well done" in better and "answer: wrong" not in better
    assert "answer: wrong" in worse and re.search(r"say \d+", worse)


def test_demos_are_whole_best_runs_on_training_rows() -> None:
    program = compiled(Waverer(rule=""), max_demos=4, max_steps=6)
    shown = [
        demo
        for one in program.candidate_programs
        for _, part in one["program"].named_predictors()
        for demo in part.demos
    ]
    assert shown
    assert all(demo["item"] == f"thing {demo['answer']}" and int(demo["answer"]) < 12 for demo in shown)


def test_long_inputs_are_cut_in_demos() -> None:
    program = compiled(Waverer(rule=""), max_demos=4, max_steps=6, demo_input_field_maxlen=3)
    demos = [demo for one in program.candidate_programs for demo in one["program"].demos]
    assert demos and all(demo["item"] == "thi…" for demo in demos)


def test_equal_runs_teach_nothing() -> None:
    lm = Waverer()
    program = compiled(lm, metric=lambda gold, pred, trace=None: 0.5, max_demos=0, racing=False)
    assert not lm.questions
    assert [candidate.id for candidate in program.report.candidates] == ["c0"]
    assert program.report.score.full


def test_programs_that_seldom_succeed_get_rules_unless_the_published_way_is_asked_for() -> None:
    def rare(gold: Any, pred: Any, trace: Any = None) -> float:
        return float(pred.answer == "1")

    asked: dict[bool, int] = {}
    for racing in (True, False):
        lm = Waverer(rule="Try.")
        compiled(lm, metric=rare, trainset=things(12), bsize=12, max_demos=0, max_steps=1, racing=racing)
        asked[racing] = len(lm.questions)
    assert asked[True] > 0
    assert asked[False] == 0


def test_every_row_is_run_by_several_samples_of_the_model() -> None:
    lm = Waverer()
    compiled(lm, max_steps=1, max_demos=0, bsize=12, racing=False)
    answered = [request for request in lm.requests if "proposed_rule" not in request.messages[0]["content"]]
    samples = Counter(request.rollout_id for request in answered)
    assert samples[1] == samples[2] == 12
    assert all(request.params["temperature"] == 1.0 for request in answered if request.rollout_id)


def test_a_teachers_settings_hold_for_one_of_the_samples() -> None:
    teacher, lm = Waverer(), Waverer()
    with context(lm=lm):
        core.SIMBA(metric=exact, **{**SMALL, "max_steps": 1}, teacher_settings={"lm": teacher}).compile(
            core.Predict("item -> answer"), trainset=things(6), valset=things(4, 100), racing=False
        )
    assert len(teacher.requests) == 6


def test_the_prompt_model_writes_the_rules() -> None:
    writer = ScriptedLM(lambda request: written(request, "Be exact."))
    lm = Waverer()
    program = compiled(lm, prompt_model=writer, max_demos=0)
    assert writer.requests and not lm.questions
    assert program.report.score.mean == 1.0


def test_fewer_rows_than_a_batch_is_a_warning() -> None:
    program = compiled(trainset=things(4), bsize=32)
    assert any("fewer than bsize=32" in warning for warning in program.report.warnings)
    assert not any("bsize" in warning for warning in compiled().report.warnings)


def test_the_winners_of_the_steps_are_scored_at_the_end_and_nobody_else() -> None:
    with context(lm=ToyLM()):
        program = core.SIMBA(metric=exact, bsize=8, num_candidates=3, max_steps=5).compile(
            TwoSteps(), trainset=rows("train", 20), valset=rows("validation", 20), racing=False
        )
    scored = [candidate for candidate in program.report.candidates if candidate.score is not None]
    assert scored[0].id == "c0"
    assert all(candidate.notes["won"] for candidate in scored[1:])
    assert 2 <= len(scored) <= 4
    best = max(scored, key=lambda candidate: candidate.score.mean)
    assert program.report.score.mean == best.score.mean
    logs = program.trial_logs
    assert set(logs) <= set(range(5))
    assert all(len(log["batch_scores"]) == len(log["candidates"]) for log in logs.values())


def test_a_search_that_ended_early_says_that_nothing_was_scored() -> None:
    with context(lm=ToyLM(cache=False)):
        program = core.SIMBA(metric=exact, bsize=8, num_candidates=3, max_steps=50).compile(
            TwoSteps(), trainset=rows("train", 20), valset=rows("validation", 20), budget=260, racing=False
        )
    assert program.report.calls <= 260
    assert any("before a program was scored" in warning for warning in program.report.warnings)


def test_own_demos_of_the_student_are_dropped_like_others() -> None:
    own = core.Predict(core.Signature("item -> answer", "Answer."))
    own.demos = [core.Example(item="thing 7", answer="7"), core.Example(item="thing 8", answer="8")]
    with context(lm=Waverer()):
        program = core.SIMBA(metric=exact, bsize=6, num_candidates=4, max_steps=4, max_demos=1).compile(
            own, trainset=things(12), valset=things(6, 100)
        )
    counts = {sum(candidate.demos["self"].values()) for candidate in program.report.candidates}
    assert len(own.demos) == 2
    assert 2 in counts and min(counts) < 2
    assert program.report.candidates[0].demos["self"] == {"bootstrapped": 0, "labeled": 2}


def test_a_resumed_search_asks_nothing_twice() -> None:
    lm, log = Waverer(), MemoryRunLog()
    first = compiled(lm, run_log=log)
    sent = len(lm.requests)
    again = compiled(lm, run_log=log)
    assert len(lm.requests) == sent
    assert again.dump_state() == first.dump_state()


def bucket(*scores: float) -> Any:
    example = core.Example(item="x", answer="y").with_inputs("item")
    attempts = [Attempt("r", 0, kept=True, score=score) for score in scores]
    return buckets_of([Item("r", example)], attempts)[0]


def test_rows_are_sorted_by_how_much_their_runs_differ() -> None:
    example = core.Example(item="x", answer="y").with_inputs("item")
    batch = [Item(name, example) for name in "abc"]
    scores = [1.0, 0.0, 0.5, 1.0, 1.0, 0.5]
    found = buckets_of(batch, [Attempt("r", 0, kept=True, score=score) for score in scores])
    assert [one.item.key for one in found] == ["b", "a", "c"]
    assert bucket(0.0, 1.0, 0.5).spread == (1.0, 1.0, 0.5)
    assert bucket(0.2, 0.8).best.score == 0.8


def test_percentiles_lie_between_values() -> None:
    assert percentile([0.0, 1.0], 0.1) == pytest.approx(0.1)
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([], 0.9) == 0.0


def test_poisson_numbers_have_their_mean() -> None:
    draw = random.Random(0)
    assert sum(poisson(2.0, draw) for _ in range(4_000)) / 4_000 == pytest.approx(2.0, abs=0.1)
    assert poisson(0.0, draw) == 0


def test_programs_are_drawn_the_likelier_the_better() -> None:
    draw = random.Random(0)
    counts = Counter(softmax_draw([0.2, 0.6], 0.2, draw) for _ in range(4_000))
    assert counts[1] / counts[0] == pytest.approx(7.39, rel=0.2)
    assert softmax_draw([0.2, 0.6, 0.6], 0.0, draw) == 1
