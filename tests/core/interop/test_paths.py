"""DSPy's import paths: every one imports, every name in it is there, and real packages come first."""

import importlib
import subprocess
import sys

import pytest

from core.interop.paths import PATHS, paths


@pytest.mark.parametrize("path", paths())
def test_every_path_imports_and_has_its_names(path: str) -> None:
    module = importlib.import_module(path)
    for name in (item.partition("=")[0] for item in PATHS.get(path.removeprefix("core."), "").split()):
        assert getattr(module, name) is not None, f"{path}.{name}"


def test_names_are_those_of_core() -> None:
    import core
    from core.predict import ChainOfThought
    from core.teleprompt import BootstrapFewShot

    assert BootstrapFewShot is core.BootstrapFewShot
    assert ChainOfThought is core.ChainOfThought
    assert core.teleprompt.BootstrapFewShot is BootstrapFewShot
    assert core.predict.aggregation is importlib.import_module("core.predict.aggregation")


def test_star_import_takes_the_names_of_the_path() -> None:
    import core.teleprompt

    assert set(core.teleprompt.__all__) == set(PATHS["teleprompt"].split())


def test_what_no_table_knows_is_an_import_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("core.telepromt")
    with pytest.raises(AttributeError, match="has no attribute 'telepromt'"):
        _ = importlib.import_module("core").telepromt
    with pytest.raises(ImportError, match="NoSuchOptimizer"):
        from core.teleprompt import NoSuchOptimizer  # noqa: F401


def test_real_packages_are_found_before_the_table() -> None:
    import core.adapters

    assert core.adapters.__file__
    assert core.adapters.ChatAdapter is importlib.import_module("core.adapters.chat_adapter").ChatAdapter


def test_paths_load_nothing_until_a_name_is_used() -> None:
    code = (
        "import sys, core, core.teleprompt, core.predict, core.utils\n"
        "assert not {'numpy', 'aiohttp', 'core.optimizers', 'core.modules.predict'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
