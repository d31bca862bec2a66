"""The one search loop: candidates, budget, ledger, run log, racing, resume.

Knows nothing about any single optimizer; those are in `core.optimizers`, one file each.
"""

from core.search.ablation import Ablation, aablate, ablate
from core.search.budget import Budget, Spend
from core.search.estimate import Amount, Estimate, Phase
from core.search.halving import SuccessiveHalving
from core.search.options import SearchOptions
from core.search.probing import Probe, aprobe, aprobe_writer, probe, probe_writer
from core.search.racing import Curtailed, PairedBetting, RacingRule
from core.search.result import CompileReport
from core.search.run_log import Event, JsonLinesRunLog, MemoryRunLog, RunLog

__all__ = [
    "Ablation",
    "Amount",
    "Budget",
    "CompileReport",
    "Curtailed",
    "Estimate",
    "Event",
    "JsonLinesRunLog",
    "MemoryRunLog",
    "PairedBetting",
    "Phase",
    "Probe",
    "RacingRule",
    "RunLog",
    "SearchOptions",
    "Spend",
    "SuccessiveHalving",
    "aablate",
    "ablate",
    "aprobe",
    "aprobe_writer",
    "probe",
    "probe_writer",
]
