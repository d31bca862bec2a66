"""A run log is resumed by the same work alone: whatever else differs is named, and nothing is spent or written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from core.foundation.errors import ResumeMismatch
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers import COPRO, GEPA, BetterTogether, BootstrapFewShotWithRandomSearch
from core.search.racing import Curtailed, PairedBetting, RacingRule
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


class OtherCode(TwoSteps):
    """The same steps in the same state, told otherwise."""

    async def aforward(self, question: str) -> Any:
        first = await self.look.acall(question=question.strip())
        return await self.say.acall(hint=first.hint, question=question)


def with_instructions() -> Module:
    program = TwoSteps()
    program.say.signature = program.say.signature.with_instructions("Answer.")
    return program


def with_own_model() -> Module:
    program = TwoSteps()
    program.say.lm = ToyLM(skill=50)
    return program


def with_another_field() -> Module:
    program = TwoSteps()
    program.say = Predict("hint, question -> answer, reason")
    return program


def lenient(example, prediction, trace=None):
    return example.answer in str(prediction.answer)


class Never(RacingRule):
    """A racing rule of one's own."""

    def hopeless(self, own, leader, remaining):
        return ""


@dataclass
class After(RacingRule):
    """One with a setting."""

    rows: int

    def hopeless(self, own, leader, remaining):
        return "enough" if len(own) > self.rows else ""


