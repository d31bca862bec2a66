"""What an optimizer cannot work with is refused before anything is spent: what is wrong, where, and what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import core
from core.foundation.errors import ConfigurationError, OptimizerError, RunLogError, WorkbenchError
from core.interop.teleprompters import SignatureOptimizer
from core.optimizers import (
    COPRO,
    GEPA,
    SIMBA,
    Auto,
    BetterTogether,
    BootstrapFewShot,
    BootstrapRS,
    Ensemble,
    InferRules,
    KNNFewShot,
    MIPROv2,
    optimizers,
)
from core.search.racing import Curtailed
from core.search.run_log import JsonLinesRunLog, log_in
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

TRAIN, VALIDATION = rows("train", 24), rows("validation", 6)


class Around(core.Module):
    """A program whose only part was compiled before."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = TwoSteps()
        self.inner._compiled = True

    def forward(self, question: str) -> Any:
        return self.inner(question=question)


def search() -> Any:
    return BootstrapRS(exact, num_candidate_programs=1)


def ways() -> list[Any]:
    return [
        Auto(exact),
        BootstrapFewShot(exact),
        search(),
        COPRO(metric=exact, breadth=2, depth=1),
        GEPA(exact, max_metric_calls=20),
        SIMBA(metric=exact, bsize=4, max_steps=1),
        InferRules(metric=exact, num_candidates=1),
        MIPROv2(exact),
        BetterTogether(exact, p=search()),
    ]


@pytest.mark.parametrize("way", ways(), ids=lambda way: type(way).__name__)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"student": TwoSteps}, "student is the class TwoSteps"),
        ({"student": None}, "student is a NoneType"),
        ({"student": "question -> answer"}, "student is a str"),
        ({"trainset": None}, "trainset is None"),
        ({"trainset": TRAIN[0]}, "trainset is a Example"),
        ({"trainset": "rows.csv"}, "trainset is a str"),
        ({"valset": 3}, "valset is a int"),
        ({"teacher": [TwoSteps()]}, "teacher is a list"),
        ({"seed": "first"}, "is no seed"),
        ({"budget": "100"}, "is no budget"),
        ({"num_threads": 0}, "num_threads=0"),
        ({"max_errors": -1}, "max_errors=-1"),
        ({"stop_requested": True}, "stop_requested=True"),
        ({"student": Around()}, "in parts that are compiled and stay as they are: inner"),
    ],
    ids=str,
)
def test_what_is_no_program_no_row_or_no_option_is_named(way: Any, given: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"student": TwoSteps(), "trainset": TRAIN, "valset": VALIDATION, **given}
    asked |= {"strategy": "p"} if isinstance(way, BetterTogether) else {}
    lm = ToyLM()
    with context(lm=lm), pytest.raises(WorkbenchError, match=said) as caught:
        way.compile(asked.pop("student"), **asked)
    assert caught.value.hint
    if not isinstance(way, BetterTogether):  # it scores the program as given first
        assert not lm.sent


@pytest.mark.parametrize(
    "given",
    [
        {"target": "90%"},
        {"plateau": "3"},
        {"racing": "halving"},
        {"racing": Curtailed},
        {"on_event": 1},
        {"testset": []},
        {"budget": 10.5},
    ],
    ids=str,
)
def test_options_of_another_kind_are_named(given: dict[str, Any]) -> None:
    lm = ToyLM()
    with context(lm=lm), pytest.raises((ConfigurationError, OptimizerError)) as caught:
        search().compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION, **given)
    assert caught.value.hint and not lm.sent


def test_models_metrics_and_settings_are_checked_where_they_are_given() -> None:
    for make, said in (
        (lambda: BootstrapFewShot("accuracy"), "The metric is a str"),
        (lambda: COPRO("provider/model", exact), "is a str, 'provider/model', and no language model"),
        (lambda: GEPA(exact, auto="light", reflection_lm="provider/model"), "no language model"),
        (lambda: MIPROv2(exact, task_model="provider/model"), "task_model is a str"),
        (lambda: BootstrapFewShot(exact, teacher_settings={"lm": "provider/model"}), "teacher's lm"),
        (lambda: BootstrapFewShot(exact, teacher_settings=ToyLM()), "not settings by name"),
        (lambda: BetterTogether(exact, p=BootstrapRS), "p=the class BootstrapFewShotWithRandomSearch"),
        (lambda: Ensemble(size="2"), "size='2'"),
        (lambda: Ensemble(reduce_fn="majority"), "reduce_fn='majority'"),
        (lambda: Ensemble().compile(TwoSteps()), "this is one"),
        (lambda: KNNFewShot(2, TRAIN, "embedder"), "vectorizer is a str"),
        (lambda: KNNFewShot(2, TRAIN, lambda texts: [[1.0]]), "array of"),
        (lambda: KNNFewShot(2, [{"question": "x"}], len), "Row 0 of the trainset is a dict"),
        (
            lambda: BetterTogether(exact, p=search()).compile(TwoSteps(), trainset=TRAIN, strategy=None),
            "no strategy",
        ),
    ):
        with pytest.raises(WorkbenchError, match=said) as caught:
            make()
        assert caught.value.hint


