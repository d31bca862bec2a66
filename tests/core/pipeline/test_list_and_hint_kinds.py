"""Steps over every item of a list, and steps that take a hint: built, run, traced, written, checked, exported."""

from __future__ import annotations

import json

import pytest

import core
from core.export.base import exporters
from core.foundation.errors import ExportError, PipelineError, SignatureError
from core.lm import ScriptedLM
from core.pipeline import (
    build,
    code,
    errors_of,
    output_fields,
    parse_spec,
    program_types,
    spec_from_program,
    step_kinds,
    validate,
)
from core.pipeline.kinds.parallel import listed
from core.pipeline.spec import FieldSpec
from core.trace import MemorySink, collect, sink_to
from tests.core.pipeline.test_code import described, loaded

ORDER = {"name": "order", "type": "object", "fields": [{"name": "item"}, {"name": "count", "type": "int"}]}


def program_of(kind, signature=None, inputs=(("message", "list[str]"),), gives=("topic",), **options):
    signature = signature or {
        "instructions": "Sort it.",
        "inputs": [{"name": "message"}],
        "outputs": [{"name": "topic", "type": "Literal['a', 'b']"}],
    }
    names = [name for name, _ in inputs]
    step = {"name": "sort", "kind": kind, "signature": signature, "options": options}
    return {
        "name": "sorts",
        "inputs": [{"name": name, "type": kind} for name, kind in inputs],
        "steps": [{**step, "inputs": {name: name for name in names}}],
        "outputs": {name: f"sort.{name}" for name in gives},
    }


def hinted(**options):
    return program_of(
        "chain_of_thought_with_hint", inputs=(("message", "str"), ("hint", "Optional[str]")), **options
    )


def reply(**fields):
    return "\n\n".join(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items())


def last_letter(request):
    """Answer with the last letter of the message."""
    return reply(topic=request.messages[1]["content"].split("[[ ## message ## ]]\n")[1].split("\n")[0][-1])


def messages_of(problems):
    return [problem.message for problem in problems]


