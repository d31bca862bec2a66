"""One signature for every item of a list: order, sides by side, what fails, what is traced and learned."""

from __future__ import annotations

import asyncio

import pytest

import core
from core.foundation.errors import (
    AdapterParseError,
    BudgetExceeded,
    ConfigurationError,
    LMAuthError,
    SignatureError,
    ValueCoercionError,
)
from core.lm import ScriptedLM
from core.trace import MemorySink, collect, sink_to


def number_of(request) -> str:
    """Answer with the number in the last message; what holds none cannot be read."""
    digits = "".join(c for c in request.messages[-1]["content"].split("##")[2] if c.isdigit())
    return f"[[ ## length ## ]]\n{digits or 'none'}"


def counts(**options):
    return core.ForEach("word -> length: int", **options)


def ask(program, *words, **inputs):
    lm = ScriptedLM(number_of)
    with core.context(lm=lm):
        return program(word=list(words), **inputs), lm


def test_outputs_are_lists_in_the_order_of_the_items() -> None:
    given, lm = ask(counts(num_threads=4), *(f"w{number}" for number in range(20)))
    assert given.length == list(range(20))
    assert given.errors == [None] * 20
    assert len(lm.requests) == 20


def test_both_colours_and_no_item_at_all() -> None:
    with core.context(lm=ScriptedLM(number_of)):
        assert asyncio.run(counts().acall(word=("a1", "b2"))).length == [1, 2]
        assert counts()(word=[]).toDict() == {"length": [], "errors": []}


def test_other_inputs_are_the_same_for_every_item_and_lists_belong_together() -> None:
    program = core.ForEach("word, other, all -> length: int", over=["word", "other"])
    given, lm = ask(program, "a1", "b2", other=["x", "y"], all="both")
    assert given.length == [1, 2]
    asked = sorted(request.messages[-1]["content"] for request in lm.requests)
    assert ["x" in asked[0], "y" in asked[1], *("both" in text for text in asked)] == [True] * 4


def test_the_first_failure_ends_it_with_its_own_error_and_its_place() -> None:
    with pytest.raises(AdapterParseError, match=r"Item 2 of 3: .*none") as caught:
        ask(counts(), "a1", "bad", "c3")
    assert caught.value.lm_response


def test_failures_that_are_borne_leave_none_and_say_why() -> None:
    given, _ = ask(counts(max_errors=3), "a1", "bad", "c3", "worse")
    assert given.length == [1, None, 3, None]
    assert given.errors[0] is given.errors[2] is None
    assert given.errors[1].startswith("AdapterParseError: Item 2 of 4")
    assert "Item 4 of 4" in given.errors[3]
    with pytest.raises(AdapterParseError):
        ask(counts(max_errors=2), "a1", "bad", "c3", "worse")


@pytest.mark.parametrize("error", [LMAuthError("no key"), BudgetExceeded("spent")])
def test_what_is_no_items_fault_is_never_borne(error: Exception) -> None:
    def refuse(request):
        raise error

    with core.context(lm=ScriptedLM(refuse)), pytest.raises(type(error)):
        counts(max_errors=50)(word=["a1", "b2"])


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"word": "a text"}, "'word' is a str"),
        ({}, "'word' is a NoneType"),
        ({"word": ["a1", None]}, "Item 2 of 2: There is no 'word'"),
    ],
)
def test_what_is_no_list_of_items_is_refused(inputs: dict, said: str) -> None:
    with core.context(lm=ScriptedLM(number_of)), pytest.raises(ValueCoercionError, match=said):
        counts()(**inputs)


def test_lists_of_different_lengths_are_refused() -> None:
    program = core.ForEach("word, other -> length: int", over=["word", "other"])
    with pytest.raises(ValueCoercionError, match="'word' has 2, 'other' has 1 items"):
        ask(program, "a1", "b2", other=["x"])


def test_none_is_asked_about_where_the_type_has_it() -> None:
    with core.context(lm=ScriptedLM(["[[ ## length ## ]]\n0"])):
        assert core.ForEach("word: Optional[str] -> length: int")(word=[None]).length == [0]


@pytest.mark.parametrize("options", [{"over": "colour"}, {"max_errors": 0}, {"over": ["word", "colour"]}])
def test_options_that_cannot_work_are_refused(options: dict) -> None:
    with pytest.raises(ConfigurationError, match="There is no ForEach over"):
        counts(**options)


