"""Modules: how a step thinks, and programs made of steps.

Knows nothing about evaluation, optimizers or the workbench.
"""

from core.modules.chain_of_thought import ChainOfThought
from core.modules.module import Module
from core.modules.overrides import Override, overriding
from core.modules.parameter import Parameter
from core.modules.predict import Predict
from core.modules.retrieve import Retrieve

__all__ = ["ChainOfThought", "Module", "Override", "Parameter", "Predict", "Retrieve", "overriding"]