@pytest.mark.parametrize("way", ways()[:-1], ids=lambda way: type(way).__name__)
def test_an_empty_validation_set_is_none_at_all(way: Any) -> None:
    with context(lm=ToyLM(jitter=0, cache=False)):
        empty = way.compile(TwoSteps(), trainset=TRAIN, valset=[], budget=60)
        none = way.compile(TwoSteps(), trainset=TRAIN, budget=60)
    assert empty.dump_state() == none.dump_state()
    assert empty.report.warnings == none.report.warnings


def test_no_seed_is_the_first_one() -> None:
    with context(lm=ToyLM(jitter=0, cache=False)):
        first = search().compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION)
        none = search().compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION, seed=None)
    assert first.dump_state() == none.dump_state() and none.report.seed == 0


def test_parameters_of_one_compile_keep_what_the_constructor_took() -> None:
    with context(lm=ToyLM(jitter=0, cache=False)):
        made = COPRO(metric=exact, breadth=2, depth=2).compile(TwoSteps(), trainset=TRAIN, depth=1)
    assert any("No validation rows were given" in said for said in made.report.warnings)
    old = SignatureOptimizer(metric=exact, breadth=2, task_model=ToyLM(jitter=0, cache=False))
    with context(lm=ToyLM(jitter=0, cache=False)):
        assert old.compile(TwoSteps(), devset=TRAIN, depth=1).report.params["depth"] == 1


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (lambda example: 1, "takes 1 argument, and is given the example and the prediction"),
        (lambda: 1, "takes 0 arguments"),
        (lambda example, pred, *, strict: 1, "needs strict by keyword"),
        (lambda a, b, c, d, e, f: 1, "needs 6 arguments"),
    ],
    ids=["one", "none", "keyword", "six"],
)
def test_a_metric_that_cannot_be_called_with_a_prediction_is_refused(metric: Any, said: str) -> None:
    with pytest.raises(OptimizerError, match=said) as caught:
        BootstrapRS(metric)
    assert "metric(example, prediction" in caught.value.hint


def test_metrics_of_two_to_five_arguments_and_of_any_number_are_taken() -> None:
    for metric in (
        lambda a, b: 1,
        lambda *all: 1,
        lambda a, b, c, d, e: 1,
        lambda a, b, c=None, *, strict=False: 1,
        core.evaluate.answer_exact_match,
        core.evaluate.make_metric({"kind": "exact_match"}),
    ):
        assert BootstrapRS(metric).metric is metric


def test_copro_takes_what_dspys_takes_and_says_what_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    optimizer = COPRO(metric=exact, breadth=2, depth=1, verbose=True, bredth=9, shown_rows=3)
    with context(lm=ToyLM(jitter=0)):
        report = optimizer.compile(TwoSteps(), trainset=TRAIN, valset=VALIDATION).report
    assert report.params["shown_rows"] == 3
    assert "COPRO has no parameter 'bredth': it changes nothing." in report.warnings
    assert report.summary() in capsys.readouterr().out
    with pytest.raises(OptimizerError, match="eval_kwargs=3"):
        optimizer.compile(TwoSteps(), trainset=TRAIN, eval_kwargs=3)


@pytest.mark.parametrize(
    "name", sorted({*optimizers.names()} - {"better_together", "ensemble", "knn_few_shot"})
)
def test_a_teacher_is_asked_or_the_report_says_that_it_is_not(name: str) -> None:
    kind = optimizers.get(name)
    asked: list[Any] = []

    class Teacher(TwoSteps):
        def forward(self, question: str) -> Any:
            asked.append(question)
            return super().forward(question)

    made = kind.create({}, metric=None if name == "labeled_few_shot" else exact)
    with context(lm=ToyLM(jitter=0)):
        report = made.compile(
            TwoSteps(), trainset=TRAIN, valset=VALIDATION, teacher=Teacher(), budget=150
        ).report
    said = f"A teacher was given, and {kind.__name__} does not ask one: it changes nothing."
    assert (said in report.warnings) == (not asked) == (not kind.asks_teacher)


def test_one_row_to_choose_by_is_said_before_anything_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    for way in (MIPROv2(exact), search(), COPRO(metric=exact, breadth=2, depth=1)):
        caplog.clear()
        lm = ToyLM(jitter=0)
        with context(lm=lm):
            report = way.compile(TwoSteps(), trainset=TRAIN[:1], stop_requested=lambda: True).report
        assert lm.sent == 0
        assert any("1 row to choose by" in said for said in report.warnings)
        assert "1 row to choose by" in caplog.text
    with context(lm=ToyLM(jitter=0)):  # this one chooses nothing
        report = BootstrapFewShot(exact).compile(TwoSteps(), trainset=TRAIN[:1]).report
    assert not any("to choose by" in said for said in report.warnings)


