"""BootstrapFewShot: which traces become demos, and why the others do not."""

from __future__ import annotations

import logging
from typing import Literal

import pytest
from pydantic import BaseModel

from core.data.example import Example
from core.foundation.errors import EvaluationAborted, OptimizerError
from core.lm import ScriptedLM
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.bootstrap_few_shot import BootstrapFewShot
from core.optimizers.labeled_few_shot import LabeledFewShot
from core.optimizers.random_search import BootstrapRS
from core.search.run_log import MemoryRunLog
from core.settings import context
from core.signature import Signature


def rows(count, **more):
    return [Example(q=f"row {i}", a=str(i), **more).with_inputs("q") for i in range(count)]


def asked(request) -> str:
    questions = [m["content"] for m in request.messages if m["role"] == "user" and "## q ##" in m["content"]]
    return questions[-1].split("[[ ## q ## ]]")[1].strip().split("\n")[0]


def echo(request) -> str:
    return f"[[ ## a ## ]]\nsaid {asked(request)}\n[[ ## completed ## ]]"


def every_third(example, prediction, trace=None):
    return int(example.a) % 3 == 0


class Two(Module):
    """Calls x twice and y once."""

    def __init__(self):
        super().__init__()
        self.x = Predict("q -> a")
        self.y = Predict("q -> a")

    def forward(self, q):
        self.x(q=q)
        self.x(q=f"{q} again")
        return self.y(q=q)


def compiled(optimizer, student=None, trainset=None, lm=None, **options):
    with context(lm=lm or ScriptedLM(echo)):
        return optimizer.compile(student or Two(), trainset=trainset or rows(30), **options)


def shown(part):
    return [(bool(demo.get("augmented")), demo.q) for demo in part.demos]


def test_the_first_passing_rows_become_demos_filled_up_with_labelled_ones():
    program = compiled(BootstrapFewShot(every_third, max_bootstrapped_demos=3, max_labeled_demos=5))
    assert shown(program.y)[:3] == [(True, "row 0"), (True, "row 3"), (True, "row 6")]
    rest = shown(program.y)[3:]
    assert len(rest) == 2
    assert not any(augmented or question in {"row 0", "row 3", "row 6"} for augmented, question in rest)
    assert shown(program.x)[3:] != rest  # every predictor draws its own
    assert program._compiled is True
    assert program.y.demos[0].a == "said row 0"


def test_no_more_calls_are_made_than_one_after_another():
    for threads in (1, 8):
        lm = ScriptedLM(echo)
        program = compiled(
            BootstrapFewShot(every_third, max_bootstrapped_demos=3), lm=lm, num_threads=threads
        )
        assert [attempt.row for attempt in program.report.kept] == [r.id for r in rows(30)[0:7:3]]
        assert len(program.report.attempts) == 7
        assert len(lm.requests) == 21


def test_of_several_calls_one_becomes_a_demo_the_last_half_of_the_time():
    program = compiled(BootstrapFewShot(None, max_bootstrapped_demos=30, max_labeled_demos=0))
    assert len(program.x.demos) == 30
    last = sum(demo.q.endswith("again") for demo in program.x.demos)
    assert 5 < last < 25


def test_more_labels_than_room_are_not_taken():
    program = compiled(BootstrapFewShot(every_third, max_bootstrapped_demos=2, max_labeled_demos=1))
    assert shown(program.y) == [(True, "row 0"), (True, "row 3")]


def test_the_example_is_hidden_from_the_teachers_demos_while_it_is_attempted():
    lm = ScriptedLM(echo, local=False)
    student = Predict("q -> a")
    trainset = rows(6)
    compiled(
        BootstrapFewShot(lambda e, p, t=None: False, max_bootstrapped_demos=6, max_labeled_demos=6),
        student=student,
        trainset=trainset,
        lm=lm,
        num_threads=6,
    )
    assert len(lm.requests) == 6
    for request in lm.requests:
        before = "".join(message["content"] for message in request.messages[:-1])
        assert asked(request) not in before
        assert sum(f"row {i}" in before for i in range(6)) == 5


