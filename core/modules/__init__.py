"""Modules: how a step thinks, and programs made of steps.

Knows nothing about evaluation, optimizers or the workbench. Agents are loaded when first asked for: tools need
pydantic, which a program without them does not pay for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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
from core.modules.for_each import ForEach
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
from core.modules.rules import Rules
from core.modules.sampled import ComparedChains, MajorityVote
from core.modules.saving import load_program
from core.modules.typed import FunctionalModule, TypedChainOfThought, TypedPredictor, cot, predictor

if TYPE_CHECKING:
    from core.modules.code_act import CodeAct
    from core.modules.program_of_thought import ProgramOfThought
    from core.modules.react import ReAct
    from core.modules.react_v2 import ReActV2
    from core.modules.rlm import RLM
    from core.modules.sandbox import PythonInterpreter

_LATER = {
    "CodeAct": "core.modules.code_act",
    "ProgramOfThought": "core.modules.program_of_thought",
    "PythonInterpreter": "core.modules.sandbox",
    "RLM": "core.modules.rlm",
    "ReAct": "core.modules.react",
    "ReActV2": "core.modules.react_v2",
}

__all__ = [
    "KNN",
    "RLM",
    "Assert",
    "BestOfN",
    "ChainOfThought",
    "ChainOfThoughtWithHint",
    "CodeAct",
    "ComparedChains",
    "DSPyAssertionError",
    "DSPySuggestionError",
    "ForEach",
    "FunctionalModule",
    "MajorityVote",
    "Module",
    "MultiChainComparison",
    "Override",
    "Parallel",
    "Parameter",
    "Predict",
    "ProgramOfThought",
    "PythonInterpreter",
    "ReAct",
    "ReActV2",
    "Refine",
    "Retrieve",
    "Retry",
    "Rules",
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


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'core.modules' has no attribute '{name}'")
    value = getattr(importlib.import_module(_LATER[name]), name)
    globals()[name] = value
    return value
