"""The list of commands: one module each, with `summary`, `arguments(parser)` and `run(options)`.

Knows nothing about what they do.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from workbench.cli import (
    ablate,
    compare_runs,
    compile_program,
    evaluate,
    export_version,
    models,
    optimizers,
    run_app,
    runs,
    samples,
    serve_lm,
    worker,
)

__all__ = ["COMMANDS", "Command"]


@dataclass(frozen=True)
class Command:
    """One command."""

    summary: str
    module: ModuleType

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments."""
        self.module.arguments(parser)

    def run(self, options: argparse.Namespace) -> Any:
        """Do it and return its exit code (None: 0)."""
        return self.module.run(options)


COMMANDS = {
    "run": Command("open the workbench in the browser", run_app),
    "eval": Command("score a program on a dataset", evaluate),
    "compile": Command("improve a program with an optimizer", compile_program),
    "ablate": Command("say which part of a compiled program does the work", ablate),
    "optimizers": Command("list the optimizers, or the parameters of one", optimizers),
    "compare": Command("compare two evaluations row by row", compare_runs),
    "export": Command("write a program as files that run without the workbench", export_version),
    "runs": Command("list runs, look at one, stop or resume it", runs),
    "samples": Command("list the sample tasks or open one", samples),
    "models": Command("list models, add or test a connection", models),
    "serve-lm": Command("serve the embedded model as an OpenAI-compatible endpoint", serve_lm),
    "worker": Command("carry out runs (the app starts one by itself)", worker),
}
"""In the order in which help shows them."""