def test_a_compiled_teachers_own_demos_are_hidden_too_and_it_is_never_changed():
    teacher = LabeledFewShot(k=4).compile(Predict("q -> a"), trainset=rows(4), sample=False)
    teacher._compiled = True
    lm = ScriptedLM(echo)
    compiled(
        BootstrapFewShot(None, max_bootstrapped_demos=4), Predict("q -> a"), rows(4), lm, teacher=teacher
    )
    for request in lm.requests:
        assert asked(request) not in "".join(message["content"] for message in request.messages[:-1])
    assert [demo.q for demo in teacher.demos] == [f"row {i}" for i in range(4)]


def test_a_teacher_that_a_search_scored_keeps_its_own_demos():
    search = BootstrapRS(lambda e, p, t=None: True, max_labeled_demos=2)
    teacher = compiled(search, Predict("q -> a"), rows(2), valset=rows(9)[2:], restrict=(-2,))
    lm = ScriptedLM(echo)
    compiled(BootstrapFewShot(None), Predict("q -> a"), rows(9)[2:], lm, teacher=teacher)
    for request in lm.requests:
        before = "".join(message["content"] for message in request.messages[:-1])
        assert [i for i in range(9) if f"row {i}" in before] == [0, 1]


def test_the_teachers_settings_hold_for_the_teacher_alone():
    weak, strong = ScriptedLM(echo), ScriptedLM(echo)
    compiled(BootstrapFewShot(None, teacher_settings={"lm": strong}, max_bootstrapped_demos=2), lm=weak)
    assert len(strong.requests) == 6
    assert weak.requests == []


def test_further_rounds_ask_for_fresh_samples():
    lm = ScriptedLM(echo)
    program = compiled(
        BootstrapFewShot(every_third, max_bootstrapped_demos=2, max_rounds=3),
        lm=lm,
        student=Predict("q -> a"),
    )
    again = [request for request in lm.requests if request.rollout_id]
    assert {request.rollout_id for request in again} == {1, 2}
    assert {request.params["temperature"] for request in again} == {1.0}
    assert [(a.row, a.round) for a in program.report.attempts].count((rows(3)[1].id, 2)) == 1
    assert len(program.report.attempts) == 1 + 3 + 3 + 1


def test_the_metric_gets_the_trace_with_paths():
    seen = []

    def metric(example, prediction, trace=None):
        seen.append([(step.path, step.inputs["q"]) for step in trace])
        return True

    compiled(BootstrapFewShot(metric, max_bootstrapped_demos=1))
    assert seen == [[("x", "row 0"), ("x", "row 0 again"), ("y", "row 0")]]


@pytest.mark.parametrize(("threshold", "kept"), [(None, 3), (0.5, 2), (0.0, 4)])
def test_a_threshold_decides_where_there_is_one(threshold, kept):
    scores = {"0": 0.0, "1": 0.2, "2": 0.5, "3": 0.9}
    program = compiled(
        BootstrapFewShot(
            lambda e, p, t=None: scores[e.a], metric_threshold=threshold, max_bootstrapped_demos=9
        ),
        trainset=rows(4),
    )
    assert len(program.report.kept) == kept


def test_every_rejected_row_has_its_reason():
    def reply(request):
        return (
            ""
            if asked(request) == "row 1"
            else f"[[ ## a ## ]]\n{len(asked(request))}\n[[ ## completed ## ]]"
        )

    trainset = [*rows(3), rows(3)[0]]
    program = compiled(
        BootstrapFewShot(lambda e, p, t=None: e.a != "2", max_bootstrapped_demos=9),
        Predict("q -> a: int"),
        trainset,
        ScriptedLM(reply),
    )
    reasons = {attempt.row: attempt.why for attempt in program.report.rejected}
    first, second, third = (row.id for row in rows(3))
    assert reasons[second].startswith("the teacher failed: AdapterParseError")
    assert reasons[third] == "the metric gave 0"
    assert reasons[f"{first}#2"] == f"the same trace as row {first}"


