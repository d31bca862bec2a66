"""Demos never hurt an answer that the label names already give: real messages, tickets, and tasks made up by a seed.

"Already give" is `Classifier.named`: names and definitions alone leave the next label `CLEAR` of belief behind.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest

from core.lm.embedded.classify import Classifier
from core.lm.embedded.definitions import definitions


@dataclass(frozen=True)
class Work:
    """Labels with what is said of them, rows to show and rows to ask, as (text, label)."""

    names: list[str]
    said: list[str]
    shown: list[tuple[str, int]]
    asked: list[tuple[str, int]]


@dataclass
class Tally:
    """What demos did to answers, over all questions put."""

    rows: int = 0
    before: int = 0
    after: int = 0
    fixed: int = 0
    broken: int = 0
    clear: int = 0
    clear_broken: int = 0


def tally(works: Sequence[Work], counts: Sequence[int]) -> Tally:
    """Ask every work's rows without demos and with each number of them."""
    made = Tally()
    for work in works:
        bare = Classifier(work.names, work.said, [], [])
        without = [_best(bare, text) for text, _ in work.asked]
        named = [bare.named(text) for text, _ in work.asked]
        for count in counts:
            demos = random.Random(count).sample(work.shown, min(count, len(work.shown)))
            taught = Classifier(work.names, work.said, [t for t, _ in demos], [a for _, a in demos])
            for (text, answer), was, clear in zip(work.asked, without, named, strict=True):
                now = _best(taught, text)
                made.rows += 1
                made.before += was == answer
                made.after += now == answer
                made.fixed += now == answer != was
                made.broken += was == answer != now
                made.clear += clear == answer
                made.clear_broken += clear == answer != now
    return made


def _best(classifier: Classifier, text: str) -> int:
    shares = classifier.shares(text)
    return shares.index(max(shares))


@pytest.fixture(scope="module")
def intents(data_dir: Path) -> list[Work]:
    """Three choices of ten intents of Banking77, 100 rows to show and 120 to ask each."""
    return [_intents(data_dir, seed) for seed in (0, 1, 2)]


def _intents(folder: Path, seed: int) -> Work:
    learn, ask = (_rows(folder / f"banking77_{part}.csv") for part in ("train", "test"))
    rng = random.Random(f"never hurt {seed}")
    chosen = sorted(rng.sample(sorted({label for _, label in learn}), 10))
    at = {label: index for index, label in enumerate(chosen)}
    shown = rng.sample([(text, at[label]) for text, label in learn if label in at], 100)
    asked = rng.sample([(text, at[label]) for text, label in ask if label in at], 120)
    return Work(chosen, [""] * 10, shown, asked)


