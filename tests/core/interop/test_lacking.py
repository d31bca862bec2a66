"""What DSPy has and `core` has not says what to do instead, wherever a program asks for it."""

import importlib
import re
import subprocess
import sys

import pytest

import core
from core.interop.lacking import NAMES, PATHS, instead_of
from core.interop.paths import paths


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_is_an_attribute_error_with_advice(name: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(NAMES[name])):
        getattr(core, name)
    assert not hasattr(core, name)


@pytest.mark.parametrize(
    "statement",
    [
        "from core import BootstrapFinetune",
        "from core.teleprompt import BootstrapFinetune",
        "from core.clients import Provider",
        "from core.predict import Flex",
        "from core import propose",
        "import core.propose",
        "import core.propose.grounded_proposer",
        "from core.propose import GroundedProposer",
        "from core.teleprompt.gepa import instruction_proposal",
        "import core.clients.provider",
    ],
)
def test_an_import_is_an_import_error_with_advice(statement: str) -> None:
    code = f"try:\n    {statement}\nexcept ImportError as error:\n    print(error)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "as DSPy has. Instead: " in done.stdout


@pytest.mark.parametrize("path", sorted(PATHS))
def test_a_path_is_an_import_error_with_advice(path: str) -> None:
    with pytest.raises(ModuleNotFoundError, match=re.escape(PATHS[path])):
        importlib.import_module(f"core.{path}")


def test_nothing_that_is_there_is_called_lacking() -> None:
    assert not {f"core.{path}" for path in PATHS} & set(paths())
    assert not set(NAMES) & set(core.__all__)
    assert instead_of("core", "telepromt") == ""


def test_every_name_that_the_advice_gives_is_there() -> None:
    advice = " ".join([*NAMES.values(), *PATHS.values()])
    named = set(re.findall(r"core\.([A-Za-z]\w*)", advice))
    assert named and all(hasattr(core, name) for name in named)


def test_what_dspy_has_deeper_down_resolves() -> None:
    from core.teleprompt.gepa.gepa import GEPA, DspyGEPAResult
    from core.teleprompt.gepa.gepa_utils import ScoreWithFeedback

    assert GEPA is core.GEPA and DspyGEPAResult.__name__ == "GEPAResult"
    assert ScoreWithFeedback(score=0.5, feedback="half").feedback == "half"
    assert core.BaseModule is core.Module and core.infer_prefix("first_name") == "First Name"
