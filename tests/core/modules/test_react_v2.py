"""The agent that talks in tool calls: turns are a conversation, `submit` ends it, every end has its reason."""

import asyncio
import json

import pytest

import core
from core.data.types import History
from core.foundation.errors import AgentError, BudgetExceeded, ContextWindowExceededError, SignatureError
from core.lm import ScriptedLM
from core.messages import LMOutput
from core.modules.react_v2 import ReActV2


def turn(*calls, thought="so"):
    made = json.dumps({"tool_calls": [{"name": name, "args": args} for name, args in calls]})
    return f"[[ ## next_thought ## ]]\n{thought}\n\n[[ ## tool_calls ## ]]\n{made}"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD, SUBMIT = ("add", {"a": 1, "b": 2}), ("submit", {"answer": 3})


def ask(agent, replies, **inputs):
    lm = ScriptedLM(replies)
    with core.context(lm=lm):
        return agent(**(inputs or {"question": "q"})), lm


def agent(**options):
    return ReActV2("question -> answer: int", [add], **options)


class TestTurns:
    def test_calls_and_what_they_gave_are_turns_of_a_conversation(self):
        result, lm = ask(agent(), [turn(ADD), turn(SUBMIT)])
        assert (result.answer, result.termination_reason) == (3, "submit")
        assert [message["role"] for message in lm.requests[0].messages] == ["system", "user"]
        roles = [message["role"] for message in lm.requests[1].messages]
        assert roles == ["system", "user", "assistant", "user", "user"]
        asked, said, gave, last = (message["content"] for message in lm.requests[1].messages[1:])
        assert asked == "[[ ## question ## ]]\nq"
        assert '"name": "add"' in said
        assert "[[ ## tool_call_results ## ]]" in gave
        assert '"value": 3' in gave
        assert "question ## ]]" not in last
        first, second = result.history.messages
        assert first["question"] == "q"
        (got,) = first["tool_calls"].tool_call_results.tool_call_results
        assert (got.call_id, got.name, got.value, got.is_error) == ("call_0_0", "add", 3, False)
        assert second["answer"] == 3

    def test_several_calls_in_one_turn_come_back_in_order(self):
        result, _ = ask(
            agent(), [turn(ADD, ("add", {"a": 5, "b": 5}), ("nope", {}), ("add", {"a": "x"})), turn(SUBMIT)]
        )
        got = result.history.messages[0]["tool_calls"].tool_call_results.tool_call_results
        assert [(item.value, item.is_error) for item in got[:2]] == [(3, False), (10, False)]
        assert got[2].value == "There is no tool 'nope'. There are: add, submit."
        assert got[3].is_error
        assert "needs the argument 'b'" in got[3].value

    def test_a_submission_that_does_not_fit_goes_back(self):
        result, lm = ask(agent(), [turn(("submit", {"answer": "many"})), turn(("submit", {})), turn(SUBMIT)])
        assert (result.answer, len(lm.requests)) == (3, 3)

    def test_models_that_call_natively_do_so(self):
        def reply(request):
            if len(lm.requests) == 1:
                calls = [
                    {
                        "id": "x1",
                        "type": "function",
                        "function": {"name": "add", "arguments": '{"a": 1, "b": 2}'},
                    }
                ]
            else:
                calls = [
                    {
                        "id": "x2",
                        "type": "function",
                        "function": {"name": "submit", "arguments": '{"answer": 3}'},
                    }
                ]
            return LMOutput("", tool_calls=calls)

        lm = ScriptedLM(reply, supports_function_calling=True)
        with core.context(lm=lm):
            result = agent()(question="q")
        assert result.answer == 3
        assert [tool["function"]["name"] for tool in lm.requests[0].params["tools"]] == ["add", "submit"]
        messages = lm.requests[1].messages
        assert [message["role"] for message in messages][:4] == ["system", "user", "assistant", "tool"]
        assert messages[2]["tool_calls"][0]["id"] == messages[3]["tool_call_id"] == "x1"

    def test_from_async_code_with_an_async_tool(self):
        async def slow(x: int) -> int:
            await asyncio.sleep(0)
            return x + 1

        async def main():
            with core.context(lm=ScriptedLM([turn(("slow", {"x": 2})), turn(SUBMIT)], local=False)):
                return await ReActV2("question -> answer: int", [slow]).acall(question="q")

        assert (
            asyncio.run(main()).history.messages[0]["tool_calls"].tool_call_results.tool_call_results[0].value
            == 3
        )

    def test_a_conversation_goes_on_from_an_earlier_one(self):
        before = History(messages=[{"question": "before", "answer": 1}])
        result, lm = ask(agent(), [turn(SUBMIT)], question="q", history=before)
        assert "before" in lm.requests[0].messages[1]["content"]
        assert len(result.history.messages) == 2

    def test_names_of_parts_and_fields_are_dspys(self):
        made = agent()
        assert [(name, list(part.signature.fields)) for name, part in made.named_predictors()] == [
            ("react", ["question", "history", "tools", "next_thought", "tool_calls"])
        ]
        assert list(made.tools) == ["add", "submit"]
        with pytest.raises(SignatureError, match="tools"):
            ReActV2("tools -> answer", [])


