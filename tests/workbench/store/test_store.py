"""The store: migrations, transactions, several processes. Knows nothing about services."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select

from core.foundation.errors import ConfigurationError, StoreError
from workbench.store import Store, is_id, new_id, open_store, require
from workbench.store.database import open_engine
from workbench.store.locks import FileLock
from workbench.store.migrate import HEAD, MIGRATIONS, current_revision, migrate
from workbench.store.tables import Base, EventRow, PreferenceRow, TaskRow, VersionRow


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/home/workbench.sqlite")


def test_migrations_give_exactly_the_tables_of_the_models(store: Store) -> None:
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_head_is_the_newest_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_downgrade_and_upgrade_again(store: Store) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    assert open_store(store.url)
    assert current_revision(store.engine) == HEAD


def test_a_store_of_the_first_schema_keeps_its_rows(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old/workbench.sqlite"
    engine = open_engine(url)
    migrate(engine, "0001")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO tasks (id, name, description, archived, created) VALUES ('t', 'old', '', 0, 1.0)"
        )
    engine.dispose()
    upgraded = open_store(url)
    assert current_revision(upgraded.engine) == HEAD
    with upgraded.write() as session:
        assert require(session, TaskRow, "t", "task").name == "old"
        session.add(PreferenceRow(name="model", value="mine"))
    upgraded.close()


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    with sqlite3.connect(store.url.removeprefix("sqlite:///")) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="newer version") as caught:
        open_store(store.url)
    assert "Upgrade" in caught.value.hint


def test_the_folder_is_private_and_the_journal_durable(store: Store, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_a_failing_block_leaves_nothing(store: Store) -> None:
    def half() -> None:
        with store.write() as session:
            session.add(TaskRow(name="half"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    with store.read() as session:
        assert session.scalars(select(TaskRow)).all() == []


def test_half_a_surrogate_pair_in_data_comes_back_and_in_a_name_is_refused(store: Store) -> None:
    reply = {"reply": "broken \ud83d half", "whole": "ü😀"}
    with store.write() as session:
        task = TaskRow(name="t")
        session.add(task)
        session.flush()
        session.add(VersionRow(id="v1", task_id=task.id, number=1, spec=reply, fingerprint="f"))
    with store.read() as session:
        assert require(session, VersionRow, "v1", "version").spec == reply
    with pytest.raises(StoreError, match="half of a character"), store.write() as session:
        session.add(TaskRow(name="\ud83d"))


def test_versions_are_never_changed(store: Store) -> None:
    with store.write() as session:
        task = TaskRow(name="t")
        session.add(task)
        session.flush()
        session.add(VersionRow(id="v1", task_id=task.id, number=1, spec={}, fingerprint="f"))
    with pytest.raises(StoreError, match="written once"), store.write() as session:
        require(session, VersionRow, "v1", "version").label = "other"
    with pytest.raises(StoreError, match="written once"), store.write() as session:
        session.delete(require(session, VersionRow, "v1", "version"))


def test_unknown_ids_and_dangling_references_are_clear_errors(store: Store) -> None:
    with store.read() as session, pytest.raises(StoreError, match="no run 'x'"):
        require(session, EventRow, "x", "run")
    with pytest.raises(StoreError, match="contradicts"), store.write() as session:
        session.add(VersionRow(task_id="nowhere", number=1, spec={}, fingerprint="f"))


def test_bad_urls_are_configuration_errors() -> None:
    with pytest.raises(ConfigurationError, match="URL"):
        open_store("not a url")


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(f"sqlite:///{tmp_path}/file/inside/w.sqlite")


def test_ids_are_short_and_safe_in_links() -> None:
    names = {new_id() for _ in range(1000)}
    assert len(names) == 1000
    assert all(is_id(name) and name.isalnum() for name in names)
    assert not any(is_id(bad) for bad in ("", "../etc", "ABCDEFGHJK", "0123456789a", None, 7))


_WRITER = """
import sys
from workbench.store import open_store
from workbench.store.tables import TaskRow
store = open_store(sys.argv[1])
for number in range(40):
    with store.write() as session:
        session.add(TaskRow(name=f"{sys.argv[2]}-{number}"))
"""


def test_several_processes_open_migrate_and_write_at_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/w.sqlite"
    root = Path(__file__).resolve().parents[3]
    workers = [subprocess.Popen([sys.executable, "-c", _WRITER, url, str(n)], cwd=root) for n in range(4)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0, 0]
    with open_store(url).read() as session:
        assert len(session.scalars(select(TaskRow)).all()) == 160


def test_a_lock_is_exclusive_and_returns_when_released(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "l"), FileLock(tmp_path / "l")
    assert first.acquire()
    assert first.acquire()
    first.write("held")
    assert not second.acquire()
    assert second.note() == "held"
    first.release()
    with second.waiting():
        assert not first.acquire()
