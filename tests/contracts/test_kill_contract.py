"""`kill -9` at points spread over every optimizer's search: resumed, it ends as if nothing had happened.

Knows nothing about any one optimizer. Real processes, a run log on disk and a real endpoint on this machine, which
counts: what is sent again after a kill is at most what was in flight. Half of the kills come from outside, when the
endpoint has received its n-th request; half at the n-th event of the log, some with half of its line written.
`Ensemble` and `KNNFewShot` are not here: their `compile` sends nothing and writes no log.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.optimizers import optimizers
from tests.contracts.test_optimizer_contract import SMALL
from tests.fakes.forked import Nursery
from tests.fakes.server import FakeServer, Received, Step
from tests.fakes.toy import ToyLM

WIDTH = 4
POINTS = 200
KILLED = -9
AGAIN = 0.2
"""Share of the killed searches that are killed once more."""
OPTIONS = {
    "free": {},
    "calls": {"budget": {"calls": 83}},
    "tokens": {"budget": {"tokens": 16_000}},
    "confirmed": {"budget": {"calls": 120}, "confirm": 6},
}
SEQUENCE = "better_together"
TARGETS = [*optimizers.names(), SEQUENCE]


class Endpoint:
    """The toy model behind HTTP; kills the nursery's child when it has received so many requests."""

    def __init__(self, nursery: Nursery) -> None:
        self.nursery = nursery
        self.received = 0
        self.kill_at = 0
        self._toy = ToyLM()
        self._jitter = random.Random(0)

    def __call__(self, received: Received) -> Step:
        self.received += 1
        if self.received == self.kill_at:
            self.nursery.kill()
        messages = received.body["messages"]
        text = self._toy.reply(messages)
        usage = (len(str(messages)) // 4, len(text) // 4)
        return Step(text=text, usage=usage, delay=self._jitter.uniform(0, 0.002))


class Bed:
    """Runs searches of one optimizer under one set of options, each in a folder of its own."""

    def __init__(self, nursery: Nursery, folder: Path, optimizer: str, options: dict[str, Any]) -> None:
        self.endpoint = Endpoint(nursery)
        self._nursery = nursery
        self._folder = folder
        options = {**options, "strategy": "i -> d"} if optimizer == SEQUENCE else options
        self._job = {"optimizer": optimizer, "params": SMALL.get(optimizer), "options": options}

    def search(
        self, url: str, name: str, kill: dict[str, Any] | None = None, width: int = WIDTH
    ) -> dict[str, Any] | None:
        """Return what came of a search, or None where it was killed."""
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        paths = {"log": folder / "log.jsonl", "cache": folder / "cache", "out": folder / "out.json"}
        kill = kill or {}
        self.endpoint.kill_at = self.endpoint.received + kill["request"] if "request" in kill else 0
        job = {**self._job, "width": width, "url": url, **{key: str(path) for key, path in paths.items()}}
        self._nursery.start(job if "event" not in kill else {**job, "die": kill})
        status = self._nursery.wait()
        assert status in {0, KILLED}
        return json.loads(paths["out"].read_text("utf-8")) if status == 0 else None

    def events(self, name: str) -> int:
        return (self._folder / name / "log.jsonl").read_bytes().count(b"\n")


@pytest.fixture(scope="module")
def nursery(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(root, tmp_path_factory.mktemp("home")) as made:
        yield made


OF_TIME = {"seconds", "resumed", "latency"}
MAY_DIFFER = {
    # Without a cap single calls are not written down, so those in flight at a kill go uncounted.
    "free": {"spend", "spend_by_purpose", "calls"},
    # What rows took that ran together and do not count depends on which were in flight.
    "tokens": {"spend", "calls"},
    "calls": {"prompt_tokens", "completion_tokens", "cost"},
    "confirmed": {"prompt_tokens", "completion_tokens", "cost"},
}


def essence(found: dict[str, Any] | None, options: str) -> dict[str, Any]:
    """What must be equal: all of the program and its report but times, and what the options let differ."""
    assert found is not None
    assert "error" not in found
    return dict(_leaves(found, OF_TIME | MAY_DIFFER[options]))


def _leaves(value: Any, left_out: set[str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Flat, so that a failing test names what differs."""
    if isinstance(value, (dict, list)):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in inner:
            if name not in left_out:
                yield from _leaves(item, left_out, f"{path}/{name}")
    else:
        yield path, value


def points(count: int, requests: int, events: int, draw: random.Random) -> Iterator[dict[str, Any]]:
    """Kills spread evenly over a search, at requests and at events."""
    for number in range(count):
        share = (number + draw.random()) / count
        yield _kill(share, requests, events, draw)


def _kill(share: float, requests: int, events: int, draw: random.Random) -> dict[str, Any]:
    if requests and draw.random() < 0.5:
        return {"request": 1 + int(share * requests)}
    return {"event": 1 + int(share * events), "how": draw.choice(["before", "torn", "after"])}


def kills_of(optimizer: str, full: bool) -> dict[str, int]:
    """How many kills each set of options gets, of the two hundred of all optimizers."""
    place = TARGETS.index(optimizer)
    names = [name for name in OPTIONS if optimizer != SEQUENCE or name != "confirmed"]
    if not full:
        return {names[place % len(names)]: 1}
    own = POINTS // len(TARGETS) + (place < POINTS % len(TARGETS))
    return {name: own // len(names) + (turn < own % len(names)) for turn, name in enumerate(names)}


@pytest.mark.parametrize("optimizer", TARGETS)
def test_a_search_killed_anywhere_resumes_to_the_same_result(optimizer, nursery, tmp_path, how_many):
    for name, count in kills_of(optimizer, bool(how_many(0, 1))).items():
        (tmp_path / name).mkdir()
        bed = Bed(nursery, tmp_path / name, optimizer, OPTIONS[name])
        draw = random.Random(f"{optimizer} {name}")
        with FakeServer(bed.endpoint) as server:
            whole = bed.search(server.url, "whole")
            requests, events = bed.endpoint.received, bed.events("whole")
            for number, kill in enumerate(points(count, requests, events, draw)):
                before, kills = bed.endpoint.received, [kill]
                assert bed.search(server.url, str(number), kill) is None, kill
                if draw.random() < AGAIN:  # the kill may come after all is done again
                    kills.append(_kill(draw.random() / 2, requests, events, draw))
                    bed.search(server.url, str(number), kills[1])
                width = draw.choice([1, WIDTH, 2 * WIDTH])
                again = bed.search(server.url, str(number), width=width)
                assert essence(again, name) == essence(whole, name), kills
                in_flight = WIDTH * len(kills) + (width if name == "tokens" else 0)
                assert bed.endpoint.received - before <= requests + in_flight, kills


def test_the_points_of_all_optimizers_are_two_hundred():
    assert sum(sum(kills_of(name, full=True).values()) for name in TARGETS) == POINTS
