"""The report explains itself: lineage, what each candidate changed, a page that is safe to open."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from core.foundation.errors import OptimizerError
from core.optimizers import optimizers
from core.search.lineage import prompt_diff, tree
from core.search.records import CandidateReport, Confirmation, ScoreReport
from core.search.result import CompileReport
from core.search.run_log import MemoryRunLog
from core.search.verdict import verdict
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows


def compiled(name="random_search", params=None, **options):
    small = {"max_bootstrapped_demos": 2, "max_labeled_demos": 4, "num_candidate_programs": 5}
    optimizer = optimizers.get(name).create(small if params is None else params, metric=exact)
    with context(lm=ToyLM(skill=5)):
        return optimizer.compile(
            TwoSteps(), trainset=rows("train", 12), valset=rows("validation", 40), **options
        ).report


def candidate(name, *, parents=(), state=None, status="full", label="", score=None, reason=""):
    return CandidateReport(
        name, label, None, parents, status, reason, score, {}, {}, {"calls": 3}, {}, state or {}
    )


def report(*candidates, **more):
    given = {"look": {"instructions": "Look.", "demos": []}, "say": {"instructions": "Say.", "demos": []}}
    fields = {
        "optimizer": "toy",
        "params": {},
        "seed": 0,
        "best": "c1",
        "score": None,
        "baseline": None,
        "improvement": None,
        "candidates": tuple(candidates),
        "stop_code": "done",
        "stop_reason": "All 3 candidates were tried.",
        "spend": {"calls": 9},
        "spend_by_purpose": {},
        "seconds": 1.0,
        "given": given,
    }
    return CompileReport(**{**fields, **more})


C0 = candidate("c0", state={"say": {"instructions": "Say it."}})
C1 = candidate("c1", parents=("c0",), state={"say": {"instructions": "Say it.\nBriefly."}})
C2 = candidate("c2", parents=("c1", "c0"), status="dropped", reason="9 % behind")


def test_the_tree_puts_each_candidate_below_its_first_parent():
    orphan = candidate("c3", parents=("gone",))
    assert [(depth, node.id) for depth, node in tree([C0, C1, C2, orphan])] == [
        (0, "c0"),
        (1, "c1"),
        (2, "c2"),
        (0, "c3"),
    ]
    assert report(C0, C1, C2).lineage().splitlines() == [
        "c0  (full)",
        "  c1  (full) ← best",
        "    c2  (dropped: 9 % behind)",
    ]


def test_a_candidate_is_compared_with_its_parent_or_with_the_program_as_given():
    found = report(C0, C1, C2)
    assert list(found.diff("c1")) == ["say"]
    assert found.diff("c1")["say"].splitlines()[2:] == ["@@ -1 +1,2 @@", " Say it.", "+Briefly."]
    since_start = found.diff("c1", since="")["say"].splitlines()
    assert since_start[3:] == ["-Say.", "+Say it.", "+Briefly."]
    assert found.diff("c0", since="c0") == {}
    with pytest.raises(OptimizerError, match="c9"):
        found.diff("c9")


def test_demos_are_lines_of_the_diff_with_what_they_say():
    given = {"say": {"instructions": "Say.", "demos": []}}
    state = {"say": {"demos": [{"row": "r1"}, {"row": "r2", "values": {"answer": "x" * 500}}]}}
    lines = prompt_diff(given, {}, state, {"r1": '{"answer":"y"}'})["say"].splitlines()
    assert '+demo r1: {"answer":"y"}' in lines
    assert lines[-1].startswith('+demo r2: {"answer":"xxx')
    assert len(lines[-1]) < 210
    assert prompt_diff(given, {}, {"say": {"instructions": None}}) == {}


def test_the_page_holds_everything_and_runs_nothing():
    nasty = '<script>alert("x")</script>'
    full = ScoreReport(0.5, 50.0, (0.4, 0.6), 40, 40, True, "validation")
    part = replace(full, mean=0.25, rows=8, full=False)
    found = report(
        replace(C0, score=full, label=nasty, state={nasty: {}, "say": {"instructions": nasty}}),
        replace(C1, score=full),
        replace(C2, score=part, reason=nasty),
        params={"task": nasty},
        stop_reason=nasty,
        score=full,
    )
    page = found.to_html()
    assert page.startswith("<!doctype html>")
    assert "<script" not in page
    assert "src=" not in page and "href=" not in page
    assert "&lt;script&gt;" in page
    assert "50.0% (40.0% to 60.0%)" in page
    assert "25.0% (40.0% to 60.0%) on 8 of 40" in page  # a part of the rows stands apart from full scores
    assert "+Briefly." in page
    assert "<script" not in found._repr_html_()
    assert "Candidates by lineage" in found._repr_html_()


def test_half_a_surrogate_pair_does_not_keep_a_page_from_being_written(tmp_path):
    half = "half \ud83d"
    found = report(
        replace(C0, label=half, state={"say": {"instructions": half}}),
        replace(C1, reason=half),
        stop_reason=half,
    )
    for page in (found.to_html(), found._repr_html_()):
        (tmp_path / "report.html").write_text(page, encoding="utf-8")
        assert "half \\ud83d" in page


def test_a_compile_explains_every_candidate_and_rejected_trace():
    log = MemoryRunLog()
    found = compiled(run_log=log, testset=rows("test", 20))
    page = found.to_html()
    for one in found.candidates:
        assert f"<b>{one.id}</b>" in page
        assert not one.reason or one.reason[:20] in page
    assert "why its trace was not kept" in page
    assert found.diff(found.best)  # demos that the student did not have
    assert "train " in next(iter(found.diff("c1").values()))  # what a labelled demo says
    assert found.verdict.split(":")[0] in page
    kept = json.loads(json.dumps(found.to_dict()))
    assert kept["given"]["look"]["instructions"].startswith("From `question`")
    assert "demo_texts" not in kept
    listed = next(event for event in log.read() if event["type"] == "result")["report"]["candidates"]
    assert listed[1]["diff"] == found.diff("c1")


def test_proposals_of_an_instruction_optimizer_have_parents_and_diffs():
    found = compiled("opro", {"initial_prompts": 2, "n_iterations": 3})
    changed = [one for one in found.candidates if one.instructions]
    assert changed
    assert all("+Take care" in "".join(found.diff(one.id, since="").values()) for one in changed)


def test_what_to_expect_on_other_rows_is_not_told_from_a_handful():
    def said(count):
        score = ScoreReport(1.0, 100.0, (0.5, 1.0), count, count, True, "validation")
        return replace(report(candidate("c0", score=score)), score=score, expected=0.9).summary()

    assert "On other rows expect about 90.0%" in said(20)
    assert "expect" not in said(19)


def test_what_chose_nothing_by_scores_names_the_score_of_its_rows():
    score = ScoreReport(0.5, 50.0, (0.2, 0.8), 12, 12, True, "validation")
    confirmed = Confirmation("validation", score, score, None, {})
    text = replace(report(candidate("c0")), score=None, confirmation=confirmed).summary()
    assert "50.0% on 12 validation rows that chose nothing" in text
    assert "not scored" not in text


def test_a_candidate_without_calls_was_scored_all_the_same():
    score = ScoreReport(0.5, 50.0, (0.2, 0.8), 12, 12, True, "validation")
    page = report(replace(candidate("c0", score=score), spend={"calls": 0})).to_html()
    assert "0: its answers were known" in page


def test_rows_that_a_difference_would_take_are_written_out():
    test = {"difference": 0.01, "interval": [-0.1, 0.1], "p_value": 0.5, "n": 81, "rows_needed": 8895}
    assert "about 8,895 rows to show" in verdict(test, 0.5, 0.51, "test rows")