def test_a_second_errors_is_refused() -> None:
    with pytest.raises(SignatureError, match="field 'errors' of its own"):
        core.ForEach("word -> errors")


def test_the_trace_has_every_item_and_the_steps_in_their_order() -> None:
    class FirstIsLast(ScriptedLM):
        others = asyncio.Event()

        async def complete(self, request):
            if "w0" in request.messages[-1]["content"]:
                await self.others.wait()
            elif "w2" in request.messages[-1]["content"]:
                self.others.set()
            return await super().complete(request)

    class Program(core.Module):
        def __init__(self):
            super().__init__()
            self.sort = counts(reasoning=False)

        def forward(self, word):
            return self.sort(word=word)

    with core.context(lm=FirstIsLast(number_of)), collect() as steps, sink_to(MemorySink()) as sink:
        Program()(word=["w0", "w1", "w2"])
    assert [step.inputs["word"] for step in steps] == ["w0", "w1", "w2"]
    assert {step.path for step in steps} == {"sort.each"}
    items = sorted(
        (span.name, span.attributes["outputs"]["length"]) for span in sink.spans if span.kind == "item"
    )
    assert items == [("1 of 3", 0), ("2 of 3", 1), ("3 of 3", 2)]
    inside = {span.id: span.kind for span in sink.spans}
    assert {inside[span.parent_id] for span in sink.spans if span.kind == "predict"} == {"item"}


def test_a_failed_item_shows_as_failed_in_the_trace() -> None:
    with sink_to(MemorySink()) as sink:
        ask(counts(max_errors=2), "a1", "bad")
    assert {span.name: span.status for span in sink.spans if span.kind == "item"} == {
        "1 of 2": "ok",
        "2 of 2": "error",
    }


def test_predictors_states_and_parts() -> None:
    program = counts(reasoning=True)
    assert [path for path, _ in program.named_predictors()] == ["each.predict"]
    assert any(isinstance(part, core.Parallel) for _, part in program.named_sub_modules())
    other = counts(reasoning=True)
    other.load_state(program.dump_state())
    with core.context(lm=ScriptedLM(["[[ ## reasoning ## ]]\nr\n\n[[ ## length ## ]]\n4"])):
        given = other.deepcopy()(word=["four"])
    assert given.toDict() == {"reasoning": ["r"], "length": [4], "errors": [None]}


ROWS = [
    core.Example(word=[f"w{row}1", f"w{row}2"], length=[row * 10 + 1, row * 10 + 2]).with_inputs("word")
    for row in range(4)
]


def test_labelled_rows_become_demos_of_single_items() -> None:
    made = core.LabeledFewShot(k=3).compile(counts(), trainset=ROWS)
    assert len(made.each.demos) == 3
    for demo in made.each.demos:
        assert demo.word == f"w{demo.length:02d}"
    again = core.LabeledFewShot(k=3).compile(counts(), trainset=ROWS)
    assert [demo.word for demo in again.each.demos] == [demo.word for demo in made.each.demos]


def test_bootstrapped_demos_are_single_items_and_teachers_see_such_too() -> None:
    def exact(example, prediction, trace=None):
        return example.length == prediction.length

    lm = ScriptedLM(number_of)
    with core.context(lm=lm):
        search = core.BootstrapFewShot(metric=exact, max_bootstrapped_demos=2, max_labeled_demos=3)
        made = search.compile(counts(), trainset=ROWS)
    assert [demo.get("augmented", False) for demo in made.each.demos] == [True, True, False]
    for demo in made.each.demos:
        assert isinstance(demo.word, str) and isinstance(demo.length, int)
    shown = "\n".join(message["content"] for request in lm.requests for message in request.messages)
    assert "«" not in shown  # no list stood where one item is asked about


@pytest.mark.parametrize(
    "row",
    [
        core.Example(word="single", length=6),
        core.Example(word=[], length=[]),
        core.Example(word=["a", "b"], length=[1]),
        core.Example(other=1),
    ],
)
def test_a_row_that_has_no_item_stays_as_it_is(row: core.Example) -> None:
    assert counts().one_of(row) is row


def test_an_estimate_takes_lists_to_be_of_a_usual_length() -> None:
    from core.search.estimate import calls_per_run

    assert calls_per_run(counts()) == 5
