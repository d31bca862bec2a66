"""The budget's gate: exact for calls, warned in time, honest about earlier sessions."""

from __future__ import annotations

import threading

import pytest

from core.foundation.errors import BudgetExceeded, ConfigurationError
from core.search.budget import Budget, Gate, Spend


def test_a_bare_number_caps_the_calls():
    assert Budget.of(7) == Budget(calls=7)
    assert Budget.of({"cost": 0.5}) == Budget(cost=0.5)
    assert Budget.of(None) == Budget()


@pytest.mark.parametrize("wrong", [{"call": 1}, {"calls": -1}, {"cost": float("nan")}, {"calls": True}])
def test_a_cap_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ConfigurationError):
        Budget.of(wrong)


def test_calls_are_exact_under_many_threads():
    gate, passed = Gate(Budget(calls=100)), []

    def work():
        for _ in range(50):
            try:
                gate.take()
            except BudgetExceeded:
                return
            passed.append(1)

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(passed) == gate.spent.calls == 100


def test_the_refusal_names_the_resource():
    gate = Gate(Budget(tokens=10, calls=5))
    gate.take()
    gate.settle(Spend(1, 8, 4, 0.0))
    with pytest.raises(BudgetExceeded, match="10 tokens") as caught:
        gate.take()
    assert caught.value.resource == "tokens"
    assert gate.overspent()


def test_each_warning_comes_once():
    told: list[tuple[str, float]] = []
    gate = Gate(Budget(calls=10), warn=lambda name, share: told.append((name, share)))
    for _ in range(10):
        gate.take()
    assert told == [("calls", 0.5), ("calls", 0.8)]


def test_what_earlier_sessions_paid_counts_without_a_second_warning():
    told: list[tuple[str, float]] = []
    gate = Gate(Budget(calls=10), warn=lambda name, share: told.append((name, share)))
    gate.charge(Spend(calls=6))
    assert gate.remaining_calls() == 4
    for _ in range(4):
        gate.take()
    assert told == [("calls", 0.8)]
    with pytest.raises(BudgetExceeded):
        gate.check()


def test_time_goes_on_from_where_it_was():
    now = [100.0]
    gate = Gate(Budget(seconds=10), elapsed=8, clock=lambda: now[0])
    gate.check()
    now[0] += 2
    with pytest.raises(BudgetExceeded, match="10 seconds"):
        gate.check()
