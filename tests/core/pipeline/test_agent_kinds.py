"""Steps that call tools and write code: built from names alone, checked, written as Python, refused by what cannot."""

import json
from runpy import run_path

import pytest

import core
from core.export.base import exporters
from core.foundation.errors import ExportError, PipelineError
from core.lm import ScriptedLM
from core.modules.code_act import CodeAct
from core.modules.program_of_thought import ProgramOfThought
from core.modules.react import ReAct
from core.modules.react_v2 import ReActV2
from core.modules.rlm import RLM
from core.pipeline import build, code, errors_of, parse_spec, step_kinds, validate

KINDS = {
    "react": ReAct,
    "react_v2": ReActV2,
    "code_act": CodeAct,
    "program_of_thought": ProgramOfThought,
    "rlm": RLM,
}


def spec(kind, options=None, corpus=None, **signature):
    fields = {
        "instructions": "Answer.",
        "inputs": [{"name": "question"}],
        "outputs": [{"name": "answer", "type": "int"}],
    } | signature
    return parse_spec(
        {
            "name": "agent",
            "inputs": [{"name": "question"}],
            "steps": [
                {
                    "name": "work",
                    "kind": kind,
                    "signature": fields,
                    "inputs": {"question": "question"},
                    "options": options or {},
                }
            ],
            "outputs": {"answer": "work.answer"},
            "corpus": corpus,
        }
    )


def options_of(kind):
    return (
        {"tools": ["calculator", "retrieval"]} if "tools" in step_kinds.get(kind).options.model_fields else {}
    )


def said(**fields):
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())


def step(tool, **args):
    return said(next_thought="so", next_tool_name=tool, next_tool_args=json.dumps(args))


@pytest.mark.parametrize("kind", KINDS)
class TestEveryKind:
    def test_it_is_built_with_its_options_and_paths_begin_with_the_step(self, kind):
        program = build(spec(kind, {"max_iters": 2, **options_of(kind)}))
        assert isinstance(program.work, KINDS[kind])
        assert program.work.max_iters == 2
        assert all(name.startswith("work.") for name, _ in program.named_predictors())

    def test_its_code_builds_the_same_program(self, kind, tmp_path):
        made = spec(kind, {"max_iters": 2, **options_of(kind)}, corpus=["a red fox", "a blue hen"])
        program = build(made)
        path = tmp_path / "program.py"
        path.write_text(code(made), "utf-8")
        written = run_path(str(path))["program"]
        assert type(written.work) is KINDS[kind]
        assert written.work.max_iters == 2
        for (name, ours), (other, theirs) in zip(
            program.named_predictors(), written.named_predictors(), strict=True
        ):
            assert name == other
            assert ours.signature.instructions == theirs.signature.instructions
            assert ours.signature.equals(theirs.signature)

    def test_fields_that_it_has_itself_are_a_problem(self, kind):
        taken = {"rlm": "llm_query", "react": "trajectory", "react_v2": "tool_calls"}.get(
            kind, "generated_code"
        )
        made = spec(kind, outputs=[{"name": "answer"}, {"name": taken}])
        assert any(taken in problem.message for problem in errors_of(validate(made)))

    def test_what_it_adds_can_be_read_by_later_steps(self, kind):
        added = {"rlm": "final_reasoning", "react_v2": "history"}.get(kind, "reasoning")
        made = spec(kind).model_copy(update={"outputs": {"why": f"work.{added}"}})
        assert not [problem for problem in errors_of(validate(made)) if problem.where.startswith("outputs")]

    def test_options_out_of_range_and_unknown_tools_are_problems(self, kind):
        assert errors_of(validate(spec(kind, {"max_iters": 0})))
        assert errors_of(validate(spec(kind, {"tools": ["os.system"]})))

    def test_a_file_that_runs_alone_is_refused_by_name(self, kind):
        program = build(spec(kind, options_of(kind)))
        with pytest.raises(ExportError, match=r"Step 'work' is a \w+") as caught:
            exporters.get("python_script")().export(program, name="x")
        assert caught.value.hint

    def test_state_and_messages_are_exported(self, kind):
        program = build(spec(kind, options_of(kind)))
        (state,) = exporters.get("state_json")().export(program, name="x")
        assert set(json.loads(state.data)) == {*dict(program.named_predictors()), "metadata"}
        if kind == "react_v2":  # a conversation is no text that a file could hold a slot for
            with pytest.raises(ExportError, match=r"Field 'history' of 'work\.react'"):
                exporters.get("messages")().export(program, name="x")
            return
        assert exporters.get("messages")().export(program, name="x")

    def test_its_options_describe_themselves(self, kind):
        for field in step_kinds.get(kind).options.model_fields.values():
            assert field.description


