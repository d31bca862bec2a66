"""Every public module can be chosen in the browser: some kind of step is made of it, or it says here why none is."""

from __future__ import annotations

import inspect

import core
from core.modules import Module
from core.pipeline import build, step_kinds
from workbench.services.signature_form import single_step
from workbench.services.step_kinds import asking_kinds

EXEMPT = {
    "Module": "the base of programs, not one itself",
    "Pipeline": "what steps make together",
    "TypedPredictor": "`Predict` under its name of 2024: every step reads typed fields",
    "TypedChainOfThought": "`ChainOfThought` under its name of 2024",
    "FunctionalModule": "a base of 2024 for classes whose methods are predictors, which only Python can write",
    "Retry": "what assertions put in a step's place while a program runs, never a step of its own",
}
NO_MODULES = {
    "KNN": "finds demos: the optimizer `KNNFewShot`, on the Compile page",
    "majority": "counts samples: the kind `majority_vote`",
}
OPTIONS = {
    "react": {"tools": ["calculator"]},
    "react_v2": {"tools": ["calculator"]},
    "best_of_n": {"max_words": 5},
    "refine": {"max_words": 5},
}


def built() -> dict[str, Module]:
    """A program of one step of each kind."""
    made = {}
    for entry in step_kinds.entries():
        if entry.value.takes_signature:
            fields = [{"name": "question"}], [{"name": "answer"}]
            spec = single_step("p", "Answer.", *fields, kind=entry.name, options=OPTIONS.get(entry.name))
        else:
            step = {"name": "find", "kind": entry.name, "inputs": {"query": "question"}}
            spec = {
                "inputs": [{"name": "question"}],
                "steps": [step],
                "outputs": {"passages": "find.passages"},
                "corpus": ["a"],
            }
        made[entry.name] = build(spec)
    return made


def public_modules() -> set[str]:
    return {
        name
        for name in core.__all__
        if inspect.isclass(value := getattr(core, name, None)) and issubclass(value, Module)
    }


def test_every_public_module_has_a_kind_of_step_or_a_reason() -> None:
    offered = {
        type(part).__name__
        for program in built().values()
        for _, part in program.named_sub_modules()
        if getattr(core, type(part).__name__, None) is type(part)
    }
    missing = public_modules() - offered - set(EXEMPT)
    assert not missing, f"write a kind in core/pipeline/kinds, or say why not: {sorted(missing)}"


def test_reasons_are_for_modules_that_have_none() -> None:
    offered = {type(part).__name__ for p in built().values() for _, part in p.named_sub_modules()}
    assert set(EXEMPT) <= public_modules()
    assert not (set(EXEMPT) - {"Module", "Pipeline"}) & offered
    assert all(hasattr(core, name) and name not in public_modules() for name in NO_MODULES)
    assert "KNNFewShot" in core.__all__ and "majority_vote" in step_kinds.names()


def test_every_kind_that_asks_is_in_the_menu_with_a_title_a_group_and_a_summary() -> None:
    choices = asking_kinds()
    for name, program in built().items():
        if step_kinds.get(name).takes_signature:
            choice = choices[name]
            assert choice.title != name and choice.group != "Others" and choice.summary.endswith("."), name
            assert program.named_predictors(), f"{name}: optimizers find nothing"
    assert len({choice.label for choice in choices.values()}) == len(choices)
