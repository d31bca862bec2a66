"""Estimates of a whole compile: the true number of calls lies in the range, whatever else it is asked to do."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

import core
from core.foundation.errors import OptimizerError
from core.optimizers import Auto, BetterTogether, BootstrapFewShot, BootstrapRS, optimizers
from core.search.metric_calls import calls_of_metric
from core.search.probing import probe
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

TRAIN, VALIDATION = rows("train", 14), rows("validation", 18)
DEMOS = {"max_bootstrapped_demos": 3, "max_labeled_demos": 6}
SMALL: dict[str, dict[str, Any]] = {
    "auto": {"max_calls": 130, **DEMOS},
    "simba": {"bsize": 6, "num_candidates": 3, "max_steps": 2},
    "gepa": {"max_metric_calls": 60, "reflection_minibatch_size": 2},
    "copro": {"breadth": 3, "depth": 1},
    "miprov2": {"auto": None, "num_candidates": 3, "num_trials": 4, "minibatch_size": 6, **DEMOS},
    "opro": {"initial_prompts": 2, "n_iterations": 2},
    "bootstrap_optuna": {"num_candidate_programs": 4, **DEMOS},
    "infer_rules": {"num_candidates": 2, "ablate": True, **DEMOS},
    "bootstrap_few_shot": DEMOS,
    "random_search": {"num_candidate_programs": 2, **DEMOS},
}


class Judge(core.Module):
    """A metric that asks a model, which the estimate has to count."""

    def __init__(self) -> None:
        super().__init__()
        self.ask = core.Predict("hint, question -> answer")

    async def aforward(self, example: Any, prediction: Any, trace: Any = None) -> float:
        await self.ask.acall(hint="judge", question=example.question)
        return float(example.answer == prediction.answer)


def inside(
    optimizer: Any, lm: ToyLM, *, train: Any = TRAIN, validation: Any = VALIDATION, **options: Any
) -> str:
    """Compile, and say where the number of calls does not lie in the estimate."""
    known = {name: options[name] for name in ("budget", "testset", "confirm", "racing") if name in options}
    found = optimizer.estimate(TwoSteps(), train, validation, **known)
    with context(lm=lm):
        optimizer.compile(TwoSteps(), trainset=train, valset=validation, **options)
    assert found.low <= found.likely <= found.high
    return "" if found.low <= lm.sent <= found.high else f"{lm.sent} calls, not {found}"


@pytest.mark.parametrize("name", optimizers.names())
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lm": {"skill": 100}},
        {"train": rows("train", 10), "validation": None},
        {"train": rows("train", 1), "validation": rows("validation", 1)},
        {"testset": rows("test", 60)},
        {"confirm": 0.3},
        {"budget": 3},
        {"budget": 40, "testset": rows("test", 20)},
        {"racing": False},
    ],
    ids=["plain", "perfect", "ten rows", "one row", "testset", "confirm", "3 calls", "short", "published"],
)
def test_the_true_number_of_calls_lies_in_the_range(name: str, options: dict[str, Any]) -> None:
    given = dict(options)
    lm = ToyLM(cache=False, jitter=0, **given.pop("lm", {}))
    assert not inside(optimizers.get(name).create(SMALL.get(name), metric=exact), lm, **given)


def test_a_first_candidate_with_full_marks_needs_no_traces() -> None:
    found = BootstrapRS(exact, num_candidate_programs=2).estimate(TwoSteps(), TRAIN, VALIDATION)
    assert found.low == 2 * len(VALIDATION)


def test_a_larger_budget_takes_the_place_of_a_cap_of_its_own() -> None:
    optimizer, lm = Auto(exact, worth=0.0), ToyLM(cache=False, jitter=0)
    many, budget = {"train": rows("train", 200), "validation": rows("validation", 100)}, 3_000
    assert not inside(optimizer, lm, **many, budget=budget)
    assert lm.sent > 600
    assert optimizer.estimate(TwoSteps(), many["train"], many["validation"]).high == 600


def test_rows_that_teach_and_choose_are_counted_once() -> None:
    made = BootstrapFewShot(exact, max_bootstrapped_demos=100)
    assert made.estimate(TwoSteps(), TRAIN, TRAIN[:6]).low == 2 * (len(TRAIN) - 6)


@pytest.mark.parametrize("name", ["random_search", "bootstrap_few_shot", "copro", "simba", "auto"])
@pytest.mark.parametrize("bound", [False, True], ids=["module", "held"])
def test_the_calls_of_a_judge_are_counted(name: str, bound: bool) -> None:
    judge = Judge()
    metric = (lambda example, prediction, trace=None: judge(example, prediction, trace)) if bound else judge
    optimizer, lm = optimizers.get(name).create(SMALL.get(name), metric=metric), ToyLM(cache=False, jitter=0)
    assert any(phase.asks == "judge" for phase in optimizer.estimate(TwoSteps(), TRAIN, VALIDATION).phases)
    assert not inside(optimizer, lm, testset=rows("test", 20))


def test_what_a_metric_holds_is_seen() -> None:
    judge = Judge()
    kind = core.evaluate.make_metric({"kind": "judge", "params": {"rubric": "right"}})
    parts = {"metric": {"kind": "judge", "params": {"rubric": "right"}}, "weight": 1.0}
    weighted = core.evaluate.make_metric({"kind": "weighted", "params": {"parts": [parts, parts]}})
    assert [
        calls_of_metric(one) for one in (exact, judge, judge.forward, partial(judge), kind, weighted)
    ] == [
        0,
        1,
        1,
        1,
        1,
        2,
    ]


def test_a_probe_that_is_given_the_metric_counts_what_it_asks_and_at_which_price() -> None:
    def reached_by_a_global_name(example: Any, prediction: Any, trace: Any = None) -> Any:
        return JUDGE(example, prediction)

    optimizer = BootstrapRS(reached_by_a_global_name, num_candidate_programs=1)
    plain = optimizer.estimate(TwoSteps(), TRAIN, VALIDATION)
    with context(lm=ToyLM(cache=False, jitter=0)):
        blind, seeing = (probe(TwoSteps(), TRAIN, 3, metric) for metric in (None, reached_by_a_global_name))
    assert blind.judge is None and blind.judge_calls is None
    assert seeing.calls == blind.calls == 6
    assert seeing.judge.calls == 3 and seeing.judge_calls.likely == 0.5
    assert plain.priced(blind).likely == plain.likely
    assert plain.priced(seeing).likely == plain.likely + round(plain.likely / 2)
    judged = plain.priced(seeing).phases[-1]
    assert (judged.asks, judged.name) == ("judge", "judge the answers")
    assert judged.tokens is not None and judged.cost is not None
    lm = ToyLM(cache=False, jitter=0)
    with context(lm=lm):
        optimizer.compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION)
    assert plain.priced(seeing).low <= lm.sent <= plain.priced(seeing).high
    with context(lm=ToyLM()):
        assert probe(TwoSteps(), TRAIN, 3, exact).judge_calls.high == 0


JUDGE = Judge()


@pytest.mark.parametrize(
    "way",
    [BootstrapRS(exact), Auto(exact), BetterTogether(exact, p=BootstrapRS(exact))],
    ids=["one", "auto", "several"],
)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"student": None}, "student is a NoneType"),
        ({"student": "x"}, "student is a str"),
        ({"student": TwoSteps}, "student is the class TwoSteps"),
        ({"teacher": "x"}, "teacher is a str"),
        ({"testset": map(dict, TRAIN)}, "testset is a map"),
        ({"testset": TRAIN}, "no row that is not also a training"),
        ({"testset": rows("test", 2), "confirm": 2}, "Both testset and confirm"),
        ({"budget": "100"}, "is no budget"),
    ],
    ids=["none", "text", "class", "teacher", "read once", "same rows", "both", "budget"],
)
def test_what_is_no_program_or_no_row_is_named(way: Any, given: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"student": TwoSteps(), "trainset": TRAIN, "valset": VALIDATION, **given}
    asked |= {"strategy": "p"} if isinstance(way, BetterTogether) else {}
    with pytest.raises(core.foundation.errors.WorkbenchError, match=said) as caught:
        way.estimate(**asked)
    assert caught.value.hint
    assert isinstance(caught.value, OptimizerError) or "budget" in said


def test_an_optimizer_that_does_not_say_what_it_takes_is_named() -> None:
    class Silent(core.optimizers.Optimizer[core.optimizers.OptimizerParams]):
        name = "silent"
        Params = core.optimizers.OptimizerParams

    with pytest.raises(OptimizerError, match="Silent does not say how many calls") as caught:
        Silent.create({}, metric=exact).estimate(TwoSteps(), TRAIN, VALIDATION)
    assert "budget" in caught.value.hint
