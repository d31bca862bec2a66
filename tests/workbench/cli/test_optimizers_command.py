"""`workbench optimizers` and the model that writes instructions, on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.optimizers.base import optimizers as registry
from workbench.cli.main import main
from workbench.config import read_config
from workbench.services import runs
from workbench.services.workspace import open_workspace


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_every_optimizer_is_listed_with_when_to_use_it(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = said(capsys, "optimizers")
    assert code == 0
    assert [item["name"] for item in found["optimizers"]] == registry.names()
    assert main(["optimizers"]) == 0
    text = capsys.readouterr().out
    assert all(registry.get(name).when in text for name in registry.names())


def test_one_is_shown_with_its_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["optimizers", "opro"]) == 0
    text = capsys.readouterr().out
    for name, field in registry.get("opro").Params.model_fields.items():
        assert name in text
        assert str(field.description) in text
    assert "--prompt-model" in text
    assert "increasing | decreasing | chronological" in text


def test_those_that_fit_a_task_are_recommended_with_the_reason(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = said(capsys, "optimizers", "--sample", "support_tickets")
    assert code == 0
    assert [item["name"] for item in found["recommended"]] == ["auto", "random_search"]
    assert "107 train rows" in found["recommended"][1]["why"]
    assert said(capsys, "optimizers", "--task", found["task"])[1] == found
    assert main(["optimizers", "--sample", "support_tickets"]) == 0
    assert "because" in capsys.readouterr().out
    code, error = said(capsys, "optimizers", "--task", "nothere")
    assert code == 1
    assert "nothere" in error["error"]["message"]


def test_an_unknown_one_is_an_error_that_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = said(capsys, "optimizers", "copr")
    assert code == 1
    assert "copro" in json.dumps(found)


def test_the_prompt_model_goes_along(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["compile", "--sample", "support_tickets", "--param", "breadth=2", "--param", "depth=1"]
    code, run = said(
        capsys,
        *words,
        "--optimizer",
        "copro",
        "--prompt-model",
        "embedded/in-context",
        "--budget",
        "calls=200",
    )
    assert (code, run["status"]) == (0, "done")
    ws = open_workspace(read_config(), jobs="inline")
    assert runs.get_run(ws, run["run"]).settings["prompt_model"] == "embedded/in-context"
    assert "prompt_model" in runs.run_events(ws, run["run"], since=-1)[0]["fingerprints"]
    ws.close()
    code, error = said(
        capsys, *words[:3], "--optimizer", "labeled_few_shot", "--prompt-model", "embedded/in-context"
    )
    assert code == 1
    assert "no use for a prompt model" in json.dumps(error)