class Repeating(TwoSteps):
    """Asks for several hints."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times = times


def warmer() -> Module:
    program = TwoSteps()
    program.say.update_config(temperature=0.9)
    return program


def at_least(limit: float) -> Any:
    def metric(example, prediction, trace=None):
        return exact(example, prediction) >= limit

    return metric


GIVEN: dict[str, Any] = {
    "student": TwoSteps,
    "trainset": rows("train", 8),
    "valset": rows("validation", 10),
    "metric": exact,
    "params": {"num_candidate_programs": 2, "max_bootstrapped_demos": 2, "max_labeled_demos": 3},
}
EDITED = [*GIVEN["valset"][:-1], GIVEN["valset"][-1].copy(answer="other").with_inputs("question")]


def search(lm: ToyLM, log: MemoryRunLog, **changes: Any) -> Any:
    asked = {**GIVEN, **changes}
    optimizer = BootstrapFewShotWithRandomSearch(asked.pop("metric"), **asked.pop("params"))
    optimizer.prompt_model = asked.pop("prompt_model", None)
    student, settings = asked.pop("student")(), asked.pop("settings", {})
    optimizer.teacher_settings = asked.pop("teacher_settings", {})
    with context(lm=lm, **settings):
        return optimizer.compile(student, run_log=log, **asked)


def changed(**values: Any) -> dict[str, Any]:
    return {"params": {**GIVEN["params"], **values}}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    # what is tried: how the log was started, what differs on resume, what is named
    "program: code": ({}, {"student": OtherCode}, "program"),
    "program: instructions": ({}, {"student": with_instructions}, "program"),
    "program: fields": ({}, {"student": with_another_field}, "program"),
    "program: a setting": ({"student": Repeating}, {"student": lambda: Repeating(2)}, "program"),
    "program: a step's settings": ({}, {"student": warmer}, "program"),
    "a step's model": ({}, {"student": with_own_model}, "model"),
    "teacher": ({}, {"teacher": with_instructions()}, "teacher"),
    "teacher's model": ({}, {"teacher_settings": {"lm": ToyLM(skill=70)}}, "teacher"),
    "training rows": ({}, {"trainset": rows("train", 9)}, "data"),
    "validation rows": ({}, {"valset": rows("validation", 9)}, "data"),
    "an answer": ({}, {"valset": EDITED}, "data"),
    "order of rows": ({}, {"valset": GIVEN["valset"][::-1]}, "data"),
    "a row moved": (
        {"trainset": rows("train", 8), "valset": rows("more", 4)},
        {"trainset": [*rows("train", 8), *rows("more", 1)], "valset": rows("more", 4)[1:]},
        "data",
    ),
    "no validation rows": ({}, {"valset": None}, "data"),
    "metric": ({}, {"metric": lenient}, "metric"),
    "parameter": ({}, changed(max_labeled_demos=4), "params.max_labeled_demos"),
    "seed": ({}, {"seed": 1}, "seed"),
    "racing off": ({}, {"racing": False}, "params.racing"),
    "racing rule": ({"racing": Curtailed()}, {"racing": PairedBetting()}, "params.racing"),
    "racing rule's setting": (
        {"racing": PairedBetting(0.1)},
        {"racing": PairedBetting(0.2)},
        "params.racing",
    ),
    "own racing rule": ({"racing": Never()}, {"racing": After(3)}, "params.racing"),
    "own racing rule's setting": ({"racing": After(5)}, {"racing": After(4)}, "params.racing"),
    "test rows": ({"testset": rows("test", 5)}, {"testset": rows("test", 6)}, "confirm"),
    "no test rows": ({"testset": rows("test", 5)}, {}, "confirm"),
    "rows set aside": ({}, {"confirm": 3}, "confirm"),
    "prompt model": ({"prompt_model": ToyLM()}, {"prompt_model": ToyLM(skill=5)}, "prompt_model"),
    "no prompt model": ({"prompt_model": ToyLM()}, {}, "prompt_model"),
}


@pytest.mark.parametrize(("first", "then", "named"), CASES.values(), ids=CASES)
def test_a_difference_is_named_before_anything_is_spent(first, then, named):
    log, lm = MemoryRunLog(), ToyLM()
    search(lm, log, **first)
    sent, events = lm.sent, log.read()
    with pytest.raises(ResumeMismatch, match=named) as caught:
        search(lm, log, **then)
    assert named in caught.value.differences
    assert (lm.sent, log.read()) == (sent, events)
    search(lm, log, **first)  # and the log is still good for what it was started with
    assert lm.sent == sent


def test_a_metric_that_counts_its_calls_is_resumed_and_another_one_is_refused_with_what_to_do():
    def counting(start):
        calls, seen = start, []

        def metric(example, prediction, trace=None):
            nonlocal calls
            calls += 1
            seen.append(example.question)
            return exact(example, prediction)

        return metric

    log, lm, metric = MemoryRunLog(), ToyLM(), counting(0)
    search(lm, log, metric=metric, stop_requested=lambda: lm.sent > 20)
    program = search(lm, log, metric=metric)
    assert program.report.resumed and program.report.stop_code == "done"
    search(lm, log, metric=counting(0))
    with pytest.raises(ResumeMismatch, match="what differs: metric") as caught:
        search(lm, log, metric=lenient)
    assert "source text" in caught.value.hint


@pytest.mark.parametrize(
    ("first", "then", "told"),
    [
        ({"student": Repeating}, {"student": lambda: Repeating(2)}, "program (self.times)"),
        ({}, {"student": warmer}, "program (self.say.config)"),
        ({"metric": at_least(0.5)}, {"metric": at_least(0.7)}, "metric (closure limit)"),
    ],
)
def test_of_programs_and_metrics_the_part_that_differs_is_named(first, then, told):
    log, lm = MemoryRunLog(), ToyLM()
    search(lm, log, **first)
    with pytest.raises(ResumeMismatch) as caught:
        search(lm, log, **then)
    assert f"what differs: {told}." in str(caught.value)


def test_another_model_and_another_optimizer_are_named():
    log = MemoryRunLog()
    search(ToyLM(), log)
    with pytest.raises(ResumeMismatch) as caught:
        search(ToyLM(skill=31), log)
    assert set(caught.value.differences) == {"model", "teacher"}
    with pytest.raises(ResumeMismatch, match="optimizer"), context(lm=ToyLM()):
        COPRO(metric=exact).compile(
            TwoSteps(), trainset=GIVEN["trainset"], valset=GIVEN["valset"], run_log=log
        )


def test_how_to_run_is_no_difference():
    log, lm = MemoryRunLog(), ToyLM()
    whole = search(lm, log, budget=40)
    sent = lm.sent
    again = search(lm, log, budget=40, num_threads=1, max_errors=3, on_event=print)
    assert again.dump_state() == whole.dump_state()
    assert lm.sent == sent
    assert search(lm, log, budget=60).report.calls == 60  # a raised cap goes on


def first_alone(state, trajectories, scores, number, candidate):
    return ["look"]


def second_alone(state, trajectories, scores, number, candidate):
    return ["say"]


def plain(candidate, reflective_dataset, components_to_update):
    return {path: f"Take care {len(reflective_dataset[path])}." for path in components_to_update}


class Writer:
    """A proposer with a setting."""

    def __init__(self, care: int) -> None:
        self.care = care

    def __call__(self, candidate, reflective_dataset, components_to_update):
        return dict.fromkeys(components_to_update, f"Take care {self.care}.")


OF_GEPA = {
    "selector": ({"component_selector": first_alone}, {"component_selector": second_alone}),
    "no selector": ({"component_selector": first_alone}, {"component_selector": "all"}),
    "proposer": ({"instruction_proposer": plain}, {"instruction_proposer": Writer(20)}),
    "proposer's setting": ({"instruction_proposer": Writer(20)}, {"instruction_proposer": Writer(21)}),
    "no proposer": ({"instruction_proposer": plain}, {}),
}


@pytest.mark.parametrize(("first", "then"), OF_GEPA.values(), ids=OF_GEPA)
def test_functions_of_ones_own_are_part_of_the_work(first, then):
    log, lm = MemoryRunLog(), ToyLM()

    def evolved(own):
        optimizer = GEPA(exact, max_metric_calls=40, reflection_minibatch_size=2, **own)
        with context(lm=lm):
            return optimizer.compile(
                TwoSteps(), trainset=GIVEN["trainset"], valset=GIVEN["valset"], run_log=log
            )

    evolved(first)
    sent, named = lm.sent, next(iter(first))
    evolved(first)
    with pytest.raises(ResumeMismatch, match=named) as caught:
        evolved(then)
    assert set(caught.value.differences) == {named}
    assert lm.sent == sent


def test_a_sequence_refuses_another_step_and_another_seed():
    log, lm = MemoryRunLog(), ToyLM()

    def sequence(depth=1, **options):
        made = BetterTogether(exact, i=COPRO(metric=exact, breadth=3, depth=depth))
        with context(lm=lm):
            return made.compile(
                TwoSteps(),
                trainset=GIVEN["trainset"],
                valset=GIVEN["valset"],
                strategy="i",
                run_log=log,
                **options,
            )

    sequence()
    sent = lm.sent
    with pytest.raises(ResumeMismatch, match=r"params\.depth"):
        sequence(depth=2)
    with pytest.raises(ResumeMismatch, match="seed"):
        sequence(seed=4)
    assert lm.sent == sent
