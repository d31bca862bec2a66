"""Modules: calls in both colours, paths, copies, overrides."""

import asyncio
import logging
import threading
from collections import defaultdict, namedtuple

import pytest

import core
from core.foundation.errors import (
    ConfigurationError,
    LMConfigurationError,
    LMNotConfiguredError,
    SignatureError,
)
from core.lm import ScriptedLM
from core.modules import ChainOfThought, Module, Override, Predict, Retrieve, overriding
from core.trace import MemorySink, collect, sink_to


def reply(**fields: str) -> str:
    return "\n\n".join(
        [*(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items()), "[[ ## completed ## ]]"]
    )


class TwoSteps(Module):
    def __init__(self) -> None:
        super().__init__()
        self.steps = [Predict("question -> query"), ChainOfThought("question, query -> answer")]
        self.named = {"last": Predict("answer -> verdict: bool")}

    async def aforward(self, question: str) -> core.Prediction:
        query = (await self.steps[0].acall(question=question)).query
        answer = (await self.steps[1].acall(question=question, query=query)).answer
        return await self.named["last"].acall(answer=answer)


REPLIES = [reply(query="q1"), reply(reasoning="because", answer="a1"), reply(verdict="True")]


def test_a_program_runs_from_sync_and_async_code() -> None:
    program = TwoSteps()
    with core.context(lm=ScriptedLM(REPLIES * 2)):
        assert program(question="x").verdict is True
        assert asyncio.run(program.acall(question="x")).verdict is True


def test_a_sync_program_runs_under_acall_on_a_thread() -> None:
    seen = []

    class Plain(Module):
        def __init__(self) -> None:
            self.step = Predict("q -> a")

        def forward(self, q: str) -> core.Prediction:
            seen.append(threading.current_thread())
            return self.step(q=q)

    with core.context(lm=ScriptedLM([reply(a="1"), reply(a="2")])):
        assert Plain()(q="x").a == "1"
        assert asyncio.run(Plain().acall(q="x")).a == "2"
    assert seen[0] is threading.current_thread()
    assert seen[1] is not threading.current_thread()


def test_a_users_aforward_may_wait_for_anything_under_a_sync_call() -> None:
    class Waits(Module):
        def __init__(self) -> None:
            self.step = Predict("q -> a")

        async def aforward(self, q: str) -> core.Prediction:
            await asyncio.sleep(0.001)
            return await self.step.acall(q=q)

    with core.context(lm=ScriptedLM([reply(a="1")])):
        assert Waits()(q="x").a == "1"


def test_paths_name_predictors_wherever_they_stand() -> None:
    program = TwoSteps()
    assert [name for name, _ in program.named_predictors()] == [
        "steps[0]",
        "steps[1].predict",
        "named['last']",
    ]
    assert [name for name, _ in Predict("a -> b").named_predictors()] == ["self"]
    assert [name for name, _ in program.named_sub_modules()][:2] == ["self", "self.steps[0]"]
    program.steps[1]._compiled = True
    assert [name for name, _ in program.named_predictors()] == ["steps[0]", "named['last']"]


def test_steps_are_collected_with_their_paths() -> None:
    with core.context(lm=ScriptedLM(REPLIES)), collect() as steps, sink_to(MemorySink()) as sink:
        TwoSteps()(question="x")
    assert [step.path for step in steps] == ["steps[0]", "steps[1].predict", "named['last']"]
    predictor, inputs, outputs = steps[1]
    assert inputs == {"question": "x", "query": "q1"}
    assert (outputs.reasoning, outputs.answer) == ("because", "a1")
    assert isinstance(predictor, Predict)
    spans = {span.path: span for span in sink.spans if span.kind == "predict"}
    assert spans["steps[0]"].attributes["outputs"] == {"query": "q1"}
    lm_spans = [span for span in sink.spans if span.kind == "lm"]
    assert len(lm_spans) == 3
    assert all(span.attributes["messages"] and span.attributes["raw"] for span in lm_spans)


def test_a_run_can_have_other_demos_without_touching_the_program() -> None:
    program = TwoSteps()
    lm = ScriptedLM(REPLIES * 2)
    demos = {"steps[0]": Override(demos=[{"question": "dq", "query": "dd"}], instructions="Do it otherwise.")}
    with core.context(lm=lm):
        with overriding(demos):
            program(question="x")
        program(question="x")
    with_demo, without = lm.requests[0].messages, lm.requests[3].messages
    assert any("dd" in message["content"] for message in with_demo)
    assert "Do it otherwise." in with_demo[0]["content"]
    assert not any("dd" in message["content"] for message in without)
    assert program.steps[0].demos == []


