"""`EmbeddedLM` as a `BaseLM`."""

from __future__ import annotations

import subprocess
import sys

from core.lm import LM, EmbeddedLM
from core.lm.embedded import VERSION

PROMPT = "Classify as one of: red, blue, green.\n\nText: a red and blue thing"


def test_the_name_gives_it() -> None:
    lm = LM("embedded/in-context")
    assert isinstance(lm, EmbeddedLM)
    assert lm.local
    assert VERSION in lm.identity()


def test_it_answers_at_no_cost() -> None:
    from core.foundation.drive import drive

    response = drive(LM("embedded/in-context").respond([{"role": "user", "content": PROMPT}]))
    assert response.text in {"red", "blue"}
    assert response.cost == 0
    assert response.usage.prompt_tokens > 0


def test_rollouts_are_samples_of_their_own() -> None:
    lm = LM("embedded/in-context", temperature=1.5)
    drawn = [lm(PROMPT, rollout_id=number)[0] for number in range(25)]
    assert len(set(drawn)) > 1
    again = LM("embedded/in-context", temperature=1.5, cache=False)
    assert [again(PROMPT, rollout_id=number)[0] for number in range(25)] == drawn


def test_the_model_needs_the_standard_library_only() -> None:
    code = (
        "import sys; from core.lm.embedded import InContextModel; "
        "InContextModel().complete([{'role': 'user', 'content': 'What is 2 + 3?'}]); "
        "bad = {'numpy', 'pydantic', 'aiohttp', 'openai'} & set(sys.modules); sys.exit(str(bad) if bad else 0)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stderr == ""
    )
