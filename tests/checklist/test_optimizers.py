"""C96–C107, C109, C112, C113: what every optimizer promises, bootstrapping and random search, SignatureOptimizer."""

from __future__ import annotations

import pytest

import core
from core.lm import ScriptedLM
from core.teleprompt import (
    BootstrapFewShot,
    BootstrapFewShotWithRandomSearch,
    LabeledFewShot,
    SignatureOptimizer,
)
from tests.fakes.toy import ToyLM, TwoSteps, demos_of, exact, rows


def answers(text: str = "x"):
    return ScriptedLM(lambda request: f"[[ ## answer ## ]]\n{text}\n\n[[ ## completed ## ]]")


def test_c096_one_interface_and_an_unchanged_student() -> None:
    student = TwoSteps()
    before = student.dump_state()
    for optimizer in (
        LabeledFewShot(k=2),
        BootstrapFewShot(metric=exact),
        BootstrapFewShotWithRandomSearch(metric=exact),
    ):
        with core.context(lm=ToyLM()):
            program = optimizer.compile(
                student, trainset=rows("train", 6), valset=rows("val", 6), teacher=None
            )
        assert program is not student
        assert type(program) is TwoSteps
    assert student.dump_state() == before


def test_c097_demos_and_instructions_are_tuned() -> None:
    with core.context(lm=ToyLM(skill=10)):
        shown = BootstrapFewShot(metric=exact).compile(TwoSteps(), trainset=rows("train", 12))
        told = core.COPRO(metric=exact, breadth=4, depth=2).compile(TwoSteps(), trainset=rows("train", 24))
    assert demos_of(shown)["say"]
    assert told.say.signature.instructions != TwoSteps().say.signature.instructions


def test_c098_labeled_few_shot_gives_every_predictor_a_seeded_sample() -> None:
    train = rows("train", 30)
    first, again = (LabeledFewShot(k=4).compile(TwoSteps(), trainset=train) for _ in range(2))
    in_order = LabeledFewShot(k=4).compile(TwoSteps(), trainset=train, sample=False)
    assert demos_of(first) == demos_of(again)
    assert [len(demos) for demos in demos_of(first).values()] == [4, 4]
    assert [demo.question for demo in in_order.say.demos] == [row.question for row in train[:4]]


def test_c099_bootstrap_few_shot_takes_its_parameters() -> None:
    optimizer = BootstrapFewShot(
        metric=exact,
        metric_threshold=None,
        teacher_settings={},
        max_bootstrapped_demos=2,
        max_labeled_demos=3,
        max_rounds=1,
        max_errors=5,
    )
    with core.context(lm=ToyLM(skill=70)):
        program = optimizer.compile(TwoSteps(), trainset=rows("train", 12))
    traced = [demo for demo in program.say.demos if demo.get("augmented")]
    assert (len(traced), len(program.say.demos)) == (2, 3)


def test_c100_the_teacher_does_not_see_the_row_that_it_attempts() -> None:
    seen: list[tuple[str, str]] = []

    def answer(request):
        shown = "\n".join(message["content"] for message in request.messages[1:-1])
        seen.append((request.messages[-1]["content"].split("\n")[1], shown))
        return "[[ ## answer ## ]]\nx\n\n[[ ## completed ## ]]"

    train = [core.Example(question=f"q{number}", answer="x").with_inputs("question") for number in range(5)]
    with core.context(lm=ScriptedLM(answer)):
        BootstrapFewShot(metric=exact).compile(core.Predict("question -> answer"), trainset=train)
    assert seen
    assert all(shown for _, shown in seen)
    assert not any(f"{asked}\n" in f"{shown}\n" for asked, shown in seen)


def test_c101_accepted_traces_are_augmented_demos_and_rows_fill_up() -> None:
    train = rows("train", 20)
    with core.context(lm=ToyLM()):
        program = BootstrapFewShot(metric=exact, max_bootstrapped_demos=3, max_labeled_demos=6).compile(
            TwoSteps(), trainset=train
        )
    traced = [demo for demo in program.say.demos if demo.get("augmented")]
    right = {row.question: row.answer for row in train}
    assert 0 < len(traced) <= 3
    assert all(demo.answer == right[demo.question] for demo in traced)
    assert len(program.say.demos) == 6


