"""What people get wrong, each as the code that does it; `python -m tests.checklist.mistakes` writes docs/mistakes.md.

Each mistake is a function of a folder, whose body the page shows.
"""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import core
from tests.fakes.server import FakeServer, Step, error

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "mistakes.md"

MISTAKES: dict[str, Callable[[Path], Any]] = {}


def mistake(title: str) -> Callable[[Callable[[Path], Any]], Callable[[Path], Any]]:
    def add(function: Callable[[Path], Any]) -> Callable[[Path], Any]:
        MISTAKES[title] = function
        return function

    return add


def says(text: str) -> Any:
    """A model that always replies with one text."""
    return core.ScriptedLM(lambda request: text)


def against(step: Step, **options: Any) -> None:
    """Ask a server that answers every request with `step`."""
    with FakeServer(default=step) as server:
        lm = core.LM(
            "openai/small", api_base=server.url, api_key="sk-of-mine", num_retries=0, cache=False, **options
        )
        lm("Hello")


@mistake("A type that does not exist")
def _(folder: Path) -> None:
    core.Signature("question -> answer: flot")


@mistake("A signature without an arrow")
def _(folder: Path) -> None:
    core.Signature("question, answer")


@mistake("One name for two fields")
def _(folder: Path) -> None:
    core.Signature("text -> text")


@mistake("A field that is neither input nor output")
def _(folder: Path) -> None:
    class Ask(core.Signature):
        question: str = core.InputField()
        answer: str = ""  # type: ignore[assignment]


@mistake("No language model")
def _(folder: Path) -> None:
    with core.context(lm=None):
        core.Predict("question -> answer")(question="?")


@mistake("A model given as text")
def _(folder: Path) -> None:
    with core.context(lm="openai/gpt-4o-mini"):
        core.Predict("question -> answer")(question="?")


@mistake("A setting that is misspelt")
def _(folder: Path) -> None:
    core.configure(llm=None)


@mistake("A provider that is misspelt")
def _(folder: Path) -> None:
    core.LM("opnai/gpt-4o-mini")


@mistake("No key")
def _(folder: Path) -> None:
    core.LM("groq/llama-3.1-8b-instant")("Hello")


@mistake("An address that is none")
def _(folder: Path) -> None:
    core.LM("openai/small", api_base="localhost:8000", api_key="sk-of-mine")


@mistake("A server that is not there")
def _(folder: Path) -> None:
    core.LM("openai/small", api_base="http://127.0.0.1:9/v1", api_key="sk-of-mine", num_retries=0)("Hello")


@mistake("A wrong key")
def _(folder: Path) -> None:
    against(error(401, "Incorrect API key provided", "invalid_api_key"))


@mistake("A model that the endpoint does not have")
def _(folder: Path) -> None:
    against(error(404, "The model `small` does not exist", "model_not_found"))


