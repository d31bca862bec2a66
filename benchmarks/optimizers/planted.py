"""Invented tasks whose solution is known: rules that an instruction can state, with noise, with feedback in words.

Knows nothing about optimizers. The labels' names say nothing; what belongs to each is a list of words, and every row
holds two of them among words that mean nothing. Sixteen demos show at most 32 of the 64 words; an instruction can name
them all, so a stated rule reaches further than copied rows. Test labels are always true.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

WORDS = {
    "amber": "bread soup apple cheese honey onion rice butter lentil plum carrot pepper noodle walnut biscuit mustard",
    "cobalt": "hammer chisel spanner lathe rivet pliers drill anvil bolt clamp saw ladder wrench solder hinge bracket",
    "jade": "heron otter lynx badger falcon toad ferret salmon beetle weasel stork marten adder finch moose vole",
    "pearl": "fiddle oboe drum lute choir trumpet cello anthem ballad harp chorus bassoon march waltz gong flute",
}
SUBJECTS: Mapping[str, tuple[str, ...]] = {label: tuple(words.split()) for label, words in WORDS.items()}
ABOUT = {"amber": "food", "cobalt": "tools", "jade": "animals", "pearl": "music"}
FRAMES = (
    "Please note the {0} and the {1} that came in on {2}.",
    "We still wait for {0}; {1} was mentioned on {2}.",
    "On {2} somebody asked about {0}, then about {1}.",
    "Put {1} beside {0} before {2}, if you can.",
    "The {2} list has {0} at the top and {1} at the end.",
    "Nobody here knows what to do with {0} or {1} until {2}.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rows(count: int, rng: random.Random, noise: float = 0.0) -> list[dict[str, Any]]:
    """Return rows with `note`, `shelf` and the reason of the true one; a share of the labels is wrong."""
    made: list[dict[str, Any]] = []
    for _ in range(count):
        label = rng.choice(sorted(SUBJECTS))
        first, second = rng.sample(SUBJECTS[label], 2)
        text = rng.choice(FRAMES).format(first, second, rng.choice(DAYS))
        shown = label
        if rng.random() < noise:
            shown = rng.choice(sorted(set(SUBJECTS) - {label}))
        why = f"Use {label} when the note is about {ABOUT[label]}: {first}, {second}."
        made.append({"note": text, "shelf": shown, "why": why})
    return made


def task(name: str, seed: int, sizes: tuple[int, int, int]) -> dict[str, Any]:
    """Return the task of this name: `planted_rule`, `planted_noise` or `planted_feedback`."""
    rng = random.Random(f"{name} {seed}")
    noise = 0.2 if name == "planted_noise" else 0.0
    train, validation, test = sizes
    step = {
        "name": "sort",
        "instructions": "Say on which shelf the note belongs.",
        "inputs": [{"name": "note", "type": "str"}],
        "outputs": [{"name": "shelf", "type": {"literal": sorted(SUBJECTS)}}],
        "reads": {"note": "note"},
    }
    return {
        "name": name,
        "inputs": ["note"],
        "steps": [step],
        "outputs": {"shelf": "sort.shelf"},
        "metric": {
            "kind": "exact",
            "fields": ["shelf"],
            "feedback": "why" if name == "planted_feedback" else None,
        },
        "train": rows(train, rng, noise),
        "validation": rows(validation, rng, noise),
        "test": rows(test, rng),
    }