def test_c102_later_rounds_ask_for_fresh_samples() -> None:
    asked = []

    def answer(request):
        asked.append((request.rollout_id, request.params.get("temperature")))
        return "[[ ## answer ## ]]\nwrong\n\n[[ ## completed ## ]]"

    row = core.Example(question="q", answer="x").with_inputs("question")
    with core.context(lm=ScriptedLM(answer)):
        program = BootstrapFewShot(metric=exact, max_rounds=3).compile(
            core.Predict("question -> answer"), trainset=[row]
        )
    assert asked == [(None, None), (1, 1.0), (2, 1.0)]
    assert "0 traces kept of 3 attempts" in " ".join(program.report.warnings)


def test_c103_another_model_as_teacher_and_a_compiled_program_as_teacher() -> None:
    strong, weak = answers("x"), answers("wrong")
    row = core.Example(question="q", answer="x").with_inputs("question")
    student = core.Predict("question -> answer")
    with core.context(lm=weak):
        first = BootstrapFewShot(metric=exact, teacher_settings={"lm": strong}).compile(
            student, trainset=[row]
        )
        twice = BootstrapFewShot(metric=exact, teacher_settings={"lm": strong}).compile(
            student, teacher=first, trainset=[row]
        )
    assert strong.requests
    assert not weak.requests
    assert first.demos[0].answer == twice.demos[0].answer == "x"


def test_c104_a_compiled_student_or_another_structure_is_refused() -> None:
    compiled = TwoSteps()
    compiled._compiled = True
    optimizer = BootstrapFewShot(metric=exact)
    with pytest.raises(ValueError, match="compiled already"):
        optimizer.compile(compiled, trainset=rows("train", 2))
    with pytest.raises(ValueError, match="different predictors"):
        optimizer.compile(TwoSteps(), teacher=core.Predict("question -> answer"), trainset=rows("train", 2))


def test_c104_what_bootstrapping_made_is_refused_and_what_others_made_is_compiled_further() -> None:
    data = {"trainset": rows("train", 8), "valset": rows("val", 4)}
    bootstrap = BootstrapFewShot(metric=exact, max_bootstrapped_demos=1, max_labeled_demos=1)
    search = BootstrapFewShotWithRandomSearch(
        metric=exact, max_bootstrapped_demos=1, num_candidate_programs=1
    )
    others = [
        core.LabeledFewShot(k=2),
        search,
        core.COPRO(metric=exact, breadth=2, depth=1),
        core.MIPROv2(
            metric=exact, auto=None, num_candidates=2, max_bootstrapped_demos=0, max_labeled_demos=0
        ),
        core.GEPA(metric=exact, max_metric_calls=20),
        core.SIMBA(metric=exact, bsize=4, max_steps=1),
    ]
    with core.context(lm=ToyLM(skill=10)):
        made = bootstrap.compile(TwoSteps(), **data)
        with pytest.raises(ValueError, match="compiled already"):
            search.compile(made, **data)
        told = core.COPRO(metric=exact, breadth=2, depth=1).compile(made, **data)
        with pytest.raises(ValueError, match="compiled already"):  # it still carries what bootstrapping made
            bootstrap.compile(told, **data)
        for other in others:
            first = other.compile(TwoSteps(), **data)
            for then in (bootstrap, search):
                second = then.compile(first, **data)
                assert second.say.signature.instructions == first.say.signature.instructions
            assert bootstrap.compile(first, **data)._compiled


def test_c105_random_search_takes_its_parameters() -> None:
    optimizer = BootstrapFewShotWithRandomSearch(
        metric=exact,
        teacher_settings={},
        max_bootstrapped_demos=2,
        max_labeled_demos=2,
        max_rounds=1,
        num_candidate_programs=2,
        num_threads=2,
        max_errors=10,
        stop_at_score=100,
        metric_threshold=None,
    )
    with core.context(lm=ToyLM()):
        assert optimizer.compile(TwoSteps(), trainset=rows("train", 6)).candidate_programs


