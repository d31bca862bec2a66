"""The cache: what is kept, what is refused, what happens when it cannot work."""

from __future__ import annotations

import logging
import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.foundation.errors import ConfigurationError
from core.lm import BaseLM, Cache, ScriptedLM, active_cache, configure_cache
from core.lm.cache import MemoryStore, _Active, cache_mode, default_directory
from tests.fakes.server import FakeServer, Step


@pytest.fixture
def counter():
    """A cached model that counts upward, so that a repeated answer shows."""
    numbers = iter(range(1000))
    return ScriptedLM(lambda request: str(next(numbers)), cache=True)


def test_a_second_call_comes_from_the_cache_and_says_so(client):
    with FakeServer(default=Step(text="yes", usage=(1000, 500))) as server:
        lm = client(server, cache=True)
        lm._schema = None
        from core.settings import context

        with context(prices={"fake": (1.0, 2.0)}):
            first = lm("q") and lm.history[-1]["response"]
            second = lm("q") and lm.history[-1]["response"]
        assert len(server.calls) == 1
        assert (first.cached, first.cost, first.saved_cost, first.attempts) == (False, 0.002, 0.0, 1)
        assert (second.cached, second.cost, second.saved_cost, second.attempts) == (True, 0.0, 0.002, 0)
        assert second.text == "yes"
        assert second.usage.total_tokens == 1500


def test_modes(counter):
    assert counter("q") == counter("q") == ["0"]
    assert counter("q", cache=False) == ["1"]
    assert counter("q") == ["0"]
    assert counter("q", cache="refresh") == ["2"]
    assert counter("q") == ["2"]
    assert counter("q", cache="write") == ["3"]  # asked anew, what was stored stays
    assert counter("q") == ["2"]
    assert counter("other", cache="read") == ["4"]  # not stored
    assert counter("other", cache="read") == ["5"]
    assert counter("third", cache="write") == ["6"]
    assert counter("third", cache="read") == ["6"]


def test_an_unknown_mode_is_an_error(counter):
    with pytest.raises(ConfigurationError, match="refresh"):
        counter("q", cache="sometimes")
    assert cache_mode(True) == "on"


def test_rollouts_are_samples_of_their_own(counter):
    assert [counter("q", rollout_id=i)[0] for i in (1, 2, 1, None, 2)] == ["0", "1", "0", "2", "1"]


def test_several_samples_are_stored_and_replayed_in_order(client):
    numbers = iter(range(100))
    with FakeServer(default=Step(text=lambda r: f"s{next(numbers)}")) as server:
        lm = client(server, cache=True)
        first = lm("q", n=3, temperature=0.7)
        assert lm("q", n=3, temperature=0.7) == first
        assert len(set(first)) == 3
        assert len(server.calls) == 1


def test_samples_that_an_endpoint_leaves_out_are_asked_for(client):
    with FakeServer(default=Step(text="x", choices=1)) as server:
        lm = client(server)
        assert len(lm("q", n=3, temperature=1.0)) == 3
        assert [call.body["n"] for call in server.calls] == [3, 2, 1]
        assert lm.history[-1]["response"].attempts == 3


def test_another_process_finds_it_on_disk(counter, own_cache):
    assert counter("q") == ["0"]
    again = Cache(own_cache.directory)
    assert len(list(_rows(own_cache.directory))) == 1
    key = next(_rows(own_cache.directory))[0]
    assert b'"0"' in again.get(key)


def _rows(directory):
    with sqlite3.connect(Path(directory) / "cache.db") as db:
        yield from db.execute("SELECT key, mode, value, filename FROM Cache").fetchall()


def test_written_before_returned(client, own_cache):
    """When a caller has its answer, a fresh process would find it too."""
    with FakeServer(lambda r: Step(text=r.body["messages"][0]["content"])) as server:
        lm = client(server, cache=True)
        for i in range(20):
            lm(f"q{i}")
            assert len(list(_rows(own_cache.directory))) == i + 1


def test_nothing_touches_the_disk_before_the_first_use(tmp_path):
    cache = configure_cache(disk_cache_dir=tmp_path / "later")
    assert not (tmp_path / "later").exists()
    ScriptedLM(["x"])("uncached")
    assert not (tmp_path / "later").exists()
    cache.set("k", b"v")
    assert (tmp_path / "later" / "cache.db").exists()


