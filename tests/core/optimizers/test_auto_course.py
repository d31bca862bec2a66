"""How Auto spends its calls: the likeliest demos first, hard rows first, prompts no longer than they are worth."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import core
from core.lm import ScriptedLM
from core.optimizers import Auto
from core.optimizers.auto_data import choosing_rows
from core.optimizers.auto_demos import Lengths
from core.optimizers.auto_stages import Stages
from core.search.candidate import Candidate
from core.search.pool import Pool
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

CAPITALS = "Write the word in capitals where an exclamation mark follows."


def marked(prefix: str, count: int) -> list[core.Example]:
    """Questions whose answer is a word in capitals where an exclamation mark follows it: every second one."""
    made: list[core.Example] = []
    for index in range(count):
        word, mark = f"word{index % 7}", "!" if index % 2 else "."
        answer = word.upper() if mark == "!" else word
        made.append(core.Example(text=f"{prefix} {index} {word}{mark}", answer=answer).with_inputs("text"))
    return made


def model(*, demos_needed: int | None = None, rules: str = "") -> ScriptedLM:
    """A model that copies the word; it writes capitals once it sees as many demos, or is told to."""

    def reply(request):
        asked, system = request.messages[-1]["content"], request.messages[0]["content"]
        if "[[ ## failures ## ]]" in asked:
            return f"[[ ## rules ## ]]\n{rules}\n[[ ## completed ## ]]"
        shown = sum(message["role"] == "assistant" for message in request.messages)
        found = re.search(r"(word\d)([.!])", asked.split("[[ ## text ## ]]")[1])
        assert found is not None
        knows = "capitals" in system or (demos_needed is not None and shown >= demos_needed)
        word = found[1].upper() if found[2] == "!" and knows else found[1]
        return f"[[ ## answer ## ]]\n{word}\n[[ ## completed ## ]]"

    return ScriptedLM(reply)


def compiled(lm, train, validation, **options):
    with context(lm=lm):
        return Auto(exact).compile(
            core.Predict("text -> answer"), trainset=train, valset=validation, **options
        )


def stages(count: int, doubling: float = 0.0, demos: int = 0) -> tuple[Stages, Pool]:
    """Stages over a pool that is filled by hand; `demos` training rows of 400 characters are there to be shown."""
    pool = Pool(count)
    shown = {f"row {index}": core.Example(text="x" * 389) for index in range(demos)}
    problem = SimpleNamespace(scoring=range(count), paths=("step",), train_rows=shown)
    view = SimpleNamespace(pool=pool, problem=problem, rng=lambda *purpose: core_rng(*purpose))
    return Stages(view, doubling), pool


def core_rng(*purpose):
    from core.foundation.randomness import rng

    return rng(0, *purpose)


def scored(pool, name, right, of, *, kind="demos", stage=0, rules=0, shown=0, parents=()) -> Candidate:
    state = {"step": {"demos": [{"row": f"row {index}"} for index in range(shown)]}} if shown else {}
    notes = {"stage": stage, "kind": kind, "rules": {"step": ["rule"] * rules}}
    candidate = Candidate(name, name, state, parents=parents, notes=notes)
    pool.add(candidate)
    for row in of:
        pool.scores.put(name, row, float(row in right))
    pool.finish(candidate, "full" if len(of) == pool.scores.rows else "minibatch")
    return candidate


def test_labelled_rows_that_show_all_there_is_are_tried_without_running_any() -> None:
    log = MemoryRunLog()
    program = compiled(model(demos_needed=3), marked("t", 12), marked("v", 20), budget=60, run_log=log)
    kinds = [event["type"] for event in log.read()]
    assert "trace" not in kinds
    assert [candidate.label for candidate in program.report.candidates] == ["as given", "12 labelled demos"]
    assert program.report.score.mean == 1.0
    assert program.report.calls == 2 * 20


@pytest.mark.parametrize("budget", [20, 50, 100])
def test_few_calls_are_enough_for_demos_that_help(budget) -> None:
    program = compiled(model(demos_needed=3), marked("t", 40), marked("v", 100), budget=budget)
    assert len(program.demos) == 40
    assert program.report.calls <= budget
    assert program.report.score.full


def test_where_many_demos_harm_a_few_are_tried() -> None:
    def reply(request):
        shown = sum(message["role"] == "assistant" for message in request.messages)
        word = re.search(r"(word\d)[.!]", request.messages[-1]["content"].split("[[ ## text ## ]]")[1])[1]
        right = shown in range(3, 11) and "!" in request.messages[-1]["content"].split("[[ ## text")[1]
        answer = "lost" if shown > 10 and word == "word0" else word.upper() if right else word
        return f"[[ ## answer ## ]]\n{answer}\n[[ ## completed ## ]]"

    program = compiled(ScriptedLM(reply), marked("t", 40), marked("v", 40), budget=200)
    assert len(program.demos) == 10
    assert program.report.score.mean == 1.0


def test_demos_that_change_nothing_are_neither_kept_nor_varied() -> None:
    program = compiled(model(), marked("t", 40), marked("v", 40))
    assert [candidate.status for candidate in program.report.candidates] == ["full", "full"]
    assert not program.demos
    assert program.report.calls < 150


def test_a_longer_prompt_has_to_bring_what_it_costs() -> None:
    for gained, wins in ((1, False), (2, True)):  # of 100 rows; the prompt is 2**3 times as long
        found, pool = stages(100, doubling=0.005, demos=14)
        given = scored(pool, "given", set(range(50)), range(100))
        long = scored(pool, "long", set(range(50 + gained)), range(100), shown=14)
        lengths = Lengths(found._view.problem)
        assert lengths.of(long.state) / lengths.of(given.state) == pytest.approx(8.0)
        assert found.best() is (long if wins else given)


def test_a_shorter_prompt_may_score_a_little_less() -> None:
    found, pool = stages(200, doubling=0.005, demos=14)
    scored(pool, "long", set(range(102)), range(200), shown=14)
    short = scored(pool, "short", set(range(100)), range(200), shown=2)
    assert found.best() is short


def test_the_more_lists_of_rules_were_tried_the_clearer_one_has_to_lead() -> None:
    for tried, wins in ((1, True), (8, False)):
        found, pool = stages(40)
        plain = scored(pool, "plain", set(range(20)), range(40))
        good = scored(pool, "good", {*range(1, 24)}, range(40), kind="rules", stage=1, rules=1)
        for number in range(tried - 1):
            scored(pool, f"other {number}", {number}, range(8), kind="rules", stage=1, rules=1)
        found = Stages(found._view)
        assert found.best() is (good if wins else plain)  # four rows won, one lost


def test_rows_that_the_base_failed_are_drawn_first_and_count_no_more_than_they_are() -> None:
    found, pool = stages(40)
    base = scored(pool, "base", set(range(30)), range(40))
    drawn = found.proposals(1, "demos", base, [("arm", {"step": {"demos": []}}, {})])[0].rows
    assert drawn is not None
    assert len(drawn) == 10
    assert sum(row >= 30 for row in drawn) == 5  # a fourth of all rows
    hard, easy = [row for row in drawn if row >= 30], [row for row in drawn if row < 30]
    arm = scored(pool, "arm", {*hard[:3], *easy[:4]}, drawn, stage=1, parents=("base",))
    # Of ten failed rows three in five are solved; of thirty solved rows one in five is failed.
    assert found.gain(arm, base) == pytest.approx((10 * 3 / 5 - 30 / 5) / 40)
    easily = scored(pool, "easily", set(range(6)), range(40), stage=1)
    asked = found.proposals(2, "demos", easily, [("arm", {"step": {"demos": []}}, {})])[0].rows or ()
    assert sum(row >= 6 for row in asked) == 10  # what it solves tells next to nothing


def test_the_likeliest_demos_are_not_judged_by_a_few_rows() -> None:
    def reply(request):
        asked = request.messages[-1]["content"].split("[[ ## text ## ]]")[1]
        word, mark = re.search(r"(word\d)([.!])", asked).groups()
        shown = any(message["role"] == "assistant" for message in request.messages)
        right = word.upper() if mark == "!" else word
        knows = word not in {"word1", "word2"} or (shown and word == "word1" and mark == "!")
        return f"[[ ## answer ## ]]\n{right if knows else 'lost'}\n[[ ## completed ## ]]"

    for seed in range(6):  # three rows of forty change
        program = compiled(ScriptedLM(reply), marked("t", 40), marked("v", 40), budget=80, seed=seed)
        assert program.demos


def test_what_scores_like_one_that_ran_on_every_row_does_not_run_on_every_row_itself() -> None:
    for solved, goes_on in (({30}, False), ({30, 31}, True)):
        found, pool = stages(40, doubling=0.02, demos=14)
        scored(pool, "base", set(range(30)), range(40))
        scored(pool, "long", set(range(31)), range(40), shown=14, stage=1, parents=("base",))
        drawn = range(26, 36)
        scored(pool, "other", set(range(30)) & set(drawn) | solved, drawn, stage=2, parents=("base",))
        assert (Stages(found._view, 0.02).promotion(2) is not None) is goes_on


def test_tests_of_single_rules_run_on_the_rows_that_the_rules_changed() -> None:
    unsolved = core.Example(text="v 39 word1.", answer="something else").with_inputs("text")
    validation = [*marked("v", 16)[:15], unsolved]
    program = compiled(model(rules=f"{CAPITALS}\nBe brave."), marked("t", 24), validation, budget=400)
    tests = [candidate for candidate in program.report.candidates if "without 1" in candidate.label]
    assert tests[0].score.rows == 7  # fifteen solvable rows, of which seven need the rule
    assert CAPITALS in program.signature.instructions
    assert "brave" not in program.signature.instructions


def test_ten_thousand_rows_cost_no_more_than_few() -> None:
    lm = ToyLM(jitter=0)
    with context(lm=lm):
        program = Auto(exact).compile(TwoSteps(), trainset=rows("t", 10_000), valset=rows("v", 10_000))
    assert lm.sent <= 600
    assert program.report.score.rows == 60
    assert program.report.confirmation is not None


@pytest.mark.parametrize(
    ("runs", "wanted"), [(10, 8), (50, 20), (100, 40), (200, 40), (400, 80), (600, 100), (None, 100)]
)
def test_rows_to_choose_by_leave_room_for_two_programs_and_more_rounds(runs, wanted) -> None:
    assert choosing_rows(runs, 100) == wanted
    assert choosing_rows(runs, 5) == 5


def test_a_proposer_that_fails_costs_the_rules_and_not_the_demos() -> None:
    def broken(request):
        raise ConnectionError("the writer is away")

    unsolved = core.Example(text="v 99 word1.", answer="something else").with_inputs("text")
    with context(lm=model(demos_needed=3)):
        program = Auto(exact, prompt_model=ScriptedLM(broken)).compile(
            core.Predict("text -> answer"), trainset=marked("t", 24), valset=[*marked("v", 20), unsolved]
        )
    assert len(program.demos) == 24
    assert program.report.score.mean == pytest.approx(20 / 21)
