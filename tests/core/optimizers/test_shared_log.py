"""One run log in parts: each reads as its own, the whole as one sequence."""

import pytest

from core.foundation.errors import RunLogError
from core.optimizers.shared_log import SharedLog
from core.search.run_log import MemoryRunLog

CALL = {"type": "budget", "kind": "call", "calls": 1, "prompt_tokens": 5, "completion_tokens": 2, "cost": 0.5}


def test_parts_read_what_they_wrote_and_the_log_is_one_sequence() -> None:
    log = MemoryRunLog()
    shared = SharedLog(log)
    first, second = shared.part("1:p"), shared.part("2:q")
    first.append({"seq": 0, "type": "header"})
    first.append({"seq": 1, **CALL})
    second.append({"seq": 0, "type": "header"})
    assert [event["seq"] for event in log.read()] == [0, 1, 2]
    again = SharedLog(log)
    assert again.part("1:p").read() == [{"seq": 0, "type": "header"}, {"seq": 1, **CALL}]
    assert again.part("2:q").read() == [{"seq": 0, "type": "header"}]
    assert again.part("3:p").read() == []
    again.part("3:p").append({"seq": 0, "type": "header"})
    assert [event["seq"] for event in log.read()] == [0, 1, 2, 3]


def test_a_part_adds_up_its_calls_those_of_earlier_sessions_too() -> None:
    log = MemoryRunLog()
    SharedLog(log).part("1:p").append({"seq": 0, **CALL})
    part = SharedLog(log).part("1:p")
    part.append({"seq": 1, **CALL})
    assert (part.spent.calls, part.spent.tokens, part.spent.cost) == (2, 14, 1.0)


def test_parts_may_have_parts() -> None:
    log = MemoryRunLog()
    SharedLog(SharedLog(log).part("1:t")).part("1:p").append({"seq": 0, "type": "header"})
    inner = SharedLog(SharedLog(log).part("1:t"))
    assert inner.part("1:p").read() == [{"seq": 0, "type": "header"}]


def test_a_log_of_something_else_is_refused() -> None:
    log = MemoryRunLog()
    log.append({"seq": 0, "type": "header"})
    with pytest.raises(RunLogError, match="not that of a sequence"):
        SharedLog(log)