def test_the_folder_is_private_and_holds_no_files_of_values(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.set("big", b"x" * 5_000_000)
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o700
    assert {path.name.split("-")[0] for path in (tmp_path / "c").rglob("*")} == {"cache.db"}
    assert Cache(tmp_path / "c").get("big") == b"x" * 5_000_000


class Exploit:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (os.mkdir, (self.path,))


TAMPERED = {
    "a pickled value": lambda p: ("UPDATE Cache SET mode=4, value=?", (pickle.dumps(Exploit(p)),)),
    "a pickled value in a file": lambda p: ("UPDATE Cache SET mode=4, value=NULL, filename='evil.val'", ()),
    "a file name": lambda p: ("UPDATE Cache SET mode=2, value=NULL, filename='/etc/passwd'", ()),
    "a text file name": lambda p: ("UPDATE Cache SET mode=3, value=NULL, filename='/etc/passwd'", ()),
    "text for bytes": lambda p: ("UPDATE Cache SET value='text'", ()),
    "a number": lambda p: ("UPDATE Cache SET value=7", ()),
    "nothing": lambda p: ("UPDATE Cache SET value=NULL", ()),
    "a pickled key": lambda p: ("UPDATE Cache SET raw=0, key=?", (pickle.dumps(Exploit(p)),)),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_tampered_row_is_a_miss_and_runs_nothing(tamper, tmp_path):
    folder, trap = tmp_path / "c", tmp_path / "executed"
    Cache(folder).set("k", b"v")
    (folder / "evil.val").write_bytes(pickle.dumps(Exploit(trap)))
    with sqlite3.connect(folder / "cache.db") as db:
        db.execute(*tamper(trap))
    cache = Cache(folder)
    assert cache.get("k") is None
    cache.set("k", b"new")
    assert Cache(folder).get("k") == b"new"
    cache.clear()
    assert not trap.exists()


def test_a_tampered_file_name_deletes_nothing(tmp_path):
    folder, victim = tmp_path / "c", tmp_path / "victim"
    victim.write_text("precious")
    Cache(folder).set("k", b"v")
    with sqlite3.connect(folder / "cache.db") as db:
        db.execute("UPDATE Cache SET mode=2, value=NULL, filename=?", (str(victim),))
    cache = Cache(folder)
    cache.set("k", b"new")
    cache.delete("k")
    cache.clear()
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"[]", b'{"format": 99}', b'{"format":1,"outputs":[[1]]}', b"\xff"]
)
def test_a_value_that_is_no_answer_is_a_miss(junk, counter, own_cache):
    counter("q")
    key = next(_rows(own_cache.directory))[0]
    own_cache.set(key, junk)
    assert counter("q") == ["1"]