@pytest.mark.parametrize("way", [core.LabeledFewShot(), *ways()], ids=lambda way: type(way).__name__)
def test_an_estimate_counts_any_rows_and_refuses_those_that_can_be_read_once(way: Any) -> None:
    more = {"strategy": "p"} if isinstance(way, BetterTogether) else {}
    listed = str(way.estimate(TwoSteps(), TRAIN, VALIDATION, **more))
    by_question = {row.question: row for row in TRAIN}
    assert str(way.estimate(TwoSteps(), trainset=by_question.values(), valset=VALIDATION, **more)) == listed
    for given in (((row for row in TRAIN), VALIDATION), (TRAIN, iter(VALIDATION))):
        with pytest.raises(OptimizerError, match="read only once") as caught:
            way.estimate(TwoSteps(), *given, **more)
        assert "list(" in caught.value.hint
    with pytest.raises(OptimizerError, match="trainset is None, not a list"):
        way.estimate(TwoSteps(), None, **more)


def test_rows_without_the_usual_inputs_are_named() -> None:
    strange = core.Example(query="x", answer="a").with_inputs("query")
    with context(lm=ToyLM(jitter=0, cache=False)):
        report = search().compile(TwoSteps(), trainset=[*TRAIN[:5], strange], max_errors=100).report
    assert any(
        "1 of 6 training rows lacks inputs" in said and "row 5: question" in said for said in report.warnings
    )


def test_run_logs_that_cannot_be_had_say_why(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"type": "row"}\n')
    for path, said in (
        (tmp_path / "none" / "log.jsonl", "Make the folder"),
        (tmp_path, "That is a folder"),
        (tmp_path / "odd.jsonl", "cannot be read"),
    ):
        with context(lm=ToyLM()), pytest.raises(RunLogError, match=said):
            search().compile(TwoSteps(), trainset=TRAIN, run_log=path)
    assert log_in(tmp_path / "new" / "folder", "log.jsonl").parent.is_dir()


def test_a_log_of_a_sequence_is_no_log_of_one_optimizer_and_the_other_way_round(tmp_path: Path) -> None:
    one, several = tmp_path / "one.jsonl", tmp_path / "several.jsonl"
    together = BetterTogether(exact, p=search())
    rows_given: dict[str, Any] = {"trainset": TRAIN[:6], "valset": VALIDATION}
    with context(lm=ToyLM(jitter=0, cache=False)):
        search().compile(TwoSteps(), **rows_given, run_log=one)
        together.compile(TwoSteps(), **rows_given, strategy="p", run_log=several)
        with pytest.raises(RunLogError, match="sequence of optimizers"):
            search().compile(TwoSteps(), **rows_given, run_log=several)
        with pytest.raises(RunLogError, match="not that of a sequence"):
            together.compile(TwoSteps(), **rows_given, strategy="p", run_log=one)


def test_a_file_is_let_go_of_when_a_compile_ends(tmp_path: Path) -> None:
    path, asked = tmp_path / "log.jsonl", [0]

    def stop() -> bool:
        asked[0] += 1
        return asked[0] > 9

    log = JsonLinesRunLog(path)
    with context(lm=ToyLM(jitter=0, cache=False)):
        first = search().compile(TwoSteps(), trainset=TRAIN, run_log=log, stop_requested=stop)
        again = search().compile(TwoSteps(), trainset=TRAIN, run_log=path)
    assert first.report.stop_code == "stopped" and again.report.resumed


def test_log_dir_is_made(tmp_path: Path) -> None:
    with context(lm=ToyLM(jitter=0, cache=False)):
        GEPA(exact, max_metric_calls=20, log_dir=str(tmp_path / "a" / "b")).compile(
            TwoSteps(), trainset=TRAIN[:4], valset=VALIDATION
        )
    assert (tmp_path / "a" / "b" / "gepa.jsonl").exists()


@pytest.mark.parametrize(
    ("optimizer", "reason"),
    [
        (Auto(exact), "Another round may gain"),
        (Auto(exact, max_calls=100), "a higher cap lets the search go on"),
        (GEPA(exact, max_metric_calls=200), "brought too little for another one, after 3 reflections"),
        (SIMBA(metric=exact, bsize=8), "grew nothing better than the best so far"),
    ],
    ids=["price", "room", "reflections", "steps"],
)
def test_an_optimizer_that_ends_by_itself_says_why(optimizer: Any, reason: str) -> None:
    with context(lm=ToyLM(jitter=0)):
        report = optimizer.compile(TwoSteps(), trainset=rows("t", 30), valset=rows("v", 40)).report
    assert (report.stop_code, reason in report.stop_reason) == ("done", True)
    left = [one for one in report.candidates if one.status == "minibatch"]
    assert all("the same" in one.reason and one.reason.endswith("not run on more") for one in left)
