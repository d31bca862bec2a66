"""Instructions written from examples, and that they help."""

from __future__ import annotations

import json
from typing import Any, Literal

ROWS = [
    ("the brakes squeal", "falcon"),
    ("brakes gone on the hill", "falcon"),
    ("the chain fell off", "falcon"),
    ("invoice shows the old address", "quartz"),
    ("charged twice on one invoice", "quartz"),
    ("I was charged too much", "quartz"),
]
TEAMS = Literal["falcon", "quartz"]


def _propose(ask: Any, examples: str, **more: Any) -> str:
    fields = {"basic_instruction": str, "task_demos": str, "proposed_instruction": str}
    return ask(fields, {"basic_instruction": "Route the message.", "task_demos": examples}, **more)[
        "proposed_instruction"
    ]


def _lines() -> str:
    return "\n\n".join(f"text: {text}\nteam: {team}" for text, team in ROWS)


def test_it_writes_what_distinguishes_each_label(ask: Any) -> None:
    said = _propose(ask, _lines())
    assert said.startswith("Route the message.")
    falcon = next(line for line in said.splitlines() if line.startswith("- falcon"))
    assert "brakes" in falcon
    assert "invoice" not in falcon


def test_what_it_writes_helps(ask: Any) -> None:
    fields = {"text": str, "team": TEAMS}
    said = _propose(ask, _lines())
    for text, team in (("my brakes!", "falcon"), ("wrong invoice", "quartz"), ("charged again", "quartz")):
        assert ask(fields, {"text": text}, instructions=said)["team"] == team


def test_examples_are_read_in_several_forms(ask: Any) -> None:
    reprs = (
        "["
        + ", ".join(
            f"Example({{'text': {t!r}, 'team': {label!r}}}) (input_keys={{'text'}})" for t, label in ROWS
        )
        + "]"
    )
    as_json = json.dumps([{"Inputs": {"text": t}, "Generated Outputs": {"team": label}} for t, label in ROWS])
    for written in (reprs, as_json):
        assert "brakes" in _propose(ask, written)


def test_feedback_puts_answers_right(ask: Any) -> None:
    rows = [
        {
            "Inputs": {"text": t},
            "Generated Outputs": {"team": "falcon"},
            "Feedback": f"The right team is {label}.",
        }
        for t, label in ROWS
    ]
    fields = {
        "current_instruction": str,
        "examples_with_feedback": list[dict[str, Any]],
        "new_instruction": str,
    }
    said = ask(fields, {"current_instruction": "Route it.", "examples_with_feedback": rows}, adapter="json")[
        "new_instruction"
    ]
    quartz = next(line for line in said.splitlines() if line.startswith("- quartz"))
    assert "invoice" in quartz


def test_knowledge_is_kept_from_one_proposal_to_the_next(ask: Any) -> None:
    first = _propose(ask, _lines())
    fields = {"basic_instruction": str, "task_demos": str, "proposed_instruction": str}
    given = {
        "basic_instruction": first,
        "task_demos": "text: a wheel is bent\nteam: falcon\n\ntext: refund me\nteam: quartz",
    }
    second = ask(fields, given)["proposed_instruction"]
    assert "wheel" in second
    assert "brakes" in second


def test_observations_carry_over_to_the_instruction(ask: Any) -> None:
    seen = ask({"examples": str, "observations": str}, {"examples": _lines()})["observations"]
    fields = {"dataset_description": str, "basic_instruction": str, "proposed_instruction": str}
    said = ask(fields, {"dataset_description": seen, "basic_instruction": "Route it."})[
        "proposed_instruction"
    ]
    assert "brakes" in said


def test_temperature_gives_different_proposals(ask: Any) -> None:
    assert len({_propose(ask, _lines(), temperature=1.0, seed=seed) for seed in range(6)}) > 3


def test_attempts_with_scores_are_built_on(ask: Any) -> None:
    attempts = (
        "Instruction #1: Guess.\nResulting Score #1: 20.0\n"
        "Instruction #2: Read the message twice.\nResulting Score #2: 80.0"
    )
    said = ask(
        {"attempted_instructions": str, "proposed_instruction": str}, {"attempted_instructions": attempts}
    )
    assert "Read the message twice." in said["proposed_instruction"]


def test_formats_of_open_answers_are_described(ask: Any) -> None:
    shown = "question: who?\nanswer: Mira Holt\n\nquestion: and who else?\nanswer: Bren Tal"
    assert "name" in _propose(ask, shown)
