"""An agent calls tools, looks at what they give, and answers; nothing that it found out is ever lost."""

import asyncio
import json
from typing import ClassVar

import pytest

import core
from core.adapters import JSONAdapter
from core.callbacks import BaseCallback
from core.data.types import Tool
from core.foundation.errors import (
    AdapterParseError,
    BudgetExceeded,
    ConfigurationError,
    ContextWindowExceededError,
    LMServerError,
    SignatureError,
)
from core.lm import ScriptedLM
from core.messages import LMRequest
from core.modules import Module, Predict
from core.modules.react import ReAct
from core.modules.toolset import Toolset, tool_of
from core.retrieval import BM25
from core.trace import MemorySink, sink_to, tree


def said(**fields):
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())


def step(tool, thought="so", **args):
    return said(next_thought=thought, next_tool_name=tool, next_tool_args=json.dumps(args))


def answer(value, reasoning="thus"):
    return said(reasoning=reasoning, answer=value)


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def ask(agent, replies, **inputs):
    lm = ScriptedLM(replies)
    with core.context(lm=lm):
        return agent(**(inputs or {"question": "q"})), lm


class TestLoop:
    def test_c035_tools_are_called_until_finish_and_the_answer_is_extracted(self):
        result, lm = ask(
            ReAct("question -> answer: int", [add]), [step("add", a=1, b="2"), step("finish"), answer("3")]
        )
        assert result.answer == 3
        assert result.reasoning == "thus"
        assert result.termination_reason == "finish"
        assert result.trajectory == {
            "thought_0": "so",
            "tool_name_0": "add",
            "tool_args_0": {"a": 1, "b": "2"},
            "observation_0": 3,
            "thought_1": "so",
            "tool_name_1": "finish",
            "tool_args_1": {},
            "observation_1": "Done.",
        }
        assert [len(request.messages) for request in lm.requests] == [2, 2, 2]
        last = lm.requests[-1].messages[-1]["content"]
        assert '[[ ## tool_args_0 ## ]]\n{"a": 1, "b": "2"}' in last
        assert "[[ ## observation_0 ## ]]\n3" in last

    def test_the_prompt_lists_the_tools_and_the_choice_is_one_of_their_names(self):
        agent = ReAct("question -> answer", [add])
        assert list(agent.react.signature.fields) == [
            "question",
            "trajectory",
            "next_thought",
            "next_tool_name",
            "next_tool_args",
        ]
        assert agent.react.signature.fields["next_tool_name"].shape["values"] == ["add", "finish"]
        assert "1. `add`: Add two numbers. Arguments: {" in agent.react.signature.instructions
        assert list(agent.extract.predict.signature.fields) == [
            "question",
            "trajectory",
            "reasoning",
            "answer",
        ]
        assert list(agent.tools) == ["add", "finish"]
        assert [name for name, _ in agent.named_predictors()] == ["react", "extract.predict"]

    def test_instructions_and_constraints_of_the_signature_stay(self):
        class Sum(core.Signature):
            """Sum up."""

            question: str = core.InputField(desc="what to sum")
            answer: int = core.OutputField(ge=0)

        agent = ReAct(Sum, [add])
        assert agent.react.signature.instructions.startswith("Sum up.\n")
        assert agent.react.signature.fields["question"].desc == "what to sum"
        assert agent.extract.predict.signature.instructions == "Sum up."
        assert agent.extract.predict.signature.fields["answer"].constraints == {"ge": 0}

    def test_the_limit_ends_the_loop_and_there_is_an_answer_all_the_same(self):
        result, lm = ask(
            ReAct("question -> answer", [add], max_iters=2), [step("add", a=1, b=2)] * 2 + [answer("x")]
        )
        assert (result.termination_reason, result.answer, len(lm.requests)) == ("max_iters", "x", 3)

    def test_a_call_may_have_another_limit(self):
        result, lm = ask(
            ReAct("question -> answer", [add]),
            [step("add", a=1, b=2), answer("x")],
            question="q",
            max_iters=1,
        )
        assert (result.termination_reason, len(lm.requests)) == ("max_iters", 2)
        result, lm = ask(ReAct("question -> answer", [add]), [answer("x")], question="q", max_iters=0)
        assert (result.trajectory, len(lm.requests)) == ({}, 1)

    def test_a_field_called_max_iters_is_a_field(self):
        _, lm = ask(ReAct("max_iters -> answer", [add]), [step("finish"), answer("x")], max_iters="five")
        assert "five" in lm.requests[0].messages[-1]["content"]

    @pytest.mark.parametrize(
        ("reply", "observed"),
        [
            (
                step("add", a=1),
                "Execution error in add: ValueCoercionError: Tool 'add' needs the argument 'b'.",
            ),
            (
                step("add", a="x", b=1),
                "Execution error in add: ValueCoercionError: Argument 'a' of tool 'add'",
            ),
            (step("bad"), "Execution error in bad: KeyError: 'gone'"),
        ],
    )
    def test_an_error_of_a_tool_is_an_observation(self, reply, observed):
        def bad():
            raise KeyError("gone")

        result, _ = ask(ReAct("question -> answer", [add, bad]), [reply, step("finish"), answer("x")])
        assert result.trajectory["observation_0"].startswith(observed)
        assert result.answer == "x"

    def test_an_unknown_tool_is_told_to_the_model_once_more(self):
        result, lm = ask(ReAct("question -> answer", [add]), [step("nope"), step("finish"), answer("x")])
        assert len(lm.requests) == 3
        assert result.termination_reason == "finish"

    def test_a_finish_with_arguments_is_no_error(self):
        result, _ = ask(ReAct("question -> answer", [add]), [step("finish", answer="7"), answer("x")])
        assert result.trajectory["observation_0"] == "Done."

    def test_json_layout_walks_the_same_steps(self):
        agent = ReAct("question -> answer: int", [add])
        replies = [
            json.dumps({"next_thought": "t", "next_tool_name": "add", "next_tool_args": {"a": 1, "b": 2}}),
            json.dumps({"next_thought": "t", "next_tool_name": "finish", "next_tool_args": {}}),
            json.dumps({"reasoning": "r", "answer": 3}),
        ]
        with core.context(adapter=JSONAdapter()):
            result, _ = ask(agent, replies)
        assert (result.answer, result.trajectory["observation_0"]) == (3, 3)


