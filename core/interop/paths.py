"""DSPy's import paths: `core.teleprompt`, `core.predict`, `core.utils` … resolve as `dspy`'s do.

Knows nothing about what the names do: a table says where each lives. A path is a module made when it is first
imported; its names are looked up when they are first used.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, cast

from core.interop.lacking import instead_of

__all__ = ["PATHS", "UNLISTED", "PathFinder", "install", "paths", "resolve"]

_ADAPTERS = "Adapter ChatAdapter JSONAdapter TwoStepAdapter XMLAdapter"
_TYPES = "Audio Code File History Image Reasoning Tool ToolCallResults ToolCalls Type"
_SIGNATURES = "InputField OutputField Signature SignatureMeta ensure_signature infer_prefix make_signature"
_CODE = "CodeExecutionError CodeInterpreter CodeInterpreterError FinalOutput PythonInterpreter"
_TYPED = "FunctionalModule TypedChainOfThought TypedPredictor cot predictor"
_ASSERTIONS = (
    "Assert DSPyAssertionError DSPySuggestionError Retry Suggest assert_no_except_handler "
    "assert_transform_module backtrack_handler bypass_assert_handler bypass_suggest_handler noop_handler"
)
_METRICS = "EM F1 HotPotF1 answer_exact_match answer_passage_match normalize_text"
_CLIENTS = (
    "Anthropic Anyscale AzureOpenAI ChatModuleClient Claude Cohere Databricks Google Groq HFClientTGI "
    "HFClientVLLM HFModel Mistral OllamaLocal OpenAI Together"
)
_MODULES = (
    "BestOfN ChainOfThought ChainOfThoughtWithHint CodeAct KNN MultiChainComparison Parallel Predict "
    "ProgramOfThought RLM ReAct ReActV2 Refine Retry Tool majority"
)
_OPTIMIZERS = (
    "BayesianSignatureOptimizer BetterTogether BootstrapFewShot BootstrapFewShotWithOptuna "
    "BootstrapFewShotWithRandomSearch BootstrapRS COPRO Ensemble GEPA InferRules KNNFewShot "
    "LabeledFewShot MIPRO MIPROv2 SIMBA SignatureOptimizer Teleprompter"
)

PATHS: dict[str, str] = {
    "adapters.baml_adapter": "BAMLAdapter",
    "adapters.chat_adapter": "ChatAdapter",
    "adapters.json_adapter": "JSONAdapter",
    "adapters.two_step_adapter": "TwoStepAdapter",
    "adapters.types": _TYPES,
    "adapters.types.audio": "Audio",
    "adapters.types.base_type": "Type",
    "adapters.types.citation": "Citations",
    "adapters.types.code": "Code",
    "adapters.types.document": "Document",
    "adapters.types.file": "File",
    "adapters.types.history": "History",
    "adapters.types.image": "Image",
    "adapters.types.reasoning": "Reasoning",
    "adapters.types.tool": "Tool ToolCallResults ToolCalls",
    "adapters.utils": "parse_value",
    "adapters.xml_adapter": "XMLAdapter",
    "clients": "BaseLM Cache Embedder LM configure_cache inspect_history",
    "clients.base_lm": "BaseLM",
    "clients.cache": "Cache",
    "clients.embedding": "Embedder",
    "clients.lm": "LM",
    "datasets": "Colors DataLoader Dataset=DSPyDataset GSM8K HotPotQA MATH",
    "datasets.colors": "Colors",
    "datasets.dataloader": "DataLoader",
    "datasets.dataset": "Dataset=DSPyDataset",
    "datasets.gsm8k": "GSM8K gsm8k_metric parse_integer_answer",
    "datasets.hotpotqa": "HotPotQA",
    "datasets.math": "MATH",
    "dsp": "ColBERTv2 LM=LegacyLM " + _CLIENTS,
    "dsp.colbertv2": "ColBERTv2",
    "dsp.modules": "ColBERTv2 LM=LegacyLM " + _CLIENTS,
    "dsp.modules.lm": "LM=LegacyLM",
    "dsp.utils": "EM F1 HotPotF1 deduplicate dotdict flatten normalize_text settings",
    "dsp.utils.settings": "settings",
    "dsp.utils.utils": "deduplicate dotdict flatten",
    "experimental": "Citations Document",
    "functional": _TYPED,
    "functional.functional": _TYPED,
    "predict": _MODULES + " Retrieve",
    "predict.aggregation": "majority default_normalize normalize_text",
    "predict.best_of_n": "BestOfN",
    "predict.chain_of_thought": "ChainOfThought",
    "predict.code_act": "CodeAct",
    "predict.knn": "KNN",
    "predict.multi_chain_comparison": "MultiChainComparison",
    "predict.parallel": "Parallel",
    "predict.parameter": "Parameter",
    "predict.predict": "Predict",
    "predict.program_of_thought": "ProgramOfThought",
    "predict.react": "ReAct Tool",
    "predict.react_v2": "ReActV2",
    "predict.refine": "Refine",
    "predict.retry": "Retry",
    "predict.rlm": "RLM",
    "primitives": f"BaseModule Completions Example Module Prediction {_CODE} {_ASSERTIONS}",
    "primitives.assertions": _ASSERTIONS,
    "primitives.base_module": "BaseModule",
    "primitives.code_interpreter": "CodeExecutionError CodeInterpreter CodeInterpreterError FinalOutput",
    "primitives.example": "Example",
    "primitives.module": "Module",
    "primitives.prediction": "Completions Prediction",
    "primitives.program": "Module",
    "primitives.python_interpreter": "CodeInterpreterError PythonInterpreter",
    "retrieve": "ColBERTv2 Retrieve",
    "retrieve.retrieve": "Retrieve",
    "retrievers": "ColBERTv2 Embeddings EmbeddingsWithScores Retrieve",
    "retrievers.embeddings": "Embeddings EmbeddingsWithScores",
    "retrievers.retrieve": "Retrieve",
    "signatures": _SIGNATURES,
    "signatures.field": "InputField OutputField",
    "signatures.signature": _SIGNATURES,
    "streaming.streaming_listener": "StreamListener",
    "teleprompt": _OPTIMIZERS,
    "teleprompt.bootstrap": "BootstrapFewShot",
    "teleprompt.signature_opt_typed": "optimize_signature",
    "teleprompt.bettertogether": "BetterTogether",
    "teleprompt.ensemble": "Ensemble",
    "teleprompt.knn_fewshot": "KNNFewShot",
    "teleprompt.teleprompt_optuna": "BootstrapFewShotWithOptuna",
    "teleprompt.infer_rules": "InferRules",
    "teleprompt.copro_optimizer": "COPRO",
    "teleprompt.mipro_optimizer": "MIPRO",
    "teleprompt.mipro_optimizer_v2": "MIPROv2",
    "teleprompt.signature_opt_bayesian": "BayesianSignatureOptimizer",
    "teleprompt.signature_opt": "COPRO SignatureOptimizer",
    "teleprompt.gepa": "GEPA",
    "teleprompt.gepa.gepa": "DspyGEPAResult=GEPAResult GEPA",
    "teleprompt.gepa.gepa_utils": "ScoreWithFeedback=Prediction",
    "teleprompt.random_search": "BootstrapFewShotWithRandomSearch",
    "teleprompt.simba": "SIMBA",
    "teleprompt.teleprompt": "Teleprompter",
    "teleprompt.vanilla": "LabeledFewShot",
    "utils": (
        "BaseCallback DummyLM DummyVectorizer StatusMessage StatusMessageProvider asyncify deduplicate dummy_rm "
        "inspect_history syncify with_callbacks"
    ),
    "utils.asyncify": "asyncify",
    "utils.callback": "ACTIVE_CALL_ID BaseCallback with_callbacks",
    "utils.dummies": "DummyLM DummyVectorizer dummy_rm",
    "utils.exceptions": "AdapterParseError ContextWindowExceededError",
    "utils.inspect_history": "inspect_history",
    "utils.logging_utils": "disable_logging enable_logging",
    "utils.parallelizer": "ParallelExecutor",
    "utils.saving": "load",
    "utils.syncify": "syncify",
    "utils.usage_tracker": "track_usage",
}
"""Path below `core` → the names in it; `Name=other` is known here under another name than at its home."""

UNLISTED = (
    "AssertionError", "BaseModule", "DSPY_CACHE", "SuggestionError", "disable_litellm_logging",
    "enable_litellm_logging", "infer_prefix", "load",
)  # fmt: skip
"""Names that `core` resolves and that `import *` does not bring: they hide Python's own, or few programs need them."""

