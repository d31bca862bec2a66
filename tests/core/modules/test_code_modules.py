"""Modules that write code: it runs in the sandbox, its errors go back to the model, answers and steps are kept."""

import asyncio
import logging

import pytest

import core
from core.data.types import Tool
from core.foundation.errors import (
    AdapterParseError,
    CodeExecutionError,
    CodeInterpreterError,
    ConfigurationError,
    ContextWindowExceededError,
    LMServerError,
    SignatureError,
)
from core.lm import ScriptedLM
from core.modules.code_act import CodeAct
from core.modules.program_of_thought import ProgramOfThought
from core.modules.rlm import RLM
from core.modules.sandbox import FinalOutput, Limits, PythonInterpreter, SandboxSerializable
from core.trace import MemorySink, sink_to


def said(**fields):
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())


def code(text, reasoning="so"):
    return said(reasoning=reasoning, generated_code=f"```python\n{text}\n```")


def ask(module, replies, *args, **inputs):
    lm = ScriptedLM(replies)
    with core.context(lm=lm):
        return module(*args, **(inputs or {"question": "q"})), lm


class Fake:
    """An interpreter as programs written for DSPy bring their own."""

    def __init__(self, *results):
        self.tools = {}
        self.results = list(results)
        self.seen = []
        self.ended = 0

    def start(self): ...

    def shutdown(self):
        self.ended += 1

    def execute(self, code, variables=None):
        self.seen.append((code, variables))
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


class TestProgramOfThought:
    def test_c034_code_is_written_run_and_answered_from(self):
        module = ProgramOfThought("question -> answer: int")
        result, lm = ask(module, [code("x = 6 * 7\nSUBMIT(answer=x)"), said(reasoning="r", answer="42")])
        assert (result.answer, result.reasoning) == (42, "r")
        last = lm.requests[-1].messages[-1]["content"]
        assert "[[ ## final_generated_code ## ]]\nx = 6 * 7\nSUBMIT(answer=x)" in last
        assert '[[ ## code_output ## ]]\n{"answer": 42}' in last

    def test_c034_an_error_goes_back_with_the_code(self):
        replies = [code("1/0"), code("print(len(question))"), said(reasoning="r", answer="3")]
        result, lm = ask(ProgramOfThought("question -> answer: int"), replies, question="abc")
        assert result.answer == 3
        second = lm.requests[1].messages[-1]["content"]
        assert "[[ ## previous_code ## ]]\n1/0" in second
        assert "[[ ## error ## ]]\nZeroDivisionError: division by zero\n  line 1: 1/0" in second
        assert "[[ ## code_output ## ]]\n3" in lm.requests[2].messages[-1]["content"]

    def test_the_last_attempt_raises_with_its_code(self):
        module = ProgramOfThought("question -> answer", max_iters=2)
        with pytest.raises(CodeExecutionError, match="after 2 attempts") as caught:
            ask(module, [code("1/0"), code("2/0")])
        assert (caught.value.code, caught.value.kind) == ("2/0", "ZeroDivisionError")

    def test_no_code_and_no_python_are_errors_that_the_model_reads(self):
        replies = [code(""), code("def f(:"), code("print(1)"), said(reasoning="r", answer="1")]
        result, lm = ask(ProgramOfThought("question -> answer"), replies)
        assert result.answer == "1"
        assert "No code was written." in lm.requests[1].messages[-1]["content"]
        assert "SyntaxError" in lm.requests[2].messages[-1]["content"]

    def test_names_of_parts_and_fields_are_dspys(self):
        module = ProgramOfThought("question -> answer")
        assert [name for name, _ in module.named_predictors()] == [
            "code_generate.predict",
            "code_regenerate.predict",
            "generate_output.predict",
        ]
        fields = [list(part.signature.fields) for part in module.predictors()]
        assert fields == [
            ["question", "reasoning", "generated_code"],
            ["question", "previous_code", "error", "reasoning", "generated_code"],
            ["question", "final_generated_code", "code_output", "reasoning", "answer"],
        ]

    def test_an_interpreter_of_ones_own_serves_and_is_ended(self):
        fake = Fake(SyntaxError("odd"), FinalOutput({"answer": "x"}))
        replies = [code("a"), code("b"), said(reasoning="r", answer="x")]
        module = ProgramOfThought("question -> answer", interpreter_factory=lambda: fake)
        assert ask(module, replies)[0].answer == "x"
        assert ([seen for seen, _ in fake.seen], fake.ended) == (["a", "b"], 1)

    def test_a_broken_interpreter_is_no_error_of_the_code(self):
        module = ProgramOfThought(
            "question -> answer", interpreter_factory=lambda: Fake(CodeInterpreterError("gone"))
        )
        with pytest.raises(CodeInterpreterError, match="gone"):
            ask(module, [code("a")])

    def test_from_async_code(self):
        async def main():
            replies = [code("SUBMIT(answer=1)"), said(reasoning="r", answer="1")]
            with core.context(lm=ScriptedLM(replies, local=False)):
                return await ProgramOfThought("question -> answer").acall(question="q")

        assert asyncio.run(main()).answer == "1"

    def test_code_that_never_runs_is_a_failure_of_the_model_in_an_evaluation(self):
        module = ProgramOfThought("question -> answer", max_iters=1)
        devset = [core.Example(question="q", answer="a").with_inputs("question")]
        with core.context(lm=ScriptedLM(lambda _request: code("1/0"))):
            result = core.Evaluate(devset=devset, metric=lambda *_: 1.0)(module)
        assert [row.outcome for row in result.rows] == ["model_failure"]

    def test_fields_of_its_own_are_refused(self):
        with pytest.raises(SignatureError, match="generated_code"):
            ProgramOfThought("question -> generated_code")

    def test_every_execution_is_a_span_with_code_output_and_error(self):
        replies = [code("1/0"), code("print(2)"), said(reasoning="r", answer="2")]
        with sink_to(MemorySink()) as sink:
            ask(ProgramOfThought("question -> answer"), replies)
        first, second = (span for span in sink.spans if span.kind == "sandbox")
        assert (first.status, first.attributes["inputs"]["code"]) == ("error", "1/0")
        assert (second.attributes["outputs"], second.attributes["inputs"]["variables"]) == (
            "2",
            {"question": "q"},
        )


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def act(text, finished=False):
    return said(generated_code=text, finished=str(finished))


