"""What engine objects look like in a notebook: complete, escaped, without anything fetched from elsewhere."""

import re

import pytest
from pydantic import BaseModel

import core
from core.data.dataset import Dataset
from core.evaluate import Evaluate
from core.lm import ScriptedLM

HOSTILE = '<script>alert(1)</script> & "quotes" <img src=x onerror=alert(1)>'


class Place(BaseModel):
    name: str


class Ask(core.Signature):
    __doc__ = f"Answer. {HOSTILE}"

    question: str = core.InputField(desc=HOSTILE)
    places: list[Place] = core.OutputField()
    score: float = core.OutputField(ge=0)


def reply(answer: str) -> str:
    return f"[[ ## answer ## ]]\n{answer}\n\n[[ ## completed ## ]]"


def program_run():
    program = core.ChainOfThought("question -> answer")
    program.predict.demos = [core.Example(question="a", answer="b")]
    said = f"[[ ## reasoning ## ]]\n{HOSTILE}\n\n" + reply(HOSTILE)
    with core.context(lm=ScriptedLM([said])), core.traced() as trace:
        prediction = program(question=HOSTILE)
    return program, prediction, trace


def result():
    rows = [
        core.Example(question=f"{HOSTILE} {number}", answer="x").with_inputs("question")
        for number in range(25)
    ]
    with core.context(lm=ScriptedLM(lambda request: reply("x"))):
        return Evaluate(devset=rows, metric=lambda example, pred, trace=None: 1.0)(
            core.Predict("question -> answer")
        )


CARDS = {
    "signature": lambda: Ask,
    "module": lambda: program_run()[0],
    "prediction": lambda: program_run()[1],
    "trace": lambda: program_run()[2],
    "result": result,
    "dataset": lambda: Dataset([{"question": HOSTILE, "answer": "b"}] * 1, inputs=["question"]),
}


@pytest.mark.parametrize("name", CARDS)
def test_cards_are_escaped_and_fetch_nothing(name: str) -> None:
    said = CARDS[name]()._repr_html_()
    assert "<script" not in said
    assert "<img" not in said
    assert not re.search(r"https?://|src=[\"']|@import|url\(", said.replace("src=x", ""))
    if name != "module":
        assert "&lt;script&gt;" in said
    assert said.count("<details") == said.count("</details>")
    assert said.count("<table") == said.count("</table>")


def test_a_signature_shows_fields_types_and_constraints() -> None:
    said = Ask._repr_html_()
    assert all(part in said for part in ("question", "places", "list[Place]", "score", "ge 0"))


def test_a_module_shows_its_steps_with_their_demos() -> None:
    said = program_run()[0]._repr_html_()
    assert "predict" in said
    assert "question -&gt; reasoning, answer" in said
    assert "<td>1</td>" in said


def test_a_trace_opens_step_by_step_down_to_messages_and_reply() -> None:
    _, _, trace = program_run()
    said = trace._repr_html_()
    steps = ["module ChainOfThought", "predict Predict", "lm scripted", "adapter.parse chat"]
    places = [said.index(step) for step in steps]
    assert places == sorted(places)
    assert "messages (4)" in said
    assert "reply" in said
    assert [line.strip().split(" (")[0] for line in str(trace).splitlines()][:2] == [
        "module ChainOfThought",
        "predict Predict predict",
    ]


def test_a_result_shows_score_interval_and_the_first_rows() -> None:
    said = result()._repr_html_()
    assert "100.0 %" in said
    assert "95 % interval" in said
    assert "5 more rows" in said


def test_a_prediction_of_several_samples_says_so() -> None:
    made = core.Prediction.from_completions([{"answer": "a"}, {"answer": "b"}])
    assert "first of 2 completions" in made._repr_html_()


def test_signatures_are_shown_by_a_running_ipython() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    from core.signature.show import show_in_notebooks

    shell = InteractiveShell.instance()
    try:
        show_in_notebooks()
        data, _ = shell.display_formatter.format(Ask)
    finally:
        InteractiveShell.clear_instance()
    assert "list[Place]" in data["text/html"]


def test_a_program_with_a_retriever_prints_itself() -> None:
    class RAG(core.Module):
        def __init__(self) -> None:
            super().__init__()
            self.retrieve = core.Retrieve(k=2)
            self.answer = core.Predict("question -> answer")

    assert "answer = Predict" in repr(RAG())
    assert "Retrieve" in repr(RAG().retrieve)
