"""What components make of data before they draw it: rows, names, texts, diagrams, commands, figures."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from core.foundation.errors import DataError
from workbench.components import plots
from workbench.components.compile_candidates import candidates_of, lineage_of
from workbench.components.compile_log import event_text
from workbench.components.diff import unified_lines
from workbench.components.evaluation_view import row_number, row_of
from workbench.components.explore_form import differing
from workbench.components.figures import money, percent
from workbench.components.messages import message_text
from workbench.components.next_step import next_step_of
from workbench.components.program_diagram import mermaid_of
from workbench.components.runs import latest_score, run_names
from workbench.components.same import cli_text, python_text
from workbench.components.setup import Setup
from workbench.components.signature_editor import with_edits
from workbench.components.task_form import same_program
from workbench.components.trace import step_rows
from workbench.services import runs, samples, tasks
from workbench.services.optimizers import recommended
from workbench.services.run_records import RunItem
from workbench.services.signature_form import TEMPLATES, fields_of, rows_of

SETUP = Setup("v1", "d1", "validation", "m1", "embedded/in-context")


def span(kind: str, name: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "parent_id": more.pop("parent", None), "trace_id": "t", "kind": kind, "name": name,
        "path": more.pop("path", ""), "start": start, "end": end, "attributes": more, "status": "ok", "error": None,
    }  # fmt: skip


def item(**changes: Any) -> RunItem:
    known: dict[str, Any] = {
        "position": 4, "repeat": 0, "example_id": "e", "inputs": {"text": "a"}, "labels": {"label": "x"},
        "outputs": {"label": "y"}, "score": 0.0, "outcome": "scored", "feedback": "", "error": "", "latency": 0.25,
        "prompt_tokens": 3, "completion_tokens": 2, "cost": None, "cached": False, "rating": None, "comment": "",
    }  # fmt: skip
    return RunItem(**{**known, **changes})


# ── traces ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_trace_is_read_from_the_top_with_when_each_step_ran() -> None:
    rows = step_rows(
        [
            span(
                "lm",
                "model",
                2.0,
                4.0,
                parent="program",
                usage={"prompt_tokens": 1200, "completion_tokens": 7},
            ),
            span("adapter.parse", "parse", 3.9, 4.0, parent="program"),
            span("module", "program", 0.0, 4.0),
        ]
    )
    assert [row["kind"] for row in rows] == ["module", "lm"]
    assert rows[1]["step"].startswith("\u2003")
    assert (rows[1]["ms"], rows[1]["tokens"]) == (2000.0, "1,200 → 7")
    assert set(rows[0]["when"]) == {1}
    half = len(rows[1]["when"]) // 2
    assert rows[1]["when"] == [0] * half + [1] * half


def test_rendering_and_parsing_show_when_asked_for_or_failed() -> None:
    quiet = span("adapter.render", "render", 0.0, 0.1)
    assert step_rows([quiet]) == []
    assert len(step_rows([quiet], everything=True)) == 1
    assert step_rows([{**quiet, "status": "error", "error": "no"}])[0]["status"] == "failed"


def test_a_step_too_short_to_see_has_a_bin_of_its_own() -> None:
    rows = step_rows([span("module", "p", 0.0, 100.0), span("lm", "m", 99.9999, 100.0, parent="p")])
    assert sum(rows[1]["when"]) == 1


# ── searches ────────────────────────────────────────────────────────────────────────────────────────────


EVENTS: list[dict[str, Any]] = [
    {"type": "header", "optimizer": "random_search", "seed": 3},
    {"type": "candidate", "candidate": "c0", "label": "zero-shot", "demos": {}},
    {"type": "candidate", "candidate": "c1", "label": "labelled", "demos": {"a": {"demos": 2}, "b": {"demos": 1}}},
    {"type": "candidate", "candidate": "c2", "label": "waits"},
    {"type": "row", "candidate": "c0"},
    {"type": "row", "candidate": "c1"},
    {"type": "row", "candidate": "c1"},
    {"type": "score", "candidate": "c0", "mean": 0.5, "full": True, "rows": 1, "of": 1, "interval": [0.2, 0.8]},
    {"type": "dropped", "candidate": "c1", "reason": "it cannot win"},
]  # fmt: skip


def test_candidates_are_told_from_events() -> None:
    first, second, third = candidates_of(EVENTS)
    assert (first["label"], first["status"], first["score"], first["interval"]) == (
        "zero-shot",
        "scored",
        0.5,
        "20.0 to 80.0",
    )
    assert (second["status"], second["reason"], second["examples"], second["rows"]) == (
        "dropped",
        "it cannot win",
        3,
        "2 run",
    )
    assert (third["status"], third["score"]) == ("waiting", None)


def test_what_names_no_parent_was_made_from_the_program_as_given() -> None:
    events = [
        {"type": "candidate", "candidate": "c0", "notes": {"baseline": True}},
        {"type": "candidate", "candidate": "c1", "parents": []},
        {"type": "candidate", "candidate": "c2", "parents": ["c1"]},
    ]
    assert [item["parents"] for item in candidates_of(events)] == [[], ["c0"], ["c1"]]
    assert candidates_of(events[1:2])[0]["parents"] == [], "a search that has not scored it names nothing"


def test_events_are_lines_of_a_log() -> None:
    lines = [event_text(event) for event in EVENTS]
    assert lines[0] == "started: Bootstrapped examples, best of many, seed 3"
    assert lines[4] is None
    assert lines[7] == "c0: 50.0 % on all rows"
    assert lines[8] == "c1: dropped, it cannot win"
    kept = {"type": "trace", "row": "r", "kept": False, "why": "the metric gave 0"}
    assert event_text(kept) == "try on row r: not kept: the metric gave 0"


def test_the_search_plot_holds_full_and_early_scores_apart() -> None:
    figure = plots.search_plot(
        [
            {"id": "c0", "label": "a", "score": 0.7, "full": False},
            {"id": "c1", "label": "b", "score": 0.5, "full": True},
            {"id": "c2", "label": "c", "score": 0.9, "full": False},
        ],
        0.4,
    )
    best = figure.data[0]
    assert list(best.y) == [None, 50.0, 50.0], "before a score of all rows nothing is best, and nothing is 0"
    assert {trace.name for trace in figure.data} == {"best so far", "all rows", "part of the rows"}
    assert list(figure.layout.xaxis.ticktext) == ["c0", "c1", "c2"], "as the table calls them"


NAMES = ["labeled_few_shot", "bootstrap_few_shot", "random_search", "miprov2", "copro", "gepa"]


@pytest.mark.parametrize(
    ("rows", "name"), [(10, "bootstrap_few_shot"), (50, "random_search"), (300, "miprov2")]
)
def test_the_recommended_optimizer_goes_by_the_rows(rows: int, name: str) -> None:
    first = recommended(rows, NAMES)[0]
    assert (first.name, f"{rows} train rows" in first.why) == (name, True)
    assert [item.name for item in recommended(rows, ["labeled_few_shot"])] == ["labeled_few_shot"]


def test_instructions_are_recommended_for_pictures_and_feedback_for_what_explains_itself() -> None:
    pictures = recommended(50, NAMES, inputs=[{"name": "photo", "type": "list[Image]"}])
    assert [item.name for item in pictures] == ["copro", "random_search"]
    judge = {"kind": "judge", "params": {"rubric": "polite"}}
    mixed = {"kind": "weighted", "params": {"parts": [{"metric": judge}]}}
    for metric in (judge, mixed):
        assert [item.name for item in recommended(50, NAMES, metric=metric)] == ["random_search", "gepa"]


def test_what_proposers_were_asked_is_a_line_of_the_log() -> None:
    asked = {
        "type": "ask",
        "key": "copro:triage:0",
        "asked": {"basic_instruction": "Sort."},
        "samples": [{"proposed_instruction": "Sort by team."}, {"proposed_instruction": "Sort well."}],
        "error": "",
    }
    assert event_text(asked) == "asked for proposed instruction (triage): 2 proposals, first: Sort by team."
    assert str(event_text({**asked, "key": "auto:0:-1:triage"})).startswith(
        "asked for proposed instruction (triage): "
    )
    assert "no usable answer: cut off" in str(event_text({**asked, "samples": [], "error": "cut off"}))


def test_a_dropped_candidates_score_is_that_of_all_its_rows() -> None:
    events = [
        {"type": "candidate", "candidate": "c0", "label": "a"},
        {"type": "row", "candidate": "c0", "score": 1.0},
        {"type": "score", "candidate": "c0", "mean": 1.0, "rows": 1, "of": 3, "full": False},
        {"type": "row", "candidate": "c0", "score": 0.0},
        {"type": "dropped", "candidate": "c0", "reason": "it cannot win"},
    ]
    (item,) = candidates_of(events)
    assert (item["score"], item["full"], item["status"], item["rows"]) == (0.5, False, "dropped", "2 run")


def test_the_lineage_of_a_large_family_is_the_winners_line() -> None:
    family = [{"id": "c0", "parents": [], "score": 0.2}] + [
        {"id": f"c{number}", "parents": [f"c{number // 2}"], "score": None} for number in range(1, 60)
    ]
    picture = lineage_of(family, "c5")
    assert "c0<br/>20.0 %" in picture
    assert {line.strip() for line in picture.splitlines() if "-->" in line} >= {"n2 --> n5", "n1 --> n2"}
    assert '"c59"' not in picture
    assert '"c9"' in lineage_of(family[:10], "c5")


# ── rows and runs ───────────────────────────────────────────────────────────────────────────────────────


def test_a_row_puts_given_beside_expected() -> None:
    names = list(row_of(item()))
    assert names[names.index("label") + 1] == "expected label"
    assert row_of(item(outputs={}))["expected label"] == "x"
    assert row_of(item(rating=-1))["rating"] == "bad"


def test_rows_are_counted_from_one_with_the_repeat_after_a_dot() -> None:
    assert row_number(item()) == "5"
    assert row_number(item(repeat=2)) == "5.2"


def test_runs_of_one_name_are_told_apart(finished: Any, ws: Any) -> None:
    known = runs.list_runs(ws, finished.task, kind="evaluate")
    for run in known:
        runs.rename_run(ws, run.id, "same")
    names = list(run_names(runs.list_runs(ws, finished.task, kind="evaluate")).values())
    assert len(set(names)) == len(names) == 2
    assert all("%" in name for name in names)


def test_the_latest_score_is_compared_with_its_like_only(finished: Any, ws: Any) -> None:
    known = runs.list_runs(ws, finished.task)
    first, second = (runs.get_run(ws, run_id).score for run_id in (finished.zero_shot, finished.compiled))
    assert latest_score(known) == (second, second - first)
    zero = runs.get_run(ws, finished.zero_shot)
    runs.start_evaluation(ws, zero.version_id, zero.dataset_id, "train", zero.metric_id, limit=3)
    score, gain = latest_score(runs.list_runs(ws, finished.task))
    assert score is not None
    assert gain is None
    assert latest_score([]) == (None, None)


def test_labels_not_met_are_named() -> None:
    assert differing({"a": 1, "b": 2}, {"a": 1, "b": 3}) == ["b"]


@pytest.mark.parametrize(
    ("cost", "text"),
    [(None, "–"), (0, "free"), (2.5, "$2.50"), (0.0123, "$0.0123"), (0.0000042, "$0.000004")],
)
def test_money(cost: float | None, text: str) -> None:
    assert money(cost) == text


def test_percent() -> None:
    assert (percent(None), percent(0.5)) == ("–", "50.0 %")


# ── programs ────────────────────────────────────────────────────────────────────────────────────────────


def test_the_form_and_the_specification_say_the_same() -> None:
    for template in TEMPLATES.values():
        signature = template["steps"][0]["signature"]
        for side in ("inputs", "outputs"):
            again = fields_of(rows_of(signature[side]), signature[side])
            assert same_program(again, signature[side]), side


def test_the_form_says_which_row_is_wrong() -> None:
    with pytest.raises(DataError, match="row 2"):
        fields_of([{"name": "a", "type": "text"}, {"name": "1b", "type": "text"}], side="inputs")


def test_edits_are_laid_over_rows() -> None:
    rows = [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    edits = {"edited_rows": {"0": {"name": "x"}}, "deleted_rows": [1], "added_rows": [{"name": "d"}]}
    assert [row["name"] for row in with_edits(rows, edits)] == ["x", "c", "d"]


def test_a_program_is_drawn_with_what_flows_where(ws: Any) -> None:
    spec = tasks.newest_version(ws, samples.open_sample(ws, "two_hop_questions")).spec
    text = mermaid_of(spec)
    assert "flowchart LR" in text
    assert "s_first_query -->|query| s_first_search" in text
    assert text.rstrip().endswith("outputs")


def test_the_next_step_is_the_first_not_done() -> None:
    assert next_step_of({})[0] == "data"
    assert next_step_of({"data": True, "metric": True})[0] == "evaluate"
    assert (
        next_step_of(dict.fromkeys(("data", "metric", "evaluate", "compile", "compare"), True))[0] == "export"
    )


def test_messages_are_text() -> None:
    assert message_text({"content": "hello"}) == "hello"
    assert '"type": "image_url"' in message_text({"content": [{"type": "image_url"}]})


def test_a_diff_is_empty_where_nothing_changed() -> None:
    assert unified_lines("a\nb", "a\nb", before_name="x", after_name="y") == []
    assert "+c" in unified_lines("a", "a\nc", before_name="x", after_name="y")


# ── the same elsewhere ──────────────────────────────────────────────────────────────────────────────────


def test_the_command_says_what_the_form_says() -> None:
    home = Path("/somewhere with space")
    text = cli_text(home, "eval", SETUP, {"limit": None, "repeats": 2, "concurrency": 8})
    words = shlex.split(text.replace("\\\n", " "))
    assert words[:4] == ["workbench", "eval", "--home", "/somewhere with space"]
    assert "--limit" not in words
    assert words[words.index("--repeats") + 1] == "2"


def test_parameters_and_caps_are_repeated_options() -> None:
    more = {
        "optimizer": "x",
        "params": {"k": 2, "flag": True},
        "budget": {"calls": 5, "cost": None},
        "seed": 1,
    }
    words = shlex.split(cli_text(Path("/h"), "compile", SETUP, more).replace("\\\n", " "))
    assert [words[index + 1] for index, word in enumerate(words) if word == "--param"] == ["k=2", "flag=true"]
    assert [words[index + 1] for index, word in enumerate(words) if word == "--budget"] == ["calls=5"]


def test_the_python_runs(finished: Any, home: Path, ws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runs.get_run(ws, finished.zero_shot)
    setup = Setup(run.version_id, run.dataset_id, "validation", run.metric_id, run.model)
    text = python_text(home, "eval", setup, {"limit": 12, "repeats": 1, "concurrency": 8})
    said: list[Any] = []
    exec(compile(text, "shown", "exec"), {"print": said.append})
    assert said == [run.score]
