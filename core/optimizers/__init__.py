"""Optimizers: each one file, found through the registry `optimizers`.

Knows nothing about how candidates are run; `core.search` does that.
"""

from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.bayesian import MIPROv2
from core.optimizers.bootstrap_few_shot import BootstrapFewShot
from core.optimizers.copro import COPRO
from core.optimizers.gepa import GEPA
from core.optimizers.labeled_few_shot import LabeledFewShot
from core.optimizers.opro import OPRO
from core.optimizers.random_search import BootstrapFewShotWithRandomSearch, BootstrapRS
from core.optimizers.simba import SIMBA

__all__ = [
    "COPRO",
    "GEPA",
    "OPRO",
    "SIMBA",
    "BootstrapFewShot",
    "BootstrapFewShotWithRandomSearch",
    "BootstrapRS",
    "LabeledFewShot",
    "MIPROv2",
    "Optimizer",
    "OptimizerParams",
    "optimizers",
]
