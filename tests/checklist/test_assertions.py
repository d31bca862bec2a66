"""C53–C75: assertions."""

import asyncio
import functools
import inspect
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import core
from core.lm import ScriptedLM
from core.modules.assertions import counting_failures
from core.trace import MemorySink, collect, sink_to


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def said(lm: ScriptedLM, call: int = -1) -> str:
    return "\n".join(message["content"] for message in lm.requests[call].messages)


Constraint = Callable[..., bool]


class Short(core.Module):
    """Its one answer must be, or should be, short."""

    def __init__(self, constraint: Constraint = core.Assert, limit: int = 3, is_metric: bool = False) -> None:
        self.step = core.Predict("question -> answer")
        self.constraint, self.limit, self.is_metric = constraint, limit, is_metric
        self.runs = 0

    def forward(self, question: str) -> core.Prediction:
        self.runs += 1
        found = self.step(question=question)
        self.constraint(len(found.answer) <= self.limit, "Answer in 3 letters.", is_metric=self.is_metric)
        return found


def scripted(*answers: str) -> ScriptedLM:
    return ScriptedLM([reply(answer=answer) for answer in answers])


BOTH = pytest.mark.parametrize("constraint", [core.Assert, core.Suggest])


def failing(constraint: Constraint, *args: Any, **named: Any) -> core.WorkbenchError:
    with pytest.raises(core.WorkbenchError) as caught:
        constraint(False, "no", *args, **named)
    return caught.value


def test_c053_assert_takes_its_target_under_both_names() -> None:
    target = core.Signature("a -> b")
    assert failing(core.Assert, target, True).is_metric is True
    for error in (
        failing(core.Assert, target),
        failing(core.Assert, target_module=target),
        failing(core.Assert, backtrack=target),
    ):
        assert (error.msg, error.target_module, error.is_metric) == ("no", target, False)


def test_c054_suggest_has_the_same_parameters() -> None:
    target = core.Signature("a -> b")
    assert inspect.signature(core.Suggest) == inspect.signature(core.Assert)
    assert failing(core.Suggest, backtrack=target, is_metric=True).target_module is target


@BOTH
def test_c055_the_result_is_judged_at_once_and_must_be_a_bool(constraint: Constraint) -> None:
    assert constraint(True, "fine") is True
    for wrong in ("Yes", 1, None, core.Prediction(answer="Yes")):
        with pytest.raises(ValueError, match="True or False"):
            constraint(wrong, "no")


def test_c056_failures_are_logged_and_raised_with_their_facts(caplog: pytest.LogCaptureFixture) -> None:
    program = Short()
    with (
        core.context(lm=scripted("long answer")),
        caplog.at_level(logging.INFO, "core.assertions"),
        collect(),
        pytest.raises(core.DSPyAssertionError) as caught,
    ):
        program(question="q")
    error = caught.value
    assert "Answer in 3 letters." in caplog.text
    assert error.id and error.msg == "Answer in 3 letters." and error.is_metric is False
    assert error.state[-1][0] is program.step and error.state[-1][2].answer == "long answer"
    assert core.AssertionError is core.DSPyAssertionError and issubclass(core.AssertionError, AssertionError)
    assert core.SuggestionError is core.DSPySuggestionError


def test_c057_without_activation_a_failing_suggestion_escapes() -> None:
    with core.context(lm=scripted("long answer")), pytest.raises(core.DSPySuggestionError, match="activate"):
        Short(core.Suggest)(question="q")


@pytest.mark.parametrize(
    "activate",
    [
        lambda p: core.assert_transform_module(p, core.backtrack_handler, max_backtracks=1),
        lambda p: core.assert_transform_module(
            p, functools.partial(core.backtrack_handler, max_backtracks=1)
        ),
        lambda p: p.activate_assertions(handler=core.backtrack_handler, max_backtracks=1),
        lambda p: p.activate_assertions(max_backtracks=1),
    ],
)
def test_c058_there_are_several_ways_to_activate(activate: Callable[[Short], Short]) -> None:
    program = Short()
    assert activate(program) is program
    with core.context(lm=scripted("long", "ok")):
        assert program(question="q").answer == "ok"
    assert program.runs == 2


