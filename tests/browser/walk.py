"""The main job in the browser, step by step, as a new user walks it; done once for all tests of this folder.

Knows nothing about what the tests conclude from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

CANDIDATES = 8
SPLIT = 100
INSTRUCTIONS = "Say which banking intent a customer's message has."


@dataclass
class Walk:
    """What the walk saw on its way."""

    task: str = ""
    zero_shot: str = ""
    zero_score: str = ""
    compile: str = ""
    compile_score: str = ""
    version: str = ""
    compiled: str = ""
    compiled_score: str = ""
    verdict: str = ""
    script: Path = Path()


def walk_the_job(new_tab: Callable[..., Any], banking: Any, downloads: Path) -> Walk:
    """Walk it."""
    seen, tab = Walk(), new_tab()
    _first_look(tab)
    _new_task(tab, banking, seen)
    _upload_and_split(tab, banking)
    _metric(tab)
    _explore(tab)
    _evaluate(tab, seen)
    _compile(tab, seen)
    _reload_and_second_tab(tab, seen, new_tab)
    _await_compile(tab, seen)
    _evaluate_compiled(tab, seen)
    _compare(tab, seen)
    _export(tab, seen, downloads)
    for name in ("Home", "Runs", "Settings"):
        tab.nav(name, "Workbench" if name == "Home" else None)
        tab.shot(f"13_{name.lower()}")
    assert not [url for url in tab.faults if "127.0.0.1" not in url], "the page asked for something elsewhere"
    return seen


def _first_look(tab: Any) -> None:
    expect(tab.main.get_by_text("Support-ticket triage").first).to_be_visible()
    tab.shot("01_first_start")


def _new_task(tab: Any, banking: Any, seen: Walk) -> None:
    tab.button("New task").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("New task")
    tab.settle()
    tab.main.get_by_role("textbox", name="Name").fill("Banking intents")
    tab.main.get_by_role("textbox", name="Instructions").fill(INSTRUCTIONS)
    tab.main.get_by_role("textbox", name="Instructions").press("Control+Enter")
    options = ", ".join(f'"{intent}"' for intent in banking.intents)
    line = tab.main.get_by_role("textbox", name="In one line")
    line.fill(f"text -> intent: Literal[{options}]")
    line.press("Enter")
    messages = tab.main.get_by_test_id("stCode").filter(has_text="[[ ## intent ## ]]")
    expect(messages.first).to_be_visible()
    expect(messages.first).to_contain_text(banking.intents[-1])
    tab.settle()
    _describe_first_input(tab, "what the customer wrote")
    expect(messages.first).to_contain_text("what the customer wrote")
    expect(messages.first).to_contain_text(INSTRUCTIONS)
    tab.shot("02_new_task")
    tab.button("Create the task").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Data")
    tab.settle()
    seen.task = tab.parameter("task")


def _describe_first_input(tab: Any, text: str) -> None:
    """Type into the description cell of the first row of the inputs' table, which is drawn on a canvas."""
    table = tab.main.get_by_test_id("stDataFrame").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    tab.page.mouse.dblclick(box["x"] + 430, box["y"] + 52)
    editor = tab.page.locator(".gdg-input, #portal textarea").first
    editor.fill(text)
    editor.press("Enter")
    tab.settle()


def _upload_and_split(tab: Any, banking: Any) -> None:
    tab.page.locator("input[type=file]").set_input_files(banking.path)
    expect(tab.main.get_by_text("300 rows, 2 columns")).to_be_visible()
    column = tab.main.get_by_role("combobox", name="intent (expected output)")
    expect(column).to_have_value("category")
    tab.settle()
    tab.shot("03_upload")
    tab.button("Import").click()
    tab.main.get_by_role("tab", name="Splits").click()
    for name in ("Train", "Validation", "Test"):
        share = tab.main.get_by_role("spinbutton", name=name)
        share.fill(str(SPLIT))
        share.press("Tab")
    tab.button("Split").click()
    expect(
        tab.main.get_by_test_id("stMetric").filter(has_text="Validation").get_by_test_id("stMetricValue")
    ).to_have_text(str(SPLIT))
    tab.settle()
    tab.shot("04_split")


def _metric(tab: Any) -> None:
    tab.nav("Metric")
    expect(tab.main.get_by_text("It tells them apart.")).to_be_visible()
    tab.button("Use this metric").click()
    expect(tab.main.get_by_text("In use: exact_match")).to_be_visible()
    tab.settle()
    tab.shot("05_metric")


