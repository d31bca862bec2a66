"""The app in one process: a private store, runs carried out at once, no worker started.

Knows nothing about what the pages show.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from workbench import state
from workbench.config import read_config
from workbench.services import datasets, metrics, runs, samples, tasks
from workbench.services.workspace import Workspace, open_workspace

APP = Path(__file__).resolve().parents[3] / "workbench" / "app.py"
Open = Callable[..., AppTest]


@dataclass(frozen=True)
class Made:
    """A store with a sample that went all the way, and the ids in it."""

    folder: Path
    task: str
    dataset: str
    metric: str
    zero_shot: str
    compile: str
    compiled: str
    """Run id of the compiled program's evaluation."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A sample after an evaluation, a compile, and an evaluation of what came out."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE_DIR", str(folder / "cache"))
        ws = open_workspace(read_config(folder / "home"), jobs="inline")
        task = samples.open_sample(ws, "support_tickets")
        (data,), (metric,) = datasets.list_datasets(ws, task), metrics.list_metrics(ws, task)
        version = tasks.newest_version(ws, task)
        first = runs.start_evaluation(ws, version.id, data.id, "validation", metric.id, limit=12)
        search = runs.start_compile(
            ws, version.id, data.id, metric.id, "labeled_few_shot", {"k": 4}, budget={"calls": 400}
        )
        better = runs.get_run(ws, search).result_version_id
        second = runs.start_evaluation(ws, better, data.id, "validation", metric.id, limit=12)
        ws.close()
    return Made(folder, task, data.id, metric.id, first, search, second)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The private home of this test, as the environment names it."""
    return tmp_path / "home"


@pytest.fixture
def finished(made: Made, home: Path) -> Made:
    """This test's own copy of the store in which everything was done."""
    shutil.copytree(made.folder / "home", home)
    return made


@pytest.fixture
def ws(home: Path) -> Iterator[Workspace]:
    """The store that the app of this test has open, for a look beside it."""
    opened = open_workspace(read_config(home), jobs="inline")
    yield opened
    opened.close()


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """`app("data", task=…)`: the app on that page, run once."""
    opened: list[Workspace] = []

    def opens(config: object) -> Workspace:
        opened.append(open_workspace(read_config(home), jobs="inline"))
        return opened[-1]

    monkeypatch.setattr(state, "open_workspace", opens)
    monkeypatch.setattr(state, "start_watching", lambda _: None)
    state._open.clear()

    def start(page: str = "home", **params: str) -> AppTest:
        at = AppTest.from_file(str(APP), default_timeout=60)
        if page != "home":
            at.switch_page(f"../pages/{page}.py")
        for name, value in params.items():
            at.query_params[name] = value
        return at.run()

    yield start
    state._open.clear()
    for item in opened:
        item.close()


@pytest.fixture
def texts() -> Callable[[AppTest], str]:
    """Everything that a page says in words."""

    def read(at: AppTest) -> str:
        kinds = (at.title, at.caption, at.markdown, at.error, at.warning, at.info, at.success, at.subheader)
        return "\n".join(str(item.value) for kind in kinds for item in kind)

    return read