def test_c059_activation_is_in_place_and_once(tmp_path: Path) -> None:
    program = Short().activate_assertions()
    with pytest.raises(core.WorkbenchError, match="activated already"):
        core.assert_transform_module(program)
    assert [name for name, _ in program.named_parameters()] == ["step"]
    copied = program.deepcopy()
    with core.context(lm=scripted("long", "ok")):
        assert copied(question="q").answer == "ok"
    assert (program.runs, copied.runs) == (0, 2)
    program.save(tmp_path / "p.json")
    Short().load(tmp_path / "p.json")


def test_c060_a_retry_has_the_past_outputs_and_feedback_as_inputs() -> None:
    retry = core.Retry(core.Predict("question -> query, answer"))
    assert retry.new_signature.signature == "question, past_query, past_answer, feedback -> query, answer"
    assert retry.new_signature.fields["past_query"].prefix == "Past Query:"
    assert retry.new_signature.fields["feedback"].prefix == "Instructions:"
    assert retry.original_signature.signature == "question -> query, answer"
    lm = ScriptedLM([reply(query="q2", answer="a2")] * 2)
    with core.context(lm=lm):
        retry(question="?", past_outputs={"query": "q1", "answer": "a1"}, feedback="Use fewer words.")
        retry(question="?")
    assert "[[ ## past_query ## ]]\nq1" in said(lm, 0) and "Use fewer words." in said(lm, 0)
    assert "past_query" not in said(lm, 1)


def test_c060_predictors_may_be_wrapped_one_by_one_as_on_the_pages_of_2024(tmp_path: Path) -> None:
    program = Baleen2024().map_named_predictors(core.Retry)
    assert all(isinstance(part, core.Retry) for part in program.predictors())
    assert [name for name, _ in program.named_parameters()] == [n for n, _ in Baleen2024().named_parameters()]
    core.assert_transform_module(program, core.backtrack_handler)
    lm = ScriptedLM([reply(reasoning="r", query=query) for query in ("x" * 101, "short")])
    with core.context(lm=lm):
        assert program(question="q").query == "short"
    assert "less than 100 characters" in said(lm)


class Baleen2024(core.Module):
    """One hop, its constraint aimed at the whole list of query generators."""

    def __init__(self) -> None:
        super().__init__()
        self.generate_query = [core.ChainOfThought("question -> query") for _ in range(2)]

    def forward(self, question: str) -> core.Prediction:
        found = self.generate_query[0](question=question)
        core.Suggest(
            len(found.query) <= 100,
            "Query should be less than 100 characters",
            target_module=self.generate_query,
        )
        return found


class TwoSteps(core.Module):
    """The first step's query may be at fault though the failure shows after the second."""

    def __init__(self, target: Callable[["TwoSteps"], Any]) -> None:
        self.query = core.ChainOfThought("question -> query")
        self.answer = core.Predict("query -> answer")
        self.target = target

    def forward(self, question: str) -> core.Prediction:
        query = self.query(question=question).query
        found = self.answer(query=query)
        core.Suggest(query != "bad", "Another query.", target_module=self.target(self))
        return found


TARGETS: list[Callable[[TwoSteps], Any]] = [
    lambda program: program.query,
    lambda program: program.query.predict,
    lambda program: program.query.predict.signature,
    lambda program: core.Signature("question -> query", "The same task without its reasoning."),
    lambda program: [program.query],
    lambda program: "query",
    lambda program: "query.predict",
]


@pytest.mark.parametrize("target", TARGETS)
def test_c061_the_named_step_is_tried_again(target: Callable[[TwoSteps], Any]) -> None:
    lm = ScriptedLM(
        [
            reply(reasoning="r", query="bad"),
            reply(answer="a1"),
            reply(reasoning="r", query="good"),
            reply(answer="a2"),
        ]
    )
    program = TwoSteps(target).activate_assertions()
    with core.context(lm=lm):
        assert program(question="q").answer == "a2"
    assert "Another query." in said(lm, 2) and "[[ ## past_query ## ]]\nbad" in said(lm, 2)
    assert "feedback" not in said(lm, 3)


