"""DSPy's `datasets`: its base class, its loader, and data sets by name, one file each.

Knows nothing about optimizers. `core.Dataset` is the workbench's own, with ids, splits and fingerprints.
"""

from core.interop.datasets.colors import Colors
from core.interop.datasets.dataloader import DataLoader
from core.interop.datasets.dataset import Dataset
from core.interop.datasets.gsm8k import GSM8K
from core.interop.datasets.hotpotqa import HotPotQA
from core.interop.datasets.math import MATH

__all__ = ["GSM8K", "MATH", "Colors", "DataLoader", "Dataset", "HotPotQA"]
