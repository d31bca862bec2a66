"""`workbench ablate`: what it would take, its table, a cap and going on, and the report that holds it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workbench.cli.main import main
from workbench.services import ablations, datasets, runs
from workbench.services.workspace import open_workspace

Cli = Callable[..., tuple[int, Any]]
JOB = ("--sample", "message_extraction", "--optimizer", "labeled_few_shot", "--param", "k=4", "--name", "few")


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command with --json and return its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_an_ablation_is_planned_run_and_read(
    cli: Cli, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    compiled = cli("compile", *JOB)[1]["run"]
    code, planned = cli("ablate", "few", "--limit", "5", "--estimate")
    assert code == 0
    assert planned["plan"]["runs"] == ["as given", "demos only"]
    assert planned["estimate"]["high"] == 2 * 2 * 5
    assert cli("runs", "--kind", "ablation")[1]["runs"] == [], "an estimate starts nothing"
    code, run = cli("ablate", compiled, "--limit", "5")
    assert (code, run["kind"], run["split"], run["status"]) == (0, "ablation", "test", "done")
    assert run["settings"]["budget"] == {"calls": planned["estimate"]["high"]}
    table = run["result"]["ablation"]["variants"]
    assert [row["name"] for row in table] == ["as given", "instructions only", "demos only", "both"]
    seen = ablations.ablation_of(runs.get_run(open_workspace(jobs="worker"), run["run"]))
    assert seen is not None
    assert seen.to_dict() == run["result"]["ablation"], "the page is given the same digits"
    assert main(["runs", "show", run["run"]]) == 0
    printed = capsys.readouterr().out
    for text in ("Examples (demos) only", "on 5 test rows that chose nothing", seen.verdict):
        assert text in printed
    page = tmp_path / "report.html"
    assert cli("runs", "report", compiled, "--out", str(page))[0] == 0
    html = page.read_text(encoding="utf-8")
    assert "Which part does the work" in html
    assert "5 test rows that chose nothing" in html
    assert html.count("</html>") == 1
    assert main(["runs", "report", compiled]) == 0
    assert capsys.readouterr().out.strip() == html.strip()


def test_people_are_told_what_it_takes_and_how_to_go_on(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    cli("compile", *JOB)
    assert main(["ablate", "few", "--limit", "4", "--estimate"]) == 0
    text = capsys.readouterr().out
    assert "2 programs, each on 4 test rows that chose nothing:" in text
    assert "equal to one of these, at no cost: New instructions only, Both: the compiled program" in text
    assert "about 8 (8 to 16) calls" in text
    assert main(["ablate", "few", "--limit", "4", "--budget", "calls=6"]) == 0
    text = capsys.readouterr().out
    assert "The budget was used up after 2 of 4 rows." in text
    assert "these are the figures so far. Raise it to go on" in text
    again = next(line for line in text.splitlines() if line.startswith("to go on: "))
    assert main(again.partition("workbench ")[2].split()) == 0
    text = capsys.readouterr().out
    assert "4 of 4 rows" in text and "so far" not in text and "to go on" not in text


def test_changed_data_are_warned_of_before_and_after(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    run = cli("compile", *JOB)[1]
    ws = open_workspace(jobs="worker")
    assert "warning" not in cli("ablate", "few", "--limit", "2", "--estimate")[1]["plan"]
    row = datasets.get_rows(ws, run["dataset"], "train")[0]
    datasets.update_rows(ws, run["dataset"], removed=[row.id])
    said = "The dataset was changed after this compile"
    assert cli("ablate", "few", "--limit", "2", "--estimate")[1]["plan"]["warning"].startswith(said)
    assert main(["ablate", "few", "--limit", "2"]) == 0
    printed = capsys.readouterr()
    assert f"warning: {said}" in printed.err
    assert f"on 2 test rows\n{said}" in printed.out


def test_a_report_holds_no_ablation_that_was_not_run(cli: Cli) -> None:
    compiled = cli("compile", *JOB)[1]["run"]
    code, report = cli("runs", "report", compiled)
    assert code == 0
    assert "Which part does the work" not in report["html"]


@pytest.mark.parametrize(
    "arguments",
    [["nothere"], ["few", "--split", "holdout"], ["few", "--limit", "0"], ["few", "--budget", "x=1"]],
)
def test_what_cannot_be_run_is_said_with_a_hint(cli: Cli, arguments: list[str]) -> None:
    cli("compile", *JOB)
    code, printed = cli("ablate", *arguments)
    assert code == 1
    assert printed["error"]["hint"]
