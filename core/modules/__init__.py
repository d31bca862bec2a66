"""Modules: how a step thinks, and programs made of steps.

Knows nothing about evaluation, optimizers or the workbench.
"""

from core.modules.aggregate import majority
from core.modules.assertions import Assert, DSPyAssertionError, DSPySuggestionError, Suggest
from core.modules.backtracking import (
    assert_no_except_handler,
    assert_transform_module,
    backtrack_handler,
    bypass_assert_handler,
    bypass_suggest_handler,
    noop_handler,
)
from core.modules.best_of_n import BestOfN
from core.modules.chain_of_thought import ChainOfThought
from core.modules.colours import asyncify, syncify
from core.modules.hint import ChainOfThoughtWithHint
from core.modules.knn import KNN
from core.modules.module import Module
from core.modules.multi_chain_comparison import MultiChainComparison
from core.modules.overrides import Override, overriding
from core.modules.parallel import Parallel
from core.modules.parameter import Parameter
from core.modules.predict import Predict
from core.modules.refine import Refine
from core.modules.retrieve import Retrieve
from core.modules.retry import Retry
from core.modules.saving import load_program
from core.modules.typed import FunctionalModule, TypedChainOfThought, TypedPredictor, cot, predictor

__all__ = [
    "KNN",
    "Assert",
    "BestOfN",
    "ChainOfThought",
    "ChainOfThoughtWithHint",
    "DSPyAssertionError",
    "DSPySuggestionError",
    "FunctionalModule",
    "Module",
    "MultiChainComparison",
    "Override",
    "Parallel",
    "Parameter",
    "Predict",
    "Refine",
    "Retrieve",
    "Retry",
    "Suggest",
    "TypedChainOfThought",
    "TypedPredictor",
    "assert_no_except_handler",
    "assert_transform_module",
    "asyncify",
    "backtrack_handler",
    "bypass_assert_handler",
    "bypass_suggest_handler",
    "cot",
    "load_program",
    "majority",
    "noop_handler",
    "overriding",
    "predictor",
    "syncify",
]