class TestParallel:
    def test_a_list_flows_in_and_lists_flow_out(self):
        program = build(program_of("parallel"))
        with core.context(lm=ScriptedLM(last_letter)):
            assert program(message=["x a", "x b", "y a"]).toDict() == {"topic": ["a", "b", "a"]}
        assert [path for path, _ in program.named_predictors()] == ["sort.each"]

    def test_a_failing_item_ends_the_run_unless_it_is_borne(self):
        with core.context(lm=ScriptedLM(last_letter)):
            with pytest.raises(core.AdapterParseError, match="Item 2 of 2"):
                build(program_of("parallel"))(message=["x a", "x ?"])
            borne = build(program_of("parallel", gives=("topic", "errors"), max_errors=2))
            given = borne(message=["x a", "x ?"])
        assert given.topic == ["a", None]
        assert given.errors[0] is None and "Item 2 of 2" in given.errors[1]

    def test_its_steps_are_named_in_traces(self):
        with core.context(lm=ScriptedLM(last_letter)), collect() as steps, sink_to(MemorySink()) as sink:
            build(program_of("parallel"))(message=["x a", "x b"])
        assert [step.path for step in steps] == ["sort.each", "sort.each"]
        assert {(span.name, span.path) for span in sink.spans if span.kind == "item"} == {
            ("1 of 2", "sort.each"),
            ("2 of 2", "sort.each"),
        }

    def test_some_inputs_are_lists_and_others_the_same_for_all(self):
        signature = {
            "inputs": [{"name": "topics"}, {"name": "message"}],
            "outputs": [{"name": "topic"}],
        }
        made = program_of(
            "parallel", signature, (("topics", "str"), ("message", "list[str]")), over=["message"]
        )
        fields = step_kinds.get("parallel")().inputs(parse_spec(made).steps[0])
        assert [item.type for item in fields] == ["str", "list[str]"]
        with core.context(lm=ScriptedLM(last_letter)):
            assert build(made)(topics="a, b", message=["1 a", "2 b"]).topic == ["a", "b"]
        first = step_kinds.get("parallel")().inputs(
            parse_spec({**made, "steps": [{**made["steps"][0], "options": {}}]}).steps[0]
        )
        assert [item.type for item in first] == ["list[str]", "str"]

    def test_the_program_knows_that_its_fields_are_lists(self):
        made = parse_spec(program_of("parallel"))
        assert output_fields(made)["topic"].type == "list[Literal['a', 'b']]"
        assert program_types(made)["topic"]["kind"] == "list"
        borne = parse_spec(program_of("parallel", max_errors=5))
        assert output_fields(borne)["topic"].type == "list[Optional[Literal['a', 'b']]]"

    def test_records_become_lists_of_records(self):
        signature = {"inputs": [{"name": "message"}], "outputs": [ORDER]}
        made = parse_spec(program_of("parallel", signature, gives=("order",)))
        assert not errors_of(validate(made))
        shape = program_types(made)["order"]
        assert (shape["kind"], shape["items"]["kind"]) == ("list", "object")
        with core.context(lm=ScriptedLM([reply(order='{"item": "tea", "count": 2}')])):
            assert build(made)(message=["two teas"]).order[0].count == 2

    @pytest.mark.parametrize(
        ("field", "gaps", "text"),
        [
            (FieldSpec(name="x"), False, "list[str]"),
            (FieldSpec(name="x", type="int", constraints={"ge": 1}), True, "list[Optional[int]]"),
            (FieldSpec(name="x", type="Optional[int]"), True, "list[Optional[int]]"),
            (FieldSpec(name="x", type="Any"), True, "list[Any]"),
            (FieldSpec(**{**ORDER, "type": "list[object]"}), True, "list[Optional[list[object]]]"),
            (FieldSpec(**{**ORDER, "type": "list[list[object]]"}), True, "list[Any]"),
        ],
    )
    def test_types_of_lists(self, field, gaps, text):
        made = listed(field, gaps=gaps)
        assert (made.type, made.constraints) == (text, {})
        core.pipeline.annotation_of(made)

    def test_it_feeds_a_step_after_it(self):
        first = program_of("parallel")
        after = {
            "name": "say",
            "signature": {
                "inputs": [{"name": "topics", "type": "list[str]"}],
                "outputs": [{"name": "answer"}],
            },
            "inputs": {"topics": "sort.topic"},
        }
        made = {**first, "steps": [*first["steps"], after], "outputs": {"answer": "say.answer"}}
        assert not errors_of(validate(parse_spec(made)))

        def answer(request):
            text = request.messages[-1]["content"]
            return reply(answer=text.count(chr(34)) // 2) if "topics" in text else last_letter(request)

        with core.context(lm=ScriptedLM(answer)):
            assert build(made)(message=["1 a", "2 b", "3 a"]).answer == "3"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"over": ["colour"]}, "no input 'colour'"),
            ({"max_errors": 0}, "greater than or equal to 1"),
            ({"num_threads": 0}, "greater than or equal to 1"),
            ({"n": 3}, "no option 'n'"),
        ],
    )
    def test_options_that_cannot_work_are_problems(self, options, said):
        made = program_of("parallel", **options)
        assert any(said in str(problem) for problem in errors_of(validate(parse_spec(made))))
        with pytest.raises(PipelineError):
            build(made)

    @pytest.mark.parametrize(
        ("type_", "fits"),
        [
            ("str", False),
            ("int", False),
            ("dict[str, str]", False),
            ("list[str]", True),
            ("Optional[list[str]]", True),
            ("Union[str, list[str]]", True),
            ("Any", True),
        ],
    )
    def test_what_is_no_list_cannot_flow_into_it(self, type_, fits):
        made = parse_spec(program_of("parallel", inputs=(("message", type_),)))
        found = messages_of(errors_of(validate(made)))
        assert found == ([] if fits else ["'message' is no list, and step 'sort' goes over one."])

    def test_the_output_of_an_earlier_step_has_to_be_a_list_too(self):
        made = program_of("parallel")
        clue = {"inputs": [{"name": "message", "type": "list[str]"}], "outputs": [{"name": "clue"}]}
        first = {"name": "think", "signature": clue, "inputs": {"message": "message"}}
        for source, fits in (("think.clue", False), (["think.clue"], True), ("message", True)):
            step = {**made["steps"][0], "inputs": {"message": source}}
            found = errors_of(validate(parse_spec({**made, "steps": [first, step]})))
            assert (not found) is fits, source

    @pytest.mark.parametrize(("name", "options"), [("errors", {}), ("reasoning", {"reasoning": True})])
    def test_its_own_fields_are_problems(self, name, options):
        signature = {"inputs": [{"name": "message"}], "outputs": [{"name": name}, {"name": "topic"}]}
        made = parse_spec(program_of("parallel", signature, **options))
        assert any(f"'{name}'" in message for message in messages_of(errors_of(validate(made))))

    def test_a_step_without_inputs_has_nothing_to_go_over(self):
        made = program_of("parallel", {"inputs": [], "outputs": [{"name": "topic"}]}, ())
        assert any("no list to go over" in message for message in messages_of(validate(parse_spec(made))))