def test_nothing_kept_is_said_loudly(caplog):
    log = MemoryRunLog()
    with caplog.at_level(logging.WARNING):
        program = compiled(BootstrapFewShot(lambda e, p, t=None: 0.3, metric_threshold=0.5), run_log=log)
    assert "Nothing was bootstrapped" in caplog.text
    assert any("lower metric_threshold" in warning for warning in program.report.warnings)
    note = next(event for event in log.read() if event["type"] == "note")
    assert note["level"] == "warning"
    assert note["reasons"] == {"the metric gave 0.3, below 0.5": 30}
    assert note["hint"].startswith("The highest score was 0.3")


def test_zero_traces_ask_nobody():
    lm = ScriptedLM([])
    program = compiled(BootstrapFewShot(every_third, max_bootstrapped_demos=0, max_labeled_demos=0), lm=lm)
    assert lm.requests == []
    assert shown(program.x) == []
    assert not program.report.warnings


@pytest.mark.parametrize("max_errors", [0, 1, 2, 3])
def test_as_many_errors_of_the_metric_as_max_errors_end_it_as_in_dspy(max_errors):
    asked = []

    def broken_at_first(example, prediction, trace=None):
        asked.append(example)
        return 1 / 0 if len(asked) <= 2 else 1.0

    def compile_it():
        return compiled(BootstrapFewShot(broken_at_first, max_errors=max_errors), num_threads=1)

    if max_errors > 2:
        assert shown(compile_it().x)
        return
    with pytest.raises(
        EvaluationAborted, match=rf"ends the search \(max_errors={max(1, max_errors)}\).*Zero"
    ):
        compile_it()


def test_a_compiled_student_and_a_teacher_of_another_structure_are_refused():
    student = Two()
    student._compiled = True
    with pytest.raises(OptimizerError, match="compiled already"):
        compiled(BootstrapFewShot(None), student)
    with pytest.raises(OptimizerError, match="different predictors: x, y and self"):
        compiled(BootstrapFewShot(None), teacher=Predict("q -> a"))
    other = Two()
    other.y = Predict("q -> b")
    with pytest.raises(OptimizerError, match="'y' has the signature"):
        compiled(BootstrapFewShot(None), teacher=other)


def test_frozen_parts_keep_their_demos_and_give_none():
    class Outer(Module):
        def __init__(self):
            super().__init__()
            self.inner = Predict("q -> a")
            self.inner._compiled = True
            self.inner.demos = [Example(q="kept", a="kept")]
            self.last = Predict("q -> a")

        def forward(self, q):
            return self.last(q=self.inner(q=q).a)

    program = compiled(BootstrapFewShot(None, max_bootstrapped_demos=2, max_labeled_demos=0), Outer())
    assert [demo.q for demo in program.inner.demos] == ["kept"]
    assert len(program.last.demos) == 2


def test_the_students_own_model_stays():
    lm = ScriptedLM(echo)
    student = Two()
    student.set_lm(lm)
    assert compiled(BootstrapFewShot(None), student, lm=ScriptedLM([])).x.lm is lm


class Ticket(BaseModel):
    team: Literal["billing", "support"]
    urgent: bool


def test_typed_outputs_come_back_typed_from_the_log():
    signature = Signature("q -> ticket", "Triage.").with_updated_fields("ticket", type_=Ticket)
    lm = ScriptedLM(
        lambda request: '[[ ## ticket ## ]]\n{"team": "billing", "urgent": true}\n[[ ## completed ## ]]'
    )
    log = MemoryRunLog()
    optimizer = BootstrapFewShot(None, max_bootstrapped_demos=1, max_labeled_demos=0)
    first = compiled(optimizer, Predict(signature), rows(2), lm, run_log=log)
    again = compiled(optimizer, Predict(signature), rows(2), lm, run_log=log)
    assert len(lm.requests) == 1
    assert first.demos[0].ticket == again.demos[0].ticket == Ticket(team="billing", urgent=True)
