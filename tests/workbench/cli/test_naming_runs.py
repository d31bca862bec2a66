"""A run can be named by its name wherever its id is asked for, and a state file fits any named program."""

from __future__ import annotations

import json

import pytest

from workbench.cli.main import main


@pytest.fixture
def cli(capsys):
    def run(*arguments):
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out or "{}")

    return run


@pytest.fixture
def compiled(cli, tmp_path):
    """A sample scored and compiled with as many demos as cost nothing."""
    cli("eval", "--sample", "support_tickets", "--split", "test", "--limit", "10", "--name", "before")
    state = tmp_path / "state.json"
    job = ["--sample", "support_tickets", "--optimizer", "labeled_few_shot", "--name", "better"]
    _, run = cli("compile", *job, "--out", str(state))
    return run, state


def test_a_run_is_found_by_its_name(cli, compiled):
    code, after = cli("eval", "--run", "better", "--split", "test", "--limit", "10", "--name", "after")
    assert code == 0
    assert after["version"] == compiled[0]["result_version"]
    code, verdict = cli("compare", "before", "after")
    assert code == 0
    assert verdict["b"]["run"] == after["run"]
    assert cli("runs", "show", "after")[1]["run"] == after["run"]


def test_an_unknown_name_is_an_error_that_repeats_it(compiled, capsys):
    assert main(["runs", "show", "no such run"]) != 0
    assert "no such run" in capsys.readouterr().err


def test_a_state_file_makes_the_sample_the_compiled_program(cli, compiled):
    run, state = compiled
    job = ["--sample", "support_tickets", "--split", "test", "--limit", "10"]
    _, with_state = cli("eval", *job, "--state", str(state))
    assert with_state["version"] == run["result_version"]