def _rows(path: Path) -> list[tuple[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def _tickets(root: Path, field: str, seed: int) -> Work:
    """The sample tickets, half to show and half to ask."""
    with (root / "sample_data" / "support_tickets" / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["message"], row[field]) for row in csv.DictReader(file)]
    task = json.loads((root / "sample_data" / "support_tickets" / "task.json").read_text(encoding="utf-8"))
    outputs = task["program"]["steps"][0]["signature"]["outputs"]
    desc = next(one["desc"] for one in outputs if one["name"] == field)
    labels = sorted({label for _, label in rows})
    said = definitions(labels, [desc])
    mixed = [(text, labels.index(label)) for text, label in random.Random(seed).sample(rows, len(rows))]
    half = len(mixed) // 2
    return Work(labels, [said.get(label, "") for label in labels], mixed[:half], mixed[half:])


def _made_up(kind: str, seed: int, labels: int = 6) -> Work:
    """A task in an invented language: each label has words of its own, and every text has many that are nobody's."""
    rng = random.Random(f"{kind} {seed}")
    spoken = "kalomirentovubedafigohojanopiquosateliwiyoze"
    syllables = [spoken[at : at + 2] for at in range(0, len(spoken), 2)]
    topics = [["".join(rng.choices(syllables, k=3)) for _ in range(14)] for _ in range(labels)]
    others = ["".join(rng.choices(syllables, k=3)) for _ in range(60)]

    def row(label: int) -> tuple[str, int]:
        told = rng.choices(topics[label], k=rng.choice([1, 2, 2, 3])) + rng.choices(others, k=6)
        return " ".join(rng.sample(told, len(told))), label

    names = [" ".join(topic[:3]) if kind == "names" else f"code {at}" for at, topic in enumerate(topics)]
    said = [" ".join(topic[:7]) if kind == "definitions" else "" for topic in topics]
    shown = [row(at % labels) for at in range(150)]
    rng.shuffle(shown)
    return Work(names, said, shown, [row(at % labels) for at in range(60)])


def test_demos_help_with_intents_and_keep_what_their_names_clearly_give(intents: list[Work]) -> None:
    made = tally(intents, (4, 8, 16, 32))
    assert made.clear > 0.4 * made.rows
    assert made.clear_broken <= 0.002 * made.clear
    assert made.after > made.before
    assert made.fixed > 3 * made.broken


@pytest.mark.parametrize("count", [2, 4, 8, 16, 32, 100])
def test_no_number_of_demos_makes_intents_worse(intents: list[Work], count: int) -> None:
    made = tally(intents, (count,))
    assert made.after >= made.before


@pytest.mark.parametrize("counts", [(2, 4), (8,), (16,), (32,)])
def test_no_number_of_demos_makes_defined_priorities_worse(root: Path, counts: tuple[int, ...]) -> None:
    made = tally([_tickets(root, "priority", seed) for seed in range(6)], counts)
    assert made.after >= made.before - 0.01 * made.rows
    assert made.clear_broken == 0


@pytest.mark.parametrize("kind", ["definitions", "names"])
def test_words_that_are_nobodys_do_not_outweigh_names_and_definitions(kind: str) -> None:
    made = tally([_made_up(kind, seed) for seed in range(5)], (2, 4, 8, 16))
    assert made.after >= made.before - 0.01 * made.rows
    assert made.clear_broken <= 0.01 * made.clear


def test_shuffled_labels_leave_the_names_their_answers(intents: list[Work]) -> None:
    shuffled = [replace(work, shown=_shuffled(work.shown)) for work in intents]
    made = tally(shuffled, (16, 100))
    assert made.after >= made.before - 0.02 * made.rows
    assert made.clear_broken <= 0.01 * made.clear


def _shuffled(rows: list[tuple[str, int]]) -> list[tuple[str, int]]:
    answers = random.Random(1).sample([answer for _, answer in rows], len(rows))
    return [(text, answer) for (text, _), answer in zip(rows, answers, strict=True)]


def test_some_wrong_labels_are_borne(intents: list[Work]) -> None:
    rng = random.Random(2)
    noisy = [
        replace(work, shown=[(t, rng.randrange(10) if rng.random() < 0.3 else a) for t, a in work.shown])
        for work in intents
    ]
    made = tally(noisy, (16, 32, 100))
    assert made.after > made.before + 0.02 * made.rows
    assert made.clear_broken <= 0.005 * made.clear


def test_names_that_say_nothing_are_learned_from_demos_alone(intents: list[Work], root: Path) -> None:
    coded = [replace(work, names=[f"{letter}" for letter in "KLMNPQRSTV"]) for work in intents]
    assert tally(coded, (100,)).after >= 0.8 * tally(intents, (100,)).after
    made = tally([_tickets(root, "team", seed) for seed in range(3)], (100,))
    assert made.after >= made.before + 0.35 * made.rows
    made_up = tally([_made_up("codes", seed) for seed in range(3)], (150,))
    assert made_up.after >= 0.8 * made_up.rows


def test_names_that_mislead_are_overruled_by_many_demos(intents: list[Work]) -> None:
    turned = [replace(work, names=work.names[1:] + work.names[:1]) for work in intents]
    made = tally(turned, (100,))
    assert made.before < 0.15 * made.rows
    assert made.after > 0.7 * made.rows


def test_a_label_without_demos_keeps_the_texts_that_its_name_fits() -> None:
    names = ["card arrival", "exchange rate", "top up"]
    texts = ["my card is still not here", "where is the card I ordered", "the card has not come in the post"]
    taught = Classifier(names, ["", "", ""], texts, [0, 0, 0])
    for text, label in (("what is the exchange rate for my card", 1), ("I want to top up with my card", 2)):
        assert taught.named(text) == label
        assert _best(taught, text) == label


def test_what_is_clear_is_said_by_names_and_not_by_the_absence_of_words() -> None:
    polar = Classifier(["danger smoke fire", ""], ["", ""], [], [], [0.0, 0.07])
    assert polar.named("there is smoke and fire") == 0
    assert polar.named("thank you for the ride") is None
    assert Classifier(["only"], [""], [], []).named("anything") == 0


def test_demos_change_how_sure_an_answer_is_without_changing_it(ask: Any) -> None:
    """Through the whole model: four demos of one label leave the other labels' own words in charge."""
    fields = {"text": str, "intent": Literal["card_arrival", "exchange_rate", "top_up"]}
    demos = [{"text": f"my card number {n} is late", "intent": "card_arrival"} for n in range(4)]
    for text, intent in (("what is the exchange rate", "exchange_rate"), ("how do I top up", "top_up")):
        assert ask(fields, {"text": text}, demos=demos)["intent"] == intent