class Inner(Module):
    def __init__(self) -> None:
        self.p = Predict("question -> answer")

    def forward(self, question: str) -> core.Prediction:
        return self.p(question=question)


def test_a_program_run_differently_inside_another_has_paths_of_its_own() -> None:
    class Outer(Module):
        def __init__(self) -> None:
            self.p = Predict("question -> answer")

        def forward(self, question: str) -> core.Prediction:
            with overriding({"p": Override(instructions="Inner words.")}):
                Inner()(question=question)
            return self.p(question=question)

    lm = ScriptedLM(lambda _: reply(answer="a"))
    with core.context(lm=lm), overriding({"p": Override(instructions="Outer words.")}), collect() as steps:
        Outer()(question="q")
    texts = [request.messages[0]["content"] for request in lm.requests]
    assert ["Inner words." in text for text in texts] == [True, False]
    assert ["Outer words." in text for text in texts] == [False, True]
    assert [step.path for step in steps] == ["p", "p"]


def test_an_evaluation_inside_a_program_is_of_a_program_of_its_own() -> None:
    class Outer(Module):
        def __init__(self) -> None:
            self.p = Predict("question -> answer")

        def forward(self, question: str) -> core.Prediction:
            core.Evaluate(devset=[row])(Inner())
            return self.p(question=question)

    row = core.Example(question="q", answer="a").with_inputs("question")
    lm = ScriptedLM(lambda _: reply(answer="a"))
    with core.context(lm=lm), overriding({"p": Override(instructions="Outer words.")}), collect() as steps:
        Outer()(question="q")
    assert ["Outer words." in r.messages[0]["content"] for r in lm.requests] == [False, True]
    assert [step.path for step in steps] == ["p", "p"]


def test_a_predictor_made_while_the_program_runs_has_a_path() -> None:
    class Growing(Module):
        def forward(self, question: str) -> core.Prediction:
            self.first = Predict("question -> answer")
            self.first(question=question)
            self.second = Predict("question -> answer")
            return self.second(question=question)

    with core.context(lm=ScriptedLM(lambda _: reply(answer="a"))), collect() as steps:
        Growing()(question="q")
    assert [step.path for step in steps] == ["first", "second"]


def test_call_time_arguments_hold_for_one_call() -> None:
    lm, other = ScriptedLM([reply(a="1")] * 3), ScriptedLM([reply(a="other")])
    predictor = Predict("q -> a", temperature=0.3)
    with core.context(lm=lm):
        predictor(q="x", config={"temperature": 0.9}, demos=[{"q": "1", "a": "2"}])
        predictor(q="x")
        assert predictor(q="x", lm=other).a == "other"
        assert predictor(q="x", signature="q -> a: int").a == 1
    assert [request.params["temperature"] for request in lm.requests] == [0.9, 0.3, 0.3]
    assert len(lm.requests[0].messages) == len(lm.requests[1].messages) + 2


def test_a_field_may_be_called_like_a_control() -> None:
    with core.context(lm=ScriptedLM([reply(a="1")])) as settings:
        Predict("config, lm -> a")(config="mine", lm="text")
        assert "mine" in settings.lm.requests[0].messages[-1]["content"]


def test_several_samples_raise_a_low_temperature() -> None:
    lm = ScriptedLM([[reply(a="1"), reply(a="2")]])
    with core.context(lm=lm):
        made = Predict("q -> a", n=2)(q="x")
    assert made.completions.a == ["1", "2"]
    assert lm.requests[0].params["temperature"] == 0.7


def test_mistakes_are_explained(caplog: pytest.LogCaptureFixture) -> None:
    predictor = Predict("question -> answer")
    with pytest.raises(LMNotConfiguredError, match="embedded/in-context"):
        predictor(question="x")
    with pytest.raises(SignatureError, match="question=…"):
        predictor("x")
    with pytest.raises(ConfigurationError, match="neither forward nor aforward"):
        Module()()
    with pytest.raises(ConfigurationError, match="BM25"):
        Retrieve()("x")
    with core.context(lm=ScriptedLM([reply(answer="1")])), caplog.at_level(logging.WARNING, "core"):
        predictor(other="x")
    assert "missing: question" in caplog.text
    assert "Dropped inputs" in caplog.text


