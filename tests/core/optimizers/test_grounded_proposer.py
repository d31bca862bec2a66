"""The grounded proposer: what it looks at, when it stops looking, and what each proposal is shown."""

import core
from core.interop.bayesian_signature_optimizer import BayesianSignatureOptimizer
from core.lm import ScriptedLM
from core.optimizers import MIPROv2
from core.optimizers.grounded_proposer import TIPS, data_asks, program_asks, program_text
from core.search.run_log import MemoryRunLog
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows
from tests.fakes.writer import Writer, material


def compiled(writer: Writer, train: int = 25, student=None, metric=exact, log=None, **params):
    named = {"auto": None, "num_candidates": 4, "num_trials": 2, **params}
    optimizer = MIPROv2.create(named, metric=metric, prompt_model=writer.lm)
    with context(lm=ToyLM(skill=90)):
        return optimizer.compile(
            student or TwoSteps(),
            trainset=rows("train", train),
            valset=rows("validation", 6),
            racing=False,
            run_log=log,
        )


def test_the_data_is_looked_at_in_batches_and_summed_up() -> None:
    writer = Writer()
    compiled(writer, view_data_batch_size=10)
    first, second, third = writer.users("observations")
    assert "train 0" in first
    assert "train 9" in first
    assert "train 10" not in first
    assert "Seen 1." in second
    assert "train 24" in third
    assert "Seen 2." in third
    (summed,) = writer.users("data_summary")
    assert all(f"Seen {number}." in summed for number in (1, 2, 3))
    assert all("Rows about numbers." in user for user in writer.users("proposed_instruction"))


def test_no_validation_row_is_shown_to_the_proposer() -> None:
    writer = Writer()
    compiled(writer)
    assert not any("validation" in user for asked in writer.asked.values() for _, user in asked)


def test_complete_skips_a_batch_and_five_of_them_end_the_look() -> None:
    writer = Writer(lambda number: "Seen 1." if number == 1 else "COMPLETE, nothing new")
    compiled(writer, train=40, view_data_batch_size=4)
    assert len(writer.users("observations")) == 6
    assert "COMPLETE" not in writer.users("data_summary")[0]


def test_at_most_ten_batches_are_looked_at() -> None:
    writer = Writer()
    compiled(writer, train=40, view_data_batch_size=2)
    assert len(writer.users("observations")) == 10
    assert data_asks(40, 2) == 11
    assert data_asks(7, 10) == 2
    assert data_asks(0, 10) == 0


def test_the_program_is_read_and_never_run() -> None:
    writer = Writer()
    compiled(writer)
    (asked,) = writer.users("program_summary")
    assert "question -> hint" in asked
    assert "Ask for a hint, then for the answer." in asked  # of its source
    assert all("Two steps, a hint" in user for user in writer.users("proposed_instruction"))


def test_a_program_without_source_is_told_by_its_steps() -> None:
    kind = type("Made", (TwoSteps,), {"__module__": "nowhere"})
    assert "Step say: hint, question -> answer" in program_text(kind())
    assert "Source" not in program_text(kind())
    assert program_asks(core.Predict("question -> answer")) == 0
    assert program_asks(TwoSteps()) == 1


def test_every_step_gets_its_own_and_the_first_of_them_is_the_original() -> None:
    writer = Writer()
    found = material(compiled(writer))["instructions"]
    assert list(found) == ["look", "say"]
    assert found["look"][0] == TwoSteps().look.signature.instructions
    assert found["look"][1:] + found["say"][1:] == [f"Instruction {number}." for number in range(1, 7)]


def test_a_proposal_is_shown_the_demos_of_its_set() -> None:
    writer = Writer()
    program = compiled(writer, max_bootstrapped_demos=2, max_labeled_demos=0)
    sets = material(program)["sets"]
    second = [demo["row"] for demo in sets[1]["say"]]
    shown = writer.users("proposed_instruction")[3]  # the first for the second step
    keys = {row.id: row.question for row in rows("train", 25)}
    assert second
    assert all(keys[row] in shown for row in second)


def test_a_tip_changes_from_proposal_to_proposal() -> None:
    writer = Writer()
    compiled(writer, num_candidates=8)
    asked = writer.users("proposed_instruction")
    used = {name for name, tip in TIPS.items() for user in asked if tip and tip in user}
    assert len(used) > 1


def test_nothing_is_told_that_was_switched_off() -> None:
    writer = Writer()
    compiled(
        writer,
        data_aware_proposer=False,
        program_aware_proposer=False,
        tip_aware_proposer=False,
        fewshot_aware_proposer=False,
    )
    assert set(writer.asked) == {"proposed_instruction"}
    for system, user in writer.asked["proposed_instruction"]:
        assert not any(
            word in system for word in ("examples", "data_summary", "program_summary", "[[ ## tip ## ]]")
        )
        assert "train" not in user


def test_proposals_are_drawn_and_summaries_are_not() -> None:
    writer = Writer()
    compiled(writer, init_temperature=0.9)
    assert {pair for pair in writer.temperatures if pair[0] == "proposed_instruction"} == {
        ("proposed_instruction", 0.9)
    }
    assert all(value in (None, 0.0) for name, value in writer.temperatures if name != "proposed_instruction")


def test_labelled_rows_stand_for_demos_where_none_are_wanted() -> None:
    writer = Writer()
    compiled(writer, max_bootstrapped_demos=0, max_labeled_demos=0)
    assert all("question: train" in user for user in writer.users("proposed_instruction"))


def test_where_nothing_was_bootstrapped_it_says_so_and_goes_on_without_examples() -> None:
    writer, log = Writer(), MemoryRunLog()
    program = compiled(
        writer, metric=lambda *args, **kw: 0, max_labeled_demos=0, max_bootstrapped_demos=2, log=log
    )
    loud = [event["text"] for event in log.read() if event.get("level") == "warning"]
    assert any("Nothing was bootstrapped" in text for text in loud)
    assert any("written without examples" in text for text in loud)
    assert sum("Nothing was bootstrapped" in text for text in loud) == 1
    assert len(program.report.candidates) == 3
    assert not any("train" in user for user in writer.users("proposed_instruction"))


def test_an_instruction_that_repeats_another_is_no_option() -> None:
    same = ScriptedLM(lambda request: "[[ ## proposed_instruction ## ]]\nThe same.\n[[ ## completed ## ]]")
    optimizer = BayesianSignatureOptimizer(n=5, metric=exact, prompt_model=same, task_model=ToyLM(skill=5))
    program = optimizer.compile(
        TwoSteps(), devset=rows("train", 10), optuna_trials_num=1, view_data=False, max_labeled_demos=0
    )
    assert [len(texts) for texts in material(program)["instructions"].values()] == [2, 2]
