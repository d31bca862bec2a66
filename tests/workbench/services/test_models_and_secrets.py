"""Connections, prices and the cache; a key is never written anywhere."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from counting_server import CountingServer
from small_task import Small

from core.foundation.errors import ConfigurationError, LMConfigurationError, StoreError
from tests.fakes.server import FakeServer, Step
from workbench.services import explore, export, models, runs
from workbench.services.workspace import Workspace

CANARY = "sk-canary-0123456789abcdefghijklmnop"


@pytest.fixture
def server() -> Any:
    made = CountingServer()
    yield made
    made.close()


def test_the_embedded_model_is_always_there_and_first(ws: Workspace) -> None:
    models.save_connection(ws, "a", "http://localhost:1/v1", "m")
    found = models.list_models(ws)
    assert (found[0].name, found[0].embedded, found[0].key_set) == (models.EMBEDDED, True, True)
    assert models.test_connection(ws, models.EMBEDDED).ok


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "ftp://x/v1"),
        ("base_url", "http://user:secret@host/v1"),
        ("base_url", "http://host/v1?key=secret"),
        ("base_url", "nothing"),
        ("key_env", CANARY),
        ("key_env", "two words"),
        ("name", ""),
        ("name", "embedded/mine"),
        ("model", ""),
        ("options", {"api_key": "x"}),
    ],
)
def test_values_that_cannot_be_right_are_refused(ws: Workspace, field: str, value: Any) -> None:
    good: dict[str, Any] = {
        "name": "a",
        "base_url": "http://localhost:1/v1",
        "model": "m",
        "key_env": "MY_KEY",
    }
    with pytest.raises(ConfigurationError) as caught:
        models.save_connection(ws, **{**good, field: value})
    assert CANARY not in str(caught.value)
    assert len(models.list_models(ws)) == 1


def test_names_are_unique_and_connections_change_in_place(ws: Workspace) -> None:
    first = models.save_connection(ws, "a", "http://localhost:1/v1/", "m")
    assert first.base_url == "http://localhost:1/v1"
    with pytest.raises(StoreError, match="already"):
        models.save_connection(ws, "a", "http://localhost:2/v1", "m")
    changed = models.save_connection(ws, "b", "http://localhost:2/v1", "n", connection_id=first.id)
    assert (changed.id, changed.name) == (first.id, "b")
    models.delete_connection(ws, first.id)
    assert len(models.list_models(ws)) == 1


def test_a_key_that_is_not_set_is_named_before_anything_starts(
    ws: Workspace, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY", raising=False)
    models.save_connection(ws, "keyed", "http://127.0.0.1:9/v1", "m", "MY_KEY")
    with pytest.raises(LMConfigurationError, match="MY_KEY"):
        runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric, "keyed")
    assert runs.list_runs(ws) == []
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(LMConfigurationError, match="no key for 'openai'"):
        runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric, "openai/gpt-4o")
    assert runs.list_runs(ws) == []
    assert not models.list_models(ws)[1].key_set


def test_a_failing_test_of_a_connection_is_a_result(ws: Workspace) -> None:
    models.save_connection(ws, "down", "http://127.0.0.1:9/v1", "m")
    result = models.test_connection(ws, "down")
    assert not result.ok
    assert result.error


def test_the_canary_key_reaches_its_host_and_nothing_that_is_written(
    ws: Workspace, small: Small, server: CountingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_KEY", CANARY)
    monkeypatch.setenv("OPENAI_API_KEY", f"{CANARY}-of-another-host")
    models.save_connection(ws, "keyed", server.url, "m", "CANARY_KEY")
    models.save_connection(ws, "open", server.url, "m")
    assert models.test_connection(ws, "keyed").ok
    assert server.keys_seen == {f"Bearer {CANARY}"}
    result = explore.run_once(ws, small.version, {"text": "purrs"}, "keyed")
    assert result.ok
    run_id = runs.start_compile(
        ws, small.version, small.dataset, small.metric, "labeled_few_shot", {"k": 4}, "keyed"
    )
    run = runs.get_run(ws, run_id)
    assert run.result_version_id is not None
    files = [
        content
        for kind in ("state_json", "python_script", "messages")
        for _, content in export.export_version(ws, run.result_version_id, kind, model="keyed")
    ]
    assert not any(CANARY.encode() in content for content in files)
    server.keys_seen.clear()
    assert models.test_connection(ws, "open").ok
    assert not any(CANARY in seen for seen in server.keys_seen)
    ws.close()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert [path for path in written if CANARY.encode() in path.read_bytes()] == []
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_prices_are_used_for_cost(ws: Workspace, small: Small, server: CountingServer) -> None:
    models.save_connection(ws, "priced", server.url, "m")
    run = runs.get_run(
        ws, runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric, "priced")
    )
    assert run.result is not None
    assert run.result["cost"] is None
    models.set_price(ws, "m", 1.0, 2.0)
    models.clear_cache(ws)
    run = runs.get_run(
        ws, runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric, "priced")
    )
    assert run.result is not None
    expected = (run.result["prompt_tokens"] + 2 * run.result["completion_tokens"]) / 1e6
    assert run.result["cost"] == pytest.approx(expected)
    assert ("m", "setting") in {(price.model, price.source) for price in models.list_prices(ws)}
    models.set_price(ws, "m", None, None)
    assert "m" not in {price.model for price in models.list_prices(ws)}
    with pytest.raises(ConfigurationError):
        models.set_price(ws, "m", -1.0, 0.0)


def test_the_cache_is_counted_and_cleared(ws: Workspace, small: Small) -> None:
    runs.start_evaluation(ws, small.version, small.dataset, "test", small.metric)
    stats = models.cache_stats(ws)
    assert stats.entries == 6
    assert stats.folder == str(ws.config.cache_dir)
    models.clear_cache(ws)
    assert models.cache_stats(ws).entries == 0


def test_a_connection_says_which_kind_of_requests_it_takes(ws: Workspace) -> None:
    with FakeServer(default=Step(text="OK")) as server:
        models.save_connection(ws, "old", server.url, "m", options={"model_type": "text"})
        assert models.test_connection(ws, "old").reply == "OK"
        assert server.calls[0].path == "/v1/completions"
    with pytest.raises(ConfigurationError, match="no kind of request called 'video'"):
        models.save_connection(ws, "new", "http://localhost:1/v1", "m", options={"model_type": "video"})


def test_a_checkpoint_on_this_machine_is_a_model(ws: Workspace, tmp_path: Path) -> None:
    made = models.save_connection(ws, "mine", "", f"local/{tmp_path / 'tiny'}", options={"max_tokens": 5})
    assert (made.base_url, made.key_set) == ("", True)
    result = models.test_connection(ws, "mine")
    assert not result.ok
    assert "There is no folder" in result.error
    with pytest.raises(ConfigurationError, match="no web address"):
        models.save_connection(ws, "other", "", "m")