@pytest.mark.parametrize("target", [lambda _: None, lambda _: core.Signature("x -> y")])
def test_c061_without_a_known_target_it_is_the_last_step(target: Callable[[TwoSteps], Any]) -> None:
    lm = ScriptedLM(lambda request: reply(reasoning="r", query="bad", answer="a"))
    with core.context(lm=lm):
        TwoSteps(target).activate_assertions(max_backtracks=1)(question="q")
    assert "feedback" not in said(lm, 2)
    assert "Another query." in said(lm, 3) and "past_answer" in said(lm, 3)


def test_c062_calls_before_the_target_come_from_the_cache() -> None:
    class Late(core.Module):
        def __init__(self) -> None:
            self.first = core.Predict("question -> query")
            self.second = core.Predict("query -> answer")

        def forward(self, question: str) -> core.Prediction:
            found = self.second(query=self.first(question=question).query)
            core.Assert(found.answer == "good", "Be good.")
            return found

    def answer(request: Any) -> str:
        text = request.messages[-1]["content"]
        if "[[ ## question ## ]]" in text:
            return reply(query="q")
        return reply(answer="good" if "Be good." in text else "bad")

    lm = ScriptedLM(answer, cache=True)
    with core.context(lm=lm):
        assert Late().activate_assertions()(question="?").answer == "good"
    assert len(lm.requests) == 3


def test_c063_feedback_is_every_message_once_and_the_last_outputs_at_fault() -> None:
    class Twice(core.Module):
        def __init__(self) -> None:
            self.step = core.Predict("question -> answer")

        def forward(self, question: str) -> core.Prediction:
            found = self.step(question=question)
            core.Assert(len(found.answer) <= 3, "Be short.")
            core.Assert(found.answer.islower(), "Use small letters.")
            return found

    lm = scripted("long", "UP", "longer", "ok")
    with core.context(lm=lm):
        assert Twice().activate_assertions(max_backtracks=3)(question="q").answer == "ok"
    assert "Be short.\nUse small letters." in said(lm, 3)
    assert said(lm, 3).count("Be short.") == 1
    assert "[[ ## past_answer ## ]]\nlonger" in said(lm, 3)


def test_c064_by_default_there_are_two_backtracks_then_assert_halts_and_suggest_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    halting, going = Short(core.Assert).activate_assertions(), Short(core.Suggest).activate_assertions()
    answers = ("one1", "two2", "three3")
    with core.context(lm=scripted(*answers)), pytest.raises(core.DSPyAssertionError):
        halting(question="q")
    with core.context(lm=scripted(*answers)), caplog.at_level(logging.INFO, "core.assertions"):
        assert going(question="q").answer == "three3"
    assert (halting.runs, going.runs) == (3, 3)
    assert "Answer in 3 letters." in caplog.text


@BOTH
@pytest.mark.parametrize("max_backtracks", [0, 1, 2, 5])
def test_c065_both_make_one_attempt_more_than_max_backtracks(
    constraint: Constraint, max_backtracks: int
) -> None:
    program = Short(constraint).activate_assertions(max_backtracks=max_backtracks)
    with core.context(lm=ScriptedLM(lambda request: reply(answer="always long"))):
        try:
            program(question="q")
            raised = False
        except core.DSPyAssertionError:
            raised = True
    assert program.runs == 1 + max_backtracks
    assert raised is (constraint is core.Assert)


def test_c065_the_last_error_is_raised_with_those_before_it() -> None:
    class Numbered(core.Module):
        def __init__(self) -> None:
            self.step = core.Predict("question -> answer")

        def forward(self, question: str) -> None:
            core.Assert(False, f"not {self.step(question=question).answer}")

    with core.context(lm=scripted("a", "b", "c")), pytest.raises(core.DSPyAssertionError) as caught:
        Numbered().activate_assertions()(question="q")
    assert caught.value.msg == "not c"
    assert [error.msg for error in caught.value.history] == ["not a", "not b"]


