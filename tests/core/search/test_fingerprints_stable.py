"""The fingerprint of a program is the same in every process, for every copy, and after the program ran."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cache

import pytest

import core
from core.search.fingerprints import details_of_program, of_program
from core.settings import context
from tests.fakes.programs import Busy, made, names
from tests.fakes.toy import ToyLM


@cache
def of_another_process(root, seed: str) -> dict[str, str]:
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, tests.fakes.programs as known; print(json.dumps(known.fingerprints()))",
        ],
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(found.stdout)


def test_other_processes_find_the_same_whatever_their_hash_seed(root) -> None:
    assert of_another_process(root, "1") == of_another_process(root, "2")
    assert len(set(of_another_process(root, "1").values())) > len(names()) / 2


@pytest.mark.parametrize("name", names())
def test_a_copy_and_a_program_that_ran_are_the_same_program(name, root, tmp_path) -> None:
    program = made(name)
    before, parts = of_program(program), details_of_program(program)
    assert before == of_another_process(root, "1")[name]
    assert details_of_program(program.deepcopy()) == parts
    for model in (ToyLM(), core.LM("embedded/in-context")):
        with context(lm=model, rm=core.BM25(["a b", "c d"])), suppress(Exception):
            program(question="train 1")
            program(question="train 2")
    assert details_of_program(program) == parts
    assert of_program(program) == before
    program.save(tmp_path / "state.json")
    loaded = program.deepcopy() if name.startswith("optimizer") else made(name)
    loaded.load(tmp_path / "state.json")
    assert details_of_program(loaded) == parts


def test_what_a_program_keeps_while_it_runs_is_left_out_and_its_settings_are_not() -> None:
    known = details_of_program(Busy())
    assert {"self.prefix", "self.kinds", "self.shorten"} <= known.keys()
    assert known.keys().isdisjoint(
        {f"self.{name}" for name in ("calls", "seen", "known", "last", "log", "order", "inner.count")}
    )
    changed = details_of_program(Busy(prefix="x", kinds=("c", "a")))
    assert {name for name in known if known[name] != changed[name]} == {"self.prefix", "self.kinds"}
