"""COPRO: coordinate ascent over the instructions of a program's steps.

Knows nothing about demos. Khattab et al., arXiv:2310.03714, and Opsahl-Ong et al., arXiv:2406.11695 (§ on coordinate
ascent); in 2024 it was called SignatureOptimizer. Of a step's attempts the best are shown to the proposer with their
scores, the lowest first, and it writes the next ones. The published algorithm, `racing=False`, shows no data, and
cannot state a rule that stands in none of its prompts; otherwise the proposer reads training rows, which then score
nothing. DSPy's also writes a prefix for the last output field, which none of its adapters shows: here prefixes stay.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import Field

from core.data.example import Example
from core.foundation.errors import OptimizerError
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.aside import SHARE, set_aside
from core.optimizers.base import Optimizer, OptimizerParams, optimizers
from core.optimizers.material import attempts_text, check_writable, fields_text, rows_text
from core.search.candidate import State
from core.search.estimate import REPAIR, Estimate, Phase, calls_per_run
from core.search.jobs import AskJob
from core.search.pool import Entry
from core.search.problem import Problem
from core.search.proposal import Proposal
from core.search.view import SearchView
from core.signature import InputField, OutputField, Signature

__all__ = ["COPRO"]

_HEEDED = ("num_threads", "max_errors")
_OF_DISPLAY = frozenset({"display_progress", "display_table", "provide_traceback", "return_all_scores"}) | {
    "return_outputs"
}
"""Arguments of an evaluation: those that a compile heeds, and those that only say what to show."""


class BetterInstruction(Signature):
    """Write an instruction with which a language model does this step better than with the current one.

    Be concrete about what the answers look like. Return the instruction alone.
    """

    current_instruction: str = InputField()
    task_fields: str = InputField()
    examples: str = InputField()
    proposed_instruction: str = OutputField()


class InstructionFromAttempts(Signature):
    """Instructions that were tried for this step stand here with their scores, the best last.

    Write another one that scores higher: keep what the good ones share. Return the instruction alone.
    """

    task_fields: str = InputField()
    examples: str = InputField()
    attempted_instructions: str = InputField()
    proposed_instruction: str = OutputField()


class COPROParams(OptimizerParams):
    """Parameters of `COPRO`."""

    breadth: int = Field(10, ge=2, le=200, description="Instructions tried for each step in each round.")
    depth: int = Field(3, ge=1, le=100, description="Rounds over all steps.")
    init_temperature: float = Field(1.4, ge=0, le=2, description="Temperature of the proposer.")
    shown_rows: int = Field(
        30,
        ge=0,
        le=100,
        description="Training rows that the proposer reads; none without racing, as published.",
    )
    track_stats: bool = Field(False, description="Keep the scores of every round on the program.")


@optimizers.register(
    "copro",
    summary="Better instructions, one step of the program after the other.",
    title="Better instructions, step by step",
)
class COPRO(Optimizer[COPROParams]):
    """Improves the instructions of one step at a time and keeps the best; the prefixes of fields stay as they are.

    Args:
        prompt_model: Writes the instructions; None: the model in force.
        metric: `metric(example, prediction, trace)`.
        breadth: Instructions tried for each step in each round, the one at hand among them.
        depth: Rounds.
        init_temperature: Temperature of the proposer.
        track_stats: Keep the scores of every round on the program: `results_best`, `results_latest`.
        verbose: Print the report at the end.
        **others: Taken, as in DSPy, where they are no parameters too; the report says that they change nothing.
    """

    name = "copro"
    Params = COPROParams
    asks_teacher = False
    takes_teacher_settings = False
    gives_demos = False
    when = "Instructions matter more than examples, and the program has few steps."
    needs = "A metric and rows to score on; a stronger model as proposer helps."
    verbose: bool = False

    def __init__(
        self,
        prompt_model: Any = None,
        metric: Callable[..., Any] | None = None,
        breadth: int = 10,
        depth: int = 3,
        init_temperature: float = 1.4,
        track_stats: bool = False,
        teacher_settings: Mapping[str, Any] | None = None,
        *,
        verbose: bool = False,
        **others: Any,
    ) -> None:
        params = self.checked(
            {
                "breadth": breadth,
                "depth": depth,
                "init_temperature": init_temperature,
                "track_stats": track_stats,
                **{name: value for name, value in others.items() if name in self.Params.model_fields},
            }
        )
        super().__init__(params, metric=metric, teacher_settings=teacher_settings, prompt_model=prompt_model)
        self.verbose = verbose
        strange = [name for name in others if name not in self.Params.model_fields]
        self._remarks = tuple(f"COPRO has no parameter '{name}': it changes nothing." for name in strange)

    async def acompile(
        self, student: Module, *, trainset: Any, eval_kwargs: Mapping[str, Any] | None = None, **options: Any
    ) -> Any:
        """Return a compiled copy of the student.

        Args:
            student: The program to improve.
            trainset: Rows to learn from. Without a `valset` two fifths of them score candidates and are not shown to
                the proposer; with `racing=False` all do.
            eval_kwargs: As DSPy has it: `num_threads`, `max_errors`; what only concerns its display is ignored, and the
                report names what it does not know.
            **options: As for every optimizer.

        Raises:
            OptimizerError: `eval_kwargs` are no arguments by name.
        """
        if not isinstance(eval_kwargs or {}, Mapping):
            raise OptimizerError(
                f"eval_kwargs={eval_kwargs!r} are no arguments by name.",
                hint="eval_kwargs={'num_threads': 8}",
            )
        # What the proposer has read is no measure of what it wrote: it would be chosen for what it knows by heart.
        run = copy.copy(self)
        rows, remarks = set_aside(trainset, options)
        run._remarks = (*self._remarks, *remarks, *_strange(eval_kwargs or {}))
        taken = {name: (eval_kwargs or {}).get(name) for name in _HEEDED}
        given = {name: value for name, value in taken.items() if value is not None}
        program = await Optimizer.acompile(run, student, trainset=rows, **{**given, **options})
        program.total_calls = len(program.report.candidates)
        if self.params.track_stats:
            program.results_best, program.results_latest = _statistics(program.report)
        if self.verbose:
            print(program.report.summary())  # noqa: T201  what it prints is what was asked for
        return program

    def prepare(self, problem: Problem) -> None:
        """Check that there are steps to write for and rows to score on."""
        check_writable(problem)

    async def propose(self, view: SearchView) -> Sequence[Proposal]:
        """Propose the instructions of one step in one round, the other steps at their best."""
        paths = view.problem.paths
        if view.round == 0:
            for remark in self._remarks:
                view.warn(remark)
        depth, step = divmod(view.round, len(paths))
        if depth >= self.params.depth:
            return ()
        path = paths[step]
        best = {other: found for other in paths if (found := _best(view, other)) is not None}
        texts = await self._texts(view, path, depth)
        first = [Proposal({}, label="as given", seed=0, notes={"baseline": True})] if view.round == 0 else []
        return [*first, *(self._proposal(view, best, path, text, depth) for text in texts)]

    def expected_calls(
        self,
        student: Module,
        trainset: Sequence[Example],
        valset: Sequence[Example] | None = None,
        teacher: Module | None = None,
    ) -> Estimate:
        """One request a step and round, and scoring what it wrote."""
        rows = len(valset or trainset)
        fewest = rows if valset else min(rows, round(SHARE * rows))
        steps = max(1, len(student.named_predictors())) * self.params.depth
        least, full = (calls_per_run(student) * count for count in (fewest, rows))
        most = 1 + steps * self.params.breadth
        asked = Phase("write instructions", 0, steps, steps * self.params.breadth * REPAIR, "writer")
        scored = Phase(
            "score candidates",
            least,
            max(least, least * most // 2),
            full * most * REPAIR,
            unraced=full * most,
        )
        return Estimate((asked, scored))

    async def _texts(self, view: SearchView, path: str, depth: int) -> list[str]:
        """Return new instructions, each once."""
        signature = dict(view.problem.student.named_predictors())[path].signature
        wanted = self.params.breadth - 1 if depth == 0 else self.params.breadth
        [answer] = await view.ask([self._job(view, path, depth, signature, wanted)])
        written = (
            [str(sample.get("proposed_instruction") or "").strip() for sample in answer.samples]
            if answer
            else []
        )
        return [text for text in dict.fromkeys(written) if text and text != signature.instructions]

    def _job(self, view: SearchView, path: str, depth: int, signature: Any, wanted: int) -> AskJob:
        train = [item.example for item in view.problem.train]
        most = min(self.params.shown_rows, len(train)) if view.racing else 0
        shown = view.rng("shown", path, depth).sample(train, most)
        inputs = {"task_fields": fields_text(signature), "examples": rows_text(shown, signature)}
        proposer = Predict(BetterInstruction if depth == 0 else InstructionFromAttempts)
        if depth == 0:
            inputs["current_instruction"] = signature.instructions
        else:
            inputs["attempted_instructions"] = attempts_text(self._attempts(view, path, signature))
        return AskJob(
            key=f"copro:{path}:{depth}",
            proposer=proposer,
            inputs=inputs,
            settings=self.prompt_settings(),
            config={"temperature": self.params.init_temperature, "n": wanted, "rollout_id": depth + 1},
        )

    def _attempts(self, view: SearchView, path: str, signature: Any) -> list[tuple[str, float]]:
        """Return the best instructions of a step with their scores, the lowest first."""
        given = next((entry.candidate for entry in view.pool if entry.candidate.seed == 0), None)
        known = {} if given is None else {signature.instructions: view.pool.mean(given)}
        for entry in _of(view, path):
            text, mean = entry.candidate.notes["instructions"], view.pool.mean(entry.candidate)
            known[text] = max(mean, known.get(text, mean))
        return sorted(known.items(), key=lambda pair: pair[1])[-self.params.breadth :]

    def _proposal(
        self, view: SearchView, best: Mapping[str, Entry], path: str, text: str, depth: int
    ) -> Proposal:
        state: State = {
            other: {"instructions": entry.candidate.notes["instructions"]}
            for other, entry in best.items()
            if other != path
        }
        parents = tuple(dict.fromkeys(entry.candidate.id for entry in best.values()))
        return Proposal(
            {**state, path: {"instructions": text}},
            label=f"{path}, round {depth + 1}",
            seed=view.round + 1,
            parents=parents,
            notes={"path": path, "depth": depth, "instructions": text},
        )


def _strange(eval_kwargs: Mapping[str, Any]) -> list[str]:
    """Return a remark for each argument of an evaluation that changes nothing here."""
    strange = [name for name in eval_kwargs if name not in {*_HEEDED, *_OF_DISPLAY}]
    return [f"COPRO has no argument '{name}' in eval_kwargs: it changes nothing." for name in strange]


def _of(view: SearchView, path: str) -> list[Entry]:
    """Return the scored candidates that tried something for a step."""
    return [
        entry
        for entry in view.pool
        if entry.candidate.notes.get("path") == path and view.pool.standing(entry.candidate).mean is not None
    ]


def _best(view: SearchView, path: str) -> Entry | None:
    """Return the best full candidate of a step, where it beats the program as given."""
    full = [entry for entry in _of(view, path) if entry.status == "full"]
    given = next((view.pool.mean(entry.candidate) for entry in view.pool if entry.candidate.seed == 0), 0.0)
    found = max(full, key=lambda entry: view.pool.mean(entry.candidate), default=None)
    return found if found is not None and view.pool.mean(found.candidate) > given else None


def _statistics(report: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return {path: {"depth", "max", "average", "min"}} over the best so far, and over each round alone."""
    best: dict[str, Any] = {}
    latest: dict[str, Any] = {}
    for candidate in report.candidates:
        path, depth = candidate.notes.get("path"), candidate.notes.get("depth")
        if path is not None and candidate.score is not None and candidate.score.mean is not None:
            latest.setdefault(path, {}).setdefault(depth, []).append(100 * candidate.score.mean)
    for path, rounds in latest.items():
        so_far: list[float] = []
        best[path] = {"depth": [], "max": [], "average": [], "min": []}
        shown: dict[str, list[float]] = {"depth": [], "max": [], "average": [], "min": []}
        for depth, scores in sorted(rounds.items()):
            so_far += scores
            for table, values in ((best[path], so_far), (shown, scores)):
                table["depth"].append(depth)
                table["max"].append(max(values))
                table["average"].append(sum(values) / len(values))
                table["min"].append(min(values))
        latest[path] = shown
    return best, latest