class TestNothingIsLost:
    def test_a_step_that_cannot_be_read_ends_the_loop_and_the_rest_is_answered_from(self):
        result, _ = ask(
            ReAct("question -> answer", [add]), [step("add", a=1, b=2), "garbage", "garbage", answer("x")]
        )
        assert (result.termination_reason, result.answer) == ("parse_error", "x")
        assert result.trajectory["observation_0"] == 3

    def test_an_answer_that_cannot_be_read_is_taken_from_finish(self):
        result, _ = ask(
            ReAct("question -> answer: int", [add]), [step("finish", answer="7"), said(reasoning="r"), "no"]
        )
        assert (result.answer, result.termination_reason) == (7, "parse_error")

    def test_what_need_not_be_there_is_filled_in(self):
        agent = ReAct("question -> answer: int, note: Optional[str]", [add])
        result, _ = ask(agent, [step("finish", answer=7), "no", "no"])
        assert (result.answer, result.note) == (7, None)

    def test_without_any_answer_the_error_carries_the_trajectory(self):
        agent = ReAct("question -> answer: int", [add])
        with pytest.raises(AdapterParseError) as caught:
            ask(agent, [step("add", a=1, b=2), step("finish", answer="many"), "no", "no"])
        assert caught.value.trajectory["observation_0"] == 3

    def test_an_error_of_the_model_carries_the_trajectory(self):
        agent = ReAct("question -> answer: int", [add])
        with pytest.raises(LMServerError) as caught:
            ask(agent, [step("add", a=1, b=2), *[LMServerError("down")] * 9], question="q")
        assert caught.value.trajectory["observation_0"] == 3

    @pytest.mark.parametrize(
        "error", [BudgetExceeded("enough"), LMServerError("down"), ConfigurationError("x")]
    )
    def test_what_no_model_can_mend_is_no_observation(self, error):
        def tool():
            raise error

        with pytest.raises(type(error)) as caught:
            ask(ReAct("question -> answer", [add, tool]), [step("add", a=1, b=2), step("tool")])
        assert caught.value.trajectory["observation_0"] == 3


class Narrow(ScriptedLM):
    """Reads requests of at most so many steps."""

    def __init__(self, most, replies):
        script = iter(replies)
        self.seen = []

        def reply(request: LMRequest):
            text = request.messages[-1]["content"]
            self.seen.append([number for number in range(9) if f"## observation_{number} ##" in text])
            if len(self.seen[-1]) > most:
                return ContextWindowExceededError("too long")
            return next(script)

        super().__init__(reply)


