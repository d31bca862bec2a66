"""Settings are read, and set, in the ways that programs written for DSPy do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import core
from core.foundation.errors import SettingsError
from core.settings import Settings, _Default, settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = _Default.value
    _Default.value = Settings()
    yield
    _Default.value = before


@pytest.mark.parametrize("way", [core.settings, settings], ids=["module", "view"])
def test_assigning_a_setting_sets_it(way: object) -> None:
    way.num_threads = 3  # type: ignore[attr-defined]
    assert core.settings.num_threads == settings.num_threads == 3
    core.configure(num_threads=5)
    assert core.settings.num_threads == settings.num_threads == 5
    with core.context(num_threads=7):
        assert core.settings.num_threads == 7


def test_a_misspelt_setting_is_not_kept_unheard() -> None:
    with pytest.raises(SettingsError, match="num_threads"):
        settings.num_thread = 3  # type: ignore[attr-defined]


def test_config_is_a_copy_of_all_settings() -> None:
    config = core.settings.config
    assert config == core.settings.copy() and config["max_errors"] == 10
    config["max_errors"] = 1
    assert core.settings.max_errors == 10
