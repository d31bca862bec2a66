"""Racing: saves rows, never the wrong candidate."""

from __future__ import annotations

import math
import random

import pytest

from benchmarks.racing import simulate
from core.foundation.errors import ConfigurationError
from core.search.halving import SuccessiveHalving
from core.search.racing import Curtailed, PairedBetting, RacingRule, block_size, fortune


def winner(scores):
    best = 0
    for index, row in enumerate(scores):
        if math.fsum(row) > math.fsum(scores[best]) + 1e-9:
            best = index
    return best


def raced(scores, rule, block):
    leader, rows_run, count = 0, len(scores[0]), len(scores[0])
    for index in range(1, len(scores)):
        seen = 0
        while seen < count and not rule.hopeless(scores[index][:seen], scores[leader], count - seen):
            seen = min(count, seen + block)
        rows_run += seen
        if seen == count and math.fsum(scores[index]) > math.fsum(scores[leader]) + 1e-9:
            leader = index
    return leader, rows_run


@pytest.mark.parametrize("graded", [False, True])
def test_the_winner_is_that_of_the_full_evaluation(graded):
    generator = random.Random(4)
    saved = []
    for _ in range(300):
        rows, candidates = generator.choice([5, 30, 100]), generator.randint(2, 12)
        skills = [generator.random() for _ in range(candidates)]
        scores = [
            [
                generator.random() ** (1 / (0.2 + s)) if graded else float(generator.random() < s)
                for _ in range(rows)
            ]
            for s in skills
        ]
        best, run = raced(scores, Curtailed(), block_size(rows))
        assert best == winner(scores)
        saved.append(1 - run / (rows * candidates))
    assert sum(saved) / len(saved) > (0.02 if graded else 0.2)  # graded scores leave more to hope for


def test_a_tie_does_not_beat_the_leader():
    assert Curtailed().hopeless([1.0, 0.0], [1.0, 0.0, 1.0], 1)
    assert not Curtailed().hopeless([1.0, 1.0], [1.0, 0.0, 1.0], 1)


def test_nobody_runs_against_a_perfect_leader():
    assert "cannot be beaten" in Curtailed().hopeless([], [1.0, 1.0], 2)


def test_a_metric_above_one_switches_the_rule_off():
    assert not Curtailed().hopeless([0.0, 0.0], [5.0, 5.0, 5.0], 1)


def test_rows_without_a_score_do_not_count_as_zero():
    assert not Curtailed().hopeless([None, 1.0], [1.0, 0.0, 1.0], 1)
    assert Curtailed().hopeless([None, 0.0], [1.0, None, 1.0], 1)


@pytest.mark.parametrize(("rows", "size"), [(1, 8), (90, 8), (200, 17), (5_000, 32)])
def test_blocks_depend_on_the_number_of_rows_alone(rows, size):
    assert block_size(rows) == size


@pytest.mark.parametrize("graded", [False, True])
def test_betting_loses_next_to_nothing_and_saves_more_rows_than_the_exact_rule(graded):
    found = simulate(PairedBetting(), graded=graded, tables=150, seed=7)
    exact = simulate(Curtailed(), graded=graded, tables=150, seed=7)
    assert exact.lost == 0
    assert found.lost <= 0.05
    assert found.score_loss <= 0.0005
    assert found.true_loss <= 0.001
    assert found.saved >= exact.saved + 0.08


@pytest.mark.parametrize("lead", [0.05, 0.1])
def test_a_candidate_that_is_better_by_the_margin_is_dropped_at_most_as_often_as_stated(lead):
    generator = random.Random(11)
    rows, rule, dropped, trials = 60, PairedBetting(risk=0.2, margin=lead), 0, 400
    wins = 9 + round(lead * rows)
    differences = [1.0] * wins + [-1.0] * 9 + [0.0] * (rows - wins - 9)
    for _ in range(trials):
        generator.shuffle(differences)
        own = [0.5 + d / 2 for d in differences]
        leader = [0.5 - d / 2 for d in differences]
        looks = range(1, rows)  # a look after every row is the hardest case
        dropped += any(rule.hopeless(own[:seen], leader, rows - seen) for seen in looks)
    assert 0 < dropped / trials <= 0.2