class TestEnds:
    @pytest.mark.parametrize(
        "replies",
        [
            [turn(), turn(SUBMIT)],
            ["garbage", "garbage", turn(SUBMIT)],
            [turn(ADD), turn(SUBMIT)],
            [ContextWindowExceededError("long"), turn(SUBMIT)],
        ],
    )
    def test_an_end_without_submission_is_followed_by_a_turn_with_submit_alone(self, replies):
        result, lm = ask(agent(max_iters=1), replies)
        assert (result.answer, result.termination_reason) == (3, "forced_submit")
        last = lm.requests[-1].messages[-1]["content"]
        assert "submit, whose description" in last
        assert "add, whose description" not in last

    @pytest.mark.parametrize(
        ("replies", "reason"),
        [
            ([turn(ADD), turn()], "max_iters"),
            ([turn(), turn()], "empty_tool_calls"),
            (["garbage"] * 4, "parse_error"),
            ([ContextWindowExceededError("long")] * 2, "context_window_exceeded"),
        ],
    )
    def test_without_any_submission_the_error_carries_reason_and_turns(self, replies, reason):
        with pytest.raises(AgentError) as caught:
            ask(agent(max_iters=1), replies)
        assert caught.value.reason == reason
        assert [list(step) for step in caught.value.trajectory][:1] == (
            [["question", "next_thought", "tool_calls"]] if reason == "max_iters" else []
        )

    def test_what_no_model_can_mend_is_raised_with_the_turns(self):
        def spend():
            raise BudgetExceeded("enough")

        with pytest.raises(BudgetExceeded) as caught:
            ask(ReActV2("question -> answer", [add, spend]), [turn(ADD), turn(("spend", {}))])
        assert len(caught.value.trajectory) == 1

    def test_a_talk_that_is_too_long_loses_its_oldest_turns_but_not_the_inputs(self):
        seen = []

        def reply(request):
            text = "\n".join(str(message["content"]) for message in request.messages)
            shown = [number for number in range(5) if f'"a": {number}' in text]
            seen.append((shown, "[[ ## question ## ]]\nthe task" in text))
            if len(shown) > 2:
                return ContextWindowExceededError("long")
            return (
                turn(("add", {"a": len({n for found, _ in seen for n in found}), "b": 0}))
                if len(seen) < 6
                else turn(SUBMIT)
            )

        with core.context(lm=ScriptedLM(reply)):
            result = agent()(question="the task")
        assert all(has_task for _, has_task in seen)
        assert max(len(found) for found, _ in seen) == 3
        assert len(result.history.messages) > 3
        assert result.history.messages[0]["question"] == "the task"
