"""GEPA's reflections where candidates may be raced: more is read for each, and less is run.

Knows nothing about fronts or merging. Nine tenths of the published cost are validation runs (Agrawal et al.,
arXiv:2507.19457, § 5). So one reflection reads the failures of all runs that the parent and its ancestors had, with
labelled training rows beside them; what it writes has to repair some of the failures, and is then run
on more and more of the validation rows while it leads (`acceptance`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.foundation.words import counted
from core.modules.predict import Predict
from core.optimizers.acceptance import promoted, stage_rows
from core.optimizers.auto_demos import labelled_paths, spread
from core.optimizers.auto_rules import diverse
from core.optimizers.evolution import Evolution
from core.optimizers.material import fields_text, instructions_of, rows_text
from core.optimizers.reflection import LONGEST_MATERIAL, Record, Reflect, ReflectOnMany, records_text
from core.search.candidate import Candidate, State, state_key
from core.search.jobs import AskJob, Attempt
from core.search.problem import Item
from core.search.proposal import Proposal

__all__ = ["LATE", "LOOKS", "WRITTEN", "RacedEvolution"]

SHOWN_RUNS, SHOWN_ROWS = 10, 32
"""Runs and labelled rows that one reflection reads at most."""

WRITTEN = 2
"""Instructions that one reflection asks for, the first at temperature 0."""

LOOKS = 3
"""Mini-batches that are run before a parent counts as one without failures."""

PATIENCE = 3
"""Reflections, or one for each step where there are more, without a better program: the search is over."""

LATE, WORTH = 0.4, 0.03
"""From this share of the budget on, each reflection has to bring so much of the score for another one to follow."""

Run = tuple[Item, Attempt]
Written = tuple[State, list[str]]
"""A new state, and whose instructions are new in it."""


class RacedEvolution(Evolution):
    """What follows the program as given in one search."""

    async def proposals(self) -> list[Proposal]:
        """Return what the next reflection wrote that repairs failures; nothing where none is worth its price."""
        while not self._view.ended and self.spent < self._limit and not self._is_dry():
            made = await self._generation()
            if made:
                return made
        if not self._view.ended:
            self._view.end(self._why_over())
        return []

    def _why_over(self) -> str:
        done = f"after {counted(self._progress.reflections, 'reflection')}"
        if self.spent >= self._limit:
            return f"The {counted(self._limit, 'run', grouped=True)} that were planned are made, {done}."
        late = self.spent >= LATE * self._limit
        return f"The last reflection{'' if late else 's'} brought too little for another one, {done}."

    def promoted(self) -> Proposal | None:
        """Return the most promising candidate that leads on a part of the validation rows, to run on more."""
        return promoted(
            self._view,
            lambda one: one.notes["reflections"] if one.notes.get("kind") == "reflection" else None,
        )

    def _is_dry(self) -> bool:
        """Return whether the last reflections brought too little for another one."""
        leader, pool = self._view.leader, self._view.pool
        late = self.spent >= LATE * self._limit
        past = self._progress.reflections - (1 if late else max(PATIENCE, len(self._problem.paths)))
        if leader is None or past < 0:
            return past >= 0
        before = [
            pool.mean(entry.candidate)
            for entry in pool
            if entry.status == "full" and entry.candidate.notes.get("reflections", 0) <= past
        ]
        gain = pool.mean(leader) - max(before, default=-math.inf)
        return gain < WORTH if late else gain <= 0

    async def _generation(self) -> list[Proposal]:
        parent, number = self._parent(), self._progress.reflections
        self._progress.reflections += 1
        about = self._turn(parent)
        batch = await self._failing(parent)
        if not batch:
            return []
        attempts = [run for _, run in batch]
        paths = self._chosen(parent, attempts, [self._score(run) for run in attempts], about)
        failed = [one for one in batch if self._teaches(one)]
        made: list[Proposal] = []
        for state, named in await self._written(parent, number, paths, await self._evidence(parent)):
            if await self._repairs(state, failed):
                made.append(self._child(parent, (state, named), failed, len(made)))
        for proposal in made:  # only now all of it is known
            proposal.notes.update(self._progress.to_notes(), found_after=self.spent)
        return made

    async def _failing(self, parent: Candidate) -> list[Run]:
        """Return the parent's runs on the next mini-batch of which some are without full marks."""
        for _ in range(LOOKS):
            if self._view.ended or self.spent >= self._limit:
                break
            items = self._batch(self._progress.batches)
            self._progress.batches += 1
            found = await self._runs(parent.state, parent.key, items, self._problem.paths)
            if found is None:
                break
            self._remember(parent.id, items)
            batch = list(zip(items, found, strict=True))
            if any(self._teaches(one) for one in batch):
                return batch
        return []

    def _teaches(self, run: Run) -> bool:
        return self._failed(run) or not self._params.skip_perfect_score

    def _failed(self, run: Run) -> bool:
        return self._score(run[1]) < self._params.perfect_score

    def _remember(self, name: str, items: Sequence[Item]) -> None:
        places = {item.key: place for place, item in enumerate(self._problem.train)}
        read = self._progress.read.setdefault(name, [])
        read += [places[item.key] for item in items if places[item.key] not in read]

    async def _evidence(self, parent: Candidate) -> list[Run]:
        """Return the runs of the parent and its ancestors, each row once, the nearest one's; none is run again."""
        known: dict[str, Run] = {}
        for one in self._line(parent):
            rows = [self._problem.train[place] for place in self._progress.read.get(one.id, ())]
            items = [item for item in rows if item.key not in known]
            found = await self._runs(one.state, one.key, items, self._problem.paths, again=True)
            known |= {item.key: (item, run) for item, run in zip(items, found or (), strict=False)}
        runs = list(known.values())
        failed = diverse([one for one in runs if self._failed(one)], SHOWN_RUNS)
        return [*failed, *[one for one in runs if not self._failed(one)][: SHOWN_RUNS - len(failed)]]

    def _line(self, candidate: Candidate) -> list[Candidate]:
        """Return a candidate and its ancestors, the nearest first."""
        line, names = [candidate], list(candidate.parents)
        while names:
            one = self._view.pool[names.pop(0)].candidate
            if one not in line:
                line.append(one)
                names += one.parents
        return line

    async def _written(
        self, parent: Candidate, number: int, paths: Sequence[str], shown: Sequence[Run]
    ) -> list[Written]:
        """Return states with new instructions, unlike each other and all that is known."""
        records = self._records([item for item, _ in shown], [run for _, run in shown], paths)
        if not records:
            return []
        if self._optimizer.instruction_proposer is not None:
            return self._new(parent, [await self._rewritten(parent, number, records)])
        asked = [(variant, path) for variant in range(WRITTEN) for path in records]
        jobs = [self._question(parent, number, path, records[path], variant) for variant, path in asked]
        texts: list[dict[str, str]] = [{} for _ in range(WRITTEN)]
        for (variant, path), answer in zip(asked, await self._view.ask(jobs), strict=True):
            text = str(answer.fields.get("proposed_instruction") or "").strip() if answer is not None else ""
            if text:
                texts[variant][path] = text
        return self._new(parent, texts)

    def _new(self, parent: Candidate, texts: Sequence[Mapping[str, str]]) -> list[Written]:
        known = {entry.candidate.key for entry in self._view.pool}
        made: list[Written] = []
        for written in texts:
            state: State = {**parent.state}
            for path, text in written.items():
                state[path] = {**state.get(path, {}), "instructions": text}
            if written and state_key(state) not in known:
                known.add(state_key(state))
                made.append((state, list(written)))
        return made

    def _question(
        self, parent: Candidate, number: int, path: str, records: Sequence[Record], variant: int
    ) -> AskJob:
        inputs = {
            "current_instruction": instructions_of(parent.state, path, self._own_texts[path]),
            "task_fields": fields_text(self._signatures[path]),
            "examples_with_feedback": records_text(records, LONGEST_MATERIAL),
        }
        labelled = path in labelled_paths(self._problem)
        if labelled:
            draw = self._view.rng("gepa shown", number, variant)
            rows = [item.example for item in spread(self._problem.train, SHOWN_ROWS, draw)]
            inputs["correct_examples"] = rows_text(rows, self._signatures[path])
        return AskJob(
            key=f"gepa:{number}:{variant}:{path}",
            proposer=Predict(ReflectOnMany if labelled else Reflect),
            inputs=inputs,
            settings=self._optimizer.prompt_settings(),
            config={
                "temperature": self._params.reflection_temperature if variant else 0.0,
                "rollout_id": number * WRITTEN + variant + 1,
            },
        )

    async def _repairs(self, state: State, failed: Sequence[Run]) -> bool:
        """Return whether a state does better than its parent on what failed."""
        items = [item for item, _ in failed]
        after = await self._runs(state, state_key(state), items, self._problem.paths)
        before = math.fsum(self._score(run) for _, run in failed)
        return after is not None and math.fsum(map(self._score, after)) > before

    def _child(self, parent: Candidate, written: Written, failed: Sequence[Run], place: int) -> Proposal:
        """Return a proposal to run on the first validation rows, the same for all that one reflection wrote."""
        state, paths = written
        number, progress = len(self._view.pool) + place, self._progress
        progress.turns[f"c{number}"] = progress.turns.get(parent.id, 0)
        self._remember(f"c{number}", [item for item, _ in failed])
        return Proposal(
            state,
            label=f"{', '.join(paths)} rewritten, reflection {progress.reflections}",
            parents=(parent.id,),
            seed=number,
            rows=stage_rows(self._view, progress.reflections),
            notes={"kind": "reflection", "paths": paths},
        )