class TestHint:
    def test_a_hint_is_one_more_input_of_the_request(self):
        lm = ScriptedLM([reply(reasoning="r", topic="a")] * 3)
        with core.context(lm=lm):
            program = build(hinted())
            assert program(message="m", hint="It is a.").topic == "a"
            program(message="m", hint=None)
            program(message="m", hint="")
        texts = ["\n".join(message["content"] for message in request.messages) for request in lm.requests]
        assert ["It is a." in texts[0], "hint" in texts[1], "hint" in texts[2]] == [True, False, False]

    def test_it_comes_from_an_earlier_step_too(self):
        made = hinted()
        first = {
            "name": "think",
            "signature": {"inputs": [{"name": "message"}], "outputs": [{"name": "clue"}]},
            "inputs": {"message": "message"},
        }
        step = {**made["steps"][0], "inputs": {"message": "message", "hint": "think.clue"}}
        made = {**made, "inputs": made["inputs"][:1], "steps": [first, step]}
        lm = ScriptedLM([reply(clue="look twice"), reply(reasoning="r", topic="b")])
        with core.context(lm=lm):
            assert build(made)(message="m").topic == "b"
        assert "look twice" in lm.requests[1].messages[-1]["content"]

    def test_nothing_that_flows_into_the_hint_is_a_problem(self):
        made = hinted()
        step = {**made["steps"][0], "inputs": {"message": "message"}}
        found = errors_of(validate(parse_spec({**made, "inputs": made["inputs"][:1], "steps": [step]})))
        assert messages_of(found) == ["Nothing flows into 'hint' of step 'sort'."]

    @pytest.mark.parametrize("side", ["inputs", "outputs"])
    @pytest.mark.parametrize("name", ["hint", "reasoning"])
    def test_its_own_fields_are_problems(self, side, name):
        signature = {"inputs": [{"name": "message"}], "outputs": [{"name": "topic"}]}
        signature[side] = [*signature[side], {"name": name}]
        made = parse_spec(program_of("chain_of_thought_with_hint", signature))
        assert any(f"'{name}'" in message for message in messages_of(errors_of(validate(made))))

    def test_its_messages_are_shown_with_the_hint(self):
        from workbench.services.previews import preview_messages

        shown = preview_messages(hinted(), "sort")
        assert "{hint}" in shown[-1]["content"]
        given = preview_messages(hinted(), "sort", {"message": "m", "hint": "Look twice."})
        with core.context(lm=(lm := ScriptedLM([reply(reasoning="r", topic="a")]))):
            build(hinted())(message="m", hint="Look twice.")
        assert given == lm.requests[0].messages

    def test_exported_messages_have_a_slot_for_it(self):
        program = build(hinted())
        program.sort.predict.demos = [core.Example(message="m", reasoning="r", topic="a")]
        (file,) = exporters.get("messages")().export(program, name="x")
        (found,) = json.loads(file.data)["predictors"].values()
        assert [part["slot"] for part in found["messages"][-1]["segments"] if "slot" in part] == [
            "message",
            "hint",
        ]
        assert "(none)" in found["messages"][1]["segments"][0]["text"]
        assert "{hint}" in found["openai_request"]["messages"][-1]["content"]


