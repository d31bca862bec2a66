"""The same job from the command line, in a store of its own: the browser's scores, digit for digit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walk import CANDIDATES, SPLIT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

SHARES = f"train={SPLIT},validation={SPLIT},test={SPLIT}"


def answer(served: Any, *arguments: str) -> Any:
    """What a command says with --json."""
    done = served.run(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def elsewhere(served: Any, environment: Callable[[], dict[str, str]]) -> Any:
    """The command line with a store and a cache that the browser never saw."""
    env = environment()
    return replace(served, env=env, home=Path(env["WORKBENCH_HOME"]))


@pytest.fixture(scope="module")
def job(walk: Any, served: Any, banking: Any, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The arguments that say what the browser's forms said: program, file, columns, split, metric."""
    folder = tmp_path_factory.mktemp("cli")
    exported = answer(served, "export", "--run", walk.zero_shot, "--kind", "state_json", "--out", str(folder))
    assert exported["version"] != walk.version
    program = folder / "program.json"
    program.write_text(json.dumps(_program(served, walk)), encoding="utf-8")
    return [
        "--program", str(program), "--data", str(banking.path), "--map", "text=text", "--map", "intent=category",
        "--shares", SHARES, "--split-seed", "0", "--stratify", "intent", "--metric", "exact_match",
    ]  # fmt: skip


def _program(served: Any, walk: Any) -> dict[str, Any]:
    from workbench.config import read_config
    from workbench.services import tasks
    from workbench.services.workspace import open_workspace

    ws = open_workspace(read_config(served.home, served.env), jobs="inline")
    try:
        return tasks.versions(ws, walk.task)[-1].spec
    finally:
        ws.close()


def test_scores_agree_digit_for_digit(
    walk: Any, served: Any, elsewhere: Any, job: list[str], tmp_path: Path
) -> None:
    browser = {
        name: answer(served, "runs", "show", getattr(walk, name))
        for name in ("zero_shot", "compile", "compiled")
    }
    zero = answer(elsewhere, "eval", *job, "--split", "validation")
    state = tmp_path / "state.json"
    search = answer(
        elsewhere, "compile", *job, "--optimizer", "random_search", "--param", f"num_candidate_programs={CANDIDATES}",
        "--seed", "0", "--out", str(state),
    )  # fmt: skip
    better = answer(elsewhere, "eval", *job, "--state", str(state), "--split", "validation")
    for here, there in ((zero, "zero_shot"), (search, "compile"), (better, "compiled")):
        assert (here["score"], here["interval"]) == (browser[there]["score"], browser[there]["interval"]), (
            there
        )
    assert f"{zero['score']:.1f} %" == walk.zero_score
    assert f"{search['score']:.1f} %" == walk.compile_score


def test_the_command_that_the_form_shows_gives_the_same(
    walk: Any, served: Any, new_tab: Callable[..., Any]
) -> None:
    tab = new_tab(f"/evaluate?task={walk.task}&version={walk.version}")
    tab.button("Same elsewhere").click()
    shown = tab.page.get_by_test_id("stCode").filter(has_text="workbench eval").first.inner_text()
    words = shown.replace("\\\n", " ").split()
    assert words[:2] == ["workbench", "eval"]
    assert f"{answer(served, *words[1:])['score']:.1f} %" == walk.compiled_score
