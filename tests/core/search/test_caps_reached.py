"""Caps reached in the midst of rows that run together: the result is the same at any concurrency, killed or not."""

from __future__ import annotations

import pytest

from core.data.example import Example
from core.foundation.errors import RunLogError
from core.lm.cache import active_cache
from core.messages import Usage
from core.modules.predict import Predict
from core.optimizers import optimizers
from core.search.budget import Budget, Gate, Spend
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, digest, exact, rows

ZERO_SHOT = -3
REPLY = "[[ ## answer ## ]]\nyes\n[[ ## reason ## ]]\nso\n[[ ## completed ## ]]"


class Surprising(ToyLM):
    """Plain rows take a call of few tokens; hard ones many tokens, or a second call where the first is garbled."""

    def __init__(self, *, tokens: int = 300, garbled: bool = False, **more) -> None:
        super().__init__(**more)
        self.tokens, self.garbled = tokens, garbled

    def identity(self):
        return f"surprising/{self.tokens}/{self.garbled}"

    async def complete(self, request):
        response = await super().complete(request)
        hard = "hard" in request.messages[1]["content"]
        response.usage = Usage(self.tokens - 5 if hard else 20, 5)
        return response

    def reply(self, messages, rollout=None):
        first = len(messages) == 2
        return "well" if self.garbled and first and "hard" in messages[1]["content"] else REPLY


def asked(kind: str, count: int) -> list[Example]:
    return [
        Example(question=f"{kind} {number}", answer="yes").with_inputs("question") for number in range(count)
    ]


def half(example, prediction, trace=None):
    return 0.5


def score(lm, **options):
    """Score the program as given on a block of plain rows, then on one of hard rows, whose price is a surprise."""
    optimizer = optimizers.get("random_search").create({"restrict": [ZERO_SHOT]}, metric=half)
    student = Predict("question -> answer, reason")
    validation = [*asked("plain", 8), *asked("hard", 8)]
    with context(lm=lm):
        return optimizer.compile(
            student, trainset=asked("train", 2), valset=validation, racing=False, **options
        )


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_what_is_kept_back_confirms_the_winner_whatever_was_in_flight_before(threads):
    report = score(
        Surprising(cache=False), budget={"tokens": 2_000}, num_threads=threads, testset=asked("test", 40)
    ).report
    assert report.stop_code == "budget"
    assert report.score.rows == 8  # the hard rows ran together and were too dear: none of them counts
    assert report.spend_by_purpose["evaluate"]["prompt_tokens"] == 8 * 20
    assert report.confirmation.score.rows == 20  # a fourth of the budget, 25 tokens a row
    used = report.spend["prompt_tokens"] + report.spend["completion_tokens"]
    assert used <= 2_000 + threads * 300 + threads * 25


def test_what_is_kept_back_is_free_after_the_search_however_far_that_ran_over():
    for used in (700, 790, 1_300):
        gate = Gate(Budget(tokens=1_000, calls=50), search_part=Budget(tokens=700, calls=40))
        gate.charge(Spend(calls=9, prompt_tokens=used))
        gate.forfeit()
        gate.release()
        assert gate.budget.tokens - gate.spent.tokens == 300
        assert gate.remaining_calls() == 10
    kept = Gate(Budget(tokens=1_000, calls=50), search_part=Budget(tokens=700, calls=40))
    kept.charge(Spend(calls=9, prompt_tokens=500))
    kept.release()  # a search that ended by itself leaves all that it did not need
    assert (kept.budget.tokens, kept.remaining_calls()) == (1_000, 41)


class Dying(MemoryRunLog):
    lives = 10_000

    def append(self, event):
        if self.lives <= 0:
            raise RunLogError("killed")
        self.lives -= 1
        super().append(event)


@pytest.mark.parametrize("width", [1, 8])
def test_killed_where_rows_run_out_of_calls_it_never_sends_more(width):
    cap, log = 20, MemoryRunLog()
    whole = score(Surprising(garbled=True), budget=cap, num_threads=8, run_log=log).report
    assert (whole.calls, whole.score.rows) == (cap, 8)
    for lives in range(1, len(log.read())):
        active_cache().clear()
        lm, dying = Surprising(garbled=True), Dying()
        dying.lives = lives
        with pytest.raises(RunLogError, match="killed"):
            score(lm, budget=cap, num_threads=8, run_log=dying)
        dying.lives = 10_000
        again = score(lm, budget=cap, num_threads=width, run_log=dying).report
        assert again.calls == cap, lives
        assert lm.sent <= cap + 8, lives
        assert (again.score, again.stop_reason) == (whole.score, whole.stop_reason), lives


class Uneven(ToyLM):
    """Some answers take many times the tokens of all before."""

    async def complete(self, request):
        response = await super().complete(request)
        drawn = digest("weight", request.messages, request.rollout_id) % 100
        response.usage = Usage(20 + (3_000 if drawn < 4 else drawn), 5)
        response.cost = response.usage.total_tokens / 1e6
        return response


def essence(program):
    report = program.report
    fates = [(one.id, one.label, one.status, one.score and one.score.mean) for one in report.candidates]
    sure = report.confirmation and (report.confirmation.score, report.confirmation.improvement)
    return demos_of(program), report.best, report.score, report.stop_reason, fates, sure


SMALL = {
    "random_search": {"max_bootstrapped_demos": 3, "max_labeled_demos": 6, "num_candidate_programs": 3},
    "copro": {"breadth": 3, "depth": 2},
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("more", [{}, {"confirm": 6}], ids=["", "confirmed"])
def test_a_cap_on_tokens_or_money_gives_the_same_result_at_any_concurrency(name, more, how_many):
    for cap in range(7_500, 30_000, how_many(7_500, 1_500)):
        for budget in ({"tokens": cap}, {"cost": cap / 1e6}):
            found = []
            for threads in (1, 8):
                optimizer = optimizers.get(name).create(SMALL[name], metric=exact)
                with context(lm=Uneven(cache=False, jitter=0.0005)):
                    program = optimizer.compile(
                        TwoSteps(),
                        trainset=rows("train", 14),
                        valset=rows("validation", 18),
                        budget=budget,
                        num_threads=threads,
                        **more,
                    )
                found.append(essence(program))
            assert found[0] == found[1], budget
