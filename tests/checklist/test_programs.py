"""Programs in the shape that people write for DSPy, of 2024 and of today, with only the import changed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Literal

import pydantic
import pytest

import core as dspy
from core.evaluate import Evaluate
from core.teleprompt import BootstrapFewShot, BootstrapFewShotWithRandomSearch, LabeledFewShot
from core.utils import DummyLM, deduplicate

SAMPLE = Path(__file__).resolve().parents[2] / "sample_data" / "two_hop_questions"


@pytest.fixture
def world():
    passages = [
        json.loads(line) for line in (SAMPLE / "corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    rows = [json.loads(line) for line in (SAMPLE / "data.jsonl").read_text(encoding="utf-8").splitlines()]
    examples = [
        dspy.Example(
            question=row["question"], answer=row["answer"], gold_titles=row["gold_titles"]
        ).with_inputs("question")
        for row in rows
    ]
    retriever = dspy.BM25([f"{passage['title']} | {passage['text']}" for passage in passages])
    with dspy.context(lm=dspy.LM("embedded/in-context"), rm=retriever):
        yield examples


class GenerateAnswer(dspy.Signature):
    """Answer the question in a few words."""

    context = dspy.InputField(desc="passages that were found")
    question = dspy.InputField()
    answer = dspy.OutputField(desc="a name, a date or a few words")


class GenerateSearchQuery(dspy.Signature):
    """Write the next search query for the question."""

    context = dspy.InputField(desc="passages that were found")
    question = dspy.InputField()
    query = dspy.OutputField()


class RAG(dspy.Module):
    def __init__(self, num_passages=3):
        super().__init__()
        self.retrieve = dspy.Retrieve(k=num_passages)
        self.generate_answer = dspy.ChainOfThought(GenerateAnswer)

    def forward(self, question):
        context = self.retrieve(question).passages
        prediction = self.generate_answer(context=context, question=question)
        return dspy.Prediction(context=context, answer=prediction.answer)


class SimplifiedBaleen(dspy.Module):
    def __init__(self, passages_per_hop=2, max_hops=2):
        super().__init__()
        self.generate_query = [dspy.ChainOfThought(GenerateSearchQuery) for _ in range(max_hops)]
        self.retrieve = dspy.Retrieve(k=passages_per_hop)
        self.generate_answer = dspy.ChainOfThought(GenerateAnswer)
        self.max_hops = max_hops

    def forward(self, question):
        context, queries = [], [question]
        for hop in range(self.max_hops):
            query = self.generate_query[hop](context=context, question=question).query
            dspy.Suggest(
                len(query) <= 100,
                "Keep the query within 100 characters.",
                target_module=self.generate_query,
            )
            dspy.Suggest(
                query not in queries,
                f"Ask something else than {queries}.",
                target_module=self.generate_query,
            )
            queries.append(query)
            context = deduplicate(context + self.retrieve(query).passages)
        answer = self.generate_answer(context=context, question=question).answer
        return dspy.Prediction(context=context, answer=answer)


def answer_and_passage(example, pred, trace=None):
    exact = dspy.evaluate.answer_exact_match(example, pred)
    return exact and dspy.evaluate.answer_passage_match(example, pred)


def test_rag_is_compiled_evaluated_saved_and_loaded(world, tmp_path) -> None:
    train, dev = world[:12], world[12:24]
    compiled = BootstrapFewShot(metric=answer_and_passage).compile(RAG(), teacher=RAG(), trainset=train)
    evaluate = Evaluate(devset=dev, num_threads=4, display_progress=False, display_table=0)
    before, after = evaluate(RAG(), metric=answer_and_passage), evaluate(compiled, metric=answer_and_passage)
    assert 0 <= before.score <= 100
    assert 0 <= after.score <= 100
    compiled.save(tmp_path / "rag.json")
    fresh = RAG()
    fresh.load(tmp_path / "rag.json")
    assert fresh(dev[0].question).answer == compiled(dev[0].question).answer


def test_random_search_over_rag(world) -> None:
    optimizer = BootstrapFewShotWithRandomSearch(
        metric=answer_and_passage, max_bootstrapped_demos=2, num_candidate_programs=2, num_threads=4
    )
    compiled = optimizer.compile(RAG(), trainset=world[:8], valset=world[8:16])
    assert compiled.candidate_programs


def test_baleen_with_assertions(world) -> None:
    from core.primitives.assertions import assert_transform_module, backtrack_handler

    baleen = assert_transform_module(SimplifiedBaleen(), backtrack_handler)
    prediction = baleen(question=world[0].question)
    assert prediction.answer
    assert len(prediction.context) >= 2
    activated = SimplifiedBaleen().activate_assertions()
    assert activated(question=world[0].question).answer


def test_labeled_demos_and_named_predictors(world) -> None:
    compiled = LabeledFewShot(k=3).compile(RAG(), trainset=world[:10])
    assert [len(predictor.demos) for _, predictor in compiled.named_predictors()] == [3]


def test_a_typed_predictor_with_pydantic_models() -> None:
    class Input(pydantic.BaseModel):
        context: str = pydantic.Field(description="where the answer stands")
        query: str = pydantic.Field(description="what is asked")

    class Output(pydantic.BaseModel):
        answer: str = pydantic.Field(description="in a few words")
        confidence: float = pydantic.Field(ge=0, le=1, description="1 is certain")

    class QASignature(dspy.Signature):
        """Answer from the context and say how sure you are."""

        input: Input = dspy.InputField()
        output: Output = dspy.OutputField()

    lm = DummyLM([{"reasoning": "Bees.", "output": '{"answer": "bees", "confidence": 0.9}'}])
    with dspy.context(lm=lm):
        predictor = dspy.TypedChainOfThought(QASignature)
        found = predictor(input=Input(context="Bees make honey.", query="Who makes honey?"))
    assert found.output == Output(answer="bees", confidence=0.9)


def test_decorated_functions_of_2024() -> None:
    class Answer(pydantic.BaseModel):
        value: float
        certainty: float

    @dspy.predictor
    def answer(doc: str, question: str) -> Answer:
        """Answer from the document."""

    @dspy.cot
    def explained(question: str) -> int:
        """Answer with a number."""

    lm = DummyLM([{"answer": '{"value": 1, "certainty": 0.5}'}, {"reasoning": "It is.", "explained": "42"}])
    with dspy.context(lm=lm):
        assert answer(doc="…", question="What?") == Answer(value=1, certainty=0.5)
        assert explained(question="Everything?") == 42


def test_classification_with_literals() -> None:
    class Emotion(dspy.Signature):
        """Name the feeling."""

        sentence: str = dspy.InputField()
        sentiment: Literal["joy", "fear", "anger"] = dspy.OutputField()

    with dspy.context(lm=DummyLM([{"sentiment": "fear"}])):
        assert dspy.Predict(Emotion)(sentence="it was dark and nobody came").sentiment == "fear"


def test_math_with_a_typed_chain_of_thought() -> None:
    with dspy.context(lm=DummyLM([{"reasoning": "Two of 36.", "answer": "0.0277"}])):
        math = dspy.ChainOfThought("question -> answer: float")
        assert math(question="Two dice fall. How likely are two ones?").answer == 0.0277


def test_extraction_of_nested_records() -> None:
    class ExtractInfo(dspy.Signature):
        """Find title, headings and things named."""

        text: str = dspy.InputField()
        title: str = dspy.OutputField()
        headings: list[str] = dspy.OutputField()
        entities: list[dict[str, str]] = dspy.OutputField(desc="what is named, with its kind")

    said = {"title": "Apple", "headings": '["Intro"]', "entities": '[{"entity": "Apple", "type": "company"}]'}
    with dspy.context(lm=DummyLM([said])):
        found = dspy.Predict(ExtractInfo)(text="…")
    assert found.headings == ["Intro"]
    assert found.entities == [{"entity": "Apple", "type": "company"}]


def test_an_agent_with_tools() -> None:
    def compute(expression: str) -> float:
        return {"9362158 / 2": 4681079.0}[expression]

    def look_up(query: str) -> list[str]:
        return [f"{query}: 9362158 people"]

    lm = DummyLM(
        [
            {
                "next_thought": "Look.",
                "next_tool_name": "look_up",
                "next_tool_args": '{"query": "Town"}',
            },
            {
                "next_thought": "Divide.",
                "next_tool_name": "compute",
                "next_tool_args": '{"expression": "9362158 / 2"}',
            },
            {"next_thought": "Done.", "next_tool_name": "finish", "next_tool_args": "{}"},
            {"reasoning": "Half of it.", "answer": "4681079"},
        ]
    )
    with dspy.context(lm=lm):
        react = dspy.ReAct("question -> answer: float", tools=[compute, look_up])
        prediction = react(question="Half of the people of Town?")
    assert prediction.answer == 4681079.0
    assert prediction.trajectory["observation_1"] == 4681079.0 or "4681079" in str(
        prediction.trajectory["observation_1"]
    )


def test_a_pipeline_of_several_stages() -> None:
    class Outline(dspy.Signature):
        """Plan an article."""

        topic: str = dspy.InputField()
        title: str = dspy.OutputField()
        sections: list[str] = dspy.OutputField()

    class DraftArticle(dspy.Module):
        def __init__(self):
            self.build_outline = dspy.ChainOfThought(Outline)
            self.draft_section = dspy.ChainOfThought("topic, section_heading -> content")

        def forward(self, topic):
            outline = self.build_outline(topic=topic)
            sections = [
                self.draft_section(topic=outline.title, section_heading=head).content
                for head in outline.sections
            ]
            return dspy.Prediction(title=outline.title, sections=sections)

    lm = DummyLM(
        [
            {"reasoning": "r", "title": "World Cup", "sections": '["History", "Teams"]'},
            {"reasoning": "r", "content": "It began."},
            {"reasoning": "r", "content": "There are many."},
        ]
    )
    with dspy.context(lm=lm):
        article = DraftArticle()(topic="World Cup 2002")
    assert article.sections == ["It began.", "There are many."]


def test_a_conversation_with_history() -> None:
    class Chat(dspy.Signature):
        question: str = dspy.InputField()
        history: dspy.History = dspy.InputField()
        answer: str = dspy.OutputField()

    lm = DummyLM([{"answer": "Paris"}, {"answer": "2 million"}])
    with dspy.context(lm=lm):
        predict = dspy.Predict(Chat)
        first = predict(question="Capital of France?", history=dspy.History(messages=[]))
        turns = [{"question": "Capital of France?", "answer": first.answer}]
        assert (
            predict(question="How many live there?", history=dspy.History(messages=turns)).answer
            == "2 million"
        )
    said = [message["role"] for message in lm.history[-1]["messages"]]
    assert said == ["system", "user", "assistant", "user"]


def test_best_of_n_and_refine() -> None:
    def one_word(args, pred):
        return 1.0 if len(pred.answer.split()) == 1 else 0.0

    lm = DummyLM([{"answer": "a b"}, {"answer": "a"}, {"answer": "c"}])
    with dspy.context(lm=lm):
        best = dspy.BestOfN(module=dspy.Predict("question -> answer"), N=3, reward_fn=one_word, threshold=1.0)
        assert best(question="?").answer == "a"


def test_async_and_batches() -> None:
    program = dspy.Predict("question -> answer")
    with dspy.context(lm=DummyLM([{"answer": "x"}] * 8)):
        assert asyncio.run(program.acall(question="?")).answer == "x"
        rows = [dspy.Example(question=str(number)).with_inputs("question") for number in range(3)]
        assert [found.answer for found in program.batch(rows, num_threads=2, disable_progress_bar=True)] == [
            "x"
        ] * 3


def test_usage_is_tracked() -> None:
    with dspy.context(lm=DummyLM([{"answer": "x"}]), track_usage=True):
        usage = dspy.Predict("question -> answer")(question="?").get_lm_usage()
    assert usage["dummy"]["completion_tokens"] > 0


def test_callbacks_are_told() -> None:
    from core.utils.callback import BaseCallback

    class Recorder(BaseCallback):
        def __init__(self):
            self.seen = []

        def on_module_start(self, call_id, instance, inputs):
            self.seen.append(("start", type(instance).__name__, inputs))

        def on_module_end(self, call_id, outputs, exception=None):
            self.seen.append(("end", outputs, exception))

    recorder = Recorder()
    with dspy.context(lm=DummyLM([{"answer": "x"}]), callbacks=[recorder]):
        dspy.Predict("question -> answer")(question="?")
    assert recorder.seen[0][:2] == ("start", "Predict")
    assert recorder.seen[-1][1].answer == "x"


def test_streaming_of_an_answer() -> None:
    program = dspy.streamify(
        dspy.Predict("question -> answer"),
        stream_listeners=[dspy.streaming.StreamListener(signature_field_name="answer")],
        async_streaming=False,
    )
    with dspy.context(lm=dspy.LM("embedded/in-context")):
        chunks = list(program(question="Is honey made by bees?"))
    text = "".join(chunk.chunk for chunk in chunks if isinstance(chunk, dspy.streaming.StreamResponse))
    assert text == chunks[-1].answer
