"""What DSPy's agents do with scripted replies: run by its own interpreter, results as JSON on standard output.

Knows nothing about `core`; never reads DSPy's source. The argument is the folder for state files.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any

warnings.filterwarnings("ignore")
sys.stdout, _answers = sys.stderr, sys.stdout  # what is printed on the way is no result

import dspy  # noqa: E402
from dspy.primitives import CodeExecutionError  # noqa: E402
from dspy.utils import DummyLM  # noqa: E402

_spec: Any = importlib.util.spec_from_file_location("agents", Path(__file__).with_name("agents.py"))
agents: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(agents)


def run(name: str, walk: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return what one walk gives, and whether the state that the other side saved loads."""
    lm = DummyLM(walk["replies"])
    interpreter = agents.interpreter_of(CodeExecutionError, dspy.FinalOutput)
    module = agents.made(dspy, walk, interpreter)
    with dspy.context(lm=lm):
        found = agents.walk(module, lambda: [entry["messages"] for entry in lm.history])
    module.save(str(folder / f"{name}.dspy.json"))
    path = folder / f"{name}.ours.json"
    module.load(str(path))
    saved = json.loads(path.read_text("utf-8"))
    loads = all(
        part.signature.instructions == saved[key]["signature"]["instructions"]
        for key, part in module.named_predictors()
    )
    return {**found, "loads": loads}


results = {name: run(name, walk, Path(sys.argv[1])) for name, walk in agents.WALKS.items()}
print(json.dumps(results), file=_answers)
