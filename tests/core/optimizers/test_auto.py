"""Auto: demos and rules by what helps; rules that harm go; few rows, no labels, small caps; never worse than given."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import core
from core.data import Prediction
from core.foundation.errors import OptimizerError
from core.lm import ScriptedLM
from core.optimizers import Auto
from core.optimizers.auto_data import divide
from core.optimizers.auto_rules import blamed, diverse, merged, rules_in, with_rules
from core.optimizers.auto_stages import Stages
from core.search.candidate import Candidate
from core.search.jobs import Attempt
from core.search.pool import Pool
from core.search.problem import Item
from core.search.run_log import MemoryRunLog, NoRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows

WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven")


def asked_text(request) -> str:
    return request.messages[-1]["content"]


def is_proposer(request) -> bool:
    return "[[ ## failures ## ]]" in asked_text(request)


def number_rows(prefix: str, count: int) -> list[core.Example]:
    """Questions whose answer is a word in capitals where the question is marked, and small where it is not."""
    made: list[core.Example] = []
    for index in range(count):
        word = WORDS[index % len(WORDS)]
        mark = "!" if index % 2 else "."
        answer = word.upper() if mark == "!" else word
        made.append(core.Example(text=f"{prefix} {index} {word}{mark}", answer=answer).with_inputs("text"))
    return made


def obedient(rules: list[str], *, tempted: bool = False):
    """A model that copies the word, and follows the rules that its instruction holds; as a proposer it gives them."""

    def reply(request):
        if is_proposer(request):
            return "[[ ## rules ## ]]\n" + "\n".join(rules) + "\n[[ ## completed ## ]]"
        system, question = request.messages[0]["content"], asked_text(request)
        found = re.search(r"(\w+)([.!])", question.split("[[ ## text ## ]]")[1])
        assert found is not None
        word = found[1].upper() if found[2] == "!" and "capitals" in system else found[1]
        if tempted and "Answer nothing about cedar" in system and found[1] == "cedar":
            word = "nothing"
        return f"[[ ## answer ## ]]\n{word}\n[[ ## completed ## ]]"

    return reply


def compiled(lm, train, validation=None, *, student=None, metric=exact, budget=300, **params):
    with context(lm=lm):
        return Auto(metric, **params).compile(
            student or core.Predict("text -> answer"), trainset=train, valset=validation, budget=budget
        )


def test_a_planted_rule_is_found_in_the_failures_and_kept() -> None:
    lm = ScriptedLM(obedient(["Write the word in capitals where an exclamation mark follows."]))
    program = compiled(lm, number_rows("train", 20), number_rows("valid", 30))
    assert "capitals where" in program.signature.instructions
    assert program.report.score.mean == 1.0
    asked = [request for request in lm.requests if is_proposer(request)]
    failures = asked_text(asked[0]).split("[[ ## failures ## ]]")[1].split("[[ ## examples ## ]]")[0]
    assert failures.count("### Example") == 8
    assert "should be" in failures
    assert not re.search(r"\w+\.\n", failures.split("Outputs")[0]), "rows that went well are no failures"


def test_a_rule_that_harms_is_tested_alone_and_dropped() -> None:
    rules = ["Write the word in capitals where an exclamation mark follows.", "Answer nothing about cedar."]
    lm = ScriptedLM(obedient(rules, tempted=True))
    program = compiled(lm, number_rows("train", 24), number_rows("valid", 40), budget=600)
    assert "capitals" in program.signature.instructions
    assert "cedar" not in program.signature.instructions
    assert program.report.score.mean == 1.0
    labels = {candidate.label for candidate in program.report.candidates}
    assert "without 1 of the rules" in labels


def test_where_only_demos_help_demos_are_given_and_no_instruction() -> None:
    def reply(request):
        if is_proposer(request):
            return "[[ ## rules ## ]]\nBe brave.\n[[ ## completed ## ]]"
        shown = [message["content"] for message in request.messages if message["role"] == "assistant"]
        word = re.search(r"(\w+)[.!]", asked_text(request).split("[[ ## text ## ]]")[1])[1]
        capitals = len(shown) >= 3 and asked_text(request).split("\n\n")[0].strip().endswith("!")
        return f"[[ ## answer ## ]]\n{word.upper() if capitals else word}\n[[ ## completed ## ]]"

    program = compiled(ScriptedLM(reply), number_rows("train", 12), number_rows("valid", 20), budget=150)
    assert len(program.demos) >= 3
    assert "brave" not in program.signature.instructions
    assert program.report.score.mean == 1.0


def test_without_labels_runs_that_passed_are_the_demos_and_feedback_is_what_the_proposer_reads() -> None:
    unlabelled = [core.Example(text=row.text).with_inputs("text") for row in number_rows("row", 30)]

    def judged(example, prediction, trace=None):
        right = prediction.answer.isupper() or not example.text.endswith("!")
        return Prediction(score=float(right), feedback="Fine." if right else "Shout where the text shouts.")

    lm = ScriptedLM(obedient(["Use capitals after an exclamation mark."]))
    program = compiled(lm, unlabelled[:15], unlabelled[15:], metric=judged)
    assert program.report.score.mean == 1.0
    asked = next(asked_text(request) for request in lm.requests if is_proposer(request))
    assert "Shout where the text shouts." in asked
    kinds = [candidate.demos for candidate in program.report.candidates]
    assert all(not count["labeled"] for demos in kinds for count in demos.values())
    assert any(count["bootstrapped"] for demos in kinds for count in demos.values())


def test_ten_rows_are_split_so_that_what_chooses_teaches_nothing() -> None:
    train = number_rows("row", 10)
    program = compiled(ScriptedLM(obedient(["Use capitals for emphasis."])), train)
    assert any("5 of the 10 rows choose" in warning for warning in program.report.warnings)
    assert program.report.score.rows == 5
    assert program.report.score.mean == 1.0
    taught, chosen = (
        {
            demo["row"]
            for c in program.report.candidates
            for part in c.state.values()
            for demo in part.get("demos", [])
        },
        divide(train, None, 100, 0, NoRunLog()).validation,
    )
    assert taught
    assert not taught & {row.id for row in chosen}


def test_where_nothing_helps_the_program_comes_back_as_given() -> None:
    def reply(request):
        if is_proposer(request):
            return "[[ ## rules ## ]]\nBe brave.\nBe bold.\n[[ ## completed ## ]]"
        word = re.search(r"(\w+)[.!]", asked_text(request).split("[[ ## text ## ]]")[1])[1]
        return f"[[ ## answer ## ]]\n{word}\n[[ ## completed ## ]]"

    student = core.Predict("text -> answer")
    program = compiled(
        ScriptedLM(reply), number_rows("t", 20), number_rows("v", 30), student=student, budget=600
    )
    assert program.signature.instructions == student.signature.instructions
    assert not program.demos
    assert program.report.best == "c0"
    assert program.report.calls < 600, "it stops where more is not worth its price"


@pytest.mark.parametrize("cap", [50, 100, 200, 400, 600])
def test_the_winner_is_never_below_the_given_program_on_the_rows_that_chose(cap) -> None:
    for seed in range(3):
        with context(lm=ToyLM(jitter=0)):
            program = Auto(exact).compile(
                TwoSteps(), trainset=rows("t", 40), valset=rows("v", 60), budget=cap, seed=seed
            )
        report = program.report
        assert report.calls <= cap
        assert report.score.full
        assert report.score.mean >= report.baseline.mean


def test_many_rows_are_sampled_and_said_to_be() -> None:
    lm = ToyLM(jitter=0)
    with context(lm=lm):
        program = Auto(exact).compile(
            TwoSteps(), trainset=rows("t", 3_000), valset=rows("v", 3_000), budget=200
        )
    assert any("of the 3000 validation rows" in warning for warning in program.report.warnings)
    assert program.report.score.full
    assert lm.sent <= 200


def test_rows_to_spare_confirm_the_winner_and_neither_teach_nor_choose() -> None:
    train, validation = rows("t", 60), rows("v", 400)
    with context(lm=ToyLM(jitter=0)):
        program = Auto(exact).compile(
            TwoSteps(), trainset=[*train, *validation], valset=validation, budget=800
        )
    confirmed = program.report.confirmation
    assert confirmed is not None
    assert confirmed.score.rows == 26
    assert confirmed.score.full
    assert (confirmed.on, confirmed.score.on, confirmed.given.on) == ("validation",) * 3
    assert "26 held-out validation rows" in program.report.verdict
    assert any("26 of the others confirm the winner" in warning for warning in program.report.warnings)
    split = divide(rows("t", 400), None, 40, 0, NoRunLog(), proving=30)
    sets = [{row.id for row in part} for part in (split.train, split.validation, split.proof)]
    assert [len(part) for part in sets] == [330, 40, 30]
    assert not sets[0] & sets[1] | sets[0] & sets[2] | sets[1] & sets[2]


@pytest.mark.parametrize(
    ("own", "on"), [({}, "training"), ({"confirm": 5}, "validation"), ({"testset": rows("test", 30)}, "test")]
)
def test_rows_that_confirm_are_called_what_they_were_given_as(own, on) -> None:
    with context(lm=ToyLM(jitter=0)):
        report = Auto(exact).compile(TwoSteps(), trainset=rows("t", 400), budget=700, **own).report
    assert report.confirmation.on == report.confirmation.score.on == on
    assert (f"{report.confirmation.score.of} confirm the winner" in report.warnings[0]) is (not own)


@pytest.mark.parametrize(
    "own", [{}, {"confirm": 0.25}, {"testset": rows("test", 30)}], ids=["auto", "share", "test"]
)
def test_a_raised_cap_finds_the_rows_of_the_log_however_the_winner_is_confirmed(own) -> None:
    log, given = MemoryRunLog(), {"trainset": rows("t", 60), "valset": rows("v", 400)}
    with context(lm=ToyLM(jitter=0)):
        first = Auto(exact).compile(TwoSteps(), **given, budget=700, run_log=log, **own)
        again = Auto(exact).compile(TwoSteps(), **given, budget=900, run_log=log, **own)
    assert again.report.score.of == first.report.score.of
    assert again.report.confirmation.score.of == first.report.confirmation.score.of


def test_a_raised_cap_goes_on_with_the_rows_of_the_first_session() -> None:
    log = MemoryRunLog()
    with context(lm=ToyLM(jitter=0)):
        first = Auto(exact).compile(
            TwoSteps(), trainset=rows("t", 40), valset=rows("v", 60), budget=60, run_log=log
        )
        again = Auto(exact).compile(
            TwoSteps(), trainset=rows("t", 40), valset=rows("v", 60), budget=300, run_log=log
        )
    assert again.report.score.of == first.report.score.of
    assert again.report.calls > first.report.calls
    assert again.report.score.mean >= first.report.score.mean


def test_runs_that_made_no_demos_are_the_failures_of_the_first_round_and_not_run_again() -> None:
    log = MemoryRunLog()
    with context(lm=ScriptedLM(obedient(["Use capitals where it shouts."]))):
        Auto(exact, max_labeled_demos=0).compile(
            core.Predict("text -> answer"),
            trainset=number_rows("t", 20),
            valset=number_rows("v", 24),
            run_log=log,
        )
    events = log.read()
    first = next(index for index, event in enumerate(events) if event["type"] == "ask")
    traced = [event["row"] for event in events[:first] if event["type"] == "trace"]
    assert traced
    assert len(traced) == len(set(traced))


def test_the_prompt_model_writes_and_the_task_model_answers() -> None:
    writer = ScriptedLM(obedient(["Write capitals where it shouts."]))
    task = ScriptedLM(obedient([]))
    program = compiled(task, number_rows("t", 16), number_rows("v", 24), prompt_model=writer)
    assert "capitals" in program.signature.instructions
    assert writer.requests
    assert all(is_proposer(request) for request in writer.requests)
    assert not any(is_proposer(request) for request in task.requests)


def test_a_proposer_that_gives_nothing_costs_a_round_and_not_the_run() -> None:
    program = compiled(
        ScriptedLM(obedient([])),
        number_rows("t", 16),
        number_rows("v", 24),
        max_labeled_demos=0,
        max_bootstrapped_demos=0,
    )
    assert program.report.best == "c0"
    assert program.report.stop_code == "done"


def test_rules_reach_the_step_that_failed() -> None:
    with context(lm=ToyLM(jitter=0)):
        program = Auto(exact).compile(TwoSteps(), trainset=rows("t", 30), valset=rows("v", 40), budget=400)
    written = {path for c in program.report.candidates for path in c.instructions}
    assert "say" in written
    assert demos_of(program).keys() == {"look", "say"}


def test_a_program_without_predictors_is_refused() -> None:
    class Empty(core.Module):
        def forward(self, question):
            return Prediction(answer="a")

    with pytest.raises(OptimizerError, match="no predictor"):
        Auto(exact).compile(Empty(), trainset=rows("t", 8))


def test_more_rules_have_to_lead_by_a_standard_error() -> None:
    pool = Pool(20)

    def scored(name: str, right: set[int], rules: int) -> Candidate:
        candidate = Candidate(name, name, {}, notes={"stage": 0, "rules": {"p": ["r"] * rules}})
        pool.add(candidate)
        for row in range(20):
            pool.scores.put(name, row, float(row in right))
        pool.finish(candidate, "full")
        return candidate

    view = SimpleNamespace(pool=pool, problem=SimpleNamespace(scoring=range(20), paths=("p",)))
    plain = scored("plain", set(range(10)), 0)
    scored("lucky", {*range(3, 14)}, 2)  # four rows won, three lost
    assert Stages(view).best() is plain
    scored("one row", set(range(11)), 1)
    assert Stages(view).best() is plain
    good = scored("good", {*range(1, 14)}, 3)  # four won, one lost
    assert Stages(view).best() is good
    short = scored("short", {*range(1, 14)}, 1)
    assert Stages(view).best() is short


def test_rules_are_read_from_a_reply_and_lead_to_instructions_that_begin_like_the_given_one() -> None:
    said = "1. Be kind.\n- Be kind.\n* Answer in one word.\n\nGiven already.\nx"
    assert rules_in(said, "Given already.") == ["Be kind.", "Answer in one word."]
    assert merged(["- a", "cats: meow"], ["Cats: purr"]) == ["- a", "Cats: purr"]
    state = with_rules({"p": {"demos": []}}, {"p": "Do it."}, {"p": ["Be kind."]})
    assert state == {"p": {"demos": [], "instructions": "Do it.\n\n- Be kind."}}
    assert with_rules(state, {"p": "Do it."}, {"p": []}) == {"p": {"demos": []}}


def test_failures_shown_are_of_every_kind_and_unlike_each_other() -> None:
    def failed(text: str, label: str) -> tuple[Item, Attempt]:
        return Item(text, core.Example(text=text, label=label).with_inputs("text")), Attempt(
            text, 0, False, score=0.0
        )

    runs = [
        failed("red fox one", "a"),
        failed("red fox two", "a"),
        failed("blue sea", "a"),
        failed("green", "b"),
    ]
    chosen = [run.row for _, run in diverse(runs, 3)]
    assert chosen == ["red fox one", "green", "blue sea"]


def test_the_blame_falls_on_the_step_that_gave_no_reply_or_contradicts_the_label() -> None:
    class View:
        class problem:
            paths = ("look", "say")

    item = Item("k", core.Example(question="who?", answer="Ada Lovelace").with_inputs("question"))
    look = {"path": "look", "inputs": {"question": "who?"}, "outputs": {"hint": "a poet"}}
    say = {"path": "say", "inputs": {"hint": "a poet"}, "outputs": {"answer": "Byron"}}
    told = {"path": "say", "inputs": {"hint": "Ada Lovelace"}, "outputs": {"answer": "Byron"}}
    assert blamed(View, item, Attempt("k", 0, False, outcome="model_failure", steps=[look])) == ["say"]
    assert blamed(View, item, Attempt("k", 0, False, score=0.0, steps=[look, say])) == ["say", "look"]
    assert blamed(View, item, Attempt("k", 0, False, score=0.0, steps=[look, told])) == ["say"]
    advice = {"look": {"score": 0.1}, "say": {"score": 0.9}}
    assert blamed(View, item, Attempt("k", 0, False, score=0.0, steps=[look, say], advice=advice)) == ["look"]