_HOMES: dict[str, str] = {
    "ACTIVE_CALL_ID": "core.callbacks",
    "AssertionError": "core.foundation.errors:AssertionFailed",
    "BAMLAdapter": "core.adapters",
    "BaseModule": "core.modules.module:Module",
    "Cache": "core.lm",
    "Citations": "core.data.types",
    "Document": "core.data.types",
    "DSPY_CACHE": "core.lm.cache_view:cache",
    "DSPyAssertionError": "core.modules.assertions",
    "DSPyDataset": "core.interop.datasets.dataset:Dataset",
    "DSPySuggestionError": "core.modules.assertions",
    "DummyLM": "core.interop.dummies",
    "DummyVectorizer": "core.interop.dummies",
    "EM": "core.evaluate",
    "F1": "core.evaluate",
    "GEPAResult": "core.optimizers.gepa_result",
    "HotPotF1": "core.evaluate",
    "LegacyLM": "core.interop.legacy_lm",
    "ParallelExecutor": "core.interop.parallelizer",
    "Parameter": "core.modules.parameter",
    "SuggestionError": "core.foundation.errors:SuggestionFailed",
    "Teleprompter": "core.interop.teleprompter",
    "answer_exact_match": "core.evaluate",
    "answer_passage_match": "core.evaluate",
    "default_normalize": "core.modules.aggregate",
    "dummy_rm": "core.interop.dummies",
    **dict.fromkeys(("disable_litellm_logging", "enable_litellm_logging"), "core.interop.loggers"),
    **dict.fromkeys(("dotdict", "flatten", "parse_value"), "core.interop.small"),
    "gsm8k_metric": "core.interop.datasets.gsm8k",
    "load": "core.modules.saving:load_program",
    "normalize_text": "core.evaluate",
    "parse_integer_answer": "core.interop.datasets.gsm8k",
    **dict.fromkeys(
        [
            "StatusMessage",
            "StatusMessageProvider",
            "StreamListener",
            "StreamResponse",
            "apply_sync_streaming",
        ],
        "core.streaming",
    ),
    "infer_prefix": "core.signature",
    "streaming_response": "core.streaming",
    **dict.fromkeys(("Colors", "DataLoader", "GSM8K", "HotPotQA", "MATH"), "core.interop.datasets"),
}
"""Names that `core` itself does not have → module, or module:name there."""