def test_c066_a_suggestion_still_active_in_the_last_attempt_gives_none() -> None:
    program = Short(core.Suggest).activate_assertions(bypass_suggest=False, max_backtracks=1)
    with core.context(lm=scripted("long", "longer")):
        assert program(question="q") is None
    assert program.runs == 2
    with core.context(lm=scripted("long", "ok")):
        assert program(question="q").answer == "ok"


@pytest.mark.parametrize(
    ("handler", "after_assert", "after_suggest"),
    [
        (core.noop_handler, "goes on", "goes on"),
        (core.bypass_suggest_handler, core.DSPyAssertionError, "goes on"),
        (core.bypass_assert_handler, "goes on", core.DSPySuggestionError),
        (core.assert_no_except_handler, None, None),
    ],
)
def test_c067_handlers(handler: Any, after_assert: Any, after_suggest: Any) -> None:
    for constraint, expected in ((core.Assert, after_assert), (core.Suggest, after_suggest)):
        for ask in (lambda p: p(question="q"), lambda p: asyncio.run(p.acall(question="q"))):
            program = Short(constraint).activate_assertions(handler=handler)
            with core.context(lm=scripted("long")):
                if isinstance(expected, type):
                    with pytest.raises(expected):
                        ask(program)
                elif expected is None:
                    assert ask(program) is None
                else:
                    assert ask(program).answer == "long"


def test_c068_settings_and_arguments_of_forward_bypass() -> None:
    with core.context(lm=scripted("long", "long"), bypass_assert=True, bypass_suggest=True):
        assert Short(core.Assert)(question="q").answer == "long"
        assert Short(core.Suggest)(question="q").answer == "long"

    class Chosen(core.Module):
        def __init__(self) -> None:
            self.step = core.Predict("question -> answer")

        def forward(self, question: str, bypass_assert: bool = False) -> core.Prediction:
            found = self.step(question=question)
            core.Assert(len(found.answer) <= 3, "Shorter.")
            return found

    program = Chosen().activate_assertions(max_backtracks=0)
    with core.context(lm=scripted("long", "long")):
        assert program(question="q", bypass_assert=True).answer == "long"
        with pytest.raises(core.DSPyAssertionError):
            program(question="q")


def test_c069_recorded_demos_lack_the_past_outputs_of_a_retry() -> None:
    program = Short().activate_assertions()
    rows = [core.Example(question="q", answer="ok").with_inputs("question")]
    with core.context(lm=scripted("long", "ok")):
        compiled = core.BootstrapFewShot(metric=lambda *_: True, max_labeled_demos=0).compile(
            Short(), teacher=program, trainset=rows
        )
    assert [dict(demo.items()) for demo in compiled.step.demos] == [
        {"augmented": True, "question": "q", "answer": "ok"}
    ]


def test_c070_failures_that_are_metrics_are_counted_per_program_and_row() -> None:
    rows = [core.Example(question=q).with_inputs("question") for q in ("a", "b")]
    program = Short(core.Suggest, is_metric=True).activate_assertions(max_backtracks=1)
    lm = ScriptedLM(
        {"[[ ## question ## ]]\na": reply(answer="ok"), "[[ ## question ## ]]\nb": reply(answer="long")}
    )
    with core.context(lm=lm):
        result = core.Evaluate(devset=rows, metric=lambda *_: 1.0, num_threads=2)(program)
    assert [row.suggest_failures for row in result.rows] == [0, 2]
    assert (result.suggest_failures, result.assert_failures) == (2, 0)
    assert (program.suggest_failures, program.assert_failures) == (2, 0)
    halting = Short(core.Assert, is_metric=True).activate_assertions(max_backtracks=0)
    with core.context(lm=lm):
        result = core.Evaluate(devset=rows, metric=lambda *_: 1.0)(halting)
    assert (result.assert_failures, halting.assert_failures) == (1, 1)
    assert result.rows[1].outcome == "model_failure" and result.score == 50.0
    assert result.to_dict()["rows"][1]["assert_failures"] == 1


def test_c070_other_failures_are_not_counted() -> None:
    with core.context(lm=scripted("long", "ok")), counting_failures() as failures:
        Short(core.Suggest).activate_assertions()(question="q")
    assert (failures.suggest, failures.assertion) == (0, 0)


