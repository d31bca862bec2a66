"""`core.cache`: DSPy's names over the process's cache, JSON instead of pickles."""

from __future__ import annotations

import pickle

import pytest

import core
from core.foundation.errors import ConfigurationError, DataError
from core.lm import ScriptedLM, configure_cache
from core.lm.cache import _Active
from core.lm.cache_view import cache

REQUEST = {"tool": "weather", "city": "Bern"}


def test_what_was_put_is_found_again_and_on_disk(own_cache):
    assert cache.get(REQUEST) is None
    cache.put(REQUEST, {"sky": "clear", "degrees": 3.5})
    assert cache.get({"city": "Bern", "tool": "weather"}) == {"sky": "clear", "degrees": 3.5}
    cache.reset_memory_cache()
    assert own_cache.stats()["memory_entries"] == 0
    assert cache.get(REQUEST) == {"sky": "clear", "degrees": 3.5}


def test_credentials_take_no_part_unless_asked():
    key = cache.cache_key(REQUEST)
    assert cache.cache_key({**REQUEST, "api_key": "sk-1", "api_base": "http://a"}) == key
    assert cache.cache_key({**REQUEST, "api_key": "sk-1"}, ignored_args_for_cache_key=()) != key
    assert cache.cache_key({**REQUEST, "city": "Basel"}) != key
    assert len(key) == 64


def test_no_pickle_goes_in_or_out(tmp_path):
    with pytest.raises(DataError, match="JSON"):
        cache.put(REQUEST, object())
    with pytest.raises(ConfigurationError, match="pickle"):
        cache.load_memory_cache(tmp_path / "x", allow_pickle=True)
    (tmp_path / "bad").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(DataError):
        cache.load_memory_cache(tmp_path / "bad")


def test_memory_is_saved_and_loaded(tmp_path, own_cache):
    lm = ScriptedLM(lambda request: "kept", cache=True)
    lm("q")
    cache.put(REQUEST, [1, 2])
    cache.save_memory_cache(tmp_path / "memory.json")
    _Active.value = core.lm.Cache(disk=False)
    assert cache.get(REQUEST) is None
    cache.load_memory_cache(tmp_path / "memory.json")
    assert cache.get(REQUEST) == [1, 2]
    assert lm("q") == ["kept"]
    assert len(lm.requests) == 1


def test_on_disk_alone_where_asked(own_cache):
    cache.put(REQUEST, "x", enable_memory_cache=False)
    assert own_cache.stats()["memory_entries"] == 0
    assert cache.get(REQUEST) == "x"


def test_it_follows_configure_cache(tmp_path):
    made = configure_cache(disk_cache_dir=tmp_path / "another")
    assert core.cache.active is made


@pytest.mark.parametrize("mode", ["read", "write", "off", "refresh", True, False])
def test_modes_through_a_whole_program(mode):
    numbers = iter(range(100))
    lm = ScriptedLM(lambda request: f"[[ ## answer ## ]]\n{next(numbers)}", cache=True)
    ask = core.Predict("question -> answer")
    with core.context(lm=lm):
        assert ask(question="q").answer == "0"
        again = ask(question="q", config={"cache": mode}).answer
        later = ask(question="q").answer
    expected = {"read": ("0", "0"), True: ("0", "0"), "refresh": ("1", "1")}.get(mode, ("1", "0"))
    assert (again, later) == expected


def test_rollouts_through_a_whole_program():
    numbers = iter(range(100))
    lm = ScriptedLM(lambda request: f"[[ ## answer ## ]]\n{next(numbers)}", cache=True)
    ask = core.Predict("question -> answer")

    def sample(rollout: int | None) -> str:
        return ask(question="q", config={"rollout_id": rollout, "temperature": 1.0}).answer

    with core.context(lm=lm):
        assert [sample(number) for number in (1, 2, 1, None, 2)] == ["0", "1", "0", "2", "1"]
    assert all("rollout_id" not in request.params for request in lm.requests)
