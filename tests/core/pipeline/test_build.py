"""The built program: paths, flow of values, both colours, errors, copies, saved state."""

from __future__ import annotations

import asyncio
import json

import pytest

import core
from core.foundation.errors import PipelineError, SignatureError
from core.modules import Predict
from core.pipeline import build, merge_lists, step_kinds


class Recorder(Predict):
    """A predictor that answers without a model and remembers what it was given."""

    def __init__(self, signature, **outputs):
        super().__init__(signature)
        self.outputs = outputs
        self.seen = []

    async def aforward(self, **inputs):
        self.seen.append(inputs)
        return core.Prediction(**self.outputs)


def two_hops(spec):
    program = build(spec)
    program.ask = Recorder("question, passages -> query", query="north Ven")
    program.answer = Recorder("question, passages -> answer", answer="Ven", reasoning="r")
    return program


def test_steps_are_attributes_and_paths(hops):
    assert [path for path, _ in build(hops).named_parameters()] == ["hop1", "ask", "hop2", "answer.predict"]


def test_values_flow_and_lists_are_joined_without_doubles(hops):
    program = two_hops(hops)
    given = program(question="Who founded Ostal?")
    first, second, third = hops.corpus[:3]
    assert program.ask.seen == [{"question": "Who founded Ostal?", "passages": [first]}]
    assert program.answer.seen[0]["passages"] == [first, third, second]
    assert given.toDict() == {"answer": "Ven", "passages": [first, third, second]}


def test_both_colours_give_the_same(hops):
    program = two_hops(hops)
    question = {"question": "Who founded Ostal?"}
    assert asyncio.run(program.acall(**question)).toDict() == program(**question).toDict()


def test_the_whole_way_with_a_scripted_model(triage):
    reply = "[[ ## topic ## ]]\nbilling\n\n[[ ## urgency ## ]]\n3\n\n[[ ## completed ## ]]"
    lm = core.ScriptedLM([reply])
    with core.context(lm=lm):
        given = build(triage)(message="I was charged twice")
    assert given.toDict() == {"topic": "billing", "urgency": 3}
    assert "I was charged twice" in str(lm.requests[0].messages)
    assert lm.requests[0].params["temperature"] == 0.0


def test_a_typed_record_comes_back_typed(record):
    order = {"customer": "Ida", "date": None, "lines": [{"item": "tea", "count": 2}]}
    reply = f"[[ ## order ## ]]\n{json.dumps(order)}\n\n[[ ## list ## ]]\n[]\n\n[[ ## completed ## ]]"
    with core.context(lm=core.ScriptedLM([reply])):
        given = build(record)(text="Ida wants two teas")
    assert given.order.lines[0].count == 2
    assert type(given.order).__name__ == "Order"


def test_constraints_of_members_are_checked(record):
    model = build(record).extract.signature.output_fields["order"].annotation
    line = {"item": "tea", "count": 0}
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        model.model_validate({"customer": "Ida", "lines": [line]})


@pytest.mark.parametrize(
    ("inputs", "message"), [({}, "missing: message"), ({"message": "a", "mesage": "b"}, "unknown: mesage")]
)
def test_wrong_inputs_are_said(triage, inputs, message):
    with pytest.raises(SignatureError, match=message):
        build(triage)(**inputs)


def test_problems_are_listed_in_the_error(triage):
    broken = triage.model_copy(update={"outputs": {"topic": "nope.x"}})
    with pytest.raises(PipelineError, match="no step 'nope'") as caught:
        build(broken)
    assert caught.value.problems[0].where == "outputs.topic"


def test_instructions_are_kept_to_the_letter(triage):
    assert build(triage).triage.signature.instructions == triage.steps[0].signature.instructions


def test_no_instructions_give_the_default(hops):
    assert "`answer`" in build(hops).answer.predict.signature.instructions


def test_copies_share_corpus_and_specification(hops):
    program = build(hops)
    copied = program.deepcopy()
    assert copied.spec is program.spec
    assert copied.hop1.rm is program.hop1.rm is program.hop2.rm
    assert copied.ask is not program.ask


def test_state_goes_to_a_file_and_back(triage, tmp_path):
    program, other = build(triage), build(triage)
    program.triage.demos = [core.Example(message="m", topic="other", urgency=1)]
    program.save(tmp_path / "state.json")
    other.load(tmp_path / "state.json")
    assert other.dump_state() == program.dump_state()
    assert other.triage.demos[0].topic == "other"


def test_without_a_corpus_the_retriever_of_the_settings_answers(hops):
    program = two_hops(hops.model_copy(update={"corpus": None}))
    with core.context(rm=core.BM25(["Ostal is small."])):
        assert program(question="Ostal?").passages == ["Ostal is small."]


def test_json_text_builds(triage):
    assert build(triage.model_dump_json()).spec == triage


def test_merge_takes_each_item_once():
    assert merge_lists(["a", {"x": 1}], None, "b", [{"x": 1}, "a"]) == ["a", {"x": 1}, "b"]


def test_the_kinds_describe_themselves():
    entries = step_kinds.entries()
    assert {"predict", "chain_of_thought", "retrieve"} <= {entry.name for entry in entries}
    for entry in entries:
        assert entry.summary
        assert entry.meta["title"]
        assert all(field.description for field in entry.value.options.model_fields.values())