def test_c071_a_teacher_with_assertions_teaches_a_plain_or_an_asserted_student() -> None:
    rows = [core.Example(question=q, answer="ok").with_inputs("question") for q in ("a", "b")]
    optimizer = core.BootstrapFewShot(
        metric=lambda row, found, trace=None: found.answer == row.answer, max_labeled_demos=0
    )
    for student in (Short(), Short().activate_assertions()):
        lm = ScriptedLM(
            lambda request: reply(answer="ok" if "feedback" in request.messages[-1]["content"] else "long")
        )
        with core.context(lm=lm):
            compiled = optimizer.compile(student, teacher=Short().activate_assertions(), trainset=rows)
        assert [demo.answer for demo in compiled.step.demos] == ["ok", "ok"]
        assert (compiled._assertions is None) is (student._assertions is None)


def test_c071_counter_examples_show_what_went_wrong_to_later_retries() -> None:
    rows = [core.Example(question="a", answer="ok").with_inputs("question")]
    optimizer = core.BootstrapFewShot(metric=lambda *_: True, max_labeled_demos=0, counter_examples=True)
    with core.context(lm=scripted("long", "ok")):
        compiled = optimizer.compile(
            Short().activate_assertions(), teacher=Short().activate_assertions(), trainset=rows
        )
    demo = compiled.step.demos[0]
    assert (demo.past_answer, demo.feedback, demo.answer) == ("long", "Answer in 3 letters.", "ok")
    lm = scripted("wrong", "ok")
    with core.context(lm=lm):
        compiled(question="b")
    assert "[[ ## past_answer ## ]]\nlong" not in said(lm, 0)
    assert "[[ ## past_answer ## ]]\nlong" in said(lm, 1) and "[[ ## past_answer ## ]]\nwrong" in said(lm, 1)


def test_c072_random_search_scores_candidates_with_their_failures() -> None:
    rows = [core.Example(question=f"q{n}", answer="ok").with_inputs("question") for n in range(10)]

    def answer(request: Any) -> str:
        with_demos = len(request.messages) > 2
        return reply(answer="okay" if with_demos else "ok")  # four letters fail the suggestion

    program = Short(core.Suggest, is_metric=True).activate_assertions(max_backtracks=0)
    search = core.BootstrapFewShotWithRandomSearch(metric=lambda *_: 1.0, num_candidate_programs=0)
    with core.context(lm=ScriptedLM(answer)):
        compiled = search.compile(program, trainset=rows, restrict=(-3, -2), racing=False)
    scores = {item["seed"]: item["score"] for item in compiled.candidate_programs}
    assert scores[-3] == 100.0
    assert scores[-2] == pytest.approx(100.0 - 0.2 * 10)
    assert compiled.step.demos == []


def test_c072_any_failed_assertion_makes_a_candidate_score_nothing() -> None:
    rows = [core.Example(question=f"q{n}", answer="ok").with_inputs("question") for n in range(4)]

    def answer(request: Any) -> str:
        asked = request.messages[-1]["content"]
        return reply(answer="long" if len(request.messages) > 2 and "q3" in asked else "ok")

    program = Short(core.Assert, is_metric=True).activate_assertions(max_backtracks=0)
    search = core.BootstrapFewShotWithRandomSearch(metric=lambda *_: 1.0, num_candidate_programs=0)
    with core.context(lm=ScriptedLM(answer)):
        compiled = search.compile(program, trainset=rows, restrict=(-2, -3), racing=False)
    scores = {item["seed"]: item["score"] for item in compiled.candidate_programs}
    assert (scores[-3], scores[-2]) == (100.0, 0.0)


def test_c073_a_suggestion_helps_in_evaluation_where_an_assertion_checks() -> None:
    rows = [core.Example(question="q").with_inputs("question")]
    with core.context(lm=ScriptedLM(lambda request: reply(answer="always long"))):
        helped = core.Evaluate(devset=rows, metric=lambda *_: 1.0)(Short(core.Suggest).activate_assertions())
        checked = core.Evaluate(devset=rows, metric=lambda *_: 1.0)(Short(core.Assert).activate_assertions())
    assert helped.score == 100.0
    assert checked.score == 0.0 and "Answer in 3 letters." in checked.rows[0].error
    assert not checked.flagged


