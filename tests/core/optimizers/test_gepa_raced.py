"""GEPA where candidates are raced: what a reflection reads, which of its instructions live, when the search ends."""

import re
from typing import Any

import core
from core.lm import ScriptedLM
from core.optimizers.reflection import records_text
from core.settings import context
from tests.fakes.toy import ToyLM, TwoSteps, exact, rows

RULES = ["red", "green", "blue", "black"]
REPLY = "[[ ## proposed_instruction ## ]]\n{}\n[[ ## completed ## ]]"


def colour_rows(count: int, start: int = 0) -> list[core.Example]:
    return [
        core.Example(item=f"{RULES[number % 4]} thing {number}", answer=RULES[number % 4]).with_inputs("item")
        for number in range(start, start + count)
    ]


class Pupil(ScriptedLM):
    """Answers what its instruction names; as a writer it adds `learns` of the colours that feedback names."""

    def __init__(self, learns: int = 9) -> None:
        self.learns = learns
        self.questions: list[str] = []
        self.config: list[Any] = []
        super().__init__(self.answer)

    def answer(self, request: Any) -> str:
        system, asked = request.messages[0]["content"], request.messages[-1]["content"]
        if "proposed_instruction" in system:
            self.questions.append(asked)
            self.config.append(request.params.get("temperature"))
            current = asked.split("[[ ## current_instruction ## ]]")[1].split("[[ ##")[0].strip()
            told = asked.split("examples_with_feedback")[1]
            lacking = [word for word in RULES if f"name {word}" in told and word not in current]
            return REPLY.format(" ".join([*current.split(), *lacking[: self.learns]]))
        item = re.search(r"(\w+) thing", asked.split("[[ ## item ## ]]")[-1])
        colour = item[1] if item and f" {item[1]}" in system.split("objective")[-1] else "unknown"
        return f"[[ ## answer ## ]]\n{colour}\n[[ ## completed ## ]]"


def told(gold: Any, pred: Any, trace: Any = None) -> Any:
    right = gold.answer == pred.answer
    return core.Prediction(score=float(right), feedback="fine" if right else f"name {gold.answer}")


def compiled(lm: Pupil, *, train: Any = None, valset: Any = (), **params: Any) -> Any:
    options = {key: params.pop(key) for key in ("racing", "seed", "plateau") if key in params}
    with context(lm=lm):
        return core.GEPA(told, **{"max_metric_calls": 1_000, **params}).compile(
            core.Predict(core.Signature("item -> answer", "Name the colour.")),
            trainset=colour_rows(8) if train is None else train,
            valset=colour_rows(40, 100) if valset == () else valset,
            **options,
        )


def shown_in(question: str) -> str:
    return question.split("[[ ## examples_with_feedback ## ]]")[1].split("[[ ## correct_examples ## ]]")[0]


def test_later_reflections_also_read_what_parents_and_ancestors_did() -> None:
    lm = Pupil(learns=1)
    compiled(lm)
    counts = [shown_in(question).count("### Example") for question in lm.questions]
    assert counts[0] == 3
    assert max(counts) > 3 and max(counts) <= 10
    for question in lm.questions:
        items = re.findall(r"item: (\w+ thing \d+)", shown_in(question))
        assert len(items) == len(set(items))


def test_failures_come_first() -> None:
    lm = Pupil(learns=1)
    compiled(lm, reflection_minibatch_size=8)
    for question in lm.questions:
        said = re.findall(r"Feedback: (\w+)", shown_in(question))
        assert said == sorted(said, key=lambda word: word == "fine")


def test_long_runs_are_left_out_but_for_the_first() -> None:
    record = {"Inputs": {"item": "x" * 900}, "Generated Outputs": {"answer": "y"}, "Feedback": "no"}
    assert records_text([record] * 10).count("### Example") == 10
    assert records_text([record] * 10, 3_000).count("### Example") == 3
    assert records_text([record] * 10, 10).count("### Example") == 1


def test_labelled_training_rows_stand_beside_the_runs_but_no_validation_row_does() -> None:
    lm = Pupil()
    compiled(lm)
    examples = lm.questions[0].split("[[ ## correct_examples ## ]]")[1]
    numbers = {int(number) for number in re.findall(r"thing (\d+)", examples)}
    assert numbers == set(range(8))


def test_rows_without_labels_show_no_examples() -> None:
    lm = Pupil()
    bare = [
        core.Example(item=f"{RULES[number % 4]} thing {number}").with_inputs("item") for number in range(8)
    ]

    def metric(gold: Any, pred: Any, trace: Any = None) -> Any:
        colour = gold.item.split()[0]
        return core.Prediction(score=float(pred.answer == colour), feedback=f"name {colour}")

    with context(lm=lm):
        program = core.GEPA(metric, max_metric_calls=300).compile(
            core.Predict(core.Signature("item -> answer", "Name the colour.")), trainset=bare, valset=bare
        )
    assert lm.questions and "correct_examples" not in lm.questions[0]
    assert program.report.score.mean == 1.0