def test_copies_are_independent_and_share_their_models() -> None:
    lm = ScriptedLM([])
    program = TwoSteps()
    program.set_lm(lm)
    program.steps[0].demos = [{"question": "q", "query": "z"}]
    copy = program.deepcopy()
    copy.steps[0].demos.append({"question": "w"})
    assert len(program.steps[0].demos) == 1
    assert copy.get_lm() is lm
    fresh = program.reset_copy()
    assert fresh.steps[0].demos == []
    assert fresh.steps[0].lm is None
    assert program.steps[0].lm is lm
    copy.steps[0].lm = ScriptedLM([])
    with pytest.raises(ConfigurationError, match="different"):
        copy.get_lm()


def test_predictors_can_be_replaced() -> None:
    program = TwoSteps()
    program.map_named_predictors(lambda predictor: Predict(predictor.signature.with_instructions("New.")))
    assert {predictor.signature.instructions for predictor in program.predictors()} == {"New."}


def test_keys_of_any_type_are_named_as_dspy_names_them() -> None:
    class Keyed(Module):
        def __init__(self) -> None:
            self.parts = {1: Predict("q -> a"), "it's": Predict("q -> a")}

    assert [name for name, _ in Keyed().named_predictors()] == ["parts['1']", "parts['it's']"]


def test_replacing_predictors_minds_cycles_and_other_peoples_containers() -> None:
    Pair = namedtuple("Pair", "left right")

    class Looped(Module):
        def __init__(self) -> None:
            self.inner = Module()
            self.inner.parent = self  # type: ignore[attr-defined]
            self.pair = Pair(Predict("q -> a"), 1)
            self.by_name = defaultdict(list, p=Predict("q -> a"))

    program = Looped()
    new = Predict("q -> b")
    program.map_named_predictors(lambda _: new)
    assert program.pair == Pair(new, 1)
    assert program.by_name["p"] is new
    assert program.by_name["absent"] == []


def test_a_models_name_is_no_model() -> None:
    with pytest.raises(LMConfigurationError, match=r"not 'openai/gpt-4o'.*core.LM"):
        Predict("q -> a")(q="x", lm="openai/gpt-4o")


def test_usage_is_counted_once_on_what_the_outermost_program_returns() -> None:
    seen = []

    class Outer(Module):
        def __init__(self) -> None:
            self.a, self.b = Predict("question -> answer"), ChainOfThought("question -> answer")

        def forward(self, question: str) -> core.Prediction:
            seen.append(self.a(question=question).get_lm_usage())
            return self.b(question=question)

    lm = ScriptedLM(lambda _: reply(reasoning="r", answer="a"), cache=True)
    with core.context(lm=lm):
        assert Outer()(question="q0").get_lm_usage() == {}
        with core.context(track_usage=True):
            whole = Outer()(question="q1").get_lm_usage()["scripted"]
            again = Outer()(question="q1").get_lm_usage()
            alone = asyncio.run(Predict("question -> answer").acall(question="q2")).get_lm_usage()["scripted"]
    assert seen == [{}] * 3
    assert again == {}
    assert whole["total_tokens"] > alone["total_tokens"] > 0


def test_retrieve_takes_any_retriever() -> None:
    def retriever(query: str, k: int) -> list[dict[str, str]]:
        return [{"long_text": f"{query} {index}"} for index in range(k + 2)]

    with core.context(rm=retriever), sink_to(MemorySink()) as sink:
        assert Retrieve(k=2)("moon").passages == ["moon 0", "moon 1"]
        assert len(asyncio.run(Retrieve(k=2).acall("moon", k=3)).passages) == 3
    assert sink.spans[0].kind == "retrieve"


def test_settings_of_one_thread_or_task_do_not_reach_others() -> None:
    predictor = Predict("q -> a")

    async def ask(index: int) -> str:
        with core.context(lm=ScriptedLM([reply(a=str(index))])):
            await asyncio.sleep(0.001 * (index % 3))
            return (await predictor.acall(q="same")).a

    async def main() -> list[str]:
        return await asyncio.gather(*(ask(index) for index in range(200)))

    assert asyncio.run(main()) == [str(index) for index in range(200)]
    results: dict[int, str] = {}

    def thread(index: int) -> None:
        with core.context(lm=ScriptedLM([reply(a=str(index))])):
            results[index] = predictor(q="same").a

    threads = [threading.Thread(target=thread, args=(index,)) for index in range(50)]
    for item in threads:
        item.start()
    for item in threads:
        item.join()
    assert results == {index: str(index) for index in range(50)}


def test_settings_can_be_changed_from_any_thread() -> None:
    errors: list[Exception] = []

    def work() -> None:
        try:
            core.configure(num_threads=3)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert errors == []
    assert core.settings.num_threads == 3
    core.configure(num_threads=8)
    with pytest.raises(core.WorkbenchError, match="Did you mean 'num_threads'"):
        core.configure(num_thread=2)