def test_c074_programs_in_many_threads_do_not_wait_for_or_hear_of_one_another() -> None:
    barrier = threading.Barrier(4, timeout=10)

    class Meeting(core.Module):
        def __init__(self) -> None:
            self.step = core.Predict("question -> answer")

        def forward(self, question: str) -> core.Prediction:
            found = self.step(question=question)
            barrier.wait()  # all four are inside a backtracking program at once, or this fails
            core.Assert(found.answer.startswith("fixed"), f"about {question}")
            return found

    def answer(request: Any) -> str:
        asked = request.messages[-1]["content"]
        own = next(name for name in "abcd" if f"[[ ## question ## ]]\n{name}" in asked)
        heard = [name for name in "abcd" if f"about {name}" in asked]
        return reply(answer=f"fixed {own}") if heard == [own] else reply(answer=f"{own} heard {heard}")

    program = Meeting().activate_assertions(max_backtracks=1)
    with core.context(lm=ScriptedLM(answer)), ThreadPoolExecutor(4) as pool:
        import contextvars

        found = [pool.submit(contextvars.copy_context().run, program, question=name) for name in "abcd"]
        assert [item.result().answer for item in found] == [f"fixed {name}" for name in "abcd"]


def test_c074_async_programs_backtrack_side_by_side() -> None:
    class Asynchronous(core.Module):
        def __init__(self) -> None:
            self.step = core.Predict("question -> answer")

        async def aforward(self, question: str) -> core.Prediction:
            found = await self.step.acall(question=question)
            await asyncio.sleep(0)
            core.Assert(found.answer == f"fixed {question}", f"about {question}")
            return found

    def answer(request: Any) -> str:
        asked = request.messages[-1]["content"]
        heard = [name for name in "abcd" if f"about {name}" in asked]
        return reply(answer=f"fixed {''.join(heard)}")

    async def all_of_them() -> list[str]:
        program = Asynchronous().activate_assertions(max_backtracks=1)
        found = await asyncio.gather(*(program.acall(question=name) for name in "abcd"))
        return [item.answer for item in found]

    with core.context(lm=ScriptedLM(answer)):
        assert asyncio.run(all_of_them()) == [f"fixed {name}" for name in "abcd"]


def test_c074_an_outer_trace_keeps_what_it_had_and_gets_the_last_attempt() -> None:
    before = core.Predict("question -> answer")
    program = Short().activate_assertions()
    with core.context(lm=scripted("x", "long", "ok"), trace=[]), collect() as steps:
        before(question="p")
        program(question="q")
        trace = core.settings.trace
    assert [(step[0], step[2].answer) for step in trace] == [(before, "x"), (program.step, "ok")]
    assert [step.outputs.answer for step in steps] == ["x", "ok"]
    assert [step.path for step in steps] == ["self", "step"]
    assert not Path("assertion.log").exists()


def test_traces_show_every_attempt_with_its_feedback() -> None:
    with core.context(lm=scripted("long", "ok")), sink_to(MemorySink()) as sink:
        Short().activate_assertions()(question="q")
    attempts = [span for span in sink.spans if span.kind == "attempt"]
    assert [span.name for span in attempts] == ["1 of 3", "2 of 3"]
    assert attempts[0].attributes["failed"] == "Answer in 3 letters."
    assert attempts[0].attributes["outputs"] == {"answer": "long"}
    assert attempts[1].attributes["feedback"] == {"step": ["Answer in 3 letters."]}
    asked = [span for span in sink.spans if span.kind == "predict"]
    assert asked[1].attributes["inputs"]["past_answer"] == "long"


# ── C75: SimplifiedBaleen on the sample corpus ──────────────────────────────────────────────────────────

CORPUS = Path(__file__).parents[2] / "sample_data" / "two_hop_questions"


def records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text(encoding="utf-8").splitlines()]


def all_queries_distinct(query: str, previous: list[str]) -> bool:
    return not any(core.evaluate.answer_exact_match_str(query, [earlier], frac=0.8) for earlier in previous)


