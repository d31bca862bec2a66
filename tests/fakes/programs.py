"""A program of every kind: of each step kind, of each module that is made by hand, and of each optimizer.

`fingerprints()` names them all, so that two processes can be compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import core
from core.optimizers import Ensemble, KNNFewShot, optimizers
from core.pipeline.build import build
from core.pipeline.kind import step_kinds
from core.search.fingerprints import of_program
from core.settings import context
from tests.fakes.toy import SyncTwoSteps, ToyLM, TwoSteps, exact, rows
from workbench.services.signature_form import single_step

OPTIONS: dict[str, Any] = {
    "react": {"tools": ["calculator"]},
    "react_v2": {"tools": ["calculator"]},
    "best_of_n": {"max_words": 5},
    "refine": {"max_words": 5},
}
SMALL: dict[str, Any] = {
    "auto": {"max_calls": 60, "max_bootstrapped_demos": 2, "max_labeled_demos": 3},
    "simba": {"bsize": 4, "num_candidates": 2, "max_steps": 2},
    "gepa": {"max_metric_calls": 40, "reflection_minibatch_size": 2},
    "copro": {"breadth": 2, "depth": 1},
    "miprov2": {"auto": None, "num_candidates": 2, "num_trials": 2, "minibatch_size": 4},
    "opro": {"initial_prompts": 2, "n_iterations": 1},
    "bootstrap_optuna": {"max_bootstrapped_demos": 2, "max_labeled_demos": 3, "num_candidate_programs": 2},
    "infer_rules": {"max_bootstrapped_demos": 2, "max_labeled_demos": 3, "num_candidates": 2},
    "random_search": {"max_bootstrapped_demos": 2, "max_labeled_demos": 3, "num_candidate_programs": 2},
}


def look(query: str) -> str:
    """Look something up."""
    return query


def reward(inputs: dict[str, Any], prediction: Any) -> float:
    """All is well."""
    return 1.0


def lengths(texts: list[str]) -> list[list[float]]:
    """A vector for each text."""
    return [[float(len(text)), 1.0] for text in texts]


class Counted(TwoSteps):
    """Is counted by whoever calls it."""

    count = 0


class Busy(core.Module):
    """Keeps much of what it does, in all the ways that programs do."""

    made = 0

    def __init__(self, prefix: str = "", kinds: tuple[str, ...] = ("c", "a", "b")) -> None:
        super().__init__()
        self.prefix, self.kinds = prefix, set(kinds)
        self.ask = core.Predict("question -> answer")
        self.inner = Counted()
        self.inner.count = 0
        self.shorten = lambda text: text.removeprefix(self.prefix)
        self.calls, self.seen, self.known, self.last, self.log = 0, [], {}, None, []
        self.order = ["b", "a"]

    def forward(self, question: str) -> Any:
        """Answer, and remember."""
        self.calls += 1
        Busy.made += 1
        self.seen.append(question)
        self.known[question] = self.calls
        self.inner.count += 1
        log = self.log
        log.append(question)
        self._keep(question)
        return self.ask(question=self.shorten(question))

    def _keep(self, question: str) -> None:
        self.last = question
        setattr(self, "latest", question)  # noqa: B010 - as programs do
        self.order.sort()


MADE: dict[str, Callable[[], core.Module]] = {
    "busy": Busy,
    "two steps": TwoSteps,
    "two steps in sync": SyncTwoSteps,
    "predict": lambda: core.Predict("question -> answer", temperature=0.5, n=1),
    "react": lambda: core.ReAct("question -> answer", tools=[look, "calculator"], max_iters=2),
    "code_act": lambda: core.CodeAct("question -> answer", tools=[look], max_iters=2),
    "rlm": lambda: core.RLM("question -> answer", max_iters=2, tools=[look], sub_lm=ToyLM()),
    "best_of_n": lambda: core.BestOfN(TwoSteps(), 2, reward, 1.0),
    "refine": lambda: core.Refine(TwoSteps(), 2, lambda inputs, prediction: 1.0, 1.0),
    "embeddings": lambda: _Found(core.Embeddings(["a b", "c d"], core.Embedder(lengths))),
    "typed": lambda: core.TypedPredictor("question -> answer: int"),
    "knn": lambda: KNNFewShot(2, rows("train", 6), lengths, metric=exact).compile(TwoSteps()),
    "ensemble": lambda: Ensemble(reduce_fn=core.majority, size=2).compile([TwoSteps() for _ in range(3)]),
}


class _Found(core.Module):
    """Fetches, and answers."""

    def __init__(self, retriever: Any) -> None:
        super().__init__()
        self.find, self.say = core.Retrieve(1, rm=retriever), TwoSteps()

    def forward(self, question: str) -> Any:
        """Answer."""
        self.find(question)
        return self.say(question=question)


def of_kind(name: str) -> core.Module:
    """Return a program of one step of that kind."""
    if step_kinds.get(name).takes_signature:
        fields = [{"name": "question"}], [{"name": "answer"}]
        return build(single_step("p", "Answer.", *fields, kind=name, options=OPTIONS.get(name)))
    return build(
        {
            "inputs": [{"name": "question"}],
            "steps": [{"name": "find", "kind": name, "inputs": {"query": "question"}}],
            "outputs": {"passages": "find.passages"},
            "corpus": ["a", "b"],
        }
    )


def compiled(name: str) -> core.Module:
    """Return what an optimizer makes of two steps."""
    optimizer = optimizers.get(name).create(SMALL.get(name), metric=exact)
    with context(lm=ToyLM()):
        return optimizer.compile(TwoSteps(), trainset=rows("train", 6), valset=rows("validation", 6))


def names() -> list[str]:
    """Return the names of all programs."""
    kinds = [f"kind {name}" for name in step_kinds.names()]
    return [*MADE, *kinds, *(f"optimizer {name}" for name in optimizers.names())]


def made(name: str) -> core.Module:
    """Return a program by its name, made anew."""
    what, _, which = name.partition(" ")
    if name in MADE:
        return MADE[name]()
    return of_kind(which) if what == "kind" else compiled(which)


def fingerprints() -> dict[str, str]:
    """Return the fingerprints of all programs by name."""
    return {name: of_program(made(name)) for name in names()}