class TestLongTrajectories:
    def run(self, most, replies, steps=20):
        lm = Narrow(most, replies)
        with core.context(lm=lm):
            return ReAct("question -> answer", [add], max_iters=steps)(question="q"), lm

    def test_the_oldest_steps_are_not_shown_and_stay_in_the_trajectory(self):
        result, lm = self.run(2, [step("add", a=n, b=0) for n in range(4)] + [step("finish"), answer("x")])
        assert [key for key in result.trajectory if key.startswith("observation")] == [
            f"observation_{n}" for n in range(5)
        ]
        assert result.trajectory["observation_0"] == 0
        assert lm.seen == [[], [0], [0, 1], [0, 1, 2], [1, 2], [1, 2, 3], [2, 3], [2, 3, 4], [3, 4]]
        assert result.termination_reason == "finish"

    def test_one_step_that_is_too_long_ends_the_loop_with_that_reason(self):
        lm = Narrow(0, [step("add", a=1, b=2)])
        with core.context(lm=lm), pytest.raises(ContextWindowExceededError) as caught:
            ReAct("question -> answer", [add])(question="q")
        assert caught.value.trajectory["observation_0"] == 3
        assert len(lm.seen) == 3

    def test_the_reason_is_on_the_prediction_where_the_answer_fits(self):
        seen = []

        def reply(request):
            seen.append(request)
            if len(seen) == 1:
                return step("add", a=1, b=2)
            return ContextWindowExceededError("too long") if len(seen) == 2 else answer("x")

        with core.context(lm=ScriptedLM(reply)):
            result = ReAct("question -> answer", [add])(question="q")
        assert (result.termination_reason, result.answer) == ("context_window_exceeded", "x")


class Noted(ReAct):
    """Leaves a note in the place of all steps but the last."""

    def truncate_trajectory(self, trajectory):
        self.before = dict(trajectory)
        last = max(name.rpartition("_")[2] for name in trajectory if name != "note")
        kept = {name: value for name, value in trajectory.items() if name.endswith(f"_{last}")}
        trajectory.clear()
        return {"note": "older steps were left out", **kept}


class TestTruncation:
    TRAJECTORY: ClassVar = {"thought_0": "a", "observation_0": 1, "thought_1": "b", "observation_1": 2}

    def test_the_oldest_step_is_left_out_of_a_new_dict(self):
        given = dict(self.TRAJECTORY)
        agent = ReAct("question -> answer", [add])
        assert agent.truncate_trajectory(given) == {"thought_1": "b", "observation_1": 2}
        assert given == self.TRAJECTORY

    @pytest.mark.parametrize("given", [{}, {"thought_3": "a", "observation_3": 1}])
    def test_one_step_cannot_be_left_out(self, given):
        with pytest.raises(ContextWindowExceededError, match="no older one"):
            ReAct("question -> answer", [add]).truncate_trajectory(given)

    def test_an_override_says_what_is_shown_and_the_trajectory_stays_whole(self):
        lm = Narrow(2, [step("add", a=n, b=0) for n in range(4)] + [step("finish"), answer("x")])
        agent = Noted("question -> answer", [add])
        with core.context(lm=lm):
            result = agent(question="q")
        assert lm.seen == [[], [0], [0, 1], [0, 1, 2], [2], [2, 3], [2, 3, 4], [4]]
        assert "older steps were left out" in lm.requests[-1].messages[-1]["content"]
        assert [name for name in agent.before if name.startswith("observation")] == [
            "observation_2", "observation_3", "observation_4",
        ]  # fmt: skip
        assert [result.trajectory[f"observation_{n}"] for n in range(4)] == [0, 1, 2, 3]

    def test_an_override_that_returns_nothing_is_an_error_that_says_so(self):
        class Forgetful(ReAct):
            def truncate_trajectory(self, trajectory):
                trajectory.clear()

        lm = Narrow(0, [step("add", a=1, b=2)])
        with core.context(lm=lm), pytest.raises(ConfigurationError, match="returned NoneType"):
            Forgetful("question -> answer", [add])(question="q")


class Upper(Module):
    """Writes in capitals."""

    async def aforward(self, text: str, times: int = 1):
        return core.Prediction(text=text.upper() * times)


