"""The loop as a whole: why it stops, what it refuses to call a score, what it tells its observers."""

from __future__ import annotations

import asyncio

import pytest

from core.data.example import Example
from core.data.prediction import Prediction
from core.foundation.errors import (
    BudgetExceeded,
    ConfigurationError,
    EvaluationAborted,
    LMServerError,
    OptimizerError,
    RunLogError,
)
from core.lm import ScriptedLM
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch
from core.search.halving import SuccessiveHalving
from core.search.journal import canonical
from core.search.racing import RacingRule
from core.search.run_log import JsonLinesRunLog, MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def half(example, prediction, trace=None):
    return 0.5


def search(lm, *, metric=exact, student=None, count=3, train=12, validation=20, params=None, **options):
    optimizer = BootstrapFewShotWithRandomSearch(
        metric, num_candidate_programs=count, max_bootstrapped_demos=2, max_labeled_demos=4, **(params or {})
    )
    with context(lm=lm):
        return optimizer.compile(
            student or TwoSteps(),
            trainset=rows("train", train),
            valset=rows("validation", validation) if validation else None,
            **options,
        )


def test_all_tried():
    report = search(ToyLM()).report
    assert (report.stop_code, report.stop_reason) == ("done", "All 6 candidates were tried.")


def test_a_perfect_score_ends_the_search_before_another_candidate_is_made():
    report = search(ToyLM(skill=100)).report
    assert report.stop_code == "perfect"
    assert "full marks on all 20 rows" in report.stop_reason
    assert [c.status for c in report.candidates] == ["full"]
    assert report.spend_by_purpose["evaluate"]["calls"] == 40


def test_without_racing_every_candidate_runs_on_every_row():
    program = search(ToyLM(skill=100), racing=False)
    assert [c["rows"] for c in program.candidate_programs] == [20] * 6
    assert program.mb_candidate_programs == []


def test_racing_finds_the_same_winner_for_fewer_calls():
    full, raced = search(ToyLM(), racing=False, count=8), search(ToyLM(), racing=True, count=8)
    assert raced.report.score == full.report.score
    assert raced.report.best == full.report.best
    assert raced.report.calls < full.report.calls
    for listed in raced.mb_candidate_programs:
        assert not listed["full"]
        assert listed["rows"] < 20
        assert len(listed["subscores"]) == listed["rows"]


def test_candidates_that_score_the_same_on_many_rows_share_one_place():
    def reply(request):  # nothing that a demo shows helps
        number = int(request.messages[-1]["content"].split("validation ")[-1].split()[0].strip("?"))
        return f"[[ ## answer ## ]]\n{'right' if number % 2 else 'wrong'}\n[[ ## completed ## ]]"

    def metric(example, prediction, trace=None):
        return prediction.answer == "right"

    def dropped_alike(**options):
        program = search(ScriptedLM(reply), student=Predict("question -> answer"), metric=metric, **options)
        assert program.report.best == program.report.candidates[0].id
        return [one for one in program.report.candidates if "the same score as" in one.reason]

    alike = dropped_alike(count=6, train=8)
    assert alike and all(one.status == "dropped" and one.score.rows == 8 for one in alike)
    assert "on each of the first 8 rows" in alike[0].reason
    assert not dropped_alike(count=6, train=8, racing=SuccessiveHalving())


def test_a_target_ends_the_search():
    report = search(ToyLM(), params={"stop_at_score": 10.0}).report
    assert report.stop_code == "target"
    assert "reached the target of 10.0%" in report.stop_reason
    assert len(report.candidates) == 1


def test_a_target_of_the_call_goes_before_that_of_the_optimizer():
    report = search(ToyLM(), params={"stop_at_score": 100.0}, target=0.1).report
    assert (report.stop_code, len(report.candidates)) == ("target", 1)


def test_a_plateau_ends_the_search_where_asked_for():
    log = MemoryRunLog()
    whole = search(ToyLM(), count=30).report
    report = search(ToyLM(), count=30, plateau=2, budget=100_000, run_log=log).report
    assert whole.stop_code == "done"
    assert report.stop_code == "plateau"
    since = len(report.candidates) - 1 - [c.id for c in report.candidates].index(report.best)
    assert 2 <= since < 2 + 12  # a wave ends before anything is decided
    assert report.stop_reason == f"The last {since} candidates did not beat candidate {report.best} (" + (
        f"{report.winner.label})."
    )
    further = search(ToyLM(), count=30, plateau=50, budget=100_000, run_log=log).report
    assert further.stop_code == "done"  # the same log goes on with more patience
    assert further.score == whole.score
    with pytest.raises(ConfigurationError, match="plateau"):
        search(ToyLM(), plateau=0)


def test_a_stop_is_obeyed_before_the_next_row():
    lm = ToyLM(cache=False)
    report = search(lm, stop_requested=lambda: lm.sent >= 30, num_threads=2).report
    assert report.stop_code == "stopped"
    assert lm.sent <= 34
    assert not report.score.full
    assert "not a full score" in report.summary()


