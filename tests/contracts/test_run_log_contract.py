"""What every run log promises: events come back in order, as they were, after the process is gone.

The store's events table joins by adding itself to `LOGS`: a function that gives `open`, which opens the same log
again, as a new process would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.search.run_log import JsonLinesRunLog, MemoryRunLog, RunLog

Open = Callable[[], RunLog]


def memory(folder: Path) -> Open:
    log = MemoryRunLog()
    return lambda: log


def json_lines(folder: Path) -> Open:
    logs: list[JsonLinesRunLog] = []

    def open_again() -> RunLog:
        while logs:
            logs.pop().close()
        logs.append(JsonLinesRunLog(folder / "run.jsonl"))
        return logs[-1]

    return open_again


def events_table(folder: Path) -> Open:
    from workbench.store import StoreRunLog, open_store
    from workbench.store.tables import DatasetRow, MetricRow, RunRow, TaskRow
    from workbench.store.versions import add_version

    store = open_store(f"sqlite:///{folder}/home/workbench.sqlite")
    with store.write() as session:
        session.add(TaskRow(id="task", name="t"))
        session.flush()
        version = add_version(session, "task", spec={}, state=None, origin="form")
        session.add(DatasetRow(id="data", task_id="task", name="d"))
        session.add(MetricRow(id="metric", task_id="task", name="m", spec={}, fingerprint="f"))
        session.flush()
        session.add(
            RunRow(
                id="run",
                task_id="task",
                kind="compile",
                version_id=version.id,
                dataset_id="data",
                metric_id="metric",
            )
        )
    return lambda: StoreRunLog(open_store(store.url), "run")


LOGS: dict[str, Callable[[Path], Open]] = {
    "memory": memory,
    "json_lines": json_lines,
    "events_table": events_table,
}


@pytest.fixture(params=sorted(LOGS))
def open_log(request, tmp_path) -> Open:
    return LOGS[request.param](tmp_path)


def test_a_new_log_is_empty(open_log):
    assert open_log().read() == []


def test_events_come_back_as_they_were_and_in_order(open_log):
    events = [
        {"seq": 0, "type": "header", "params": {"k": 4, "none": None}, "list": [1, 2.5, True]},
        {"seq": 1, "type": "note", "text": 'ünï\u2028codé\n"quoted" 😀'},
        {"seq": 2, "type": "row", "score": 0.1 + 0.2, "nested": {"a": [{"b": []}]}},
    ]
    log = open_log()
    for event in events:
        log.append(event)
    assert log.read() == events
    assert open_log().read() == events


def test_appending_goes_on_after_reopening(open_log):
    open_log().append({"seq": 0, "type": "header"})
    open_log().append({"seq": 1, "type": "row"})
    assert [event["seq"] for event in open_log().read()] == [0, 1]


def test_what_was_appended_does_not_change_afterwards(open_log):
    log, event = open_log(), {"seq": 0, "type": "header", "list": [1]}
    log.append(event)
    event["list"].append(2)
    log.read()[0]["list"].append(3)
    assert log.read() == [{"seq": 0, "type": "header", "list": [1]}]


def test_many_threads_may_append(open_log):
    log = open_log()

    def work(start: int) -> None:
        for number in range(start, start + 25):
            log.append({"seq": number, "type": "row", "text": "x" * number})

    threads = [threading.Thread(target=work, args=(25 * index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event["seq"] for event in open_log().read()) == list(range(200))


def test_odd_values_become_json(open_log):
    log = open_log()
    log.append({"seq": 0, "type": "row", "tuple": (1, 2), "nan": float("nan"), "set": {2, 1}})
    assert log.read() == [{"seq": 0, "type": "row", "tuple": [1, 2], "nan": "nan", "set": [1, 2]}]
