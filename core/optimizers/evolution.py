"""One reflection of GEPA after another, until one makes a candidate that is better on its training rows.

Knows nothing about fronts or merging. What earlier reflections did, stands in the notes of the candidates they made:
the number of reflections, of scored runs, and of turns that each candidate had.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Protocol

from core.evaluate.call import STEP_ARGUMENTS, may_take
from core.modules.module import Module
from core.modules.predict import Predict
from core.optimizers.material import fields_text, instructions_of
from core.optimizers.pareto import draw_parent, row_scores
from core.optimizers.reflection import CustomProposer, Record, Reflect, record_of, records_text
from core.search.candidate import Candidate, State, build, state_key
from core.search.jobs import AskJob, Attempt, TraceJob
from core.search.problem import Item, Problem
from core.search.proposal import Proposal
from core.search.view import SearchView

__all__ = ["Evolution", "Progress"]


@dataclass
class Progress:
    """How far a search has come.

    Attributes:
        reflections: Tried so far.
        runs: Scored runs on training rows so far.
        turns: {candidate: predictor whose turn it is}, where it is not the first's.
        batches: Mini-batches of training rows taken so far, where candidates are raced.
        read: {candidate: places of the training rows that it ran on}, where candidates are raced.
    """

    reflections: int = 0
    runs: int = 0
    turns: dict[str, int] = field(default_factory=dict[str, int])
    batches: int = 0
    read: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    @classmethod
    def of(cls, view: SearchView) -> Progress:
        """Return what the newest candidate's notes say."""
        for entry in reversed(list(view.pool)):
            if "reflections" in entry.candidate.notes:
                notes = entry.candidate.notes
                read = {name: list(places) for name, places in notes["read"].items()}
                return cls(notes["reflections"], notes["runs"], dict(notes["turns"]), notes["batches"], read)
        return cls()

    def to_notes(self) -> dict[str, Any]:
        """Return it as notes of a proposal."""
        return {
            "reflections": self.reflections,
            "runs": self.runs,
            "turns": dict(self.turns),
            "batches": self.batches,
            "read": {name: list(places) for name, places in self.read.items()},
        }

    def spent(self, view: SearchView) -> int:
        """Return all scored runs so far, those on validation rows included."""
        keys = {entry.candidate.key for entry in view.pool}
        return self.runs + sum(view.pool.scores.count(key) for key in keys)


class _GEPA(Protocol):
    params: Any
    selector: Any
    instruction_proposer: Any

    def limit_of(self, problem: Problem) -> int: ...
    def prompt_settings(self) -> dict[str, Any]: ...