def test_time_is_capped_too():
    report = search(ToyLM(jitter=0.02), budget={"seconds": 0.05}, num_threads=1).report
    assert report.stop_code == "seconds"
    assert "0.05 seconds" in report.stop_reason


def test_a_raised_cap_goes_on_where_the_search_ended():
    log, lm = MemoryRunLog(), ToyLM(cache=False)
    short = search(lm, run_log=log, budget=61)
    assert short.report.stop_code == "budget"
    assert lm.sent == 61
    longer = search(lm, run_log=log)
    whole = search(ToyLM(cache=False))
    assert longer.report.stop_code == "done"
    assert longer.report.score == whole.report.score
    assert longer.dump_state() == whole.dump_state()


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_cap_raised_step_by_step_ends_where_the_highest_cap_would_and_always_has_a_best(kind, tmp_path):
    path = tmp_path / "log.jsonl"
    log = MemoryRunLog() if kind == "memory" else None
    lm = ToyLM(cache=False)
    calls = []
    for cap in (5, 43, 90, 150):
        if kind == "file":
            log = JsonLinesRunLog(path)
        program = search(lm, run_log=log, budget=cap, count=8)
        if kind == "file":
            log.close()
        assert program.report.calls == cap
        assert lm.sent <= cap + len(
            calls
        )  # without a cache, a row cut in the middle sends its first call again
        assert program.report.best is not None
        assert program.report.score.rows
        assert program.report.resumed == bool(calls)
        calls.append(cap)
    at_once = search(ToyLM(cache=False), budget=150, count=8)
    assert program.dump_state() == at_once.dump_state()
    assert program.report.score == at_once.report.score


def test_warnings_of_a_raised_cap_speak_of_that_cap():
    log, lm, seen = MemoryRunLog(), ToyLM(cache=False), []
    search(lm, run_log=log, budget=60)
    search(lm, run_log=log, budget=100, on_event=seen.append)
    warnings = [(e["resource"], e["share"], e["cap"]) for e in seen if e.get("kind") == "warning"]
    assert warnings == [("calls", 0.8, 100)]


def test_a_small_budget_warns_before_it_spends():
    report = search(ToyLM(), budget=10).report
    assert any("less than scoring one candidate" in warning for warning in report.warnings)
    assert report.best == "c0"


def test_budget_warnings_reach_the_observer():
    seen = []
    search(ToyLM(cache=False), budget=100, on_event=seen.append)
    warnings = [(e["resource"], e["share"]) for e in seen if e.get("kind") == "warning"]
    assert warnings == [("calls", 0.5), ("calls", 0.8)]
    assert [e["type"] for e in seen][-2:] == ["stop", "result"]
    assert seen[0]["type"] == "header"


def test_an_observer_that_fails_is_logged_and_the_search_goes_on(caplog):
    def broken(event):
        raise RuntimeError("screen closed")

    assert search(ToyLM(), on_event=broken).report.stop_code == "done"
    assert "screen closed" in caplog.text


def test_failed_infrastructure_is_no_score_and_too_much_of_it_an_error():
    def reply(request):
        if "validation 3" in request.messages[-1]["content"]:
            raise LMServerError("down", model="scripted")
        return "[[ ## answer ## ]]\nx\n[[ ## completed ## ]]"

    lm = ScriptedLM(reply, num_retries=0)
    student = Predict("question -> answer")
    program = search(lm, student=student, racing=False, metric=half, count=0)
    assert program.report.score.rows == 20
    assert program.candidate_programs[0]["subscores"][3] is None
    assert program.report.score.mean == 0.5
    log = MemoryRunLog()
    with pytest.raises(EvaluationAborted, match="max_errors=2") as caught:
        search(lm, student=student, racing=False, metric=half, max_errors=2, run_log=log)
    assert "same run log" in caught.value.hint
    lm._replies = lambda request: "[[ ## answer ## ]]\nx\n[[ ## completed ## ]]"
    again = search(lm, student=student, racing=False, metric=half, run_log=log)
    assert again.candidate_programs[0]["subscores"] == [0.5] * 20


def test_a_metric_that_gives_no_number_is_an_error_and_not_a_zero():
    with pytest.raises(EvaluationAborted, match="nan"):
        search(ToyLM(), metric=lambda e, p, t=None: float("nan"))


def test_a_reply_that_cannot_be_read_scores_zero():
    lm = ScriptedLM(lambda request: "")
    program = search(lm, student=Predict("question -> answer: int"), metric=lambda e, p, t=None: 1.0, count=0)
    assert program.report.score.mean == 0.0


def test_a_program_that_swallows_the_budget_error_gives_no_score():
    class Stubborn(Module):
        def __init__(self):
            super().__init__()
            self.ask = Predict("question -> answer")

        def forward(self, question):
            try:
                return self.ask(question=question)
            except BudgetExceeded:
                return Prediction(answer="made up")

    lm = ScriptedLM(lambda request: "[[ ## answer ## ]]\nx\n[[ ## completed ## ]]")
    program = search(lm, student=Stubborn(), budget=5, metric=lambda e, p, t=None: p.answer == "made up")
    assert len(lm.requests) == 5
    assert program.report.score.mean == 0.0
    assert program.report.score.rows == 5