def turn(tool, **args):
    calls = json.dumps({"tool_calls": [{"name": tool, "args": args}]})
    return said(next_thought="so", tool_calls=calls)


class TestConversations:
    def test_it_runs_with_a_built_in_tool(self):
        program = build(spec("react_v2", {"tools": ["calculator"]}))
        with core.context(lm=ScriptedLM([turn("calculator", expression="6*7"), turn("submit", answer=42)])):
            assert program(question="q").answer == 42

    def test_it_goes_on_from_a_conversation_where_it_is_told_so(self):
        plain, going_on = (
            spec("react_v2", {"tools": ["calculator"], "continues": on}) for on in (False, True)
        )
        assert not errors_of(validate(plain))
        assert [problem.message for problem in errors_of(validate(going_on))] == [
            "Nothing flows into 'history' of step 'work'."
        ]
        data = going_on.model_dump()
        data["inputs"] = [*data["inputs"], {"name": "history", "type": "History"}]
        data["steps"][0]["inputs"]["history"] = "history"
        data["outputs"] = {"answer": "work.answer", "history": "work.history"}
        program = build(data)
        lm = ScriptedLM([turn("submit", answer=1), turn("submit", answer=2)])
        with core.context(lm=lm):
            first = program(question="one?", history=None)
            second = program(question="two?", history=first.history)
        assert (first.answer, second.answer) == (1, 2)
        assert "one?" in str(lm.requests[1].messages)
        assert len(second.history.messages) == 2
        assert "continues" not in code(data)

    def test_runs_that_passed_become_demos(self):
        def right(example, prediction, trace=None):
            return example.answer == prediction.answer

        rows = [core.Example(question=f"{n}?", answer=n).with_inputs("question") for n in range(3)]
        replies = [turn("submit", answer=n) for n in range(3)]
        with core.context(lm=ScriptedLM(replies), num_threads=1):
            search = core.BootstrapFewShot(metric=right, max_bootstrapped_demos=2, max_labeled_demos=0)
            made = search.compile(build(spec("react_v2", {"tools": ["calculator"]})), trainset=rows)
        (predictor,) = made.predictors()
        assert [demo.question for demo in predictor.demos] == ["0?", "1?"]
        assert predictor.demos[0].tool_calls.tool_calls[0].name == "submit"
        made.load_state(json.loads(json.dumps(made.dump_state())))


class TestTools:
    @pytest.mark.parametrize("kind", ["react", "react_v2"])
    def test_no_tools_for_an_agent_is_a_problem(self, kind):
        problems = errors_of(validate(spec(kind)))
        assert [problem.message for problem in problems] == [
            "No tool is chosen, so there is nothing to call."
        ]
        with pytest.raises(PipelineError, match="No tool"):
            build(spec(kind))
        assert not errors_of(validate(spec("code_act")))

    def test_it_runs_with_a_built_in_tool(self):
        program = build(spec("react", {"tools": ["calculator"]}))
        replies = [step("calculator", expression="6*7"), step("finish"), said(reasoning="r", answer=42)]
        with core.context(lm=ScriptedLM(replies)):
            assert program(question="q").answer == 42

    def test_the_tool_that_searches_has_the_programs_corpus(self):
        made = spec("react", {"tools": ["retrieval"]}, corpus=["a red fox", "a blue hen"])
        program = build(made)
        assert list(program.work.tools) == ["search", "finish"]
        assert program.work.tools["search"](query="hen") == ["a blue hen"]
        assert "core.ReAct(Work, tools=[core.BM25(CORPUS)])" in code(made)
        assert not validate(made)

    def test_a_corpus_without_use_and_a_search_without_corpus_are_warnings(self):
        unused = validate(spec("react", {"tools": ["calculator"]}, corpus=["a"]))
        assert [problem.message for problem in unused] == ["No step retrieves from the corpus."]
        missing = validate(spec("react", {"tools": ["retrieval"]}))
        assert [problem.severity for problem in missing] == ["warning"]
        assert "tools=['retrieval']" in code(spec("react", {"tools": ["retrieval"]}))

    def test_only_names_stand_in_a_program_file(self):
        made = spec("react", {"tools": ["calculator", "calendar"]})
        again = parse_spec(made.model_dump_json())
        assert again == made
        assert again.steps[0].options == {"tools": ("calculator", "calendar")}
        with pytest.raises(PipelineError):
            parse_spec(
                {
                    **made.model_dump(),
                    "steps": [{**made.model_dump()["steps"][0], "options": {"tools": [{}]}}],
                }
            )