def test_a_folder_that_cannot_be_used_degrades_to_memory_with_one_warning(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    cache = configure_cache(disk_cache_dir=tmp_path / "file" / "cache")
    with caplog.at_level(logging.WARNING):
        lm = ScriptedLM(["a", "b"], cache=True)
        assert lm("q") == lm("q") == ["a"]
        cache.set("x", b"y")
    assert cache.get("x") == b"y"
    assert len([record for record in caplog.records if "memory only" in record.message]) == 1


def test_a_destroyed_database_degrades_too(tmp_path, caplog):
    cache = Cache(tmp_path / "c")
    cache.set("k", b"v")
    cache.close()
    cache.clear_memory()
    (tmp_path / "c" / "cache.db").write_bytes(b"not a database" * 1000)
    for name in ("cache.db-wal", "cache.db-shm"):
        (tmp_path / "c" / name).unlink(missing_ok=True)
    assert cache.get("k") is None
    cache.set("k", b"w")
    assert cache.get("k") == b"w"
    assert len([record for record in caplog.records if "memory only" in record.message]) == 1


def test_memory_keeps_its_bounds():
    store = MemoryStore(max_entries=10, max_bytes=10**9)
    for i in range(100):
        store.set(str(i), b"x")
    assert len(store) == 10
    assert store.get("99") == b"x"
    assert store.get("0") is None
    small = MemoryStore(max_entries=10**6, max_bytes=5_000)
    for i in range(100):
        small.set(str(i), b"x" * 1000)
    assert small.size <= 5_000
    small.clear()
    assert small.size == len(small) == 0


def test_what_was_used_last_stays():
    store = MemoryStore(max_entries=2, max_bytes=10**9)
    store.set("a", b"1")
    store.set("b", b"2")
    store.get("a")
    store.set("c", b"3")
    assert store.get("a") == b"1"
    assert store.get("b") is None


def test_memory_or_disk_alone(tmp_path):
    only_memory, only_disk = Cache(tmp_path / "m", disk=False), Cache(tmp_path / "d", memory=False)
    for cache in (only_memory, only_disk):
        cache.set("k", b"v")
        assert cache.get("k") == cache.peek("k") == b"v"
        cache.delete("k")
        assert cache.get("k") is None
    assert not (tmp_path / "m").exists()
    assert only_disk.stats()["memory_entries"] == 0


def test_several_values_at_once(tmp_path):
    cache = Cache(tmp_path / "c")
    cache.set_many({str(i): b"v%d" % i for i in range(20)})
    assert Cache(tmp_path / "c").get("7") == b"v7"
    assert cache.stats()["disk_entries"] == 20


def test_stats_and_clear(tmp_path):
    cache = Cache(tmp_path / "c")
    for i in range(5):
        cache.set(str(i), b"v")
    stats = cache.stats()
    assert (stats["memory_entries"], stats["disk_entries"]) == (5, 5)
    assert stats["disk_bytes"] > 0
    assert stats["directory"] == str(tmp_path / "c")
    cache.clear()
    assert cache.stats()["disk_entries"] == 0
    assert cache.get("1") is None


def test_the_environment_names_the_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("WORKBENCH_CACHE_DIR", str(tmp_path / "a"))
    assert default_directory() == tmp_path / "a"
    _Active.configured = False
    active_cache().set("k", b"v")
    assert (tmp_path / "a" / "cache.db").exists()
    monkeypatch.setenv("WORKBENCH_CACHE_DIR", str(tmp_path / "b"))
    assert active_cache().get("k") is None
    monkeypatch.delenv("WORKBENCH_CACHE_DIR")
    assert default_directory().name == "workbench"


def test_models_that_cannot_say_who_they_are_are_not_cached():
    class Mine(BaseLM):
        calls = 0

        async def complete(self, request):
            from core.messages import LMOutput, LMResponse

            self.calls += 1
            return LMResponse([LMOutput(str(self.calls))])

    lm = Mine("mine")
    assert [lm("q"), lm("q")] == [["1"], ["2"]]


def test_threads_and_processes_share_it_without_a_wrong_value(tmp_path, how_many):
    n = how_many(60, 2_000)
    code = f"""
import random, sys
from concurrent.futures import ThreadPoolExecutor
from core.lm import Cache
cache = Cache({str(tmp_path / "shared")!r}, memory=False)
def work(seed):
    dice = random.Random(seed)
    for _ in range({n}):
        key = str(dice.randrange(50))
        if dice.random() < 0.5:
            cache.set(key, (key + ":" + "x" * dice.randrange(2000)).encode())
        else:
            value = cache.get(key)
            assert value is None or value.split(b":")[0] == key.encode(), (key, value)
with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(int(sys.argv[1]), int(sys.argv[1]) + 4)))
"""
    root = Path(__file__).resolve().parents[3]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(10 * i)], cwd=root, stderr=subprocess.PIPE)
        for i in range(3)
    ]
    for process in processes:
        _, said = process.communicate(timeout=200)
        assert process.returncode == 0, said.decode()
        assert b"locked" not in said


def test_the_writer_outlives_its_callers(tmp_path):
    """Many loops write through one cache; every item is stored when its writer is told so."""
    import asyncio

    cache = Cache(tmp_path / "c")

    def loop(number):
        async def write():
            await asyncio.gather(*(cache.set_from_loop(f"{number}.{i}", b"v") for i in range(50)))
            assert all(cache.peek(f"{number}.{i}") == b"v" for i in range(50))

        asyncio.run(write())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(loop, range(4)))
    assert cache.stats()["disk_entries"] == 200
    assert sum(thread.name == "cache-writer" for thread in threading.enumerate()) >= 1


def test_the_role_of_instructions_is_part_of_the_question(client):
    with FakeServer([Step(text="system"), Step(text="developer")]) as server:
        assert client(server, cache=True)("q") == ["system"]
        assert client(server, cache=True, use_developer_role=True)("q") == ["developer"]
