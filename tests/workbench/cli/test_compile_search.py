"""`workbench compile`: what it will take, how it ends and is confirmed, warnings of the budget, and going on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from workbench.cli.compile_program import share
from workbench.cli.main import main

Cli = Callable[..., tuple[int, Any]]
JOB = (
    "--sample",
    "message_extraction",
    "--optimizer",
    "random_search",
    "--param",
    "num_candidate_programs=2",
)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_how_it_ends_and_is_confirmed_are_flags_that_the_run_keeps(cli: Cli) -> None:
    code, run = cli("compile", *JOB, "--no-racing", "--testset", "--plateau", "50", "--target", "99%")
    assert code == 0
    kept = {name: run["settings"][name] for name in ("racing", "testset", "plateau", "target", "confirm")}
    assert kept == {"racing": False, "testset": True, "plateau": 50, "target": 0.99, "confirm": None}
    assert "test rows that chose nothing" in run["result"]["verdict"]
    assert cli("runs", "show", run["run"])[1]["settings"] == run["settings"]
    assert cli("runs", "events", run["run"])[1]["events"][0]["params"]["racing"] is False


def test_rows_are_set_aside_by_share_or_number(cli: Cli) -> None:
    for text, rows in (("20%", 6), ("5", 5)):
        _, run = cli("compile", *JOB, "--confirm", text)
        assert f"on {rows} held-out validation rows" in run["result"]["verdict"]


@pytest.mark.parametrize(("text", "number"), [("0.9", 0.9), ("90%", 0.9), (" 20 % ", 0.2), ("30", 30.0)])
def test_a_share_is_read_as_people_write_it(text: str, number: float) -> None:
    assert share(text) == pytest.approx(number)


def test_a_share_that_is_none_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compile", *JOB, "--confirm", "some"])
    assert ended.value.code == 2
    assert "--confirm" in capsys.readouterr().err
    assert main(["compile", *JOB, "--target", "90"]) == 1
    assert "0.9 is 90 %" in capsys.readouterr().err


def test_an_estimate_says_every_phase_and_starts_nothing(
    cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = cli("compile", *JOB, "--testset", "--estimate", "--probe", "2")
    assert code == 0
    phases = {phase["name"]: phase for phase in said["estimate"]["phases"]}
    assert set(phases) == {"bootstrap", "score candidates", "confirm the winner"}
    for phase in phases.values():
        assert phase["seconds"]["high"] > 0
        assert phase["tokens"]["low"] <= phase["tokens"]["likely"] <= phase["tokens"]["high"]
    assert cli("runs")[1] == {"runs": []}
    assert cli("compile", *JOB, "--estimate", "--probe", "0")[1]["estimate"]["seconds"] is None
    assert main(["compile", *JOB, "--estimate"]) == 0
    text = capsys.readouterr().out
    assert text.splitlines()[0].split()[:4] == ["phase", "calls", "tokens", "US"]
    assert "score candidates" in text
    assert "free" in text


def test_the_estimate_and_warnings_of_the_budget_are_shown_before_and_on_the_way(
    cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compile", *JOB, "--budget", "calls=60", "--name", "small"]) == 0
    shown = capsys.readouterr()
    before, *warnings = shown.err.splitlines()
    assert before.startswith("expected: about 60 (")
    assert [line.split()[:2] for line in warnings] == [["warning:", "50%"], ["warning:", "80%"]]
    assert "of 60 calls" in warnings[0]
    assert "--budget calls=120" in shown.out, "and how to go on"
    _, run = cli("runs", "show", "small")
    assert [warning["share"] for warning in run["budget_warnings"]] == [0.5, 0.8]


def test_a_cap_is_raised_and_the_run_goes_on(cli: Cli) -> None:
    _, first = cli("compile", *JOB, "--budget", "calls=60", "--name", "small")
    assert first["result"]["stop_code"] == "budget"
    code, again = cli("runs", "resume", "small", "--budget", "calls=4000")
    assert code == 0
    assert again["result"]["stop_code"] in ("done", "perfect")
    assert again["settings"]["budget"] == {"calls": 4000}
    _, whole = cli("compile", *JOB)
    assert again["score"] == whole["score"], "in two goes or in one, the program is the same"


def test_the_estimate_goes_with_what_json_says(cli: Cli) -> None:
    _, run = cli("compile", *JOB, "--confirm", "0.2")
    calls = run["result"]["calls"]
    assert run["estimate"]["low"] <= calls <= run["estimate"]["high"]


def test_a_run_that_goes_on_says_how_far_it_is(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    from workbench.jobs.holder import this_process
    from workbench.services.workspace import open_workspace
    from workbench.store.tables import RunRow

    _, run = cli("compile", *JOB, "--name", "far")
    ws = open_workspace(jobs="inline")
    with ws.store.write() as session:  # as it is seen shortly before the end
        row = session.get(RunRow, run["run"])
        assert row is not None
        row.status, row.result, row.worker = "running", None, this_process("inline")
    ws.close()
    assert main(["runs", "show", "far"]) == 0
    shown = capsys.readouterr().out
    assert "running" in shown
    assert "candidates" in shown
    assert "best so far" in shown
