"""Optimizers: each one file, found through the registry `optimizers`.

Knows nothing about how candidates are run; `core.search` does that.
"""

from core.optimizers.base import Optimizer, OptimizerParams, optimizers

__all__ = ["Optimizer", "OptimizerParams", "optimizers"]
