"""The store after a power cut: whatever is missing of the newest write, what was committed before it is there."""

from __future__ import annotations

import random
import shutil
import sqlite3
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from workbench.store import Store, open_store
from workbench.store.tables import TaskRow

WRITES = 24
HEADER, FRAME_HEADER = 32, 24
"""Bytes at the head of SQLite's write-ahead log, and of each page in it (sqlite.org/fileformat2.html, §4)."""


class Disk:
    """A store that is written to, and copies of its files as a power cut would leave them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "home" / "workbench.sqlite"
        self.store = open_store(f"sqlite:///{self.file}")
        self.copies = 0

    @property
    def log(self) -> Path:
        return self.file.with_name(f"{self.file.name}-wal")

    def write(self, number: int) -> None:
        """Commit one task; some are longer than a page."""
        with self.store.write() as session:
            session.add(TaskRow(name=f"task {number:03d}", description="x" * (9_000 * (number % 3))))

    def copied(self) -> tuple[Path, Path]:
        """Return copies of the database and of its log, as they are on the disk now."""
        self.copies += 1
        place = self.folder / f"copy{self.copies}" / self.file.name
        place.parent.mkdir()
        shutil.copyfile(self.file, place)
        log = place.with_name(self.log.name)
        shutil.copyfile(self.log, log)
        return place, log


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    yield made
    made.store.close()


def tasks_of(place: Path) -> list[str]:
    """Open a copy as the workbench does, write to it, and return what it held."""
    store: Store = open_store(f"sqlite:///{place}")
    try:
        with store.read() as session:
            found = list(session.scalars(select(TaskRow.name).order_by(TaskRow.name)))
        with store.write() as session:
            session.add(TaskRow(name="after"))
    finally:
        store.close()
    with sqlite3.connect(place) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    plain.close()
    return found


def first(count: int) -> list[str]:
    return [f"task {number:03d}" for number in range(count)]


def cut(log: Path, length: int) -> None:
    with log.open("r+b") as file:
        file.truncate(length)


def garble(path: Path, start: int, length: int, draw: random.Random) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(draw.randbytes(length))


def test_a_log_cut_anywhere_in_the_newest_write_loses_that_write_at_most(disk: Disk) -> None:
    draw = random.Random(1)
    for number in range(WRITES):
        before = disk.log.stat().st_size
        disk.write(number)
        after = disk.log.stat().st_size
        assert after > before, "the log was begun anew; write less"
        for length in (after - 1, before + 1, before, draw.randrange(before, after)):
            place, log = disk.copied()
            cut(log, length)
            assert tasks_of(place) == first(number), (number, length)
        place, _ = disk.copied()
        assert tasks_of(place) == first(number + 1), number


def test_a_log_whose_newest_pages_are_garbage_loses_that_write_at_most(disk: Disk) -> None:
    """A disk may have written the length of a file and not yet what is in it."""
    draw = random.Random(2)
    for number in range(WRITES):
        before = disk.log.stat().st_size
        disk.write(number)
        after = disk.log.stat().st_size
        for start in (before, draw.randrange(before, after - 512)):
            place, log = disk.copied()
            garble(log, start, min(512, after - start), draw)
            assert tasks_of(place) == first(number), (number, start)


def test_pages_torn_while_the_log_is_moved_into_the_database_are_mended_from_it(disk: Disk) -> None:
    """The log is kept until all of it is in the database, so torn pages there are written again."""
    draw = random.Random(3)
    for number in range(WRITES):
        disk.write(number)
    page = _page_size(disk.log)
    logged = sorted(_pages_in(disk.log, page))
    for share in (0.1, 0.5, 1.0):
        place, _ = disk.copied()
        for number in draw.sample(logged, max(1, int(share * len(logged)))):
            garble(place, (number - 1) * page, page // 2, draw)  # half of a page reached the disk
        assert tasks_of(place) == first(WRITES), share


def test_a_database_without_its_log_is_an_older_state_and_not_a_broken_one(disk: Disk) -> None:
    for number in range(6):
        disk.write(number)
    with sqlite3.connect(disk.file) as plain:
        plain.execute("PRAGMA wal_checkpoint(PASSIVE)")
    plain.close()
    for number in range(6, 10):
        disk.write(number)
    place, log = disk.copied()
    log.unlink()
    found = tasks_of(place)
    assert found == first(len(found)) and len(found) >= 6


def test_every_connection_asks_the_disk_before_a_commit_returns(disk: Disk) -> None:
    with disk.store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def _page_size(log: Path) -> int:
    return int(struct.unpack(">I", log.read_bytes()[8:12])[0])


def _pages_in(log: Path, page: int) -> set[int]:
    """Return the numbers of the pages that a log holds."""
    data = log.read_bytes()
    starts = range(HEADER, len(data) - FRAME_HEADER - page + 1, FRAME_HEADER + page)
    return {int(struct.unpack(">I", data[start : start + 4])[0]) for start in starts}
