"""The pieces of the comparison with DSPy's optimizers: the counting server, tasks, programs, scores, tables, resuming.

Knows nothing about DSPy, which is not needed here.
"""

import json
import random
import sys
import urllib.error
import urllib.request

import pytest

import core
from benchmarks.optimizers import __main__ as command
from benchmarks.optimizers import planted, programs, scoring, tasks, worker
from benchmarks.optimizers.choices import CHOICES, rows_for
from benchmarks.optimizers.comparison import Runs, best_of_theirs, effect, read_runs, share
from benchmarks.optimizers.server import CountingProtocol, counting_server, counts_at
from benchmarks.optimizers.tables import document, optimism, shortcomings
from core.lm.embedded.protocol import BadRequest

SIZES = (20, 15, 25)
HERE = ("support_tickets", "message_extraction", "two_hop_questions", *sorted(planted_names := {
    "planted_rule", "planted_noise", "planted_feedback"}))  # fmt: skip


def body(text="Say one of: yes, no.", **more):
    return {"model": "in-context", "messages": [{"role": "user", "content": text}], **more}


def a_run(
    side="ours", optimizer="copro", task="t", seed=0, budget=None, scores=(1.0, 0.0), requests=10, **more
):
    counted = {"requests": requests, "completions": requests, "prompt_tokens": 90, "completion_tokens": 10}
    return {
        "side": side,
        "optimizer": optimizer,
        "task": task,
        "seed": seed,
        "budget": budget,
        "size": "small",
        "scores": list(scores),
        "reported": None,
        "counts": {"compile": counted},
        "wall": 1.0,
        **more,
    }


def test_requests_replies_and_tokens_are_counted_by_phase():
    protocol = CountingProtocol()
    protocol.enter("compile")
    protocol.chat(body(n=3, temperature=1.0))
    protocol.chat(body())
    protocol.enter("held out")
    protocol.chat(body())
    told = protocol.told()
    assert (told["compile"]["requests"], told["compile"]["completions"]) == (2, 4)
    assert told["held out"]["requests"] == 1
    assert told["compile"]["prompt_tokens"] == 2 * told["held out"]["prompt_tokens"] > 0


def test_what_is_beyond_the_cap_is_refused_and_not_counted_as_a_call():
    protocol = CountingProtocol()
    protocol.enter("compile", 2)
    for _ in range(2):
        protocol.chat(body())
    with pytest.raises(BadRequest, match="used up"):
        protocol.chat(body())
    assert (protocol.told()["compile"]["requests"], protocol.told()["compile"]["refused"]) == (2, 1)


