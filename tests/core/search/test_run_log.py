"""The JSON-lines log on a disk that tears, fills and is shared."""

from __future__ import annotations

import pytest

from core.foundation.errors import RunLogError
from core.optimizers import LabeledFewShot
from core.search.run_log import JsonLinesRunLog, MemoryRunLog, as_run_log
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, rows


def test_a_line_torn_by_a_crash_is_dropped_and_writing_goes_on(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"seq":0,"type":"header"}\n{"seq":1,"type":"ro')
    log = JsonLinesRunLog(path)
    assert [event["seq"] for event in log.read()] == [0]
    log.append({"seq": 1, "type": "row"})
    assert [event["type"] for event in log.read()] == ["header", "row"]


def test_a_torn_line_longer_than_a_read_is_dropped_too(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"seq":0}\n{"text":"' + b"x" * 200_000)
    log = JsonLinesRunLog(path)
    log.append({"seq": 1})
    assert log.read() == [{"seq": 0}, {"seq": 1}]


def test_a_file_that_is_one_torn_line_starts_empty(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"seq":')
    log = JsonLinesRunLog(path)
    log.append({"seq": 0})
    assert log.read() == [{"seq": 0}]


@pytest.mark.parametrize(
    "content", [b'{"precious": [1, 2, 3]}', b"notes of mine", b"\n\n x", b"\xff\xfe\x00\x01"]
)
def test_a_file_of_something_else_is_refused_and_left_as_it_is(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_bytes(content)
    for use in (lambda log: log.read(), lambda log: log.append({"seq": 0}) or log.read()):
        with JsonLinesRunLog(path) as log, pytest.raises(RunLogError):
            use(log)
    assert path.read_bytes().startswith(content)


def test_a_compile_never_writes_over_a_file_of_something_else(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text('{"precious": 1}')
    with context(lm=ToyLM(jitter=0)), pytest.raises(RunLogError, match="no run log"):
        LabeledFewShot().compile(TwoSteps(), trainset=rows("train", 2), run_log=path)
    assert path.read_text() == '{"precious": 1}'


def test_a_garbled_line_in_the_middle_is_an_error_that_names_it(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b'{"seq":0}\nnot json\n{"seq":2}\n')
    with pytest.raises(RunLogError, match="line 2"):
        JsonLinesRunLog(path).read()


def test_a_line_that_is_no_object_is_an_error(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"[1]\n")
    with pytest.raises(RunLogError, match="line 1"):
        JsonLinesRunLog(path).read()


def test_two_runs_cannot_write_the_same_file(tmp_path):
    first, second = JsonLinesRunLog(tmp_path / "run.jsonl"), JsonLinesRunLog(tmp_path / "run.jsonl")
    first.append({"seq": 0})
    with pytest.raises(RunLogError, match="in use"):
        second.append({"seq": 0})
    first.close()
    second.append({"seq": 1})
    assert len(second.read()) == 2


def test_a_folder_that_is_not_there_is_a_readable_error(tmp_path):
    with pytest.raises(RunLogError, match="missing"):
        JsonLinesRunLog(tmp_path / "missing" / "run.jsonl").append({"seq": 0})


def test_the_file_is_private(tmp_path):
    log = JsonLinesRunLog(tmp_path / "run.jsonl", fsync=True)
    log.append({"seq": 0})
    assert log.path.stat().st_mode & 0o077 == 0


def test_paths_and_nothing_become_logs(tmp_path):
    assert as_run_log(None).read() == []
    assert isinstance(as_run_log(tmp_path / "a.jsonl"), JsonLinesRunLog)
    log = MemoryRunLog()
    assert as_run_log(log) is log