def paths() -> list[str]:
    """Return every importable path with the packages above it, `core.` in front."""
    parts = {".".join(path.split(".")[:depth]) for path in PATHS for depth in range(1, path.count(".") + 2)}
    return sorted(f"core.{part}" for part in parts)


def resolve(name: str) -> Any:
    """Return what is known under a name.

    Raises:
        AttributeError: Nothing is.
    """
    home = _HOMES.get(name)
    if home is None:
        return getattr(sys.modules["core"], name)
    module, _, attribute = home.partition(":")
    return getattr(importlib.import_module(module), attribute or name)


class _Path(ModuleType):
    """A module whose names are those of a table."""

    def __getattr__(self, name: str) -> Any:
        home = self.__dict__.get("_names", {}).get(name)
        if home is not None:
            value = resolve(home)
        elif not name.startswith("_") and f"{self.__name__}.{name}" in _KNOWN:
            return importlib.import_module(f"{self.__name__}.{name}")
        else:
            raise AttributeError(
                instead_of(self.__name__, name) or f"module '{self.__name__}' has no attribute '{name}'"
            )
        self.__dict__[name] = value
        return value

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self.__dict__["_names"]})


class PathFinder:
    """Finds and loads the paths of the table below `core`, after everything that is really there.

    It has the methods of a finder and of a loader without `importlib.abc`, whose import costs more than `core`.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a path of ours, None for anything else.

        Raises:
            ModuleNotFoundError: DSPy has it and `core` has not; says what to do instead.
        """
        if not fullname.startswith("core."):
            return None
        if fullname not in _KNOWN:
            place, _, name = fullname.rpartition(".")
            if advice := instead_of(place, name):
                raise ModuleNotFoundError(
                    advice
                )  # without a name: `from … import …` would put its own words there
            return None
        return ModuleSpec(fullname, cast("Any", self), origin="core.interop.paths", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, its names not yet looked up."""
        made = _Path(spec.name, f"The names of DSPy's `{spec.name.removeprefix('core.')}`.")
        pairs = (item.partition("=") for item in PATHS.get(spec.name.removeprefix("core."), "").split())
        made.__dict__["_names"] = {name: home or name for name, _, home in pairs}
        made.__dict__["__all__"] = sorted(made.__dict__["_names"])
        return made

    def exec_module(self, module: ModuleType) -> None:
        """Nothing has to run."""


_KNOWN = frozenset(paths())


def install() -> None:
    """Let the import system find the paths; a second time changes nothing."""
    if not any(isinstance(finder, PathFinder) for finder in sys.meta_path):
        sys.meta_path.append(cast("Any", PathFinder()))
