"""What the command line says of runs: no wrong numbers, the data they are on, what to do next, each warning once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))

from small_task import CSV, SPEC

from workbench.cli.main import main
from workbench.cli.run_text import run_text, warning_text
from workbench.services import datasets, runs, tasks
from workbench.services.workspace import open_workspace
from workbench.store.tables import RunRow

Cli = Callable[..., tuple[int, Any]]
METRIC = ("--metric", "exact_match", "--metric-param", 'fields=["animal"]')


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def job(tmp_path: Path) -> list[str]:
    program, data = tmp_path / "program.json", tmp_path / "animals.csv"
    program.write_text(json.dumps(SPEC))
    data.write_text(CSV)
    return ["--program", str(program), "--data", str(data), *METRIC]


def changed(run_id: str, **values: Any) -> str:
    ws = open_workspace(jobs="inline")
    with ws.store.write() as session:
        row = session.get(RunRow, run_id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)
    text = run_text(runs.get_run(ws, run_id))
    ws.close()
    return text


@pytest.mark.parametrize(
    "wrong",
    [
        ("--optimizer", "nope"),
        ("--param", "nope=1"),
        ("--budget", "calls=-1"),
        ("--model", "nope"),
        ("--metric", "nope"),
        ("--metric-param", "nope=1"),
        ("--map", "animal=nope"),
        ("--shares", "train=0.5,validation=0.9"),
        ("--shares", "validation=0.5,test=0.5"),
        ("--stratify", "nope"),
        ("--adapter", "nope"),
    ],
)
def test_a_refused_call_leaves_nothing_behind(cli: Cli, job: list[str], wrong: tuple[str, str]) -> None:
    code, printed = cli("compile", *job, "--optimizer", "labeled_few_shot", *wrong)
    assert (code, bool(printed["error"]["message"])) == (1, True)
    assert tasks.list_tasks(open_workspace(jobs="inline")) == []


def test_a_refused_evaluation_leaves_nothing_behind(cli: Cli, job: list[str]) -> None:
    for wrong in (("--repeats", "0"), ("--split", "test"), ("--adapter", "nope")):
        assert cli("eval", *job, *wrong)[0] == 1
    assert tasks.list_tasks(open_workspace(jobs="inline")) == []


def test_the_same_rows_are_stored_once_whatever_their_types(cli: Cli, tmp_path: Path) -> None:
    spec = json.loads(json.dumps(SPEC))
    spec["inputs"].append({"name": "tags", "type": "list[str]"})
    step = spec["steps"][0]
    step["signature"]["inputs"].append({"name": "tags", "type": "list[str]"})
    step["inputs"]["tags"] = "tags"
    program, data = tmp_path / "program.json", tmp_path / "t.csv"
    program.write_text(json.dumps(spec))
    data.write_text('text,tags,animal\nIt purrs.,"[""a"", ""b""]",cat\nIt barks.,"[""c""]",dog\n')
    asked = ("--program", str(program), "--data", str(data), *METRIC, "--optimizer", "labeled_few_shot")
    first = cli("compile", *asked)[1]
    assert cli("compile", *asked)[1]["dataset"] == first["dataset"]
    assert len(datasets.list_datasets(open_workspace(jobs="inline"), first["task"])) == 1


def test_what_is_expected_names_the_data(job: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", *job, "--optimizer", "labeled_few_shot"]) == 0
    assert "animals.csv: 15 train, 15 validation rows" in capsys.readouterr().err
    assert main(["eval", *job]) == 0
    assert "data: animals.csv: 30 rows" in capsys.readouterr().err


def test_an_interrupted_run_says_how_far_it_came_and_how_to_go_on(cli: Cli, job: list[str]) -> None:
    _, run = cli("compile", *job, "--optimizer", "random_search", "--param", "num_candidate_programs=2")
    text = changed(run["run"], status="interrupted", result=None, result_version_id=None)
    assert "no score" not in text
    assert "candidates" in text
    assert "best so far" in text
    assert f"to go on: workbench runs resume {run['run']}" in text


def test_a_score_of_a_part_of_the_rows_is_not_called_none(cli: Cli, job: list[str]) -> None:
    _, run = cli("compile", *job, "--optimizer", "random_search", "--param", "num_candidate_programs=2")
    part = {"score": 54.69, "interval": [0.4, 0.7], "rows": 32, "of": 81, "on": "validation"}
    text = changed(run["run"], result={"score": None, "part": part, "stop_code": "done"})
    assert "54.69 % on only 32 of 81 validation rows  (95 % interval 40.0 to 70.0)" in text


def test_only_reached_caps_are_raised_in_the_advice(cli: Cli, job: list[str]) -> None:
    search = ("--optimizer", "random_search", "--param", "num_candidate_programs=2")
    for caps, advice in (
        (("--budget", "calls=10", "--budget", "tokens=6000000"), "--budget calls=20"),
        (("--budget", "calls=0"), "--budget calls=100"),
        (("--budget", "tokens=2000"), "--budget tokens=4000"),
    ):
        _, run = cli("compile", *job, *search, *caps)
        text = changed(run["run"])
        assert text.endswith(f"to go on: workbench runs resume {run['run']} {advice}")


def test_large_numbers_are_written_out(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    warning = {"resource": "tokens", "share": 0.5, "used": 3_000_100.0, "cap": 6_000_000.0}
    assert warning_text(warning) == "50% of the budget is used: 3,000,100 of 6,000,000 tokens"
    assert main(["optimizers", "auto"]) == 0
    assert "e+0" not in capsys.readouterr().out


def test_a_list_of_nothing_that_there_is_is_an_error(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    code, printed = cli("runs", "list", "--task", "nope")
    assert (code, "nope" in printed["error"]["message"]) == (1, True)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "list", "--status", "foo"])
    assert ended.value.code == 2
    assert "interrupted" in capsys.readouterr().err
    assert main(["runs", "list", "--status", "failed"]) == 0
    assert "No runs with this --status." in capsys.readouterr().out


def test_an_estimate_of_what_would_be_refused_is_refused(cli: Cli, job: list[str]) -> None:
    _, run = cli("compile", *job, "--optimizer", "labeled_few_shot", "--param", "k=0")
    for more in ((), ("--estimate",)):
        code, printed = cli("ablate", run["run"], *more)
        assert (code, "nothing can be taken away" in printed["error"]["message"]) == (1, True)


def test_each_warning_is_said_once(job: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--optimizer", "random_search", "--param", "num_candidate_programs=2", "--budget", "calls=10")
    assert main(["compile", *job, *small, "--name", "little"]) == 0
    shown = capsys.readouterr()
    said = "is less than scoring one candidate takes"
    assert (shown.err.count(said), shown.out.count(said)) == (1, 0)
    assert "WARNING" not in shown.err
    assert main(["runs", "show", "little"]) == 0
    assert capsys.readouterr().out.count(said) == 1


def test_notes_that_differ_in_numbers_only_are_told_once(cli: Cli, job: list[str]) -> None:
    _, run = cli("compile", *job, "--optimizer", "labeled_few_shot")
    notes = "\n".join(f"Note: Row r{number} taught nothing in {number} tries." for number in range(17))
    text = changed(run["run"], result={"score": None, "summary": f"Done.\n{notes}\nNote: Another."})
    assert text.count("taught nothing") == 1
    assert "Row r0 taught nothing in 0 tries. (And 16 notes like it.)" in text
    assert "Note: Another." in text


def test_a_report_names_what_it_is_about(cli: Cli, job: list[str]) -> None:
    _, run = cli("compile", *job, "--optimizer", "labeled_few_shot", "--seed", "7")
    _, report = cli("runs", "report", run["run"])
    for text in (
        "animals.csv: 15 train, 15 validation rows",
        "embedded/in-context",
        "UTC",
        "<td>7</td>",
        "animals",
    ):
        assert text in report["html"]


def test_optimizers_that_are_not_started_here_are_named_with_the_reason(
    cli: Cli, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["optimizers"]) == 0
    text = capsys.readouterr().out
    listed = {kind["name"] for kind in cli("optimizers")[1]["optimizers"]}
    for name in ("BetterTogether", "Ensemble", "KNNFewShot"):
        assert f"  {name}: " in text
        assert name not in listed