def test_c106_candidates_by_seed() -> None:
    with core.context(lm=ToyLM()):
        program = BootstrapFewShotWithRandomSearch(metric=exact, num_candidate_programs=2).compile(
            TwoSteps(), trainset=rows("train", 8), valset=rows("val", 8), racing=False
        )
    seeds = sorted(candidate.seed for candidate in program.report.candidates)
    assert seeds == [-3, -2, -1, 0, 1]
    zero = next(candidate for candidate in program.report.candidates if candidate.seed == -3)
    assert not any(zero.demos[path]["labeled"] + zero.demos[path]["bootstrapped"] for path in zero.demos)


def test_c107_candidate_programs_best_first() -> None:
    with core.context(lm=ToyLM()):
        program = BootstrapFewShotWithRandomSearch(metric=exact, num_candidate_programs=3).compile(
            TwoSteps(), trainset=rows("train", 8), valset=rows("val", 12), racing=False
        )
    listed = program.candidate_programs
    scores = [item["score"] for item in listed]
    assert scores == sorted(scores, reverse=True)
    assert all(len(item["subscores"]) == 12 for item in listed)
    assert all(isinstance(item["program"], TwoSteps) for item in listed)


def test_c109_signature_optimizer_with_the_parameters_of_2024() -> None:
    optimizer = SignatureOptimizer(
        prompt_model=None,
        metric=exact,
        breadth=3,
        depth=2,
        init_temperature=1.4,
        verbose=False,
        track_stats=True,
    )
    with core.context(lm=ToyLM(skill=10)):
        program = optimizer.compile(
            TwoSteps(),
            devset=rows("dev", 24),
            eval_kwargs={"num_threads": 4, "display_progress": True, "display_table": 0},
        )
    assert "Take care" in program.say.signature.instructions
    assert set(program.results_best) == {"look", "say"}
    with pytest.raises(ValueError, match="breadth"):
        SignatureOptimizer(metric=exact, breadth=1)
    with pytest.raises(ValueError, match="Give the rows once"):
        optimizer.compile(TwoSteps())


@pytest.mark.parametrize("racing", [True, False])
def test_c109_output_prefixes_stay_and_reach_no_prompt(racing: bool) -> None:
    class Asked(core.Signature):
        question: str = core.InputField()
        answer: str = core.OutputField(prefix="Zounds:")

    seen: list[str] = []

    class Listening(ToyLM):
        def reply(self, messages, rollout=None):
            seen.append(str(messages))
            return super().reply(messages, rollout)

    with core.context(lm=Listening(skill=10)):
        optimizer = core.COPRO(metric=exact, breadth=3, depth=1)
        program = optimizer.compile(core.Predict(Asked), trainset=rows("train", 12), racing=racing)
    assert program.signature.fields["answer"].prefix == "Zounds:"
    assert seen and "Zounds" not in "".join(seen)


def test_c112_optimizers_in_sequence() -> None:
    with core.context(lm=ToyLM(skill=10)):
        told = core.COPRO(metric=exact, breadth=3, depth=1).compile(TwoSteps(), trainset=rows("train", 24))
        both = BootstrapFewShot(metric=exact).compile(told, trainset=rows("train", 12))
    assert both.say.signature.instructions == told.say.signature.instructions
    assert both.say.demos


def test_c113_what_a_compile_costs_is_said_before_and_after() -> None:
    optimizer = BootstrapFewShotWithRandomSearch(metric=exact, num_candidate_programs=2)
    train, lm = rows("train", 8), ToyLM(cache=False)
    estimate = optimizer.estimate(TwoSteps(), train)
    with core.context(lm=lm):
        report = optimizer.compile(TwoSteps(), trainset=train).report
    assert estimate.low <= report.calls <= estimate.high
    assert report.calls == lm.sent
    assert f"{report.calls} calls" in report.summary()
