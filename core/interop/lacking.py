"""What DSPy has and `core` has not: what to do instead, said where a program asks for it.

Knows nothing about what is there. A name is looked for wherever it may be imported from, a path with all below it.
"""

from __future__ import annotations

__all__ = ["NAMES", "PATHS", "instead_of"]

_FINETUNING = (
    "fine-tuning is not there yet; BootstrapFewShot, MIPROv2 and GEPA compile prompts for the model as it is"
)
_SERVICE = (
    "it is a vendor's service; any callable is a retriever: core.configure(rm=lambda query, k=3: [...])"
)
_AVATAR = "core.ReAct is the agent, and every optimizer compiles it"
_FLEX = "write a core.Module; core.GEPA and core.MIPROv2 rewrite its instructions, never its code"
_CLIENT = "core.LM(model, api_base=...) speaks to every endpoint; a class of one's own is a core.BaseLM with `complete`"
_ERROR = "catch core.LMError, or one of those below it"

NAMES: dict[str, str] = {
    "AlfWorld": "it needs a game server of its own",
    "Avatar": _AVATAR,
    "AvatarOptimizer": _AVATAR,
    "BootstrapFinetune": _FINETUNING,
    "DatabricksRM": _SERVICE,
    "FinetuneTeleprompter": _FINETUNING,
    "Flex": _FLEX,
    "GEPAFeedbackMetric": "any callable (gold, pred, trace, pred_name, pred_trace) is a metric of core.GEPA",
    "GRPO": _FINETUNING,
    "LMCollectionLimitError": _ERROR,
    "LMLockTimeoutError": _ERROR,
    "LMStreamAssemblyError": _ERROR,
    "LocalInterpreter": "core.PythonInterpreter runs code in a worker process",
    "MultiModalInstructionProposer": "core.GEPA(instruction_proposer=...) takes any callable",
    "OldField": "core.InputField and core.OutputField",
    "OldInputField": "core.InputField",
    "OldOutputField": "core.OutputField",
    "Provider": _FINETUNING,
    "TrainingJob": _FINETUNING,
    "WeaviateRM": _SERVICE,
    "bootstrap_trace_data": "core.collect() gathers the steps of a run: with core.collect() as steps: program(...)",
    "configure_dspy_loggers": "set the level of logging.getLogger('core'), or core.enable_logging()",
    "load_settings": "settings of DSPy's are a pickle, which can run code; call core.configure(...) with the values",
    "lm15": "core.LMRequest, core.System, core.User and core.LMResponse are the typed messages",
    "resolve_interpreter_factory": "give interpreter_factory=core.PythonInterpreter, or a function that makes one",
}
"""Name → what to do instead."""

PATHS: dict[str, str] = {
    "clients.databricks": _CLIENT,
    "clients.lm_local": "core.LM('local/<folder or hub name>') runs a checkpoint in this process",
    "clients.openai": _CLIENT,
    "clients.provider": _FINETUNING,
    "clients.utils_finetune": _FINETUNING,
    "datasets.alfworld": NAMES["AlfWorld"],
    "predict.avatar": _AVATAR,
    "predict.flex": _FLEX,
    "primitives.local_interpreter": NAMES["LocalInterpreter"],
    "propose": "core.MIPROv2 proposes instructions by itself; core.GEPA(instruction_proposer=...) takes any callable",
    "retrieve.databricks_rm": _SERVICE,
    "retrieve.weaviate_rm": _SERVICE,
    "retrievers.databricks_rm": _SERVICE,
    "retrievers.weaviate_rm": _SERVICE,
    "teleprompt.avatar_optimizer": _AVATAR,
    "teleprompt.bootstrap_finetune": _FINETUNING,
    "teleprompt.bootstrap_trace": NAMES["bootstrap_trace_data"],
    "teleprompt.gepa.gepa_flex_utils": _FLEX,
    "teleprompt.gepa.instruction_proposal": NAMES["MultiModalInstructionProposer"],
    "teleprompt.grpo": _FINETUNING,
    "teleprompt.simba_utils": "core.SIMBA is whole; its steps are no functions of their own",
    "teleprompt.utils": "core.Evaluate scores a program on rows",
}
"""Path below `core` → what to do instead; holds for all that is below it."""


def instead_of(place: str, name: str) -> str:
    """Return what to say to a program that asks a module for a name; empty where nothing is known of it.

    Args:
        place: The module, e.g. "core.teleprompt".
        name: The name, or the last part of a path.
    """
    path = f"{place}.{name}".partition(".")[2]
    advice = PATHS.get(path) or NAMES.get(name)
    return f"`{place}` has no `{name}`, as DSPy has. Instead: {advice}." if advice else ""
