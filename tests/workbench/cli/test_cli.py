"""The command line, driven as a person would: same services, same digits, exit codes, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "services"))

from small_task import CSV, SPEC

from workbench.cli.main import build_parser, main
from workbench.cli.run_app import streamlit_command
from workbench.config import read_config
from workbench.jobs import supervise
from workbench.services import datasets, metrics, models, preferences, runs, samples, tasks
from workbench.services.workspace import open_workspace

Cli = Callable[..., tuple[int, Any]]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command with --json and return its exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, Any]:
        code = main([*arguments, "--json"])
        return code, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    program, data = tmp_path / "program.json", tmp_path / "rows.csv"
    program.write_text(json.dumps(SPEC))
    data.write_text(CSV.replace("text,animal", "sentence,kind"))
    return {"program": str(program), "data": str(data)}


def job(files: dict[str, str]) -> list[str]:
    return [
        "--program", files["program"], "--data", files["data"], "--map", "text=sentence", "--map", "animal=kind",
        "--metric", "exact_match", "--metric-param", 'fields=["animal"]', "--stratify", "animal",
        "--shares", "train=0.4,validation=0.4,test=0.2",
    ]  # fmt: skip


def test_the_whole_job_from_files(cli: Cli, files: dict[str, str], tmp_path: Path) -> None:
    code, before = cli("eval", *job(files), "--split", "test")
    assert (code, before["status"]) == (0, "done")
    state = tmp_path / "compiled.json"
    code, compiled = cli(
        "compile", *job(files), "--optimizer", "labeled_few_shot", "--param", "k=9", "--out", str(state)
    )
    assert code == 0
    assert compiled["result_version"]
    code, after = cli("eval", *job(files), "--state", str(state), "--split", "test")
    assert after["version"] == compiled["result_version"], "the state file is that very version"
    code, result = cli("compare", before["run"], after["run"])
    assert code == 0
    assert result["verdict"]
    assert (result["a"]["score"], result["b"]["score"]) == (before["score"], after["score"])
    code, exported = cli(
        "export", "--run", compiled["run"], "--kind", "python_script", "--out", str(tmp_path / "out")
    )
    assert [Path(name).suffix for name in exported["files"]] == [".py"]
    assert Path(exported["files"][0]).exists()
    code, listed = cli("runs")
    assert [run["run"] for run in listed["runs"]] == [after["run"], compiled["run"], before["run"]]


def test_the_same_job_by_service_gives_the_same_digits(
    cli: Cli, files: dict[str, str], tmp_path: Path
) -> None:
    _, evaluated = cli("eval", *job(files), "--split", "validation")
    params = ["--param", "num_candidate_programs=2", "--seed", "5"]
    _, compiled = cli("compile", *job(files), "--optimizer", "random_search", *params)
    config = read_config(tmp_path / "other", {"WORKBENCH_CACHE_DIR": str(tmp_path / "other-cache")})
    ws = open_workspace(config, jobs="inline")
    task = tasks.create_task(ws, "By hand", SPEC)
    version = tasks.newest_version(ws, task.id)
    assert version is not None
    table = datasets.read_table(CSV.encode(), "other.csv")
    info = datasets.import_dataset(ws, task.id, "rows", table, {"text": "text", "animal": "animal"})
    datasets.split_dataset(ws, info.id, train=0.4, validation=0.4, test=0.2, seed=0, stratify="animal")
    metric = metrics.save_metric(ws, task.id, {"kind": "exact_match", "params": {"fields": ["animal"]}})
    run = runs.get_run(ws, runs.start_evaluation(ws, version.id, info.id, "validation", metric.id))
    assert (run.score, list(run.interval or ())) == (evaluated["score"], evaluated["interval"])
    again = runs.get_run(
        ws,
        runs.start_compile(
            ws, version.id, info.id, metric.id, "random_search", {"num_candidate_programs": 2}, seed=5
        ),
    )
    assert again.score == compiled["score"]
    assert again.result is not None
    assert again.result["calls"] == compiled["result"]["calls"]


def test_a_run_of_this_door_shows_at_the_others(cli: Cli, files: dict[str, str]) -> None:
    _, evaluated = cli("eval", *job(files), "--limit", "3")
    ws = open_workspace(jobs="worker")
    seen = runs.get_run(ws, evaluated["run"])
    assert (seen.status, seen.score, seen.done) == ("done", evaluated["score"], 3)
    _, rows = cli("runs", "rows", evaluated["run"])
    assert len(rows["rows"]) == 3


def test_samples_models_and_events(cli: Cli) -> None:
    code, listed = cli("samples")
    assert [sample["name"] for sample in listed["samples"]] == [
        sample.name for sample in samples.list_samples()
    ]
    code, opened = cli("samples", "message_extraction")
    assert cli("samples", "message_extraction")[1] == opened
    code, run = cli("compile", "--task", opened["task"], "--optimizer", "labeled_few_shot")
    assert code == 0
    events = cli("runs", "events", run["run"])[1]["events"]
    assert events[0]["type"] == "header"
    where = ("--base-url", "http://127.0.0.1:9/v1", "--model", "m", "--embedding-model", "e")
    assert cli("models", "add", "mine", *where)[0] == 0
    code, found = cli("models")
    assert [model["name"] for model in found["models"]] == ["embedded/in-context", "mine"]
    assert found["models"][1]["options"] == {"embedding_model": "e"}
    assert cli("models", "test", "mine")[0] == 1
    assert cli("models", "test", "embedded/in-context")[0] == 0
    assert cli("models", "remove", "mine")[0] == 0


def test_a_score_below_the_gate_has_an_exit_code_of_its_own(cli: Cli, files: dict[str, str]) -> None:
    assert cli("eval", *job(files), "--fail-under", "101")[0] == 3
    assert cli("eval", *job(files), "--fail-under", "0")[0] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["eval"],
        ["eval", "--task", "nothere"],
        ["eval", "--program", "/no/such/file.json"],
        ["eval", "--sample", "../../etc"],
        ["eval", "--sample", "support_tickets", "--metric", "nope"],
        ["eval", "--sample", "support_tickets", "--model", "nope"],
        ["compile", "--sample", "support_tickets", "--optimizer", "nope"],
        ["compile", "--sample", "support_tickets", "--param", "novalue"],
        ["compile", "--sample", "support_tickets", "--budget", "euros=3"],
        ["compile", "--sample", "support_tickets", "--budget", "calls=many"],
        ["compile", "--sample", "support_tickets", "--budget", "calls=2.5"],
        ["compile", "--sample", "support_tickets", "--budget", "cost=NaN"],
        ["compare", "a", "b"],
        ["export", "--version", "nothere"],
        ["runs", "show"],
        ["runs", "show", "nothere"],
        ["worker", "--name", "../outside"],
        ["runs", "resume", "nothere"],
        ["run", "--host", "0.0.0.0"],
    ],
)
def test_errors_say_what_to_do_and_exit_with_1(cli: Cli, arguments: list[str]) -> None:
    code, printed = cli(*arguments)
    assert code == 1
    assert printed["error"]["message"]
    assert "Traceback" not in printed["error"]["message"]


def test_without_json_people_can_read_it(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    assert main(["eval", *job(files)]) == 0
    printed = capsys.readouterr().out
    assert "95 % interval" in printed
    assert main(["eval"]) == 1
    assert "hint: " in capsys.readouterr().err
    assert main(["runs"]) == 0
    assert "v1 · validation" in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        main(["frobnicate"])
    assert ended.value.code == 2


def test_every_command_has_help_home_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        "run",
        "eval",
        "compile",
        "ablate",
        "compare",
        "export",
        "runs",
        "samples",
        "models",
        "serve-lm",
        "worker",
    ):
        with pytest.raises(SystemExit) as ended:
            build_parser().parse_args([command, "--help"])
        assert ended.value.code == 0
        text = capsys.readouterr().out
        assert "--json" in text
        assert "--home" in text


def test_the_app_listens_on_this_machine_with_its_guards_on() -> None:
    command = streamlit_command("127.0.0.1", 8599, headless=True)
    assert {"--server.address=127.0.0.1", "--server.port=8599", "--server.enableXsrfProtection=true"} <= set(
        command
    )
    assert "--browser.gatherUsageStats=false" in command
    assert Path(command[4]).name == "app.py"


@pytest.mark.parametrize(
    "arguments",
    [["frobnicate"], ["eval", "--frobnicate"], ["eval", "--limit", "ten"], ["export"], ["models", "paint"]],
)
def test_wrong_arguments_are_one_json_object_too(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--json"])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error"]["type"] == "UsageError"
    assert "usage: " in printed.err


def test_options_may_stand_between_the_words(
    capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    main(["eval", *job(files), "--limit", "2", "--name", "short", "--json"])
    run = json.loads(capsys.readouterr().out)["run"]
    assert main(["runs", "show", "--json", "short"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == run
    assert main(["models", "--json", "test", "embedded/in-context"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"]


@pytest.mark.parametrize(("raised", "code"), [(KeyError("odd"), 1), (KeyboardInterrupt(), 130)])
def test_what_nobody_expected_is_one_json_object_too(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise raised

    monkeypatch.setattr(samples, "list_samples", fails)
    ended, printed = cli("samples")
    assert ended == code
    assert printed["error"]["message"]


def test_runs_start_with_the_model_of_the_settings(
    cli: Cli, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "ensure_worker", lambda *_: False)  # nobody is to carry them out
    ws = open_workspace(jobs="inline")
    models.save_connection(ws, "mine", "http://127.0.0.1:9/v1", "far/away")
    preferences.set_default_model(ws, "mine")
    own = ["--split", "test", "--no-wait"]
    for arguments, model in (
        (own, "mine"),
        ([*own, "--model", "embedded/in-context"], "embedded/in-context"),
    ):
        _, queued = cli("eval", *job(files), *arguments)
        assert runs.get_run(ws, queued["run"]).model == model


def test_a_resumed_compile_takes_only_real_caps(cli: Cli, files: dict[str, str]) -> None:
    _, compiled = cli("compile", *job(files), "--optimizer", "random_search", "--budget", "calls=3")
    assert cli("runs", "resume", compiled["run"], "--budget", "calls=lots")[0] == 1
    shown = runs.get_run(open_workspace(jobs="inline"), compiled["run"])
    assert (shown.status, shown.settings["budget"]) == ("done", {"calls": 3})
    code, again = cli("runs", "resume", compiled["run"], "--budget", "calls=null")
    assert (code, again["status"]) == (0, "done")
    assert again["result"]["calls"] > 3
