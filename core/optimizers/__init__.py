"""Optimizers: each one file, found through the registry `optimizers`.

Knows nothing about how candidates are run; `core.search` does that.
"""

from core.optimizers.auto import Auto
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.bayesian import MIPROv2
from core.optimizers.better_together import BetterTogether
from core.optimizers.bootstrap_few_shot import BootstrapFewShot
from core.optimizers.bootstrap_optuna import BootstrapFewShotWithOptuna
from core.optimizers.copro import COPRO
from core.optimizers.ensemble import Ensemble
from core.optimizers.gepa import GEPA
from core.optimizers.infer_rules import InferRules
from core.optimizers.knn_few_shot import KNNFewShot
from core.optimizers.labeled_few_shot import LabeledFewShot
from core.optimizers.opro import OPRO
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch, BootstrapRS
from core.optimizers.simba import SIMBA

__all__ = [
    "COPRO",
    "GEPA",
    "OPRO",
    "SIMBA",
    "Auto",
    "BetterTogether",
    "BootstrapFewShot",
    "BootstrapFewShotWithOptuna",
    "BootstrapFewShotWithRandomSearch",
    "BootstrapRS",
    "Ensemble",
    "InferRules",
    "KNNFewShot",
    "LabeledFewShot",
    "MIPROv2",
    "Optimizer",
    "OptimizerParams",
    "optimizers",
]
