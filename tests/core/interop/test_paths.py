"""DSPy's import paths: every one imports, every name in it is there, and real packages come first."""

import asyncio
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


def test_adapters_have_the_types_that_they_write() -> None:
    import core
    from core.adapters import Image, Tool

    assert (Image, Tool) == (core.Image, core.Tool)
    with pytest.raises(ImportError):
        from core.adapters import Imagine  # noqa: F401


def test_dotdict_serves_as_a_passage() -> None:
    import core
    from core.dsp.utils import dotdict, flatten
    from core.dsp.utils.settings import settings

    with core.context(rm=lambda query, k=3: [dotdict(long_text=f"{query} {n}") for n in range(k)]):
        assert core.Retrieve(k=2)("q").passages == ["q 0", "q 1"]
        assert settings.rm is core.settings.rm
    made = dotdict()
    made.text = "x"
    assert made == {"text": "x"} and not hasattr(made, "score")
    assert flatten([[1], [2, 3]]) == [1, 2, 3]


def test_parse_value_reads_a_text_as_a_type() -> None:
    from core.adapters.utils import parse_value

    assert parse_value("5", int) == 5
    assert parse_value("['a', 'b']", list[str]) == ["a", "b"]
    assert parse_value([1], list[int]) == [1]
    with pytest.raises(ValueError, match="whole number"):
        parse_value("five", int)


def test_an_optimizer_of_ones_own() -> None:
    import core
    from core.teleprompt import BootstrapFewShot, Teleprompter

    class FirstRows(Teleprompter):
        def __init__(self, metric: object = None, k: int = 2) -> None:
            super().__init__()
            self.metric, self.k = metric, k

        def compile(self, student, *, trainset, teacher=None, valset=None, **kwargs):  # type: ignore[no-untyped-def]
            made = student.reset_copy()
            for predictor in made.predictors():
                predictor.demos = trainset[: self.k]
            return made

    rows = [core.Example(question=str(n), answer="a") for n in range(3)]
    ours = FirstRows()
    assert len(ours.compile(core.Predict("question -> answer"), trainset=rows).demos) == 2
    assert len(asyncio.run(ours.acompile(core.Predict("question -> answer"), trainset=rows)).demos) == 2
    assert ours.get_params() == {"metric": None, "k": 2}
    assert isinstance(BootstrapFewShot(metric=lambda *_: True), Teleprompter)
    assert issubclass(BootstrapFewShot, Teleprompter) and not isinstance(rows, Teleprompter)
    assert not isinstance(BootstrapFewShot(metric=lambda *_: True), FirstRows)
    with pytest.raises(NotImplementedError, match="compile"):
        Teleprompter().compile(None, trainset=[])
