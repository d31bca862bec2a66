"""The main job in the browser, as a new user walks it: from a CSV to a compiled, compared, exported program."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.walk import SPLIT, Walk

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_compiling_helps_and_the_comparison_says_so(walk: Walk) -> None:
    before, after = (float(score.removesuffix(" %")) for score in (walk.zero_score, walk.compiled_score))
    assert after > before
    assert walk.compiled_score == walk.compile_score, "the same rows give the same score"
    assert f"{after - before:.1f} points" in walk.verdict
    assert "v1 · validation" in walk.verdict


def test_the_exported_script_gives_the_engines_answers(
    walk: Walk, banking: Any, endpoint: str, served: Any, tmp_path: Path
) -> None:
    rows = json.loads(served.run("runs", "rows", walk.compiled, "--json").stdout)
    rows = rows["rows"] if isinstance(rows, dict) else rows
    assert len(rows) == SPLIT
    given = tmp_path / "rows.jsonl"
    given.write_text("".join(json.dumps(row["inputs"]) + "\n" for row in rows), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(walk.script), "--base-url", endpoint, "--model", "in-context",
         "--input-file", str(given)],
        env={"PATH": os.defpath}, cwd=tmp_path, text=True, capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer.get("intent") for answer in answers] == [row["outputs"]["intent"] for row in rows]


def test_a_link_to_a_row_survives_a_reload(walk: Walk, new_tab: Callable[..., Any]) -> None:
    tab = new_tab(f"/evaluate?task={walk.task}&run={walk.compiled}&row=5")
    drawer = tab.page.get_by_role("dialog")
    expect(drawer.get_by_text("Row 5")).to_be_visible()
    first = drawer.get_by_test_id("stCode").first.inner_text()
    tab.page.reload()
    tab.settle()
    assert drawer.get_by_test_id("stCode").first.inner_text() == first
    tab.shot("14_row_drawer")
    drawer.get_by_role("button", name="Close").click()
    expect(drawer).to_have_count(0)
    expect(tab.page).not_to_have_url(re.compile(r"row="))


def test_stop_keeps_the_best_and_resume_goes_on(walk: Walk, new_tab: Callable[..., Any]) -> None:
    tab = new_tab(f"/compile?task={walk.task}")
    tab.main.get_by_text("New compile").click()
    # Many demo sets: a search that is not over before it can be stopped.
    tab.main.get_by_role("combobox", name="Optimizer").click()
    tab.page.get_by_role("option").filter(has_text="best of many").click()
    tab.settle()
    tab.main.get_by_text("Parameters", exact=True).click()
    count = tab.main.get_by_role("spinbutton", name="Number of candidate programs")
    count.fill("2000")
    count.press("Tab")
    tab.settle()
    seed = tab.main.get_by_role("spinbutton", name="Seed")
    seed.fill("5")
    seed.press("Tab")
    tab.settle()
    tab.button("Start compiling").click()
    tab.page.wait_for_url(lambda url: "run=" in url and walk.compile not in url)
    expect(tab.main.get_by_test_id("stMetric").filter(has_text="Best so far")).to_contain_text(
        re.compile(r"\d %"), timeout=120_000
    )
    tab.button("Stop and keep the best").click()
    tab.state("stopped", 60)
    assert tab.metric("Score of the winner") != "–"
    expect(tab.button("Resume")).to_be_visible()
    expect(tab.main.get_by_role("link", name="Evaluate the compiled program")).to_be_visible()
    tab.shot("15_stopped")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_in_both_themes(walk: Walk, scheme: Any, new_tab: Callable[..., Any]) -> None:
    tab = new_tab(f"/?task={walk.task}", color_scheme=scheme)
    names = (
        "Task",
        "Data",
        "Metric",
        "Explore",
        "Evaluate",
        "Compile",
        "Compare",
        "Export",
        "Runs",
        "Settings",
    )
    for name in names:
        tab.nav(name, "Banking intents" if name == "Task" else None)
        tab.shot(f"{scheme}_{name.lower()}")
    background = tab.page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(18, 21, 28)"}[scheme]