@mistake("More text than the model takes")
def _(folder: Path) -> None:
    against(error(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"))


@mistake("Too many requests")
def _(folder: Path) -> None:
    against(error(429, "Rate limit reached"))


@mistake("No money left")
def _(folder: Path) -> None:
    against(error(429, "You exceeded your current quota", "insufficient_quota"))


@mistake("An endpoint that does not answer in time")
def _(folder: Path) -> None:
    against(Step(delay=5), timeout=0.2)


@mistake("A page where an API should be")
def _(folder: Path) -> None:
    against(Step(body=b"<html>Welcome</html>"))


@mistake("An embedded model that does not exist")
def _(folder: Path) -> None:
    core.LM("embedded/large")


@mistake("Inputs without their names")
def _(folder: Path) -> None:
    core.Predict("question -> answer")("What is it?")


@mistake("A reply that holds no answer")
def _(folder: Path) -> None:
    with core.context(lm=says("I do not know.")):
        core.Predict("question -> city, population: int")(question="?")


@mistake("A value that does not fit its type")
def _(folder: Path) -> None:
    with core.context(lm=says("[[ ## mood ## ]]\nfurious\n[[ ## completed ## ]]")):
        core.Predict("text -> mood: Literal['glad', 'sad']")(text="…")


@mistake("A program without forward")
def _(folder: Path) -> None:
    class Program(core.Module):
        pass

    Program()()


@mistake("Retrieval without a retriever")
def _(folder: Path) -> None:
    with core.context(rm=None):
        core.Retrieve(k=3)("anything")


@mistake("A file that is not there")
def _(folder: Path) -> None:
    core.load_dataset(folder / "tickets.csv", inputs=["text"])


@mistake("A column that the file does not have")
def _(folder: Path) -> None:
    (folder / "tickets.csv").write_text("text,label\nHello,greeting\n")
    core.load_dataset(folder / "tickets.csv", inputs=["message"])


@mistake("A broken line in a JSONL file")
def _(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"text": "a"}\n{"text": \n')
    core.load_dataset(folder / "rows.jsonl", inputs=["text"])


@mistake("Examples that do not say what the inputs are")
def _(folder: Path) -> None:
    rows = [core.Example(question="?", answer="!")]
    core.Evaluate(devset=rows, metric=core.evaluate.answer_exact_match)(core.Predict("question -> answer"))


@mistake("A metric that gives no number")
def _(folder: Path) -> None:
    rows = [core.Example(question="?", answer="!").with_inputs("question")] * 3
    with core.context(lm=says("[[ ## answer ## ]]\n!\n[[ ## completed ## ]]")):
        evaluate = core.Evaluate(devset=rows, metric=lambda example, pred: "good", max_errors=0)
        evaluate(core.Predict("question -> answer"))


@mistake("A metric that is misspelt")
def _(folder: Path) -> None:
    core.make_metric({"kind": "exact_mach", "params": {"field": "answer"}})


@mistake("An optimizer without a metric")
def _(folder: Path) -> None:
    core.BootstrapFewShotWithRandomSearch(metric=None)


@mistake("A parameter out of bounds")
def _(folder: Path) -> None:
    core.LabeledFewShot(k=-1)


@mistake("A compiled program compiled again as student")
def _(folder: Path) -> None:
    program = core.Predict("question -> answer")
    program._compiled = True
    rows = [core.Example(question="?", answer="!").with_inputs("question")]
    core.BootstrapFewShot(metric=core.evaluate.answer_exact_match).compile(program, trainset=rows)


@mistake("The state of another program")
def _(folder: Path) -> None:
    core.Predict("question -> answer").save(folder / "program.json")
    core.ChainOfThought("question -> answer").load(folder / "program.json")


@mistake("A pickle")
def _(folder: Path) -> None:
    core.Predict("question -> answer").save(folder / "program.pkl")


@mistake("A budget that is used up")
def _(folder: Path) -> None:
    with core.context(lm=says("[[ ## answer ## ]]\n!\n[[ ## completed ## ]]")), core.budget(calls=1):
        for _ in range(2):
            core.Predict("question -> answer")(question="?")


@mistake("A program file with a kind of step that does not exist")
def _(folder: Path) -> None:
    fields = {"inputs": [{"name": "question"}], "outputs": [{"name": "answer"}]}
    step = {"name": "answer", "kind": "predikt", "signature": fields, "inputs": {"question": "question"}}
    spec = {"name": "qa", "inputs": fields["inputs"], "steps": [step], "outputs": {"answer": "answer.answer"}}
    core.build(core.ProgramSpec.model_validate(spec))


@mistake("A tool's argument of the wrong type")
def _(folder: Path) -> None:
    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    core.Tool(double)(number="many")


@mistake("An assertion on something that is not true or false")
def _(folder: Path) -> None:
    core.Assert("short enough", "Keep it short.")


@mistake("A cache mode that does not exist")
def _(folder: Path) -> None:
    core.LM("embedded/in-context", cache="sometimes")("Hello")


def message_of(run: Callable[[Path], Any]) -> tuple[str, BaseException]:
    """Make the mistake; return its message without what differs from machine to machine."""
    with tempfile.TemporaryDirectory() as name:
        try:
            run(Path(name))
        except Exception as caught:
            said = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:…", str(caught).replace(name, "…"))
            return said, caught
    raise AssertionError("Nothing was said.")


def code_of(run: Callable[[Path], Any]) -> str:
    """Return the body of a mistake."""
    lines = inspect.getsource(run).splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("def ")) + 1
    return textwrap.dedent("\n".join(lines[start:])).replace("  # type: ignore[assignment]", "").strip()


def document() -> str:
    """Return the whole page."""
    parts = [
        "# Mistakes, and what is said of them\n\n"
        "What newcomers get wrong, and the message that each gets. Written by `python -m tests.checklist.mistakes`,\n"
        "which makes every one of them; `against(…)` asks a server that answers so, `says(…)` is a model that does.\n"
    ]
    for title, run in MISTAKES.items():
        said, caught = message_of(run)
        quoted = "\n".join(f"> {line}" if line else ">" for line in said.splitlines())
        parts.append(
            f"\n## {title}\n\n```text\n{code_of(run)}\n```\n\n`{type(caught).__name__}`:\n\n{quoted}\n"
        )
    return "".join(parts)


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
    sys.stdout.write(f"{DOCUMENT.relative_to(ROOT)}\n")
