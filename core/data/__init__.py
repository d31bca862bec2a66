"""Data: examples, predictions, datasets and their loaders.

Knows nothing about models or modules.
"""

from core.data.example import Example
from core.data.prediction import Completions, Prediction

__all__ = ["Completions", "Example", "Prediction"]
