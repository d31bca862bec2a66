"""The four walks that the engine's floors exist for: a call, an evaluation, a compile, an export."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import core
from core.export import exporters
from core.lm import ScriptedLM
from core.lm.embedded.server import running_server
from core.search import MemoryRunLog
from core.trace import MemorySink, sink_to, tree

LETTERS = [
    ("the parcel never came", "delivery"),
    ("my parcel is late again", "delivery"),
    ("where is the courier with my parcel", "delivery"),
    ("the courier left it in the rain", "delivery"),
    ("i was charged twice on my card", "billing"),
    ("the invoice shows the wrong amount", "billing"),
    ("please refund the amount you charged", "billing"),
    ("my card was charged after i cancelled", "billing"),
] * 3


def sections(**fields: str) -> str:
    return "\n".join(
        [*(f"[[ ## {name} ## ]]\n{value}" for name, value in fields.items()), "[[ ## completed ## ]]"]
    )


def triage() -> core.Module:
    return core.build(
        core.ProgramSpec.model_validate(
            {
                "name": "triage",
                "inputs": [{"name": "text"}],
                "steps": [
                    {
                        "name": "choose",
                        "signature": {
                            "instructions": "Choose the desk.",
                            "inputs": [{"name": "text"}],
                            "outputs": [{"name": "desk", "type": "Literal['delivery', 'billing']"}],
                        },
                        "inputs": {"text": "text"},
                    }
                ],
                "outputs": {"desk": "choose.desk"},
            }
        )
    )


def rows() -> list[core.Example]:
    return [
        core.Example(text=f"{text} ({index})", desk=desk).with_inputs("text")
        for index, (text, desk) in enumerate(LETTERS)
    ]


def test_a_call_is_rendered_sent_parsed_and_each_hop_is_a_span() -> None:
    program = core.ChainOfThought("question -> answer, sure: float")
    lm = ScriptedLM(["only prose", sections(reasoning="capital", answer="Paris", sure="0.9")])
    with core.context(lm=lm), sink_to(MemorySink()) as sink:
        prediction = program(question="Capital of France?")
    assert (prediction.answer, prediction.sure) == ("Paris", 0.9)
    (root,) = tree(sink.spans)
    kinds = [span.kind for _, span in root.walk()]
    assert kinds[:2] == ["module", "predict"]
    assert kinds.count("lm") == 2, "one repair turn"
    assert kinds.count("adapter.parse") == 2
    assert "adapter.render" in kinds
    call = next(span for span in sink.spans if span.kind == "lm")
    assert call.attributes["messages"] == lm.requests[0].messages
    assert call.attributes["raw"] == ["only prose"]
    assert call.attributes["usage"]["prompt_tokens"] > 0
    assert call.attributes["cached"] is False
    assert next(span for span in sink.spans if span.kind == "predict").path == "predict"
    with core.context(lm=ScriptedLM(["prose"] * 2)), pytest.raises(core.AdapterParseError) as caught:
        program(question="Capital of France?")
    assert caught.value.lm_response == "prose"


def test_an_evaluation_tells_three_outcomes_apart() -> None:
    replies = {
        "right": sections(answer="yes"),
        "wrong": sections(answer="no"),
        "garbled": "",
        "broken": core.LMError("the endpoint is gone"),
    }
    devset = [core.Example(question=name, answer="yes").with_inputs("question") for name in replies]
    lm = ScriptedLM(
        lambda request: next(
            reply for name, reply in replies.items() if name in request.messages[-1]["content"]
        )
    )
    metric = core.make_metric({"kind": "exact_match"})
    with core.context(lm=lm):
        result = core.Evaluate(devset=devset, metric=metric)(
            core.Predict("question -> answer: Literal['yes', 'no']")
        )
    assert [row.outcome for row in result.rows] == [
        "scored",
        "scored",
        "model_failure",
        "infrastructure_failure",
    ]
    assert [row.score for row in result.rows] == [1.0, 0.0, 0.0, None]
    assert result.mean == pytest.approx(1 / 3), "the broken endpoint is no score"
    assert result.flagged
    assert 0 <= result.interval[0] < result.mean < result.interval[1] <= 1


class Killed(BaseException):
    """Stands for a process that dies."""


class Fragile(MemoryRunLog):
    def __init__(self, log: MemoryRunLog, after: int) -> None:
        super().__init__()
        self.log, self.left = log, after

    def append(self, event: dict[str, object]) -> None:
        if not self.left:
            raise Killed
        self.left -= 1
        self.log.append(event)

    def read(self) -> list[dict[str, object]]:
        return self.log.read()


def compiled(log: MemoryRunLog) -> core.Module:
    optimizer = core.BootstrapFewShotWithRandomSearch(
        metric=core.make_metric({"kind": "exact_match"}), num_candidate_programs=3, max_labeled_demos=4
    )
    with core.context(lm=core.LM("embedded/in-context")):
        return optimizer.compile(triage(), trainset=rows()[:12], valset=rows()[12:], run_log=log)


def test_a_compile_that_was_killed_ends_with_the_same_program() -> None:
    whole = compiled(MemoryRunLog())
    log = MemoryRunLog()
    for after in (1, 7, 15):
        with pytest.raises(Killed):
            compiled(Fragile(log, after))
    resumed = compiled(log)
    assert resumed.dump_state() == whole.dump_state()
    assert resumed.report.score == whole.report.score
    assert resumed.report.stop_reason
    assert whole.report.score.interval[0] <= whole.report.score.mean <= whole.report.score.interval[1]


def test_an_exported_program_answers_alone_as_it_did_here(tmp_path: Path) -> None:
    program = compiled(MemoryRunLog())
    (file,) = exporters.get("python_script")().export(program, name="triage")
    path = tmp_path / file.name
    path.write_bytes(file.data)
    texts = [example.text for example in rows()[:4]]
    with core.context(lm=core.LM("embedded/in-context")):
        here = [program(text=text).desk for text in texts]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    with running_server() as url:
        command = [sys.executable, "-I", "-S", str(path), "--base-url", url, "--model", "in-context"]
        done = subprocess.run(
            [*command, "--input-file", str(tmp_path / "rows.jsonl")],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr
    there = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("desk") or line["outputs"]["desk"] for line in there] == here