MADE = {
    "parallel": program_of("parallel", reasoning=True, num_threads=2, max_errors=3),
    "hint": hinted(temperature=0.5),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
class TestBoth:
    def test_the_written_program_is_the_same(self, made, tmp_path):
        written, built = loaded(code(parse_spec(made)), tmp_path), build(made)
        assert described(written) == described(built)
        assert type(written.sort) is type(built.sort)
        written.load_state(built.dump_state())

    def test_the_file_comes_back_and_so_does_the_state(self, made, tmp_path):
        assert parse_spec(parse_spec(made).model_dump_json()) == parse_spec(made)
        program, other = build(made), build(made)
        assert spec_from_program(program) == parse_spec(made)
        ((_, predictor),) = program.named_predictors()
        predictor.signature = predictor.signature.with_instructions("Otherwise.")
        predictor.demos = [core.Example(message="m", topic="a")]
        program.save(str(tmp_path / "state.json"))
        other.load(str(tmp_path / "state.json"))
        assert other.dump_state() == program.dump_state()

    def test_a_file_that_runs_alone_is_refused_by_name(self, made):
        with pytest.raises(ExportError, match=r"Step 'sort' (is a ForEach|may be given a hint)") as caught:
            exporters.get("python_script")().export(build(made), name="x")
        assert caught.value.hint

    def test_state_and_messages_are_exported(self, made):
        (state,) = exporters.get("state_json")().export(build(made), name="x")
        assert set(json.loads(state.data)) == {*dict(build(made).named_predictors()), "metadata"}
        assert exporters.get("messages")().export(build(made), name="x")

    def test_options_describe_themselves(self, made):
        for field in step_kinds.get(made["steps"][0]["kind"]).options.model_fields.values():
            assert field.description


def test_evaluated_and_compiled_like_any_other_step():
    made = build(program_of("parallel"))
    rows = [
        core.Example(message=[f"{row} a", f"{row} b"], topic=["a", "b"]).with_inputs("message")
        for row in range(6)
    ]

    def exact(example, prediction, trace=None):
        return example.topic == prediction.topic

    with core.context(lm=ScriptedLM(last_letter)):
        assert core.Evaluate(devset=rows, metric=exact, num_threads=2)(made).score == 100.0
        better = core.BootstrapFewShot(metric=exact, max_bootstrapped_demos=2, max_labeled_demos=0).compile(
            made, trainset=rows
        )
    assert len(better.sort.each.demos) == 2
    assert all(isinstance(demo.message, str) for demo in better.sort.each.demos)


def test_rows_whose_items_cannot_be_read_count_as_failed():
    """A program must not win by failing: what a reply lacks is the model's failure, not the infrastructure's."""
    row = core.Example(message=["x a", "x ?"], topic=["a", "b"]).with_inputs("message")
    with core.context(lm=ScriptedLM(last_letter)):
        result = core.Evaluate(devset=[row], metric=lambda e, p: 1.0)(build(program_of("parallel")))
    assert [(item.outcome, item.score) for item in result.rows] == [("model_failure", 0.0)]


def test_an_optional_input_may_be_left_out_in_the_program_and_in_its_code(tmp_path):
    made = hinted()
    made = {**made, "inputs": made["inputs"][::-1]}  # the optional one first
    source = code(parse_spec(made))
    assert "def forward(self, message, hint=None):" in source
    for program in (build(made), loaded(source, tmp_path)):
        lm = ScriptedLM([reply(reasoning="r", topic="a")])
        with core.context(lm=lm):
            assert program(message="m").topic == "a"
        assert "hint" not in str(lm.requests[0].messages)
    with pytest.raises(SignatureError, match="missing: message"):
        build(made)(hint="h")
