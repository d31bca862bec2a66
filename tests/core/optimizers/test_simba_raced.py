"""SIMBA where programs are raced: one run of a row, rules from many runs, rows set aside to choose by."""

from collections import Counter
from typing import Any

import core
from core.lm import ScriptedLM
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

REPLY = "[[ ## rules ## ]]\n{}\n[[ ## completed ## ]]"


class Pupil(ScriptedLM):
    """Right on the items that its demos or its rules name, and on every third; writes the rules that it is told to."""

    def __init__(self, *, able: int = 3) -> None:
        self.able = able
        self.questions: list[str] = []
        super().__init__(self.answer)

    def answer(self, request: Any) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if "[[ ## rules ## ]]" in system:
            self.questions.append(asked)
            return REPLY.format("Be exact.")
        number = int(asked.split("thing ")[-1].split()[0])
        right = "Be exact." in system or number % self.able == 0
        return f"[[ ## answer ## ]]\n{number if right else 'wrong'}\n[[ ## completed ## ]]"


def things(count: int, start: int = 0) -> list[core.Example]:
    return [
        core.Example(item=f"thing {number}", answer=str(number)).with_inputs("item")
        for number in range(start, start + count)
    ]


def compiled(lm: Any, *, metric: Any = exact, train: int = 12, valset: Any = (), **params: Any) -> Any:
    options = {key: params.pop(key) for key in ("racing", "seed", "budget") if key in params}
    params = {"bsize": 6, "num_candidates": 3, "max_steps": 2, **params}
    with context(lm=lm):
        return core.SIMBA(metric=metric, **params).compile(
            core.Predict(core.Signature("item -> answer", "Answer.")),
            trainset=things(train),
            valset=things(10, 100) if valset == () else valset,
            **options,
        )


def told(gold: Any, pred: Any, trace: Any = None) -> Any:
    right = gold.answer == pred.answer
    return core.Prediction(score=float(right), feedback="well done" if right else f"say {gold.answer}")


def test_one_question_shows_many_runs_of_both_kinds_and_labelled_rows() -> None:
    lm = Pupil()
    compiled(lm, metric=told, bsize=12, max_steps=1, max_demos=12)  # a whole batch, to fill them
    worse, rest = lm.questions[0].split("[[ ## worse_runs ## ]]")[1].split("[[ ## better_runs ## ]]")
    better, examples = rest.split("[[ ## correct_examples ## ]]")
    assert worse.count("### Example") == 8 and worse.count("answer: wrong") == worse.count("say ") == 8
    assert better.count("### Example") == better.count("well done") == 4
    assert examples.count("item: thing") == 12


def test_a_row_is_run_once_where_enough_went_well() -> None:
    lm = Pupil()
    compiled(lm, bsize=12, max_steps=1, max_demos=0)
    assert not [
        request for request in lm.requests if request.rollout_id and "rules" not in str(request.messages[0])
    ]


def test_half_of_a_batch_is_run_where_that_shows_enough() -> None:
    ran: dict[int, int] = {}
    for demos in (3, 24):
        lm = Pupil(able=2)
        compiled(lm, train=24, bsize=24, max_steps=1, max_demos=demos)
        asked = [request.messages[-1]["content"] for request in lm.requests]
        ran[demos] = len(
            {number for text in asked for number in range(24) if f"thing {number}\n\nReply" in text}
        )
    assert ran[3] == 12 and ran[24] == 24


def test_the_model_is_asked_again_where_hardly_anything_went_well() -> None:
    lm = Pupil(able=1_000)
    compiled(lm, bsize=12, max_steps=1, max_demos=0)
    again = Counter(request.rollout_id for request in lm.requests if "rules" not in str(request.messages[0]))
    assert again[1] == again[2] == 11  # one of twelve went well


def test_a_teachers_settings_hold_for_one_further_run_of_what_went_badly() -> None:
    teacher, lm = Pupil(able=1), Pupil()
    compiled_with = core.SIMBA(
        metric=exact, bsize=6, num_candidates=3, max_steps=1, teacher_settings={"lm": teacher}
    )
    with context(lm=lm):
        compiled_with.compile(core.Predict("item -> answer"), trainset=things(6), valset=things(4, 100))
    assert len(teacher.requests) == 4  # of six rows two went well