def test_the_server_counts_over_http():
    def post(address, path, what):
        asked = urllib.request.Request(
            address + path, json.dumps(what).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    with counting_server() as address:
        post(address, "/phase", {"phase": "compile", "limit": 1})
        post(address, "/v1/chat/completions", body())
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(address, "/v1/chat/completions", body())
        refused.value.close()
        assert refused.value.code == 400
        assert counts_at(address)["compile"]["requests"] == 1


@pytest.mark.parametrize("name", HERE)
def test_a_task_is_the_same_for_the_same_seed_and_holds_its_test_rows_out(name):
    made = tasks.task(name, 3, SIZES)
    assert made == tasks.task(name, 3, SIZES)
    assert made["test"] != tasks.task(name, 4, SIZES)["test"]
    assert [len(made[part]) for part in ("train", "validation", "test")] == list(SIZES)
    if name not in planted_names:  # theirs are drawn, and may meet a sentence twice
        learned = [row for part in ("train", "validation") for row in made[part]]
        assert not [row for row in made["test"] if row in learned]
    json.dumps(made)


def test_an_instruction_that_states_the_planted_rule_solves_it_and_the_one_given_does_not():
    made = tasks.task("planted_rule", 0, (1, 1, 40))
    stated = "\n".join(
        f"Use {label} when the note is about {', '.join(of)}." for label, of in planted.SUBJECTS.items()
    )

    def solved(instruction):
        program = programs.make(core, made)
        program.sort.signature = program.sort.signature.with_instructions(instruction)
        answers = [program(note=row["note"]).shelf for row in made["test"]]
        return sum(answer == row["shelf"] for answer, row in zip(answers, made["test"], strict=True)) / 40

    with core.context(lm=core.LM("embedded/in-context", cache=False)):
        assert solved(stated) > 0.95
        assert solved(made["steps"][0]["instructions"]) < 0.6


def test_planted_noise_is_in_what_is_learned_from_and_not_in_what_is_held_out():
    def wrong(rows):
        return sum(row["shelf"] not in row["why"] for row in rows) / len(rows)

    made = tasks.task("planted_noise", 0, (300, 300, 300))
    assert 0.1 < wrong(made["train"]) < 0.3
    assert wrong(made["test"]) == 0
    assert wrong(planted.rows(50, random.Random(0))) == 0


@pytest.mark.parametrize("name", HERE)
def test_a_program_answers_in_the_fields_that_are_scored(name):
    made = tasks.task(name, 0, SIZES)
    row = made["test"][0]
    with core.context(lm=core.LM("embedded/in-context", cache=False)):
        told = programs.make(core, made)(**{field: row[field] for field in made["inputs"]})
    number, _ = scoring.score(made["metric"], row, {field: told[field] for field in made["metric"]["fields"]})
    assert 0 <= number <= 1


@pytest.mark.parametrize("name", HERE)
def test_optimizers_see_what_is_given_and_what_is_scored_and_no_other_column(name):
    made = tasks.task(name, 0, SIZES)
    shown = {column for row in programs.examples(core, made, "train") for column in row.toDict()}
    assert shown == {*made["inputs"], *made["metric"]["fields"]}


def test_records_are_scored_by_their_fields_and_lists_without_order():
    rule = {"kind": "exact", "fields": ["booking"]}
    gold = {"booking": {"name": "Sato", "people": 4, "items": ["rug", "vegan menu"]}}
    given = {"booking": {"name": "sato", "people": 5, "items": ["vegan menu", "rug"]}}
    number, said = scoring.score(rule, gold, given)
    assert number == pytest.approx(2 / 3)
    assert "booking.people should be 4" in said
    assert scoring.score(rule, gold, {"booking": None})[0] == 0


def test_feedback_states_the_reason_only_where_the_task_has_one():
    made = tasks.task("planted_feedback", 0, SIZES)
    row = made["train"][0]
    assert row["why"] in scoring.score(made["metric"], row, {"shelf": "none"})[1]
    assert row["why"] not in scoring.score({**made["metric"], "feedback": None}, row, {"shelf": "none"})[1]
    assert scoring.score(made["metric"], row, row) == (1.0, "Right.")


def test_the_metric_of_a_run_finds_the_reason_of_its_row():
    made = tasks.task("planted_feedback", 0, SIZES)
    row, example = made["validation"][0], programs.examples(core, made, "validation")[0]
    metric = worker.metric_of(core, made, True)
    told = metric(example, core.Prediction(shelf="none"))
    assert (told.score, row["why"] in told.feedback) == (0, True)
    assert worker.metric_of(core, made, False)(example, core.Prediction(shelf=row["shelf"])) == 1.0


def test_f1_counts_words_without_articles():
    assert scoring.f1("the Grey Friar ale", "Grey Friar") == pytest.approx(0.8)
    assert scoring.f1("a school", "school!") == 1
    assert scoring.f1("one", "two") == 0


def test_optimizers_without_validation_rows_get_all_rows_to_learn_from():
    assert rows_for("copro", [1], [2]) == {"trainset": [1, 2]}
    assert rows_for("gepa", [1], [2]) == {"trainset": [1], "valset": [2]}
    assert rows_for("somebody_elses", [1], [2]) == {"trainset": [1], "valset": [2]}


def test_an_effect_over_equal_cells_has_no_width_and_over_mixed_ones_holds_its_mean():
    assert effect([[0.5, 0.5], [0.5]]) == (0.5, 0.5, 0.5)
    mixed = effect([[1.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
    assert mixed.mean == pytest.approx(1 / 6)
    assert mixed.low < mixed.mean < mixed.high


def test_cells_are_paired_and_the_share_is_that_of_requests():
    runs = Runs([a_run(requests=6), a_run("dspy", requests=10), a_run(seed=1)])
    assert len(runs.pairs("copro")) == 1
    assert share(runs.pairs("copro")) == pytest.approx(0.6)
    assert runs.pairs("copro", "share") == []
    assert len(Runs([a_run("dspy"), a_run(budget="share")]).pairs("copro", "share")) == 1


def test_the_best_of_theirs_is_the_one_with_the_best_mean():
    theirs = [
        a_run("dspy", "copro", scores=[1.0, 1.0]),
        a_run("dspy", "copro", seed=1, scores=[0.0, 0.0]),
        a_run("dspy", "gepa", scores=[0.5, 1.0]),
        a_run("dspy", "gepa", seed=1, scores=[0.5, 1.0]),
    ]
    assert best_of_theirs(Runs(theirs), [("t", 0), ("t", 1)]) == "gepa"
    assert best_of_theirs(Runs(theirs), [("t", 0)]) == "copro"


def test_every_missed_target_is_listed_and_a_met_one_is_not():
    met = [a_run(requests=5), a_run("dspy", requests=10)]
    assert shortcomings(Runs(met)) == []
    missed = [
        a_run(requests=9, scores=[0.0, 0.0], reported=0.5),
        a_run("dspy", requests=10),
        a_run(optimizer="none", scores=[1.0, 1.0]),
        a_run(budget="share", scores=[0.0, 0.0]),
        a_run(optimizer="auto", requests=601, scores=[0.0, 0.0]),
        a_run("dspy", "gepa", task="u", error="Traceback\nValueError: no"),
    ]
    said = "\n".join(shortcomings(Runs(missed)))
    for part in (
        "held-out score 0.500 below",
        "90% of DSPy's calls",
        "worse than the program it was given",
        "reports +0.500",
        "capped at 60%",
        "auto: 601 calls",
        "auto: 0.500 below DSPy's copro",
        "failed: ValueError: no",
    ):
        assert part in said


def test_a_gap_that_the_rows_have_is_no_fault_of_the_search():
    known = {"train": [1.0, 1.0], "validation": [1.0, 0.5]}
    given = a_run(optimizer="none", scores=[0.5, 0.5], known=known)
    chosen = a_run(optimizer="gepa", scores=[0.5, 0.5], reported=0.85)
    everything = a_run(scores=[0.5, 0.5], reported=0.875)
    runs = Runs([given, chosen, everything])
    assert optimism(runs, chosen) == pytest.approx(0.1)  # validation rows are easier by 0.25
    assert optimism(runs, everything) == pytest.approx(0.0)
    assert optimism(Runs([chosen]), chosen) is None
    assert "| gepa | +0.350 | +0.100 | – | – |" in document([given, chosen])


def test_rows_that_are_mislabelled_on_purpose_are_shown_apart():
    right = a_run(optimizer="gepa", scores=[1.0, 1.0], reported=1.0)
    noisy = a_run(optimizer="gepa", task="planted_noise", scores=[1.0, 1.0], reported=0.8)
    assert "| gepa | -0.100 | – | – | – | – | +0.000 |" in document([right, noisy])
    said = "\n".join(shortcomings(Runs([right, noisy])))
    assert "reports -0.100, +0.000 where labels are right, against" in said


def test_the_page_has_every_table():
    found = [
        a_run(),
        a_run("dspy"),
        a_run(budget=50),
        a_run("dspy", budget=50),
        a_run(budget="share"),
        a_run(optimizer="auto", budget=50, scores=[1.0, 1.0]),
        a_run(optimizer="auto"),
    ]
    page = document(found, "Measured once.")
    for part in (
        "## By optimizer",
        "## By task",
        "## Capped",
        "## Stopped at",
        "| auto – DSPy's copro | – | 1 | 0.500 | 0.500 |",
        "| auto – DSPy's copro | 50 | 1 | 1.000 | 0.500 | +0.500 (+0.000 to +1.000) | 100% |",
        "Measured once.",
    ):
        assert part in page


def test_the_last_line_of_a_run_counts(tmp_path):
    path = tmp_path / "runs.jsonl"
    assert read_runs(path) == []
    path.write_text(
        "\n".join(json.dumps(run) for run in (a_run(error="x"), a_run("dspy"), a_run(requests=3))) + "\n"
    )
    assert [run.get("error") for run in read_runs(path)] == [None, None]


def test_seeds_begin_with_the_first():
    given = command.options().parse_args(["--first", "20", "--seeds", "2", "--tasks", "banking77"])
    assert {run["seed"] for run in command.planned(given)} == {20, 21}


def test_finished_runs_are_not_done_again_and_failed_ones_are(tmp_path, monkeypatch, capsys):
    asked = []

    def fake(run, python, timeout, extra):
        asked.append((run["side"], run["optimizer"], run["budget"], extra))
        failed = {"error": "killed"} if len(asked) == 1 else {}
        return {**a_run(requests=100), **run, **failed}

    out = tmp_path / "runs.jsonl"
    line = ["x", "--dspy-python", "other", "--tasks", "planted_rule", "--optimizers", "copro", "auto"]
    monkeypatch.setattr(sys, "argv", [*line, "--seeds", "1", "--size", "small", "--out", str(out)])
    monkeypatch.setattr(command, "do", fake)
    command.main()
    assert [entry[:3] for entry in asked] == [
        ("dspy", "none", None),
        ("ours", "none", None),
        ("dspy", "copro", None),
        ("ours", "copro", None),
        ("ours", "copro", "share"),
        ("ours", "auto", None),
    ]
    assert asked[4][3] == {"budget": 60}
    command.main()
    assert [entry[:3] for entry in asked[6:]] == [("dspy", "none", None)]
    assert "| copro | 1 |" in capsys.readouterr().out


def test_a_run_of_ours_ends_with_scores_counts_and_the_prompts(monkeypatch):
    monkeypatch.setitem(command.SIZES, "small", (6, 6, 5))
    run = {"side": "ours", "optimizer": "random_search", "task": "planted_rule", "seed": 0, "size": "small"}
    done = command.do({**run, "budget": None}, sys.executable, 120, {"budget": 20})
    assert "error" not in done
    assert len(done["scores"]) == 5
    assert done["counts"]["compile"]["requests"] <= 20
    assert done["counts"]["held out"]["requests"] == 5
    assert done["prompts"]["sort"]["instructions"]
    assert set(CHOICES) >= {"random_search", "copro", "miprov2", "gepa", "simba", "auto"}