class TestCodeAct:
    def test_code_calls_tools_and_keeps_its_variables(self):
        replies = [act("x = add(1, b=2)\nx"), act("print(x + 1)", True), said(reasoning="r", answer="4")]
        result, lm = ask(CodeAct("question -> answer: int", [add]), replies)
        assert (result.answer, result.termination_reason) == (4, "finish")
        assert result.trajectory == {
            "generated_code_0": "x = add(1, b=2)\nx",
            "code_output_0": "3",
            "generated_code_1": "print(x + 1)",
            "code_output_1": "4",
        }
        assert "[[ ## code_output_1 ## ]]\n4" in lm.requests[-1].messages[-1]["content"]

    def test_errors_are_observations(self):
        replies = [
            act("add(1)", True),
            act("", True),
            act("SUBMIT(answer=1)"),
            said(reasoning="r", answer="1"),
        ]
        result, _ = ask(CodeAct("question -> answer", [add]), replies)
        assert result.trajectory["observation_0"].startswith(
            "The code failed: RuntimeError: ValueCoercionError"
        )
        assert result.trajectory["observation_1"] == "The code failed: No code was written."
        assert result.trajectory["code_output_2"] == '{"answer": 1}'
        assert result.termination_reason == "finish"

    def test_the_limit_and_unreadable_steps_still_give_an_answer(self):
        last = said(reasoning="r", answer="x")
        result, _ = ask(CodeAct("question -> answer", [add], max_iters=1), [act("1"), last])
        assert result.termination_reason == "max_iters"
        result, _ = ask(CodeAct("question -> answer", [add]), [act("1"), "garbage", "garbage", last])
        assert (result.termination_reason, result.answer) == ("parse_error", "x")
        result, _ = ask(CodeAct("question -> answer", [add]), [last], question="q", max_iters=0)
        assert result.trajectory == {}

    def test_an_answer_that_cannot_be_read_is_taken_from_what_was_submitted(self):
        module = CodeAct("question -> answer: int", [add])
        result, _ = ask(module, [act("SUBMIT(answer=7)"), "no", "no"])
        assert (result.answer, result.termination_reason) == (7, "parse_error")
        with pytest.raises(AdapterParseError) as caught:
            ask(module, [act("1", True), "no", "no"])
        assert caught.value.trajectory["code_output_0"] == "1"

    def test_objects_are_refused_and_tools_of_functions_are_not(self):
        class Search:
            def __call__(self, query: str) -> str:
                return query

        with pytest.raises(ConfigurationError, match="Search"):
            CodeAct("question -> answer", [Search()])
        CodeAct("question -> answer", [Tool(add), "calculator"])

    def test_too_long_a_context_ends_the_loop_with_that_reason(self):
        replies = [act("1"), ContextWindowExceededError("long"), said(reasoning="r", answer="x")]
        result, _ = ask(CodeAct("question -> answer", [add]), replies)
        assert result.termination_reason == "context_window_exceeded"

    def test_an_override_of_truncate_trajectory_says_what_is_shown(self):
        class Short(CodeAct):
            def truncate_trajectory(self, trajectory):
                return {**super().truncate_trajectory(trajectory), "note": "the first step was left out"}

        long = ContextWindowExceededError("long")
        replies = [
            act("print(1)"),
            act("print(2)"),
            long,
            act("print(3)", True),
            said(reasoning="r", answer="x"),
        ]
        result, lm = ask(Short("question -> answer", [add]), replies)
        shown = lm.requests[-1].messages[-1]["content"]
        assert "the first step was left out" in shown and "print(2)" in shown and "print(1)" not in shown
        assert result.trajectory["generated_code_0"] == "print(1)"

    def test_names_of_parts_and_fields_are_dspys(self):
        module = CodeAct("question -> answer", [add])
        assert [(name, list(part.signature.fields)) for name, part in module.named_predictors()] == [
            ("codeact", ["question", "trajectory", "generated_code", "finished"]),
            ("extractor.predict", ["question", "trajectory", "reasoning", "answer"]),
        ]
        assert "1. `add`: Add two numbers." in module.codeact.signature.instructions


