"""Reading the cache's database: ahead where rows are asked for in order, and never anything but inline bytes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from core.lm.cache import Cache
from core.lm.disk_reader import DiskReader
from core.lm.disk_store import DiskStore

KEYS = [f"key{number:04}" for number in range(600)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = DiskStore(tmp_path / "cache", 10**9)
    store.set_many([(key, key.encode(), True) for key in KEYS])
    store.close()
    return tmp_path / "cache"


def change(folder: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(folder / "cache.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def test_rows_asked_for_in_order_are_read_ahead(folder):
    reader, known, looked_up = DiskReader(folder / "cache.db"), {}, 0
    for key in KEYS:
        if key not in known:
            value, further = reader.get(key, ahead=True)
            known |= {key: value, **dict(further)}
            looked_up += 1
    assert known == {key: key.encode() for key in KEYS}
    assert looked_up < 10
    reader.close()


def test_rows_asked_for_here_and_there_are_not(folder):
    reader = DiskReader(folder / "cache.db")
    for key in (KEYS[590], KEYS[300]):
        reader.get(KEYS[0])
        assert reader.get(key, ahead=True) == (key.encode(), [])
    reader.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "mode = 4, value = x'80049502'",
        "filename = '/etc/hostname'",
        "mode = 2, filename = 'a.val', value = NULL",
        "value = 'text'",
        "expire_time = 1",
        "raw = 0",
        "key = x'00'",
    ],
)
def test_nothing_but_inline_bytes_is_read_ahead_or_at_all(folder, tampering):
    change(folder, f"UPDATE Cache SET {tampering} WHERE key = ?", KEYS[3])
    reader = DiskReader(folder / "cache.db")
    for key in KEYS[:2]:
        reader.get(key, ahead=True)
    _, further = reader.get(KEYS[2], ahead=True)
    assert KEYS[4] in dict(further) and KEYS[3] not in dict(further)
    assert all(type(key) is str and type(value) is bytes for key, value in further)
    assert reader.get(KEYS[3]) == (None, [])
    reader.close()


def test_what_is_newer_in_memory_stays(folder):
    cache = Cache(folder)
    cache.remember_all({KEYS[5]: b"newer"})
    assert [cache.get(key) for key in KEYS[:7]] == [
        *(key.encode() for key in KEYS[:5]), b"newer", KEYS[6].encode()
    ]  # fmt: skip
    cache.close()


def test_a_process_that_finds_all_answers_loads_nothing_that_writes(folder):
    code = (
        "import sys; from core.lm.cache import Cache; cache = Cache(sys.argv[1]);"
        "print(cache.get('key0007'), 'diskcache' in sys.modules); cache.set('new', b'n');"
        "print(cache.get('new'), 'diskcache' in sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["b'key0007' False", "b'n' True"]


def test_it_reads_what_others_write_meanwhile_and_after_it_was_closed(folder):
    reader, store = DiskReader(folder / "cache.db"), DiskStore(folder, 10**9)
    assert reader.get("new") == (None, [])
    store.set_many([("new", b"1", True)])
    assert reader.get("new")[0] == b"1"
    reader.close()
    assert reader.get("new")[0] == b"1"
    reader.close()
    store.close()


def test_a_file_that_another_process_has_only_begun_is_finished(tmp_path):
    (tmp_path / "cache.db").touch()
    store = DiskStore(tmp_path, 10**9)
    assert store.get("key") is None
    store.set_many([("key", b"1", True)])
    assert store.get("key") == b"1"
    store.close()


def test_a_forked_process_opens_its_own(folder):
    reader = DiskReader(folder / "cache.db")
    reader.get(KEYS[0])
    child = os.fork()
    if not child:
        os._exit(0 if reader.get(KEYS[1])[0] == KEYS[1].encode() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert reader.get(KEYS[2])[0] == KEYS[2].encode()
    reader.close()
