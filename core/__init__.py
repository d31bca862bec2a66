"""Workbench's engine: program language models, measure the program, compile it.

    import core

    core.configure(lm=core.LM("embedded/in-context"))
    core.Predict("question -> answer")(question="What is the capital of France?")

Names are resolved on first use, so importing costs next to nothing and loads no third-party package.
"""

# pyright: reportUnusedImport=false
# ruff: noqa: F401

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from core.interop import paths as _paths
from core.interop.lacking import instead_of as _instead_of

__version__ = "0.1.0"

_HOME = {
    "Adapter": "core.adapters",
    "AdapterParseError": "core.foundation.errors",
    "AgentError": "core.foundation.errors",
    "Anthropic": "core.interop.clients",
    "Anyscale": "core.interop.clients",
    "Assert": "core.modules",
    "Assistant": "core.lm",
    "Audio": "core.data.types",
    "Auto": "core.optimizers",
    "AzureOpenAI": "core.interop.clients",
    "BM25": "core.retrieval",
    "BaseCallback": "core.callbacks",
    "BaseLM": "core.lm",
    "BayesianSignatureOptimizer": "core.interop.bayesian_signature_optimizer",
    "BestOfN": "core.modules",
    "BetterTogether": "core.optimizers",
    "BootstrapFewShot": "core.optimizers",
    "BootstrapFewShotWithOptuna": "core.optimizers",
    "BootstrapFewShotWithRandomSearch": "core.optimizers",
    "BootstrapRS": "core.optimizers",
    "Budget": "core.search",
    "BudgetExceeded": "core.foundation.errors",
    "COPRO": "core.optimizers",
    "ChainOfThought": "core.modules",
    "ChainOfThoughtWithHint": "core.modules",
    "ChatAdapter": "core.adapters",
    "ChatModuleClient": "core.interop.clients",
    "Claude": "core.interop.clients",
    "Code": "core.data.types",
    "CodeAct": "core.modules.code_act",
    "CodeExecutionError": "core.foundation.errors",
    "CodeInterpreter": "core.modules.sandbox",
    "CodeInterpreterError": "core.foundation.errors",
    "Cohere": "core.interop.clients",
    "ColBERTv2": "core.retrieval",
    "ComparedChains": "core.modules",
    "Completions": "core.data",
    "ContextWindowExceededError": "core.foundation.errors",
    "DSPyAssertionError": "core.modules",
    "DSPyError": "core.foundation.errors",
    "DSPySuggestionError": "core.modules",
    "Databricks": "core.interop.clients",
    "Dataset": "core.data.dataset",
    "Developer": "core.lm",
    "EmbeddedLM": "core.lm",
    "Embedder": "core.lm",
    "Embeddings": "core.retrieval",
    "EmbeddingsWithScores": "core.retrieval",
    "Ensemble": "core.optimizers",
    "Evaluate": "core.evaluate",
    "EvaluationResult": "core.evaluate",
    "Example": "core.data",
    "FallbackLM": "core.lm",
    "File": "core.data.types",
    "FinalOutput": "core.modules.sandbox",
    "ForEach": "core.modules",
    "FunctionalModule": "core.modules",
    "GEPA": "core.optimizers",
    "Google": "core.interop.clients",
    "Groq": "core.interop.clients",
    "HFClientTGI": "core.interop.clients",
    "HFClientVLLM": "core.interop.clients",
    "HFModel": "core.interop.clients",
    "History": "core.data.types",
    "Image": "core.data.types",
    "InferRules": "core.optimizers",
    "InputField": "core.signature",
    "JSONAdapter": "core.adapters",
    "KNN": "core.modules",
    "KNNFewShot": "core.optimizers",
    "LM": "core.lm",
    "LMAuthError": "core.foundation.errors",
    "LMBillingError": "core.foundation.errors",
    "LMConfig": "core.lm",
    "LMConfigurationError": "core.foundation.errors",
    "LMError": "core.foundation.errors",
    "LMInvalidRequestError": "core.foundation.errors",
    "LMMessage": "core.lm",
    "LMNotConfiguredError": "core.foundation.errors",
    "LMProviderError": "core.foundation.errors",
    "LMRateLimitError": "core.foundation.errors",
    "LMRequest": "core.messages",
    "LMResponse": "core.messages",
    "LMServerError": "core.foundation.errors",
    "LMTimeoutError": "core.foundation.errors",
    "LMTransportError": "core.foundation.errors",
    "LMUnexpectedError": "core.foundation.errors",
    "LMUnsupportedFeatureError": "core.foundation.errors",
    "LMUnsupportedModelError": "core.foundation.errors",
    "LabeledFewShot": "core.optimizers",
    "MIPRO": "core.interop.bayesian_signature_optimizer",
    "MIPROv2": "core.optimizers",
    "MajorityVote": "core.modules",
    "Mistral": "core.interop.clients",
    "Module": "core.modules",
    "MultiChainComparison": "core.modules",
    "OPRO": "core.optimizers",
    "OllamaLocal": "core.interop.clients",
    "OpenAI": "core.interop.clients",
    "OutputField": "core.signature",
    "Parallel": "core.modules",
    "Pipeline": "core.pipeline",
    "Predict": "core.modules",
    "Prediction": "core.data",
    "ProgramOfThought": "core.modules.program_of_thought",
    "ProgramSpec": "core.pipeline",
    "PythonInterpreter": "core.modules.sandbox",
    "RLM": "core.modules.rlm",
    "ReAct": "core.modules.react",
    "ReActV2": "core.modules.react_v2",
    "Reasoning": "core.data.types",
    "Refine": "core.modules",
    "Retrieve": "core.modules",
    "Retry": "core.modules",
    "Rules": "core.modules",
    "SIMBA": "core.optimizers",
    "SandboxSerializable": "core.modules.sandbox",
    "ScriptedLM": "core.lm",
    "Signature": "core.signature",
    "SignatureMeta": "core.signature",
    "SignatureOptimizer": "core.interop.teleprompters",
    "Suggest": "core.modules",
    "System": "core.lm",
    "Together": "core.interop.clients",
    "Tool": "core.data.types",
    "ToolCallResults": "core.data.types",
    "ToolCalls": "core.data.types",
    "ToolResult": "core.lm",
    "Trace": "core.trace",
    "TwoStepAdapter": "core.adapters",
    "Type": "core.data.types",
    "TypedChainOfThought": "core.modules",
    "TypedPredictor": "core.modules",
    "User": "core.lm",
    "WorkbenchError": "core.foundation.errors",
    "XMLAdapter": "core.adapters",
    "assert_no_except_handler": "core.modules",
    "assert_transform_module": "core.modules",
    "asyncify": "core.modules",
    "backtrack_handler": "core.modules",
    "budget": "core.lm.spending",
    "build": "core.pipeline",
    "bypass_assert_handler": "core.modules",
    "bypass_suggest_handler": "core.modules",
    "cache": "core.lm.cache_view",
    "collect": "core.trace",
    "configure": "core.settings",
    "configure_cache": "core.lm",
    "context": "core.settings",
    "cot": "core.modules",
    "deduplicate": "core.retrieval",
    "disable_logging": "core.interop.loggers",
    "enable_logging": "core.interop.loggers",
    "ensure_signature": "core.signature",
    "from_huggingface": "core.data.hub",
    "inspect_history": "core.lm",
    "is_retryable_lm_error": "core.foundation.errors",
    "load_dataset": "core.data.loaders",
    "majority": "core.modules",
    "make_metric": "core.evaluate",
    "make_signature": "core.signature",
    "noop_handler": "core.modules",
    "optimize_signature": "core.interop.optimize_signature",
    "predictor": "core.modules",
    "settings": "core.settings",
    "streamify": "core.streaming",
    "syncify": "core.modules",
    "traced": "core.trace",
    "track_usage": "core.lm",
    "tree": "core.trace",
    "with_callbacks": "core.callbacks",
}