def test_demos_are_taken_as_many_as_there_is_room_for() -> None:
    program = compiled(Pupil(), bsize=12, max_steps=1, max_demos=3)
    counts = [one.demos["self"]["bootstrapped"] for one in program.report.candidates if one.demos]
    assert max(counts) == 3


def test_programs_of_a_step_stop_early_unless_they_lead() -> None:
    class Useless(Pupil):
        def answer(self, request: Any) -> str:
            return super().answer(request).replace("Be exact.", "Try.")

    lm = Useless()
    program = compiled(lm, valset=things(40, 100), max_demos=0)
    tried = [one for one in program.report.candidates if one.parents]
    assert tried and all(one.status == "minibatch" and one.score.rows == 10 for one in tried)
    assert program.report.best == "c0"


def test_two_steps_without_a_better_program_end_the_search() -> None:
    class Useless(Pupil):
        def answer(self, request: Any) -> str:
            return super().answer(request).replace("Be exact.", f"Try {len(self.questions)}.")

    program = compiled(Useless(), valset=things(40, 100), max_demos=0, max_steps=9)
    assert {one.notes["step"] for one in program.report.candidates} == {-1, 0, 1}
    assert set(program.trial_logs) == {0, 1}
    assert all(log["won"] is None and log["candidates"] for log in program.trial_logs.values())


def test_the_step_that_brought_the_best_program_is_told() -> None:
    program = compiled(Pupil(), max_demos=0)
    assert program.trial_logs[0]["won"] == program.report.best != "c0"
    assert program.report.score.mean == 1.0


def test_without_validation_rows_some_of_many_training_rows_choose_and_teach_nothing() -> None:
    lm = Pupil()
    program = compiled(lm, train=30, valset=None, bsize=30, max_steps=1)
    assert program.report.score.on == "validation" and program.report.score.of == 12
    assert any("12 of the 30 rows choose" in warning for warning in program.report.warnings)
    shown = {line for question in lm.questions for line in question.splitlines() if line.startswith("item: ")}
    assert len(shown) == 18
    few = compiled(Pupil(), train=12, valset=None)
    assert few.report.score.on == "training" and few.report.score.of == 12
    published = compiled(Waverless(), train=30, valset=None, racing=False)
    assert published.report.score.on == "training" and published.report.score.of == 30


class Waverless(Pupil):
    """Also writes single rules."""

    def answer(self, request: Any) -> str:
        if "proposed_rule" in request.messages[0]["content"]:
            return "[[ ## proposed_rule ## ]]\nBe exact.\n[[ ## completed ## ]]"
        return super().answer(request)


def test_equal_runs_of_rows_without_labels_teach_nothing() -> None:
    lm = Pupil()
    bare = [core.Example(item=f"thing {number}").with_inputs("item") for number in range(12)]
    with context(lm=lm):
        core.SIMBA(metric=lambda gold, pred, trace=None: 0.5, bsize=6, num_candidates=3, max_steps=2).compile(
            core.Predict("item -> answer"), trainset=bare[:6], valset=bare[6:]
        )
    assert not lm.questions


def test_own_demos_of_the_student_stay_beside_new_ones() -> None:
    own = core.Predict(core.Signature("item -> answer", "Answer."))
    own.demos = [core.Example(item="thing 900", answer="900")]
    with context(lm=Pupil()):
        program = core.SIMBA(metric=exact, bsize=6, num_candidates=3, max_steps=1, max_demos=4).compile(
            own, trainset=things(12), valset=things(10, 100)
        )
    demos = [one for one in program.report.candidates if one.label.startswith("demos")]
    assert demos and all(one.demos["self"]["bootstrapped"] >= 2 for one in demos)


def test_the_search_takes_fewer_calls_than_the_published_one() -> None:
    sent: dict[bool, int] = {}
    for racing in (True, False):
        lm = ToyLM(cache=False)
        with context(lm=lm):
            core.SIMBA(metric=exact, bsize=8, num_candidates=4, max_steps=3).compile(
                TwoSteps(), trainset=rows("train", 30), valset=rows("validation", 30), racing=racing
            )
        sent[racing] = lm.sent
    assert sent[True] < 0.6 * sent[False]
