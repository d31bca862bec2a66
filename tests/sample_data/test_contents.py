"""The sample tasks are whole: enough rows, labels that follow from the text, nothing dangling."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter

import pytest

from workbench.locate import sample_data_dir

TASKS = sorted(p.parent.name for p in sample_data_dir().glob("*/task.json"))
SMALLEST = {"support_tickets": 180, "two_hop_questions": 80, "message_extraction": 90}


def _task(name):
    return json.loads((sample_data_dir() / name / "task.json").read_text(encoding="utf-8"))


def _rows(name):
    path = sample_data_dir() / name / _task(name)["dataset"]
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)) if path.suffix == ".csv" else [json.loads(line) for line in file]


def _corpus():
    with (sample_data_dir() / "two_hop_questions" / "corpus.jsonl").open(encoding="utf-8") as file:
        return {passage["title"]: passage["text"] for passage in map(json.loads, file)}


def test_the_three_tasks_are_there():
    assert set(TASKS) >= set(SMALLEST)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_states_its_title_licence_and_split(name):
    task = _task(name)
    assert task["name"] == name
    assert task["title"]
    assert task["description"]
    assert task["licence"] in (sample_data_dir() / name / "README.md").read_text().replace(
        "CC0 1.0", "CC0-1.0"
    )
    assert task["split"]["train"] + task["split"]["validation"] + task["split"]["test"] == pytest.approx(1)


@pytest.mark.parametrize("name", SMALLEST)
def test_rows_are_many_and_distinct(name):
    rows = _rows(name)
    assert len(rows) >= SMALLEST[name]
    assert len({row["id"] for row in rows}) == len(rows)
    entry = _task(name)["inputs"][0]
    assert len({row[entry].lower() for row in rows}) == len(rows)


@pytest.mark.parametrize("field", ["team", "priority"])
def test_ticket_labels_are_declared_and_none_is_rare(field):
    signature = _task("support_tickets")["program"]["steps"][0]["signature"]
    declared = next(f["type"] for f in signature["outputs"] if f["name"] == field)
    counts = Counter(row[field] for row in _rows("support_tickets"))
    assert set(counts) == set(re.findall(r'"(\w+)"', declared))
    assert min(counts.values()) >= 15


def test_the_prompt_does_not_say_what_the_teams_do():
    program = json.dumps(_task("support_tickets")["program"])
    for team in ("falcon", "harbor", "juniper", "quartz"):
        assert program.count(team) == 1


def test_there_are_passages_enough():
    assert len(_corpus()) >= 130


def test_answers_stand_in_the_second_gold_passage_and_not_in_the_question():
    corpus = _corpus()
    for row in _rows("two_hop_questions"):
        first, second = row["gold_titles"]
        assert first in corpus
        answer = row["answer"].lower().removeprefix("the ").removeprefix("a ")
        assert answer in f"{second}. {corpus[second]}".lower(), row
        assert answer not in row["question"].lower(), row


def test_the_two_gold_passages_are_linked_by_a_name():
    corpus = _corpus()

    def mentions(text, title):
        words = [w for w in re.findall(r"\w+", title.lower()) if w not in {"the", "of", "a"}]
        return sum(w.rstrip("s") in text.lower() for w in words) >= min(2, len(words))

    for row in _rows("two_hop_questions"):
        first, second = row["gold_titles"]
        assert mentions(corpus[first], second) or mentions(corpus[second], first), row


def test_bookings_say_what_the_message_says():
    for row in _rows("message_extraction"):
        message, booking = row["message"].lower(), row["booking"]
        assert booking["name"].lower() in message
        assert booking["day"][:4] in message
        assert booking["people"] >= 1
        assert all(item.rstrip("s") in message for item in booking["items"]), row


def test_places_are_mostly_described_rather_than_named():
    rows = _rows("message_extraction")
    named = sum(row["booking"]["place"] in row["message"].lower() for row in rows)
    assert named < len(rows) / 4
