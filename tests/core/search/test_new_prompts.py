"""Candidates whose prompts are longer than any before: a cap on tokens is met the same way at any concurrency."""

from __future__ import annotations

import pytest

from core.data.example import Example
from core.messages import Usage
from core.modules.predict import Predict
from core.optimizers import optimizers
from core.settings import context
from tests.fakes.toy import ToyLM, exact

AS_GIVEN, LABELLED = -3, -2


class PricedByLength(ToyLM):
    """A prompt with demos takes ten times the tokens."""

    async def complete(self, request):
        response = await super().complete(request)
        response.usage = Usage(200 if len(request.messages) > 2 else 20, 0)
        return response

    def reply(self, messages, rollout=None):
        return "[[ ## answer ## ]]\nno\n[[ ## completed ## ]]"


def asked(kind: str) -> list[Example]:
    return [Example(question=f"{kind} {number}", answer="yes").with_inputs("question") for number in range(8)]


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_the_first_row_of_a_new_candidate_tells_its_price(threads):
    optimizer = optimizers.get("random_search").create({"restrict": [AS_GIVEN, LABELLED]}, metric=exact)
    lm = PricedByLength(cache=False)
    with context(lm=lm):
        report = optimizer.compile(
            Predict("question -> answer"),
            trainset=asked("train"),
            valset=asked("validation"),
            budget={"tokens": 1_000},
            racing=False,
            num_threads=threads,
        ).report
    plain, shown = report.candidates
    assert plain.status == "full"
    assert shown.score.rows == 5  # what ran before the end counts: the rows went one after another
    assert lm.sent == report.calls == 8 + 5