def test_a_clearly_worse_candidate_is_dropped_early_and_the_reason_says_why():
    leader = [1.0] * 24 + [0.0] * 76
    reason = PairedBetting().hopeless([0.0] * 16, leader, 84)
    assert "100.0 points behind the leader on the same 16 rows" in reason
    assert not Curtailed().hopeless([0.0] * 16, leader, 84)
    assert not PairedBetting().hopeless([1.0] * 8 + [0.0] * 2, leader, 90)


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ([0.5] * 80, "level with"),
        ([0.5] * 79 + [0.7], "0.2 points ahead of"),
        ([0.45] * 80, "5.0 points behind"),
    ],
)
def test_the_reason_calls_a_candidate_behind_only_where_it_is(own, said):
    reason = PairedBetting(margin=0.05).hopeless(own, [0.5] * 90, 10)
    assert reason.startswith(f"{said} the leader on the same 80 rows")


def test_scores_outside_the_unit_range_leave_betting_out():
    assert not PairedBetting().hopeless([-0.5] * 16, [1.0] * 24 + [0.0] * 76, 84)
    assert not PairedBetting().hopeless([0.0] * 40, [5.0] * 100, 60)


def test_rows_without_a_score_are_no_evidence():
    leader = [1.0] * 24 + [0.0] * 76
    assert not PairedBetting().hopeless([None] * 16, leader, 84)


def test_a_margin_out_of_reach_is_an_infinite_fortune_and_a_sure_one_none():
    assert fortune([-1.0] * 6, 10, 0.5) == math.inf
    assert fortune([1.0] * 9, 10, -0.5) == 0.0


@pytest.mark.parametrize("wrong", [{"risk": 0}, {"risk": 1}, {"margin": -0.1}])
def test_a_rule_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="racing rule"):
        PairedBetting(**wrong)


def test_a_rule_of_ones_own_needs_hopeless_alone():
    rule = RacingRule()
    assert (rule.wave, rule.stages(20), rule.stages(8), rule.places(5)) == (None, (8, 16, 20), (8,), 5)
    with pytest.raises(NotImplementedError):
        rule.hopeless([], [1.0], 1)


def test_halving_takes_fewer_candidates_on_more_rows():
    rule = SuccessiveHalving()
    assert rule.stages(40) == (5, 10, 20, 40)
    assert rule.stages(100)[0] == 13
    assert rule.stages(3) == (3,)
    assert [rule.places(running) for running in (6, 5, 3, 2, 1)] == [3, 2, 2, 1, 1]
    gentle = SuccessiveHalving(keep=0.55)
    assert [gentle.places(running) for running in (9, 5, 3, 2, 1)] == [5, 3, 2, 2, 1]


def test_halving_bears_with_a_lag_that_chance_makes_likely_and_with_none_beyond():
    rule, leader = SuccessiveHalving(), [1.0, 1.0, 1.0, *[0.0] * 17]
    assert not rule.hopeless([1.0, *[0.0] * 4], leader, 15)
    assert "60.0 points behind the best so far on the same 5 rows" in rule.hopeless([0.0] * 5, leader, 15)
    assert not rule.hopeless([None] * 5, leader, 15)
    assert "cannot be beaten" in rule.hopeless([], [1.0, 1.0], 2)
    assert not rule.hopeless([0.0] * 4, [5.0] * 8, 4)  # beyond the unit range nothing is known about chance


def test_a_candidate_that_races_alone_has_to_keep_up_with_the_best_so_far():
    rule, leader = SuccessiveHalving().alone(), [1.0, 1.0, 1.0, *[0.0] * 17]
    assert rule.hopeless([1.0, 1.0, 0.0, 0.0, 0.0], leader, 15)
    assert not rule.hopeless([1.0, 1.0, 1.0, 0.0, 0.0], leader, 15)
    assert PairedBetting().alone() == PairedBetting()


@pytest.mark.parametrize("graded", [False, True])
def test_halving_saves_most_of_the_rows_and_loses_little(graded):
    found = simulate(SuccessiveHalving(), graded=graded, tables=150, seed=7)
    betting = simulate(PairedBetting(), graded=graded, tables=150, seed=7)
    assert found.saved >= betting.saved + 0.2
    assert found.true_loss <= 0.01


def test_candidates_share_a_place_only_where_asked_for_and_after_some_rows():
    assert not any(rule.one_place(100, 100) for rule in (SuccessiveHalving(), Curtailed(), PairedBetting()))
    rule = SuccessiveHalving(alike=0.2)
    assert [rule.one_place(done, 100) for done in (10, 19, 20)] == [False, False, True]
    assert [rule.one_place(done, 20) for done in (5, 8)] == [False, True]


@pytest.mark.parametrize(
    "wrong",
    [
        {"keep": 0},
        {"keep": 1},
        {"first": 0},
        {"growth": 1},
        {"tolerance": -1},
        {"alike": 0},
        {"alike": 1.5},
    ],
)
def test_a_halving_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="racing rule"):
        SuccessiveHalving(**wrong)