def test_rows_must_say_what_their_inputs_are():
    optimizer = BootstrapFewShotWithRandomSearch(exact)
    with pytest.raises(OptimizerError, match="inputs"):
        optimizer.compile(TwoSteps(), trainset=[Example(question="q", answer="a")])
    with pytest.raises(OptimizerError, match="dict"):
        optimizer.compile(TwoSteps(), trainset=[{"question": "q"}])
    with pytest.raises(OptimizerError, match="no rows"):
        optimizer.compile(TwoSteps(), trainset=[])
    with pytest.raises(ConfigurationError, match="budget"):
        optimizer.compile(TwoSteps(), trainset=rows("t", 2), budget={"euros": 3})


def test_the_report_says_on_which_rows_the_score_was_chosen():
    on_validation, on_training = search(ToyLM()).report, search(ToyLM(), validation=0).report
    assert on_validation.score.on == "validation"
    assert on_training.score.on == "training"
    assert any("optimistic" in warning for warning in on_training.warnings)
    assert "12 training rows" in on_training.summary()
    low, high = on_validation.score.interval
    assert low < on_validation.score.mean < high


def test_training_rows_given_as_validation_rows_still_make_demos_and_say_so():
    same = rows("same", 10)
    with context(lm=ToyLM()):
        optimizer = BootstrapFewShotWithRandomSearch(exact, num_candidate_programs=1)
        report = optimizer.compile(TwoSteps(), trainset=same, valset=same).report
    assert report.score.on == "training"
    assert any(counts["labeled"] for c in report.candidates for counts in c.demos.values())


def test_the_improvement_is_tested_on_paired_rows():
    report = search(ToyLM(skill=5), validation=60, count=6, racing=False).report
    assert report.best != "c0"
    assert report.improvement["n"] == 60
    assert report.improvement["difference"] == pytest.approx(report.score.mean - report.baseline.mean)
    assert "p = " in report.summary()


def test_the_journal_is_the_same_at_any_concurrency():
    logs = [MemoryRunLog(), MemoryRunLog()]
    for log, threads in zip(logs, (1, 8), strict=True):
        search(ToyLM(cache=False), run_log=log, num_threads=threads)
    assert canonical(logs[0].read()) == canonical(logs[1].read())


def test_async_code_compiles_on_its_own_loop(tmp_path):
    async def main():
        optimizer = BootstrapFewShotWithRandomSearch(
            exact, num_candidate_programs=1, max_bootstrapped_demos=1
        )
        with context(lm=ToyLM()):
            return await optimizer.acompile(
                TwoSteps(), trainset=rows("t", 6), valset=rows("v", 8), run_log=tmp_path / "log.jsonl"
            )

    assert asyncio.run(main()).report.stop_code in {"done", "perfect"}
    assert JsonLinesRunLog(tmp_path / "log.jsonl").read()[-1]["type"] == "result"


def test_a_log_that_cannot_be_written_ends_the_search():
    class Full(MemoryRunLog):
        def append(self, event):
            if event["type"] == "row":
                raise RunLogError("disk full")
            super().append(event)

    with pytest.raises(RunLogError, match="disk full"):
        search(ToyLM(), run_log=Full())


def test_a_log_of_something_else_is_refused():
    log = MemoryRunLog()
    log.append({"seq": 0, "type": "row", "state": "x", "row": "y", "outcome": "scored", "score": 1})
    with pytest.raises(RunLogError, match="header"):
        search(ToyLM(), run_log=log)


def test_rows_in_flight_stay_within_num_threads():
    lm = ToyLM(cache=False, jitter=0.005)
    search(lm, num_threads=3)
    assert 1 < lm.most_in_flight <= 3


def test_a_rule_is_shown_both_sides_of_the_same_rows_also_after_a_mini_batch():
    from core.search.candidate import Candidate
    from core.search.pool import Pool
    from core.search.problem import Problem
    from core.search.race import Race

    shown = []

    class Watching(RacingRule):
        def hopeless(self, own, leader, remaining):
            shown.append((own, leader, remaining))
            return ""

    problem = Problem.of(TwoSteps(), rows("t", 3), rows("v", 20), exact)
    pool = Pool(20)
    best, late = Candidate("c0", "a", {}), Candidate("c1", "b", {})
    pool.add(best)
    pool.add(late)
    for row in range(20):
        pool.scores.put("a", row, row / 20)
    pool.finish(best, "full")
    for row in (17, 3, 11):
        pool.scores.put("b", row, row / 20)
    race = Race(problem, pool, None, None, rule=Watching(), width=1)
    assert not race._hopeless(late, race._order(), Watching())
    own, leader, remaining = shown[0]
    assert own == leader[:3]
    assert sorted(leader) == [row / 20 for row in range(20)]
    assert remaining == 17


def test_a_racing_rule_of_ones_own_decides():
    class Impatient(RacingRule):
        def hopeless(self, own, leader, remaining):
            return "enough seen" if own else ""

    program = search(ToyLM(), racing=Impatient())
    assert {item["rows"] for item in program.mb_candidate_programs} == {8}
    assert program.report.candidates[-1].reason == "enough seen"
