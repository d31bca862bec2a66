"""A cache of its own for every test of language models, and quick retries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.lm import LM, Cache
from core.lm.cache import _Active
from core.lm.capabilities import capabilities_of
from core.lm.history import recent
from core.lm.retry import Backoff
from tests.fakes.server import FakeServer

QUICK = Backoff(base=0.01, ceiling=0.05)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path) -> Iterator[Cache]:
    before, configured = _Active.value, _Active.configured
    _Active.value, _Active.configured = Cache(tmp_path / "lm-cache"), True
    yield _Active.value
    _Active.value.close()
    _Active.value, _Active.configured = before, configured
    capabilities_of.cache_clear()
    recent.clear()


@pytest.fixture
def client() -> Callable[..., LM]:
    """`client(server, **kwargs)`: a model behind a fake server, not cached unless asked, quick to retry."""

    def make(server: FakeServer, model: str = "openai/fake", **kwargs: Any) -> LM:
        lm = LM(model, **{"api_base": server.url, "cache": False, **kwargs})
        lm.backoff = QUICK
        return lm

    return make