__all__ = ["__version__", *sorted(_HOME)]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None and name in _paths.UNLISTED:
        return _paths.resolve(name)
    if home is None:
        if advice := _instead_of("core", name):
            raise AttributeError(advice)
        return _sub_module(name)
    module = importlib.import_module(home)
    value = module if name == "settings" else getattr(module, name)
    globals()[name] = value
    return value


def _sub_module(name: str) -> Any:
    """Return `core.name`, a package of ours or a path of DSPy's, as an attribute without an import before."""
    if not name.startswith("_"):
        try:
            return importlib.import_module(f"core.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"core.{name}":
                raise
    raise AttributeError(f"module 'core' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__


_paths.install()

if TYPE_CHECKING:
    from core import settings as settings
    from core.adapters import Adapter, ChatAdapter, JSONAdapter, TwoStepAdapter, XMLAdapter
    from core.callbacks import BaseCallback, with_callbacks
    from core.data import Completions, Example, Prediction
    from core.data.dataset import Dataset
    from core.data.hub import from_huggingface
    from core.data.loaders import load_dataset
    from core.data.types import (
        Audio,
        Code,
        File,
        History,
        Image,
        Reasoning,
        Tool,
        ToolCallResults,
        ToolCalls,
        Type,
    )
    from core.evaluate import Evaluate, EvaluationResult, make_metric
    from core.foundation.errors import (
        AdapterParseError,
        AgentError,
        BudgetExceeded,
        CodeExecutionError,
        CodeInterpreterError,
        ContextWindowExceededError,
        DSPyError,
        LMAuthError,
        LMBillingError,
        LMConfigurationError,
        LMError,
        LMInvalidRequestError,
        LMNotConfiguredError,
        LMProviderError,
        LMRateLimitError,
        LMServerError,
        LMTimeoutError,
        LMTransportError,
        LMUnexpectedError,
        LMUnsupportedFeatureError,
        LMUnsupportedModelError,
        WorkbenchError,
        is_retryable_lm_error,
    )
    from core.interop.bayesian_signature_optimizer import MIPRO, BayesianSignatureOptimizer
    from core.interop.clients import (
        Anthropic,
        Anyscale,
        AzureOpenAI,
        ChatModuleClient,
        Claude,
        Cohere,
        Databricks,
        Google,
        Groq,
        HFClientTGI,
        HFClientVLLM,
        HFModel,
        Mistral,
        OllamaLocal,
        OpenAI,
        Together,
    )
    from core.interop.loggers import disable_logging, enable_logging
    from core.interop.optimize_signature import optimize_signature
    from core.interop.teleprompters import SignatureOptimizer
    from core.lm import (
        LM,
        Assistant,
        BaseLM,
        Developer,
        EmbeddedLM,
        Embedder,
        FallbackLM,
        LMConfig,
        LMMessage,
        ScriptedLM,
        System,
        ToolResult,
        User,
        configure_cache,
        inspect_history,
        track_usage,
    )
    from core.lm.cache_view import cache
    from core.lm.spending import budget
    from core.messages import LMRequest, LMResponse
    from core.modules import (
        KNN,
        Assert,
        BestOfN,
        ChainOfThought,
        ChainOfThoughtWithHint,
        ComparedChains,
        DSPyAssertionError,
        DSPySuggestionError,
        ForEach,
        FunctionalModule,
        MajorityVote,
        Module,
        MultiChainComparison,
        Parallel,
        Predict,
        Refine,
        Retrieve,
        Retry,
        Rules,
        Suggest,
        TypedChainOfThought,
        TypedPredictor,
        assert_no_except_handler,
        assert_transform_module,
        asyncify,
        backtrack_handler,
        bypass_assert_handler,
        bypass_suggest_handler,
        cot,
        majority,
        noop_handler,
        predictor,
        syncify,
    )
    from core.modules.code_act import CodeAct
    from core.modules.program_of_thought import ProgramOfThought
    from core.modules.react import ReAct
    from core.modules.react_v2 import ReActV2
    from core.modules.rlm import RLM
    from core.modules.sandbox import CodeInterpreter, FinalOutput, PythonInterpreter, SandboxSerializable
    from core.optimizers import (
        COPRO,
        GEPA,
        OPRO,
        SIMBA,
        Auto,
        BetterTogether,
        BootstrapFewShot,
        BootstrapFewShotWithOptuna,
        BootstrapFewShotWithRandomSearch,
        BootstrapRS,
        Ensemble,
        InferRules,
        KNNFewShot,
        LabeledFewShot,
        MIPROv2,
    )
    from core.pipeline import Pipeline, ProgramSpec, build
    from core.retrieval import BM25, ColBERTv2, Embeddings, EmbeddingsWithScores, deduplicate
    from core.search import Budget
    from core.settings import configure, context
    from core.signature import (
        InputField,
        OutputField,
        Signature,
        SignatureMeta,
        ensure_signature,
        make_signature,
    )
    from core.streaming import streamify
    from core.trace import Trace, collect, traced, tree