def _explore(tab: Any) -> None:
    tab.nav("Explore")
    tab.button("Run").click()
    expect(tab.main.get_by_text("Trace of v1")).to_be_visible()
    tab.settle()
    expect(tab.main.get_by_role("tab", name="Messages sent")).to_be_visible()
    tab.main.get_by_role("tab", name="Raw reply").click()
    expect(tab.main.get_by_test_id("stCode").filter(has_text="[[ ## intent ## ]]").last).to_be_visible()
    tab.shot("06_explore")


def _evaluate(tab: Any, seen: Walk) -> None:
    tab.nav("Evaluate")
    tab.button("Start").click()
    tab.state("done", 60)
    seen.zero_shot, seen.zero_score = tab.parameter("run"), tab.metric("Score")
    tab.shot("07_evaluate_zero_shot")


def _compile(tab: Any, seen: Walk) -> None:
    tab.main.get_by_role("link", name="Compile this program").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Compile")
    tab.settle()
    tab.main.get_by_role("combobox", name="Optimizer").click()
    tab.page.get_by_role("option").filter(has_text="best of many").click()
    tab.settle()
    tab.main.get_by_text("Parameters", exact=True).click()
    count = tab.main.get_by_role("spinbutton", name="Number of candidate programs")
    count.fill(str(CANDIDATES))
    count.press("Tab")
    tab.settle()
    tab.button("Start compiling").click()
    tab.state("running", 30)
    seen.compile = tab.parameter("run")
    tab.shot("08_compile_live")


def _reload_and_second_tab(tab: Any, seen: Walk, new_tab: Callable[..., Any]) -> None:
    """A reload in the middle and another tab show the same run."""
    tab.page.reload()
    tab.settle()
    second = new_tab(f"/compile?task={seen.task}&run={seen.compile}")
    for shown in (tab, second):
        assert shown.parameter("run") == seen.compile
        chosen = shown.main.get_by_role("combobox", name="Compile")
        expect(chosen).to_have_value(re.compile("best of many"), timeout=30_000)
        running_or_done = shown.button("Stop and keep the best").or_(
            shown.main.get_by_text("Score of the winner")
        )
        expect(running_or_done.first).to_be_visible(timeout=30_000)  # both for a moment, as it ends
    second.state("done", 180)
    seen.compile_score = second.metric("Score of the winner")
    second.page.close()


def _await_compile(tab: Any, seen: Walk) -> None:
    tab.state("done", 30)
    assert tab.metric("Score of the winner") == seen.compile_score
    with tab.page.expect_download() as event:
        tab.button("Report").click()
    page = Path(event.value.path()).read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "best of many: compile report" in page
    tab.shot("09_compile_done")


def _evaluate_compiled(tab: Any, seen: Walk) -> None:
    tab.main.get_by_role("link", name="Evaluate the compiled program").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Evaluate")
    tab.settle()
    seen.version = tab.parameter("version")
    rows = tab.main.get_by_role("combobox", name="Rows", exact=True)
    expect(rows).to_have_value(
        re.compile("test")
    )  # the walk looks at the rows of the first evaluation instead
    rows.click()
    tab.page.get_by_role("option").filter(has_text="validation").click()
    tab.settle()
    tab.button("Start").click()
    tab.page.wait_for_url(lambda url: "run=" in url and seen.zero_shot not in url)
    tab.state("done", 60)
    expect(tab.main.get_by_role("link", name="Compare with before")).to_be_visible()
    seen.compiled, seen.compiled_score = tab.parameter("run"), tab.metric("Score")
    tab.shot("10_evaluate_compiled")


def _compare(tab: Any, seen: Walk) -> None:
    tab.main.get_by_role("link", name="Compare with before").click()
    expect(tab.page.get_by_role("heading", level=1)).to_have_text("Compare")
    tab.settle()
    assert (tab.parameter("a"), tab.parameter("b")) == (seen.zero_shot, seen.compiled), tab.page.url
    seen.verdict = tab.main.get_by_test_id("stAlert").first.inner_text()
    tab.shot("11_compare")
    tab.main.get_by_role("tab", name="Prompts").click()
    expect(tab.main.get_by_test_id("stCode").first).to_contain_text("+[[ ## intent ## ]]")


def _export(tab: Any, seen: Walk, folder: Path) -> None:
    tab.open(f"/export?task={seen.task}&version={seen.version}")
    with tab.page.expect_download() as event:
        tab.button("banking_intents.py").click()
    seen.script = folder / event.value.suggested_filename
    event.value.save_as(seen.script)
    tab.shot("12_export")