def test_two_instructions_are_written_the_first_without_chance() -> None:
    lm = Pupil(learns=1)
    compiled(lm)
    assert lm.config[:2] == [0.0, 1.0]


def test_what_leads_nowhere_stops_at_a_quarter_of_the_rows() -> None:
    class Forgetful(Pupil):
        """Its instructions name one colour of the failures, and no other."""

        def answer(self, request: Any) -> str:
            reply = super().answer(request)
            if "proposed_instruction" in reply:
                words = reply.split("\n")[1].split()
                return REPLY.format(" ".join(["Name", str(len(self.questions)), words[-1]]))
            return reply

    program = compiled(Forgetful())
    found = [one for one in program.report.candidates if one.parents]
    stopped = [one for one in found if one.status == "minibatch"]
    assert stopped and {one.score.rows for one in stopped} <= {10, 20}
    assert [one for one in found if one.status == "full"]


def test_the_search_ends_when_reflections_bring_nothing_more() -> None:
    class Useless(Pupil):
        def answer(self, request: Any) -> str:
            reply = super().answer(request)
            return REPLY.format(f"Try {len(self.questions)}.") if "proposed_instruction" in reply else reply

    lm = Useless()
    program = compiled(lm)
    assert len(lm.questions) == 2 * 3  # two instructions for each of three reflections
    assert program.report.best == "c0"
    assert len(lm.requests) < 100


def test_late_in_the_budget_a_reflection_has_to_be_worth_its_price() -> None:
    class Slow(Pupil):
        """Learns one validation row with each reflection."""

        def answer(self, request: Any) -> str:
            system, asked = request.messages[0]["content"], request.messages[-1]["content"]
            if "proposed_instruction" in system:
                self.questions.append(asked)
                return REPLY.format(f"Known: {10 + len(self.questions)}.")
            number = int(asked.split("thing ")[-1].split()[0])
            known = int((re.findall(r"Known: (\d+)", system) or ["10"])[0])
            right = 2 * (number % 100) < known if number >= 100 else known % 7 == number % 7
            return f"[[ ## answer ## ]]\n{RULES[number % 4] if right else 'unknown'}\n[[ ## completed ## ]]"

    spent = {}
    for limit in (200, 4_000):
        lm = Slow()
        compiled(lm, max_metric_calls=limit, train=colour_rows(40))
        spent[limit] = len(lm.requests)
    assert spent[200] < 200 and spent[200] < spent[4_000]


def test_without_validation_rows_some_of_many_training_rows_choose_and_are_not_shown() -> None:
    lm = Pupil(learns=1)
    program = compiled(lm, train=colour_rows(40), valset=None)
    assert program.report.score.on == "validation" and program.report.score.of == 16
    assert any("16 of the 40 rows choose" in warning for warning in program.report.warnings)
    shown = {int(number) for question in lm.questions for number in re.findall(r"thing (\d+)", question)}
    assert len(shown) <= 24
    published = compiled(Pupil(), train=colour_rows(40), valset=None, racing=False, max_metric_calls=90)
    assert published.report.score.on == "training" and published.report.score.of == 40


def test_joins_are_made_while_racing_too() -> None:
    def answer(request: Any) -> str:
        system = request.messages[0]["content"]
        if "proposed_instruction" in system:
            return REPLY.format("good")
        name = "one" if "`one`" in system else "two"
        right = "good" in system.split("objective")[-1]
        return f"[[ ## {name} ## ]]\n{'good' if right else 'bad'}\n[[ ## completed ## ]]"

    class Halves(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left = core.Predict(core.Signature("item -> one", "Left."))
            self.right = core.Predict(core.Signature("item -> two", "Right."))

        async def aforward(self, item: str) -> Any:
            first = await self.left.acall(item=item)
            second = await self.right.acall(item=item)
            return core.Prediction(one=first.one, two=second.two)

    def metric(gold: Any, pred: Any, trace: Any = None) -> float:
        if gold.side == "neither":
            return float(pred.one == pred.two == "bad")
        return float((pred.one if gold.side == "one" else pred.two) == "good")

    def sided(prefix: str) -> list[core.Example]:
        sides = ["one", "two", "one", "two", "neither"]
        return [core.Example(item=f"{prefix} {n}", side=sides[n % 5]).with_inputs("item") for n in range(20)]

    kinds = set()
    for seed in range(12):
        with context(lm=ScriptedLM(answer)):
            program = core.GEPA(metric, max_metric_calls=2_000).compile(
                Halves(), trainset=sided("t"), valset=sided("v"), seed=seed
            )
        kinds |= {one.notes.get("kind") for one in program.report.candidates}
    assert "merge" in kinds


def test_the_search_takes_less_than_half_of_the_published_calls() -> None:
    sent: dict[bool, int] = {}
    for racing in (True, False):
        lm = ToyLM(cache=False)
        with context(lm=lm):
            core.GEPA(exact, max_metric_calls=400).compile(
                TwoSteps(), trainset=rows("train", 30), valset=rows("validation", 40), racing=racing
            )
        sent[racing] = lm.sent
    assert sent[True] < 0.5 * sent[False]
