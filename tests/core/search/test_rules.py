"""A run log names its racing rule with its settings, and is resumed by that one."""

from __future__ import annotations

from typing import Any

import pytest

from core.foundation.errors import ResumeMismatch
from core.optimizers import COPRO, BootstrapFewShotWithRandomSearch
from core.search.halving import SuccessiveHalving
from core.search.racing import Curtailed, PairedBetting
from core.search.rules import rule_for_log, rule_name
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def search(lm: ToyLM, log: MemoryRunLog, **options: Any) -> Any:
    optimizer = BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=2, max_labeled_demos=3)
    with context(lm=lm):
        return optimizer.compile(
            TwoSteps(), trainset=rows("train", 8), valset=rows("v", 20), run_log=log, **options
        )


def logged(log: MemoryRunLog) -> Any:
    return log.read()[0]["params"]["racing"]


def under(name: Any, log: MemoryRunLog) -> MemoryRunLog:
    """The same log, as started under another rule."""
    other = MemoryRunLog()
    for event in log.read():
        if event["type"] == "header":
            event["params"]["racing"] = name
        other.append(event)
    return other


def test_the_header_names_the_rule_and_all_it_decides_by() -> None:
    for racing, name in (
        (
            True,
            "SuccessiveHalving(keep=0.55, first=0.1, growth=1.6, tolerance=2.0, alike=0.2, wave=12, stratified=True)",
        ),
        (
            SuccessiveHalving(),
            "SuccessiveHalving(keep=0.4, first=0.125, growth=2.0, tolerance=2.0, wave=12, stratified=True)",
        ),
        (PairedBetting(0.2), "PairedBetting(risk=0.2, margin=0.01)"),
        (Curtailed(), "Curtailed"),
        (False, False),
    ):
        log = MemoryRunLog()
        search(ToyLM(), log, racing=racing)
        assert logged(log) == name


def test_a_log_of_another_default_goes_on_by_its_own_rule_and_says_so() -> None:
    log, lm = MemoryRunLog(), ToyLM()
    whole = search(lm, log, racing=Curtailed())
    sent = lm.sent
    again = search(lm, log)  # the default today is another one
    assert again.dump_state() == whole.dump_state() and lm.sent == sent
    assert [one.status for one in again.report.candidates] == [one.status for one in whole.report.candidates]
    assert any("racing rule of its log, Curtailed" in warning for warning in again.report.warnings)


def test_the_default_is_the_rule_of_the_optimizer() -> None:
    log = MemoryRunLog()
    with context(lm=ToyLM()):
        optimizer = COPRO(metric=exact, breadth=2, depth=1)
        optimizer.compile(TwoSteps(), trainset=rows("train", 8), valset=rows("v", 20), run_log=log)
    assert logged(log) == rule_name(SuccessiveHalving()) != rule_name(BootstrapFewShotWithRandomSearch.rule)


def test_a_rule_that_cannot_be_had_any_more_is_refused_by_name() -> None:
    log, lm = MemoryRunLog(), ToyLM()
    search(lm, log)
    old = under(str(logged(log)).replace("wave=12", "wave=4"), log)
    sent = lm.sent
    with pytest.raises(ResumeMismatch, match=r"params\.racing \('Success.*wave=4.*wave=12.* now\)"):
        search(lm, old)
    assert lm.sent == sent


def test_a_rule_asked_for_by_name_must_be_that_of_the_log() -> None:
    log, lm = MemoryRunLog(), ToyLM()
    search(lm, log)
    search(lm, log, racing=BootstrapFewShotWithRandomSearch.rule)  # the same, said at length
    with pytest.raises(ResumeMismatch, match=r"params\.racing"):
        search(lm, log, racing=Curtailed())


def test_a_log_that_does_not_name_its_rule_goes_on_with_a_warning() -> None:
    log, lm = MemoryRunLog(), ToyLM()
    whole = search(lm, log)
    sent, old = lm.sent, under(True, log)
    again = search(lm, old)
    assert again.dump_state() == whole.dump_state() and lm.sent == sent
    assert any("earlier version" in warning for warning in again.report.warnings)
    with pytest.raises(ResumeMismatch, match=r"params\.racing \(True in the log, 'Curtailed' now\)"):
        search(lm, old, racing=Curtailed())


def test_every_rule_of_ours_can_be_made_from_its_name() -> None:
    for rule in (
        SuccessiveHalving(keep=0.5),
        BootstrapFewShotWithRandomSearch.rule,
        PairedBetting(0.2, 0.0),
        Curtailed(),
    ):
        header = {"params": {"racing": rule_name(rule)}}
        made, name, _ = rule_for_log(True, SuccessiveHalving(), header)
        assert (made == rule or isinstance(made, Curtailed)) and name == rule_name(rule)
