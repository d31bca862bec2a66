"""DSPy's test doubles answer as theirs do; what they gave was recorded from dspy 3.4.1."""

import pytest

import core
from core.foundation.errors import AdapterParseError
from core.utils import DummyLM, DummyVectorizer, dummy_rm


def ask(lm: DummyLM, question: str, program=None) -> str:
    with core.context(lm=lm):
        return (program or core.Predict("question -> answer"))(question=question).answer


def test_a_list_answers_in_order_and_then_says_that_it_is_empty() -> None:
    lm = DummyLM([{"answer": "one"}, {"answer": "two"}])
    assert [ask(lm, f"q{number}") for number in range(3)] == ["one", "two", "No more responses"]
    assert lm.history[0]["outputs"] == ["[[ ## answer ## ]]\none"]


def test_a_mapping_answers_by_what_the_last_message_contains() -> None:
    lm = DummyLM({"What": {"answer": "W"}, "Why": {"answer": "Y"}})
    assert ask(lm, "Why is it?") == "Y"
    assert ask(lm, "What is it?") == "W"


def test_several_samples_take_several_answers() -> None:
    lm = DummyLM([{"answer": "x"}, {"answer": "y"}, {"answer": "z"}])
    assert lm("hi") == ["[[ ## answer ## ]]\nx"]
    assert lm("hi", n=2) == ["[[ ## answer ## ]]\ny", "[[ ## answer ## ]]\nz"]


def test_another_adapter_writes_its_own_layout() -> None:
    lm = DummyLM([{"answer": "x"}], adapter=core.JSONAdapter())
    assert lm("hi") == ['{\n  "answer": "x"\n}']


def test_follow_examples_answers_as_the_equal_demo() -> None:
    program = core.Predict("question -> answer")
    program.demos = [core.Example(question="q", answer="from the demo")]
    lm = DummyLM([], follow_examples=True)
    assert ask(lm, "q", program) == "from the demo"
    with pytest.raises(AdapterParseError):
        ask(lm, "another", program)


def test_reasoning_comes_apart_from_the_answer() -> None:
    lm = DummyLM([{"reasoning": "r", "answer": "x"}], reasoning=True)
    assert lm("hi") == [
        {"text": "[[ ## reasoning ## ]]\nr\n\n[[ ## answer ## ]]\nx", "reasoning_content": "Some reasoning"}
    ]


def test_vectors_are_of_length_one_and_near_for_like_texts() -> None:
    vectors = DummyVectorizer(max_length=64)(["hello there", "hello here", "xyz"])
    assert vectors.shape == (3, 64)
    assert vectors.dtype.name == "float32"
    assert vectors[0] @ vectors[0] == pytest.approx(1.0, abs=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]


def test_dummy_rm_searches_its_passages() -> None:
    retrieve = dummy_rm(["the cat sat", "a dog ran", "birds fly"])
    assert retrieve("dog", k=1)[0].long_text == "a dog ran"
    assert dummy_rm()("anything") == []