def explore(text, reasoning="so"):
    return said(reasoning=reasoning, code=f"```python\n{text}\n```")


class TestRLM:
    def test_inputs_are_variables_and_the_answer_is_submitted(self):
        module = RLM("context, question -> answer: int")
        replies = [explore("print(len(context))"), explore("SUBMIT(answer=context.count('a'))", "sure")]
        result, lm = ask(module, replies, context="banana " * 1000, question="how many a?")
        assert result.answer == 3000
        assert (result.termination_reason, result.final_reasoning) == ("submit", "sure")
        assert result.trajectory == [
            {"reasoning": "so", "code": "print(len(context))", "output": "7000"},
            {
                "reasoning": "sure",
                "code": "SUBMIT(answer=context.count('a'))",
                "output": "FINAL: {'answer': 3000}",
            },
        ]
        first = lm.requests[0].messages[-1]["content"]
        assert "`context`: str, 7,000 characters. It begins:\nbanana banana" in first
        assert "… (6,700 more characters)" in first
        assert "[[ ## iteration ## ]]\n1/20" in first
        assert "Output (4 characters):\n7000" in lm.requests[1].messages[-1]["content"]

    def test_code_asks_models_one_by_one_and_at_once(self):
        sub = ScriptedLM(lambda request: request.messages[-1]["content"].upper())
        module = RLM("question -> answer", sub_lm=sub)
        replies = [explore("SUBMIT(answer=llm_query('a') + ''.join(llm_query_batched(['b', 'c'])))")]
        result, _ = ask(module, replies)
        assert result.answer == "ABC"
        assert len(sub.requests) == 3

        async def main():
            with core.context(lm=ScriptedLM(replies)):
                return await module.acall(question="q")

        assert asyncio.run(main()).answer == "ABC"

    def test_without_a_sub_model_that_of_the_steps_is_asked(self):
        replies = [explore("SUBMIT(answer=llm_query('a'))"), "from the same"]
        assert ask(RLM("question -> answer"), replies)[0].answer == "from the same"

    def test_questions_are_counted_and_the_code_learns_that_they_are_used_up(self):
        sub = ScriptedLM(lambda _request: "x")
        module = RLM("question -> answer", sub_lm=sub, max_llm_calls=2)
        replies = [
            explore("llm_query('a')\nllm_query_batched(['b', 'c'])"),
            explore("SUBMIT(llm_query('d'))"),
        ]
        result, _ = ask(module, replies)
        assert "only 1 of 2 questions are left, 2 were asked" in result.trajectory[0]["output"]
        assert (result.answer, len(sub.requests)) == ("x", 2)

    def test_wrong_prompts_are_errors_of_the_code(self):
        module = RLM("question -> answer")
        replies = [explore("llm_query(1)"), explore("llm_query_batched('ab')"), explore("SUBMIT('x')")]
        outputs = [step["output"] for step in ask(module, replies)[0].trajectory]
        assert outputs[0].startswith("[Error] TypeError: a prompt is a text")
        assert outputs[1].startswith("[Error] TypeError: llm_query_batched takes a list")

    def test_a_model_out_of_reach_is_no_error_of_the_code(self):
        def fail(_request):
            return LMServerError("down")

        module = RLM("question -> answer", sub_lm=ScriptedLM(fail, num_retries=0))
        with pytest.raises(LMServerError) as caught:
            ask(module, [explore("1"), explore("llm_query('a')")])
        assert [step["output"] for step in caught.value.trajectory] == ["1"]

    def test_outputs_that_do_not_fit_go_back(self):
        module = RLM("question -> answer: int, note: str")
        replies = [
            explore("SUBMIT(answer='many', note='n')"),
            explore("SUBMIT(1)"),
            explore("SUBMIT(answer=2, note=3)"),
        ]
        result, _ = ask(module, replies)
        assert (result.answer, result.note) == (2, "3")
        assert "Field 'answer'" in result.trajectory[0]["output"]
        assert "SUBMIT misses note" in result.trajectory[1]["output"]

    @pytest.mark.parametrize(
        ("replies", "reason"),
        [
            ([explore("1")] * 2, "max_iters"),
            ([explore("1"), "garbage", "garbage"], "parse_error"),
            ([explore("1"), ContextWindowExceededError("long")], "context_window_exceeded"),
        ],
    )
    def test_without_a_submission_the_outputs_are_extracted(self, replies, reason):
        module = RLM("question -> answer", max_iters=2)
        result, lm = ask(module, [*replies, said(answer="x")])
        assert (result.answer, result.termination_reason) == ("x", reason)
        assert "Step 1\nReasoning: so\nCode:\n```python\n1\n```" in lm.requests[-1].messages[-1]["content"]

    def test_long_outputs_are_cut_for_the_model(self):
        module = RLM("question -> answer", max_output_chars=10)
        result, _ = ask(module, [explore("print('x' * 100)"), explore("SUBMIT('y')")])
        assert result.trajectory[0]["output"] == "xxxxxxxxxx\n… (90 more characters)"

    def test_tools_of_ones_own_and_names_that_are_taken(self):
        module = RLM("question -> answer: int", tools=[add])
        assert ask(module, [explore("SUBMIT(add(1, 2))")])[0].answer == 3
        assert "`add`: Add two numbers." in module.generate_action.signature.instructions
        with pytest.raises(ConfigurationError, match="llm_query"):
            RLM("question -> answer", tools={"llm_query": add})

    def test_an_interpreter_given_by_position_is_used_and_stays_open(self):
        fake = Fake("seen", FinalOutput({"answer": "x"}))
        result, _ = ask(RLM("question -> answer"), [explore("a"), explore("b")], fake, question="q")
        assert (result.answer, fake.ended) == ("x", 0)
        assert fake.seen == [("a", {"question": "q"}), ("b", {"question": "q"})]
        assert set(fake.tools) == {"llm_query", "llm_query_batched"}

        python = PythonInterpreter(limits=Limits(seconds=1))
        ask(RLM("question -> answer"), [explore("kept = 5\nSUBMIT('x')")], python, question="q")
        assert python.execute("kept") == 5
        python.shutdown()

    def test_an_object_says_itself_what_it_is_in_the_session(self):
        class Table(SandboxSerializable):
            def to_sandbox(self):
                return [{"n": 1}, {"n": 2}]

        class Named(Table):
            def rlm_preview(self, max_chars=300):
                return "two rows"

        class Sum(core.Signature):
            table: object = core.InputField()
            total: int = core.OutputField()

        replies = [explore("SUBMIT(total=sum(row['n'] for row in table))")]
        result, lm = ask(RLM(Sum), replies, table=Table())
        assert result.total == 3
        assert (
            '`table`: list, 2 items, 20 characters. It begins:\n[{"n": 1}, {"n": 2}]'
            in lm.requests[0].messages[-1]["content"]
        )
        _, lm = ask(RLM(Sum), replies, table=Named())
        assert "It begins:\ntwo rows" in lm.requests[0].messages[-1]["content"]

    def test_a_missing_input_is_an_error_at_once(self):
        with pytest.raises(ConfigurationError, match="context"):
            ask(RLM("context, question -> answer"), [], question="q")

    def test_verbose_logs_each_step(self, caplog):
        with caplog.at_level(logging.INFO, "core.rlm"):
            ask(RLM("question -> answer", verbose=True), [explore("SUBMIT('x')")])
        assert "Step 1 of 20" in caplog.text

    def test_names_of_parts_and_fields_are_dspys(self):
        module = RLM("context, question -> answer")
        assert [(name, list(part.signature.fields)) for name, part in module.named_predictors()] == [
            ("generate_action", ["variables_info", "repl_history", "iteration", "reasoning", "code"]),
            ("extract", ["variables_info", "repl_history", "answer"]),
        ]