class SimplifiedBaleen(core.Module):
    """The program of DSPy's pages, with its two suggestions."""

    def __init__(self, passages_per_hop: int = 2, max_hops: int = 2) -> None:
        self.generate_query = [core.ChainOfThought("context, question -> query") for _ in range(max_hops)]
        self.retrieve = core.Retrieve(k=passages_per_hop)
        self.generate_answer = core.ChainOfThought("context, question -> answer")
        self.max_hops = max_hops

    def forward(self, question: str) -> core.Prediction:
        context: list[str] = []
        queries = [question]
        for hop in range(self.max_hops):
            query = self.generate_query[hop](context=context, question=question).query
            core.Suggest(
                len(query) <= 100, "Query should be short and less than 100 characters",
                target_module=self.generate_query[hop],
            )  # fmt: skip
            core.Suggest(
                all_queries_distinct(query, queries),
                "Query should be distinct from: " + "; ".join(f"{n}) {q}" for n, q in enumerate(queries, 1)),
                target_module=self.generate_query[hop],
            )
            queries.append(query)
            context += [passage for passage in self.retrieve(query).passages if passage not in context]
        found = self.generate_answer(context=context, question=question)
        return core.Prediction(context=context, queries=queries, answer=found.answer)


def baleen_model(request: Any) -> str:
    """Writes a query that is too long, then one that repeats the question, and does as it is told."""
    asked = request.messages[-1]["content"]
    if "[[ ## query ## ]]" not in asked.split("Respond")[-1] and "`[[ ## answer ## ]]`" in asked:
        return reply(reasoning="r", answer="a school for the blind")
    if "distinct from" in asked:
        return reply(reasoning="r", query="Candle House")
    if "less than 100 characters" in asked:
        return reply(reasoning="r", query="Silas Penhallow mansion")
    if "[1]" in asked or "Penhallow" in asked.split("[[ ## question ## ]]")[0]:
        return reply(reasoning="r", query="Silas Penhallow mansion")
    return reply(reasoning="r", query="mansion " * 20)


def test_c075_simplified_baleen_on_the_two_hop_corpus() -> None:
    passages = [f"{row['title']} | {row['text']}" for row in records("corpus.jsonl")]
    lm = ScriptedLM(baleen_model)
    question = "What has the mansion that Silas Penhallow built been since 1860?"
    with core.context(lm=lm, rm=core.BM25(passages)), collect() as steps:
        found = SimplifiedBaleen().activate_assertions(max_backtracks=2)(question=question)
    assert found.queries == [question, "Silas Penhallow mansion", "Candle House"]
    assert all(len(query) <= 100 for query in found.queries)
    assert any(passage.startswith("Candle House") for passage in found.context)
    assert found.answer == "a school for the blind"
    # The last attempt alone is traced: two queries and the answer, though more calls were made.
    assert [step.path for step in steps] == [
        "generate_query[0].predict",
        "generate_query[1].predict",
        "generate_answer.predict",
    ]
    assert len(lm.requests) > len(steps)


def test_c075_without_assertions_the_queries_stay_as_they_are() -> None:
    rm = core.BM25(["Silas Penhallow | He built a mansion."])
    with core.context(lm=ScriptedLM(baleen_model), rm=rm, bypass_suggest=True):
        found = SimplifiedBaleen()(question="Who?")
    assert len(found.queries[1]) > 100


def test_c075_the_embedded_model_runs_it_and_it_is_evaluated() -> None:
    passages = [f"{row['title']} | {row['text']}" for row in records("corpus.jsonl")]
    rows = records("data.jsonl")[:4]
    devset = [core.Example(question=r["question"], answer=r["answer"]).with_inputs("question") for r in rows]
    program = SimplifiedBaleen().activate_assertions()
    with core.context(lm=core.LM("embedded/in-context"), rm=core.BM25(passages)):
        result = core.Evaluate(devset=devset, metric=lambda row, found: bool(found.answer))(program)
    assert not result.flagged
    assert all(len(query) <= 100 for row in result.rows for query in row.outputs["queries"][1:])
