"""Mini-batches, whole traces and questions: what optimizers that learn from failures ask of a search."""

from __future__ import annotations

from core.data.prediction import Prediction
from core.optimizers.base import Optimizer, OptimizerParams
from core.search.candidate import build
from core.search.jobs import TraceJob
from core.search.proposal import Proposal
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


class Batches(Optimizer[OptimizerParams]):
    """Scores two states on five rows each, then the better one on all."""

    name = "batches"
    Params = OptimizerParams

    def __init__(self) -> None:
        super().__init__(OptimizerParams(), metric=exact)

    async def propose(self, view):
        if view.round == 0:
            states = [{"say": {"instructions": f"Take care {care}."}} for care in (0, 39)]
            return [
                Proposal(state, label=f"batch {place}", rows=(0, 3, 5, 7, 9))
                for place, state in enumerate(states)
            ]
        if view.round == 1:
            best = max((entry.candidate for entry in view.pool), key=view.pool.mean)
            return [Proposal(best.state, rows=(0, 1, 2))]
        if view.round == 2:
            best = max((entry.candidate for entry in view.pool), key=view.pool.mean)
            return [Proposal(best.state)]
        return ()


def compiled(lm, **options):
    with context(lm=lm):
        return Batches().compile(
            TwoSteps(), trainset=rows("train", 4), valset=rows("validation", 12), **options
        )


def test_a_minibatch_is_no_full_score_and_goes_on_where_it_was():
    lm = ToyLM(cache=False)
    report = compiled(lm).report
    first, second = report.candidates
    assert (first.status, first.score.rows, first.score.of) == ("minibatch", 5, 12)
    assert (second.status, second.score.rows) == ("full", 12)
    assert lm.sent == 2 * (5 + 12)


def test_a_minibatch_is_listed_apart_from_full_scores():
    program = compiled(ToyLM())
    assert len(program.candidate_programs) == 1
    assert len(program.mb_candidate_programs) == 1


def test_a_search_with_minibatches_resumes_without_a_call():
    lm, log = ToyLM(cache=False), MemoryRunLog()
    first = compiled(lm, run_log=log)
    sent = lm.sent
    again = compiled(lm, run_log=log)
    assert lm.sent == sent
    assert again.dump_state() == first.dump_state()


class Hopeful(Batches):
    """Scores a good state on every row, then a poor one on ten rows as long as there is hope."""

    async def propose(self, view):
        if view.round == 0:
            return [Proposal({"say": {"instructions": "Take care 36."}})]
        if view.round == 1:
            return [
                Proposal(
                    {"say": {"instructions": "Take care 0."}}, rows=tuple(range(11, 1, -1)), hopeful=True
                )
            ]
        return ()


def test_a_hopeful_minibatch_ends_where_a_race_would_have_dropped_it():
    def ran(**options):
        with context(lm=ToyLM(cache=False)):
            program = Hopeful().compile(
                TwoSteps(), trainset=rows("train", 4), valset=rows("validation", 12), **options
            )
        poor = program.report.candidates[1]
        return poor.status, poor.score.rows, poor.reason

    status, count, reason = ran()
    assert (status, count) == ("dropped", 5)
    assert "the leader has 91.7%" in reason
    assert ran(racing=False) == (
        "minibatch",
        10,
        "30.0 points behind the best on the same 10 rows: not run on more",
    )


class Watching(Optimizer[OptimizerParams]):
    """Runs the student on training rows and keeps what it saw, right or wrong."""

    name = "watching"
    Params = OptimizerParams

    def __init__(self, seen, metric) -> None:
        super().__init__(OptimizerParams(), metric=metric)
        self.seen = seen

    async def propose(self, view):
        if view.round:
            return ()
        program = build(view.problem.student, {}, view.problem.train_rows)
        jobs = [
            TraceJob(
                f"watch:{item.key}", item, program, judge=lambda score: "" if score else "wrong", whole=True
            )
            for item in view.problem.train
        ]
        self.seen[:] = await view.traces(jobs)
        return [Proposal({})]


def test_whole_traces_hold_steps_feedback_and_outputs_of_failures_too():
    def metric(example, prediction, trace=None):
        right = exact(example, prediction)
        return Prediction(score=float(right), feedback=f"It should be {example.answer}.")

    seen, log = [], MemoryRunLog()
    for _ in range(2):  # the second time from the log
        with context(lm=ToyLM(cache=False)):
            Watching(seen, metric).compile(TwoSteps(), trainset=rows("train", 12), run_log=log)
        wrong = [attempt for attempt in seen if not attempt.kept]
        assert wrong and len(wrong) < 12
        assert all([step["path"] for step in attempt.steps] == ["look", "say"] for attempt in seen)
        assert all(attempt.feedback.startswith("It should be") for attempt in seen)
        assert all(attempt.outputs["answer"] == "wrong" for attempt in wrong)