class TestTools:
    def test_methods_objects_modules_retrievers_and_names(self):
        class Shop:
            def price(self, item: str) -> float:
                """Price of an item."""
                return 9.5

            def __call__(self, item: str) -> str:
                """Order."""
                return f"ordered {item}"

        shop = Shop()
        tools = Toolset(
            [
                shop.price,
                shop,
                Upper(),
                Predict("text -> label"),
                BM25(["red fox"]),
                "calculator",
                Tool(add, name="plus"),
            ]
        )
        assert list(tools) == ["price", "shop", "upper", "predict", "search", "calculator", "plus"]
        assert tools["price"](item="x") == 9.5
        assert tools["upper"].args == {"text": {"type": "string"}, "times": {"type": "integer", "default": 1}}
        assert tools["upper"].desc == "Writes in capitals."
        assert tools["predict"].args == {"text": {"type": "string"}}
        assert tools["search"](query="fox") == ["red fox"]

    def test_a_mapping_names_them(self):
        assert list(Toolset({"plus": add, "times": Tool(add)})) == ["plus", "times"]

    def test_those_of_2024_say_their_input_themselves(self):
        class Search:
            name = "Search"
            input_variable = "query"
            desc = "takes a query"

            def __call__(self, query):
                return [query]

        tool = tool_of(Search())
        assert (tool.name, tool.args, tool(query="x")) == ("Search", {"query": {"type": "string"}}, ["x"])

    @pytest.mark.parametrize("tools", [[add, add], [Tool(add, name="finish")], [3], [lambda x: x]])
    def test_what_cannot_be_a_tool_is_refused(self, tools):
        with pytest.raises(ConfigurationError) as caught:
            ReAct("question -> answer", tools)
        assert caught.value.hint

    def test_a_signature_with_a_field_of_ours_is_refused(self):
        with pytest.raises(SignatureError, match="trajectory"):
            ReAct("question, trajectory -> answer", [add])

    def test_without_tools_the_retriever_of_the_settings_is_one(self):
        agent = ReAct("question -> answer", max_iters=5, num_results=1)
        with core.context(rm=BM25(["a red fox", "a red hen"])):
            result, _ = ask(agent, [step("search", query="red hen"), step("finish"), answer("hen")])
        assert result.trajectory["observation_0"] == ["a red hen"]

    def test_modules_as_tools_run_in_both_colours_and_their_fields_are_the_observation(self):
        agent = ReAct("question -> answer", [Upper()])
        replies = [step("upper", text="ab", times=2), step("finish"), answer("x")]
        assert ask(agent, replies)[0].trajectory["observation_0"] == {"text": "ABAB"}

        async def main():
            with core.context(lm=ScriptedLM(replies, local=False)):
                return await agent.acall(question="q")

        assert asyncio.run(main()).trajectory["observation_0"] == {"text": "ABAB"}

    def test_async_tools_run_on_the_callers_loop(self):
        loops = []

        async def slow(x: int) -> int:
            loops.append(asyncio.get_running_loop())
            await asyncio.sleep(0)
            return x + 1

        async def main():
            with core.context(lm=ScriptedLM([step("slow", x=1), step("finish"), answer("x")])):
                result = await ReAct("question -> answer", [slow]).acall(question="q")
            return result, asyncio.get_running_loop()

        result, loop = asyncio.run(main())
        assert result.trajectory["observation_0"] == 2
        assert loops == [loop]

    def test_async_tools_in_sync_code_are_refused_unless_the_setting_says_so(self):
        async def slow(x: int) -> int:
            await asyncio.sleep(0)
            return x + 1

        agent, replies = ReAct("question -> answer", [slow]), [step("slow", x=1), step("finish"), answer("x")]
        with pytest.raises(ConfigurationError, match="async"):
            ask(agent, replies)
        with core.context(allow_tool_async_sync_conversion=True):
            assert ask(agent, replies)[0].trajectory["observation_0"] == 2

    def test_a_sync_tool_does_not_stop_the_loop_of_async_code(self):
        import threading

        here = []

        def tool() -> str:
            here.append(threading.current_thread())
            return "ok"

        async def main():
            with core.context(lm=ScriptedLM([step("tool"), step("finish"), answer("x")])):
                await ReAct("question -> answer", [tool]).acall(question="q")
            return threading.current_thread()

        assert asyncio.run(main()) not in here

    def test_copies_share_their_tools(self):
        agent = ReAct("question -> answer", [add])
        assert agent.deepcopy().tools["add"] is agent.tools["add"]


class TestWatching:
    def test_every_call_is_a_span_and_told_to_callbacks(self):
        told = []

        class Listener(BaseCallback):
            def on_tool_end(self, call_id, outputs, exception=None):
                told.append((outputs, exception))

        agent = ReAct("question -> answer", [add])
        with sink_to(MemorySink()) as sink, core.context(callbacks=[Listener()]):
            ask(agent, [step("add", a=1, b=2), step("add", a=1), step("finish"), answer("x")])
        tools = [span for span in sink.spans if span.kind == "tool"]
        assert [(span.name, span.status) for span in tools] == [
            ("add", "ok"),
            ("add", "error"),
            ("finish", "ok"),
        ]
        assert tools[0].attributes == {"inputs": {"a": 1, "b": 2}, "outputs": 3}
        (root,) = tree(sink.spans)
        assert [child.span.kind for child in root.children][:2] == ["predict", "tool"]
        assert [outputs for outputs, _ in told] == [3, None, "Done."]

    def test_demos_may_be_compiled_from_its_steps(self):
        agent = ReAct("question -> answer", [add])
        with core.collect() as steps:
            ask(agent, [step("add", a=1, b=2), step("finish"), answer("x")])
        assert [item.path for item in steps] == ["react", "react", "extract.predict"]
        assert "observation_0" in steps[-1].inputs["trajectory"]
