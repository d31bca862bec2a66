"""C31–C50: modules and typed predictors."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, Field

import core
from core.lm import ScriptedLM


def reply(**fields: object) -> str:
    return (
        "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())
        + "\n\n[[ ## completed ## ]]"
    )


def said(lm: ScriptedLM, call: int = -1) -> str:
    return "\n".join(message["content"] for message in lm.requests[call].messages)


def test_c031_predict_holds_instructions_demos_and_a_model_of_its_own() -> None:
    predict = core.Predict(core.Signature("question -> answer", "Be brief."), temperature=0.4)
    own, other = ScriptedLM([reply(answer="own")]), ScriptedLM([reply(answer="other")])
    predict.lm = own
    predict.demos = [core.Example(question="1+1", answer="2")]
    with core.context(lm=other):
        assert predict(question="2+2").answer == "own"
    assert "Be brief." in said(own) and "1+1" in said(own)
    assert own.requests[0].params["temperature"] == 0.4
    assert not other.requests


def test_c032_chain_of_thought_reasons_first_and_can_be_switched_off() -> None:
    lm = ScriptedLM([reply(reasoning="because", answer="4"), reply(answer="4"), reply(answer="5")])
    cot = core.ChainOfThought("question -> answer")
    with core.context(lm=lm):
        assert list(cot(question="2+2").keys()) == ["reasoning", "answer"]
        assert list(core.ChainOfThought("question -> answer", activated=False)(question="2+2").keys()) == [
            "answer"
        ]
        for predictor in cot.predictors():  # the deployment recipe of finetuned models
            predictor.activated = False
        assert list(cot(question="2+3").keys()) == ["answer"]


def test_c032_the_rationale_may_be_described_under_both_names() -> None:
    era = core.ChainOfThought("question -> answer", rationale_type=core.OutputField(desc="in French"))
    assert list(era.predict.signature.output_fields) == ["rationale", "answer"]
    assert era.predict.signature.fields["rationale"].desc == "in French"
    now = core.ChainOfThought("question -> answer", core.OutputField(desc="in short"), list[str])
    assert now.predict.signature.fields["reasoning"].annotation == list[str]
    assert now.predict.signature.fields["reasoning"].desc == "in short"


def test_c032_programs_of_2024_read_the_rationale() -> None:
    with core.context(lm=ScriptedLM([reply(reasoning="two and two", answer="4")])):
        found = core.ChainOfThought("question -> answer")(question="2+2")
    assert found.rationale == found.reasoning == "two and two"
    with pytest.raises(AttributeError, match="has no field 'rationale'"):
        _ = core.Prediction(answer="4").rationale


def test_c033_a_hint_is_one_more_input_that_may_be_left_out() -> None:
    lm = ScriptedLM([reply(reasoning="r", answer="a")] * 2)
    program = core.ChainOfThoughtWithHint("question -> answer")
    with core.context(lm=lm):
        program(question="q")
        program(question="q", hint="It rhymes with Rome.")
    assert "hint" not in said(lm, 0)
    assert "It rhymes with Rome." in said(lm, 1)
    assert [name for name, _ in program.named_parameters()] == ["predict"]


def test_c036_multi_chain_comparison_weighs_m_attempts() -> None:
    lm = ScriptedLM([reply(rationale="the second holds", answer="blue")])
    compare = core.MultiChainComparison("question -> answer", M=2)
    attempts = [
        core.Prediction(reasoning="the sea is green", answer="green"),
        {"rationale": "the sky is blue", "answer": "blue"},
    ]
    with core.context(lm=lm):
        assert compare(attempts, question="Which colour?").answer == "blue"
    assert compare.predict.signature.signature == (
        "question, reasoning_attempt_1, reasoning_attempt_2 -> rationale, answer"
    )
    assert "the sea is green" in said(lm) and "the sky is blue" in said(lm)
    assert lm.requests[0].params["temperature"] == 0.7
    with pytest.raises(core.WorkbenchError, match="takes 2 attempts and was given 1"):
        compare(attempts[:1], question="Which colour?")


def test_c036_multi_chain_comparison_takes_the_completions_of_one_prediction() -> None:
    samples = core.Prediction.from_completions({"reasoning": ["r1", "r2", "r3"], "answer": ["1", "2", "3"]})
    with core.context(lm=ScriptedLM([reply(rationale="x", answer="2")])):
        assert core.MultiChainComparison("question -> answer")(samples, question="?").answer == "2"


def test_c037_majority_takes_the_most_common_value_and_the_earlier_of_ties() -> None:
    samples = core.Prediction.from_completions(
        {"reasoning": ["a", "b", "c", "d"], "answer": ["Rome", "the Paris!", "Paris", "Rome"]}
    )
    assert core.majority(samples).reasoning == "a"
    assert core.majority(samples.completions, field="reasoning").answer == "Rome"
    assert core.majority([{"x": "one"}, {"x": "Two."}, {"x": "two"}]).x == "Two."
    assert core.majority([{"x": "a"}, {"x": "A"}], normalize=None).x == "a"


def test_c037_majority_ignores_values_that_are_none() -> None:
    rows = [{"answer": ""}, {"answer": ""}, {"answer": "yes"}]
    assert core.majority(rows).answer == "yes"
    assert core.majority(rows, normalize=lambda text: None).answer == ""
    with pytest.raises(core.WorkbenchError, match="no completions"):
        core.majority([])


def test_c038_retrieve_takes_one_query_or_several_and_k_at_call_time() -> None:
    rm = core.BM25(["cats purr", "dogs bark", "birds sing"])
    retrieve = core.Retrieve(k=1)
    with core.context(rm=rm):
        assert retrieve("cats").passages == ["cats purr"]
        assert set(retrieve(["cats", "dogs"], k=2).passages) == {"cats purr", "dogs bark"}


def test_c039_completions_read_by_sample_and_by_field() -> None:
    lm = ScriptedLM([[reply(answer="a"), reply(answer="b")]])
    with core.context(lm=lm):
        found = core.Predict("question -> answer", n=2)(question="q")
    assert [found.completions[i].answer for i in range(2)] == found.completions.answer == ["a", "b"]
    assert lm.requests[0].params["temperature"] == 0.7


class Hops(core.Module):
    """Sub-modules as an attribute, in a list and in a dict."""

    def __init__(self) -> None:
        self.first = core.Predict("question -> query")
        self.hops = [core.ChainOfThought("query -> fact") for _ in range(2)]
        self.last = {"answer": core.Predict("facts: list[str] -> answer")}

    def forward(self, question: str) -> core.Prediction:
        query, facts = self.first(question=question).query, []
        for hop in self.hops:
            facts.append(hop(query=query).fact)
        return self.last["answer"](facts=facts)


PATHS = ["first", "hops[0].predict", "hops[1].predict", "last['answer']"]


def test_c040_programs_are_python_over_declared_sub_modules() -> None:
    replies = [reply(query="q"), reply(reasoning="r", fact="f"), reply(reasoning="r", fact="g")]
    with core.context(lm=ScriptedLM([*replies, reply(answer="done")])):
        assert Hops()(question="?").answer == "done"


def test_c041_parts_are_found_copied_reset_and_replaced() -> None:
    program = Hops()
    program.first.demos = [core.Example(question="q", query="r")]
    assert [name for name, _ in program.named_predictors()] == PATHS
    assert [name for name, _ in program.named_parameters()] == PATHS
    assert program.predictors() == program.parameters()
    copied, reset = program.deepcopy(), program.reset_copy()
    assert copied.first is not program.first and copied.first.demos == program.first.demos
    assert reset.first.demos == [] and program.first.demos
    program.map_named_predictors(lambda part: core.Predict(part.signature, temperature=0.1))
    assert all(part.config == {"temperature": 0.1} for part in program.predictors())
    assert isinstance(program.hops[0], core.ChainOfThought)


def test_c042_a_state_file_loads_into_a_fresh_instance(tmp_path: Path) -> None:
    program = Hops()
    program.first.signature = program.first.signature.with_instructions("Search well.")
    program.hops[1].predict.demos = [core.Example(query="q", reasoning="r", fact="f")]
    program.save(tmp_path / "program.json")
    fresh = Hops()
    fresh.load(tmp_path / "program.json")
    assert fresh.first.signature.instructions == "Search well."
    assert fresh.hops[1].predict.demos[0].fact == "f"


def test_c042_files_of_2024_load_with_their_instructions_last_prefix_and_demos(tmp_path: Path) -> None:
    state = {
        "generate": {
            "lm": None,
            "traces": [],
            "train": [],
            "demos": [{"augmented": True, "question": "q", "rationale": "think", "answer": "a"}],
            "signature_instructions": "Old.",
            "signature_prefix": "Answer:",
            "extended_signature_instructions": "Answer with reasons.",
            "extended_signature_prefix": "The answer:",
        }
    }
    (tmp_path / "old.json").write_text(json.dumps(state), encoding="utf-8")

    class RAG(core.Module):
        def __init__(self) -> None:
            self.generate = core.ChainOfThought("question -> answer")

    program = RAG()
    program.load(tmp_path / "old.json")
    predict = program.generate.predict
    assert predict.signature.instructions == "Answer with reasons."
    assert predict.signature.fields["answer"].prefix == "The answer:"
    assert predict.demos[0].reasoning == "think"


def test_c042_whole_programs_are_refused_with_what_to_do_instead(tmp_path: Path) -> None:
    with pytest.raises(core.WorkbenchError, match=r"program\.json"):
        Hops().save(tmp_path / "program", save_program=True)
    with pytest.raises(core.WorkbenchError, match=r"save\('program\.json'\)"):
        Hops().load(tmp_path / "program.pkl", allow_pickle=True)
    with pytest.raises(core.WorkbenchError, match="never read"):
        core.load(tmp_path, allow_pickle=True)


def test_c043_a_frozen_module_is_not_tuned_further() -> None:
    program = Hops()
    program.hops[0]._compiled = True
    assert [name for name, _ in program.named_predictors()] == [PATHS[0], *PATHS[2:]]
    assert program.hops[0] in [part for _, part in program.named_sub_modules()]
    inside = program.hops[0].predict
    assert inside not in [part for _, part in program.named_sub_modules(skip_compiled=True)]


def test_c044_predictions_are_examples_made_of_fields_or_completions() -> None:
    made = core.Prediction(context=["p"], answer="a")
    assert isinstance(made, core.Example) and made.answer == made["answer"] == "a"
    several = core.Prediction.from_completions([{"answer": "a"}, {"answer": "b"}])
    assert several.answer == "a" and several.completions.answer == ["a", "b"]


class Person(BaseModel):
    """A typed output."""

    name: str
    age: int = Field(ge=0)


def test_c047_a_typed_reply_that_does_not_fit_goes_back_with_the_error() -> None:
    lm = ScriptedLM([reply(person='{"name": "Ann", "age": -1}'), reply(person='{"name": "Ann", "age": 3}')])
    typed = core.TypedPredictor(core.Signature("text: str -> person: Person"))
    with core.context(lm=lm):
        assert typed(text="Ann is three.").person == Person(name="Ann", age=3)
    assert '"age"' in said(lm, 0)
    assert "-1" in said(lm, 1) and len(lm.requests) == 2


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_c047_max_retries_counts_the_requests_after_the_first(retries: int) -> None:
    lm = ScriptedLM(lambda request: reply(age="unknown"))
    typed = core.TypedPredictor("text -> age: int", max_retries=retries)
    with core.context(lm=lm), pytest.raises(core.AdapterParseError) as caught:
        typed(text="?")
    assert len(lm.requests) == len(caught.value.attempts) == 1 + retries


def test_c048_the_typed_chain_of_thought_reasons_first() -> None:
    typed = core.TypedChainOfThought("text -> age: int")
    with core.context(lm=ScriptedLM([reply(reasoning="three candles", age="3")])):
        found = typed(text="Ann has three candles.")
    assert (found.reasoning, found.age) == ("three candles", 3)
    assert [name for name, _ in typed.named_parameters()] == ["predictor"]


def test_c049_functions_become_modules() -> None:
    class Topic(BaseModel):
        name: str

    @core.predictor
    def hard_questions(topics: list[Topic], count: Annotated[int, "how many"] = 2) -> list[str]:
        """Write hard questions."""
        return []

    @core.cot(max_retries=1)
    def total(numbers: list[int]) -> int:
        """Add them."""
        return 0

    lm = ScriptedLM([reply(hard_questions='["Why?", "How?"]'), reply(reasoning="1+2", total="3")])
    with core.context(lm=lm):
        assert hard_questions([Topic(name="time")]) == ["Why?", "How?"]
        assert asyncio.run(total.acall(numbers=[1, 2])) == 3
    assert "Write hard questions." in said(lm, 0) and "how many" in said(lm, 0)
    assert isinstance(total, core.Module) and len(total.predictors()) == 1


def test_c050_methods_of_a_functional_module_are_predictors_of_the_instance() -> None:
    class Pipeline(core.FunctionalModule):
        @core.predictor
        def topic(self) -> str:
            """Name a topic."""
            return ""

        @core.cot
        def question(self, topic: str) -> str:
            """Ask about it."""
            return ""

        def forward(self) -> core.Prediction:
            return core.Prediction(question=self.question(topic=self.topic()))

    one, two = Pipeline(), Pipeline()
    with core.context(lm=ScriptedLM([reply(topic="time"), reply(reasoning="r", question="What is time?")])):
        assert one().question == "What is time?"
    assert [name for name, _ in one.named_predictors()] == [
        "question.step.predictor",
        "topic.step.predictor",
    ]
    one.predictors()[0].demos.append(core.Example(topic="x", question="y"))
    assert two.predictors()[0].demos == []


def test_c040_a_direct_call_of_forward_is_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    replies = [
        reply(query="q"),
        reply(reasoning="r", fact="f"),
        reply(reasoning="r", fact="g"),
        reply(answer="d"),
    ]
    with core.context(lm=ScriptedLM(replies * 2)), caplog.at_level(logging.WARNING, "core.modules"):
        Hops()(question="?")
        assert not caplog.records
        Hops().forward(question="?")
    assert "program(...)" in caplog.text