class Evolution:
    """The reflections between two candidates of one search."""

    def __init__(self, optimizer: _GEPA, view: SearchView) -> None:
        self._optimizer = optimizer
        self._params = optimizer.params
        self._view = view
        self._problem = view.problem
        self._progress = Progress.of(view)
        self._limit = optimizer.limit_of(view.problem)
        signatures = {path: part.signature for path, part in self._problem.student.named_predictors()}
        self._signatures = signatures
        self._own_texts = {path: signature.instructions for path, signature in signatures.items()}

    @property
    def spent(self) -> int:
        """Scored runs so far."""
        return self._progress.spent(self._view)

    async def next(self) -> Proposal | None:
        """Return a candidate that improved on its training rows; None where budget or search ended before."""
        while not self._view.ended and self.spent < self._limit:
            parent, number = self._parent(), self._progress.reflections
            self._progress.reflections += 1
            state, paths = await self._reflected(parent, number)
            if state is not None:
                self._progress.turns[f"c{len(self._view.pool)}"] = self._progress.turns.get(parent.id, 0)
                return self._proposal(parent, state, paths, number)
        return None

    async def _reflected(self, parent: Candidate, number: int) -> tuple[State | None, list[str]]:
        """Return the parent with instructions that did better on a few training rows, and whose they are."""
        items, about = self._batch(number), self._turn(parent)
        before = await self._runs(parent.state, parent.key, items, about)
        if before is None:
            return None, []
        scores = [self._score(attempt) for attempt in before]
        if self._params.skip_perfect_score and min(scores) >= self._params.perfect_score:
            return None, []
        paths = self._chosen(parent, before, scores, about)
        texts = await self._rewritten(parent, number, self._records(items, before, paths))
        state: State = {**parent.state}
        for path, text in texts.items():
            state[path] = {**state.get(path, {}), "instructions": text}
        key = state_key(state)
        if not texts or any(entry.candidate.key == key for entry in self._view.pool):
            return None, []
        after = await self._runs(state, key, items, ())
        better = after is not None and math.fsum(map(self._score, after)) > math.fsum(scores)
        return (state, list(texts)) if better else (None, [])

    def _parent(self) -> Candidate:
        view, scores = self._view, row_scores(self._view.pool)
        if not scores:
            return next(iter(view.pool)).candidate
        if self._params.candidate_selection_strategy == "current_best":
            best = view.leader or max((view.pool[name].candidate for name in scores), key=view.pool.mean)
            return best
        return view.pool[draw_parent(scores, view.rng("gepa parent", self._progress.reflections))].candidate

    def _batch(self, number: int) -> list[Item]:
        """Return the next few training rows; every pass over them has an order of its own."""
        train, size = (
            self._problem.train,
            min(self._params.reflection_minibatch_size, len(self._problem.train)),
        )
        per_pass = math.ceil(len(train) / size)
        turn, place = divmod(number, per_pass)
        order = self._view.rng("gepa rows", turn).sample(train, len(train))
        return [*order, *order[:size]][place * size : (place + 1) * size]

    def _turn(self, parent: Candidate) -> tuple[str, ...]:
        paths, progress = self._problem.paths, self._progress
        if self._params.component_selector != "round_robin":
            return paths
        turn = progress.turns.get(parent.id, 0)
        progress.turns[parent.id] = (turn + 1) % len(paths)
        return (paths[turn % len(paths)],)

    def _chosen(
        self, parent: Candidate, runs: Sequence[Attempt], scores: Sequence[float], about: tuple[str, ...]
    ) -> Sequence[str]:
        """Return the predictors to rewrite."""
        if self._optimizer.selector is None:
            return about
        candidates = [entry.candidate for entry in self._view.pool]
        state = SimpleNamespace(
            i=self._progress.reflections, program_candidates=[self._texts(one.state) for one in candidates]
        )
        named = self._optimizer.selector(
            state, list(runs), list(scores), candidates.index(parent), self._texts(parent.state)
        )
        return [path for path in named if path in self._own_texts]

    async def _runs(
        self, state: State, key: str, items: Sequence[Item], about: tuple[str, ...], *, again: bool = False
    ) -> list[Attempt] | None:
        """Run a state on training rows; None where the end of the search left some out.

        Args:
            again: They ran before: what they gave is looked up.
        """
        program = build(self._problem.student, state, self._problem.train_rows)
        heard = about if may_take(self._problem.metric, STEP_ARGUMENTS) else ()
        jobs = [self._job(program, f"gepa:{key}:{'+'.join(heard)}:{item.key}", item, heard) for item in items]
        found = [attempt for attempt in await self._view.traces(jobs) if attempt is not None]
        if len(found) < len(items):
            return None
        self._progress.runs += 0 if again else len(found)
        self._warn_of_mismatch(found)
        return found

    def _job(self, program: Module, key: str, item: Item, about: tuple[str, ...]) -> TraceJob:
        return TraceJob(key=key, item=item, teacher=program, judge=lambda _: "", whole=True, about=about)

    def _warn_of_mismatch(self, attempts: Sequence[Attempt]) -> None:
        if not self._params.warn_on_score_mismatch or any(
            "of the whole" in one for one in self._view.warnings
        ):
            return
        for attempt in attempts:
            for path, said in attempt.advice.items():
                if said["score"] != attempt.score:
                    self._view.warn(
                        f"The metric gave '{path}' {said['score']:g} and {attempt.score:g} of the whole, which counts.",
                        hint="Let it return the same score whatever pred_name is, or set warn_on_score_mismatch=False.",
                    )
                    return

    def _records(
        self, items: Sequence[Item], runs: Sequence[Attempt], paths: Sequence[str]
    ) -> dict[str, list[Record]]:
        failures, perfect = self._params.add_format_failure_as_feedback, self._params.perfect_score
        found = {
            path: [
                record
                for item, run in zip(items, runs, strict=True)
                if (record := record_of(run, item, path, perfect=perfect, failures=failures)) is not None
            ]
            for path in paths
        }
        return {path: records for path, records in found.items() if records}

    async def _rewritten(
        self, parent: Candidate, number: int, records: Mapping[str, list[Record]]
    ) -> dict[str, str]:
        """Return new instructions by path."""
        if not records:
            return {}
        if self._optimizer.instruction_proposer is not None:
            [answer] = await self._view.ask([self._custom_job(parent, number, records)])
            written = dict(answer.fields.get("instructions") or {}) if answer is not None else {}
            return {path: str(text) for path, text in written.items() if path in self._own_texts and text}
        jobs = [self._reflection(parent, number, path, found) for path, found in records.items()]
        answers = await self._view.ask(jobs)
        texts = {
            path: str(answer.fields.get("proposed_instruction") or "").strip()
            for path, answer in zip(records, answers, strict=True)
            if answer is not None
        }
        return {path: text for path, text in texts.items() if text}

    def _reflection(self, parent: Candidate, number: int, path: str, records: Sequence[Record]) -> AskJob:
        return AskJob(
            key=f"gepa:{number}:{path}",
            proposer=Predict(Reflect),
            inputs={
                "current_instruction": instructions_of(parent.state, path, self._own_texts[path]),
                "task_fields": fields_text(self._signatures[path]),
                "examples_with_feedback": records_text(records),
            },
            settings=self._optimizer.prompt_settings(),
            config={"temperature": self._params.reflection_temperature, "rollout_id": number + 1},
        )

    def _custom_job(self, parent: Candidate, number: int, records: Mapping[str, list[Record]]) -> AskJob:
        return AskJob(
            key=f"gepa:{number}:custom",
            proposer=CustomProposer(self._optimizer.instruction_proposer),
            inputs={
                "candidate": self._texts(parent.state),
                "reflective_dataset": dict(records),
                "components_to_update": list(records),
            },
            settings=self._optimizer.prompt_settings(),
        )

    def _texts(self, state: State) -> dict[str, str]:
        return {path: instructions_of(state, path, text) for path, text in self._own_texts.items()}

    def _score(self, attempt: Attempt) -> float:
        if attempt.score is None:
            return self._params.failure_score
        score = float(attempt.score)
        return score if attempt.outcome == "scored" else min(self._params.failure_score, score)

    def _proposal(self, parent: Candidate, state: State, paths: Sequence[str], number: int) -> Proposal:
        return Proposal(
            state,
            label=f"{', '.join(paths)} rewritten, reflection {number + 1}",
            parents=(parent.id,),
            seed=len(self._view.pool),
            notes={
                "kind": "reflection",
                "paths": list(paths),
                "found_after": self.spent,
                **self._progress.to_notes(),
            },
        )
