"""Damaged program files: `parse_spec` refuses or reads, `validate` never raises, and what it passes can be built."""

from __future__ import annotations

import copy
import random

import pytest

from core.foundation.errors import PipelineError
from core.pipeline import build, code, errors_of, parse_spec, validate
from tests.core.pipeline.conftest import HOPS, RECORD, TRIAGE
from tests.core.pipeline.test_code import described, loaded

TYPES = """
list[str] | Literal['a->b', 'c'] | Literal[1, True] | Literal['x'] | Optional[date] | object | list[object] | Any
dict[str, list[int]] | tuple[int, ...] | Union[int, None, str] | dict[int, Any] | list | set[str] | time | None
Sequence[str] | typing.List[str] | str.upper | int or str
"""
NAMES = """
x class text question message hop1.passages triage.topic a.b.c . fi é 9 none true predict retrieve chain_of_thought
reasoning items id date schema json signature config BaseModel Literal CORPUS program
"""
VALUES = [
    *[text.strip() for line in TYPES.strip().split("\n") for text in line.split(" | ")],
    *NAMES.split(),
    *["", None, 0, 1, -1, 2.5, True, [], {}, ["question"], ["x", "y"]],
    *[{"x": "y"}, {"k": 2}, {"ge": 1}, {"pattern": "[a-"}, {"min_length": 3, "max_length": 1}],
]


def places(data, path=()):
    """The paths of everything inside plain data."""
    yield path
    for key, value in (
        data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    ):
        yield from places(value, (*path, key))


def damaged(program, luck):
    """The program with a few values replaced, removed, copied elsewhere or renamed."""
    data = copy.deepcopy(program)
    for _ in range(luck.randint(1, 3)):
        *parents, last = luck.choice([path for path in places(data) if path])
        holder = data
        for key in parents:
            holder = holder[key]
        action = luck.random()
        if action < 0.5:
            holder[last] = copy.deepcopy(luck.choice(VALUES))
        elif action < 0.65:
            del holder[last]
        elif action < 0.85 and isinstance(holder, dict):
            holder[str(luck.choice(VALUES))] = holder.pop(last)
        elif isinstance(holder, list):
            holder.insert(luck.randrange(len(holder) + 1), copy.deepcopy(holder[last]))
    return data


@pytest.mark.parametrize("program", [TRIAGE, HOPS, RECORD], ids=["triage", "hops", "record"])
def test_what_validate_passes_can_be_built_and_written(program, tmp_path, how_many):
    luck = random.Random(f"damage {program['name']}")
    built = 0
    for attempt in range(how_many(300, 6_000)):
        data = damaged(program, luck)
        try:
            spec = parse_spec(data)
        except PipelineError:
            continue
        if errors_of(validate(spec)):
            with pytest.raises(PipelineError):
                build(spec)
            continue
        module = build(spec)
        written = loaded(code(spec), tmp_path, f"written_{attempt}")
        assert described(written) == described(module), data
        built += 1
    assert built > 20
