"""The next choice of a Bayesian search over lists of options, from the choices so far and what they scored.

Knows nothing about programs. The tree-structured Parzen estimator of Bergstra et al. (NeurIPS 2011) over all choices
together, as optuna has it. Nothing is kept between calls: the study is built again from its history, so a search that
was killed asks the same question and gets the same answer.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from core.foundation.errors import MissingExtraError

__all__ = ["Choice", "History", "check_optuna", "suggestions"]

Choice = dict[str, int]
"""{name: which of its options}."""

History = Sequence[tuple[Choice, float]]

MOST_ASKS = 24
"""How often one call asks before it gives up on anything new."""


def check_optuna() -> None:
    """Check that optuna is there.

    Raises:
        MissingExtraError: It is not.
    """
    if importlib.util.find_spec("optuna") is None:
        raise MissingExtraError("optuna", "optuna", purpose="Bayesian search over instructions and demos")


def suggestions(
    sizes: Mapping[str, int], history: History, *, seed: int, startup: int, values: Mapping[str, float]
) -> Iterator[Choice]:
    """Yield choices, best guess first; each is asked for knowing that the one before was known already.

    Args:
        sizes: How many options each name has, two or more.
        history: Choices so far with their scores; higher is better.
        seed: Of the sampler.
        startup: Trials at random before the model speaks.
        values: Scores of known choices by `choice_key`, told to the study where it comes upon one again.
    """
    import optuna
    from optuna.trial import create_trial

    space: dict[str, Any] = {
        name: optuna.distributions.CategoricalDistribution(list(range(size))) for name, size in sizes.items()
    }
    with _quiet(optuna):
        sampler = optuna.samplers.TPESampler(seed=seed % 2**32, multivariate=True, n_startup_trials=startup)
        study = optuna.create_study(direction="maximize", sampler=sampler)
        for choice, value in history:
            study.add_trial(create_trial(params=choice, distributions=space, value=value))
    for _ in range(MOST_ASKS):
        trial = study.ask(space)
        choice = {name: int(trial.params[name]) for name in sizes}
        yield choice
        study.tell(trial, values.get(choice_key(choice), 0.0))


def choice_key(choice: Mapping[str, int]) -> str:
    """Return a choice as a text that equal choices share."""
    return ",".join(f"{name}={choice[name]}" for name in sorted(choice))


@contextmanager
def _quiet(optuna: Any) -> Generator[None]:
    """Keep optuna from announcing studies and from calling its own sampler an experiment."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
