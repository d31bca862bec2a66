"""Programs that retrieve by meaning: the embedding model of the connection, at its endpoint, or the embedded one."""

from __future__ import annotations

from typing import Any

import pytest

from core.foundation.errors import ConfigurationError
from tests.fakes.server import FakeServer
from workbench.services import datasets, explore, metrics, models, runs, tasks
from workbench.services.workspace import Workspace

CORPUS = ["ab", "abcdefghijklmnop"]
SPEC: dict[str, Any] = {
    "name": "find",
    "inputs": [{"name": "question"}],
    "steps": [
        {
            "name": "find",
            "kind": "retrieve_by_meaning",
            "inputs": {"query": "question"},
            "options": {"k": 1},
        }
    ],
    "outputs": {"passages": "find.passages"},
    "corpus": CORPUS,
}


@pytest.fixture
def version(ws: Workspace) -> str:
    task = tasks.create_task(ws, "Find", SPEC)
    newest = tasks.newest_version(ws, task.id)
    assert newest is not None
    return newest.id


def test_the_connections_embedding_model_embeds(ws: Workspace, version: str) -> None:
    with FakeServer() as server:
        models.save_connection(ws, "mine", server.url, "chat-model", options={"embedding_model": "embed-1"})
        found = explore.run_once(ws, version, {"question": "a question that is long"}, "mine")
        assert (found.error, found.outputs) == ("", {"passages": [CORPUS[1]]})
        assert {call.body["model"] for call in server.calls} == {"embed-1"}
        assert {call.path for call in server.calls} == {"/v1/embeddings"}


def test_without_one_the_embedded_model_embeds(ws: Workspace, version: str) -> None:
    with FakeServer() as server:
        models.save_connection(ws, "mine", server.url, "chat-model")
        for model in ("mine", models.EMBEDDED):
            found = explore.run_once(ws, version, {"question": "ab"}, model)
            assert (found.error, found.outputs) == ("", {"passages": [CORPUS[0]]})
        assert not server.calls


def test_chat_requests_never_carry_the_option(ws: Workspace) -> None:
    with FakeServer() as server:
        models.save_connection(ws, "mine", server.url, "chat-model", options={"embedding_model": "embed-1"})
        assert models.test_connection(ws, "mine").ok
        assert all("embedding_model" not in (call.body or {}) for call in server.calls)
    with pytest.raises(ConfigurationError, match="embeddings_model"):
        models.save_connection(ws, "b", server.url, "m", options={"embeddings_model": "typo"})


def test_an_evaluation_retrieves_with_it_too(ws: Workspace, version: str) -> None:
    task = tasks.list_tasks(ws)[0]
    table = datasets.read_table(b"question,passages\na question that is long,abcdefghijklmnop\n", "d.csv")
    info = datasets.import_dataset(
        ws, task.id, "rows", table, {"question": "question", "passages": "passages"}
    )
    datasets.split_dataset(ws, info.id, train=0, validation=0, test=1.0)
    params = {"context": "passages", "answer": "passages"}
    metric = metrics.save_metric(ws, task.id, {"kind": "passage_match", "params": params})
    with FakeServer() as server:
        models.save_connection(ws, "mine", server.url, "chat-model", options={"embedding_model": "embed-1"})
        run = runs.get_run(ws, runs.start_evaluation(ws, version, info.id, "test", metric.id, "mine"))
        assert (run.status, run.score) == ("done", 100.0)
        assert {call.path for call in server.calls} == {"/v1/embeddings"}
