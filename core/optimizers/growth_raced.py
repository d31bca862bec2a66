"""A step of SIMBA where programs may be raced: one run of each row of a batch, and all that can be learned from them.

Knows nothing about scoring what it grows (`acceptance`). The published step runs a batch several times and once more
for every new program. Here the best program runs it once; what went well on one row is held against what went badly on
another; one question asks for a list of rules from many runs; as many demos are taken at once as there is room for.
The model is asked again only where hardly anything went well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from core.modules.predict import Predict
from core.optimizers.acceptance import stage_rows
from core.optimizers.auto_demos import labelled_paths, spread
from core.optimizers.auto_rules import Rules, diverse, merged, rules_in, with_rules
from core.optimizers.growth import SAMPLING_TEMPERATURE, Growth, Program
from core.optimizers.material import fields_text, instructions_of, rows_text
from core.optimizers.reflection import LONGEST_MATERIAL, last_step, record_of, records_text
from core.optimizers.trajectories import Bucket, Run, percentile
from core.search.candidate import State, state_key
from core.search.jobs import AskJob, Attempt
from core.search.problem import Item
from core.search.proposal import Proposal
from core.signature import InputField, OutputField, Signature

__all__ = ["MOST_GROWN", "WRITTEN", "RacedGrowth"]

MOST_GROWN = 3
"""New programs of a step at most."""

WRITTEN = 2
"""Lists of rules that a step asks for, the first at temperature 0."""

FEWEST_GOOD = 3
"""Rows that went well: with fewer the model is asked again, with as many, and bad ones, half of a batch is enough."""

SHOWN_RUNS, SHOWN_ROWS = 8, 32
"""Runs of each kind, and labelled rows, that one question shows at most."""

FULL = 1.0 - 1e-9


class RulesFromRuns(Signature):
    """A model does one step of a task as described. Here are runs that went badly, with what is said of them, runs that
    went well, and correct examples.

    Write rules that lead to the better runs, concrete and also true for other inputs. Each rule is one line and can be
    followed by itself. Do not repeat the task. Return the rules alone, one a line.
    """

    task_description: str = InputField()
    task_fields: str = InputField()
    worse_runs: str = InputField()
    better_runs: str = InputField()
    correct_examples: str = InputField()
    rules: str = OutputField(desc="one rule a line")


@dataclass(frozen=True)
class _Arm:
    """A new program before it ran."""

    how: str
    state: State
    rules: Rules


class RacedGrowth(Growth):
    """One step."""

    async def proposals(self) -> list[Proposal]:
        """Return what the best program's runs on a batch taught; nothing where that is nothing."""
        leader, first = self._view.leader, self._programs[0]
        best = next((one for one in self._programs if leader is not None and one.id == leader.id), first)
        buckets = await self._buckets(best)
        arms = await self._arms(best, buckets) if buckets else []
        return [
            Proposal(
                arm.state,
                label=f"{arm.how}, step {self._step + 1}",
                parents=(best.id,),
                seed=len(self._programs) + place,
                rows=stage_rows(self._view, self._step),
                notes={"step": self._step, "rules": arm.rules},
            )
            for place, arm in enumerate(arms)
        ]

    async def _buckets(self, best: Program) -> list[Bucket]:
        """Return the runs of each row of a batch, the widest spread first; nothing where the search ended before."""
        batch, runs = self._batch(), dict[str, list[Run]]()
        half = -(-len(batch) // 2)
        for part in (batch[:half], batch[half:]):
            if not (runs and self._teaches(runs)) and not await self._run(best, part, runs):
                return []
        batch = [item for item in batch if item.key in runs]
        made = [Bucket(item, sorted(runs[item.key], key=lambda run: -run.score)) for item in batch]
        return sorted(made, key=lambda bucket: bucket.spread, reverse=True)

    def _teaches(self, runs: dict[str, list[Run]]) -> bool:
        """Return whether there are runs of either kind enough: good ones for all demos, and some that went badly."""
        good = sum(max(run.score for run in found) >= FULL for found in runs.values())
        bad = sum(min(run.score for run in found) < FULL for found in runs.values())
        return good >= max(FEWEST_GOOD, self._params.max_demos) and bad >= FEWEST_GOOD

    async def _run(self, best: Program, items: Sequence[Item], runs: dict[str, list[Run]]) -> bool:
        """Run rows, and some of them again, and add what came of them; False where the search ended before."""
        runs |= {item.key: [] for item in items}
        for copy in self._copies():
            waiting = [item for item in items if all(run.score < FULL for run in runs[item.key])]
            if copy and self._is_enough(runs) and not self._is_taught(copy):
                continue
            jobs = [self._job(best.key, best.state, item, copy) for item in waiting]
            for item, attempt in zip(waiting, await self._view.traces(jobs), strict=True):
                if attempt is None:
                    return False
                runs[item.key].append(Run(attempt, attempt.score or 0.0))
        return True

    def _copies(self) -> list[int]:
        """Return the runs that a row may have; that with the teacher's settings before other further ones."""
        further = list(range(1, self._params.num_candidates))
        return [0, *sorted(further, key=lambda copy: not self._is_taught(copy))]

    def _is_taught(self, copy: int) -> bool:
        """Return whether the teacher's settings hold for a run."""
        return bool(self._optimizer.teacher_settings) and copy == self._params.num_candidates - 1

    def _is_enough(self, runs: dict[str, list[Run]]) -> bool:
        """Return whether there are good runs to learn from."""
        best = [max(run.score for run in found) for found in runs.values()]
        lowest = min(run.score for found in runs.values() for run in found)
        return sum(score > lowest for score in best) >= min(FEWEST_GOOD, len(best))

    async def _arms(self, best: Program, buckets: Sequence[Bucket]) -> list[_Arm]:
        """Return new programs: rules and demos, each alone, and another set of both."""
        draw = self._view.rng("simba growth", self._step)
        old: Rules = self._view.pool[best.id].candidate.notes.get("rules", {})
        own = {path: signature.instructions for path, signature in self._signatures.items()}
        taught = [self._taught(best.state, buckets, draw, shuffled) for shuffled in (False, True)]
        demos = [state for state in taught if state is not None]
        written = [
            {**old, **{path: merged(old.get(path, []), lines) for path, lines in new.items()}}
            for new in await self._written(best, buckets)
        ]
        arms = [_Arm("demos", state, old) for state in demos]
        ruled = [_Arm("rules", with_rules(best.state, own, rules), rules) for rules in written]
        both = [
            _Arm("rules and demos", with_rules(demos[place % len(demos)], own, rules), rules)
            for place, rules in enumerate(written)
            if demos
        ]
        return self._new([*both[:1], *ruled[:1], *arms[:1], *both[1:], *ruled[1:], *arms[1:]])

    def _new(self, arms: Sequence[_Arm]) -> list[_Arm]:
        known = {program.key for program in self._programs}
        found: list[_Arm] = []
        for arm in arms:
            if state_key(arm.state) not in known:
                known.add(state_key(arm.state))
                found.append(arm)
        return found[: min(MOST_GROWN, self._params.num_candidates + 1)]

    def _taught(self, state: State, buckets: Sequence[Bucket], draw: Random, shuffled: bool) -> State | None:
        """Return a state with the best runs as demos, as many as there is room for, half of them new at least."""
        most = self._params.max_demos
        least = percentile([bucket.best.score for bucket in buckets], 0.5)
        low = percentile([run.score for bucket in buckets for run in bucket.runs], 0.1)
        good = [bucket for bucket in buckets if bucket.best.score >= least and bucket.best.score > low]
        if all(run.score >= FULL for bucket in buckets for run in bucket.runs):
            good = []
        if shuffled:
            good = draw.sample(good, len(good))
        kept = max((len(part.get("demos", ())) for part in state.values()), default=0)
        runs = [(bucket.item, bucket.best.attempt) for bucket in good]
        new = diverse(runs, max(most - kept, (most + 1) // 2)) if most else []
        gone = set(draw.sample(range(kept), min(kept, max(0, kept + len(new) - most))))
        made = self._with_demos(state, new, gone)
        return made if new and made != state else None

    def _with_demos(self, state: State, new: Sequence[tuple[Item, Attempt]], gone: set[int]) -> State:
        """Return a state with runs as demos, and without the demos at some places."""
        made: State = dict(state)
        for path in self._problem.paths:
            part = made.get(path, {})
            demos = [demo for place, demo in enumerate(part.get("demos", ())) if place not in gone]
            for item, attempt in new:
                step = last_step(attempt, path)
                if step is not None and all(demo["row"] != item.key for demo in demos):
                    inputs = {name: self._cut(value) for name, value in step["inputs"].items()}
                    demos.append({"row": item.key, "values": {**inputs, **step["outputs"]}})
            if demos or part.get("demos"):
                made[path] = {**part, "demos": demos}
        return made

    async def _written(self, best: Program, buckets: Sequence[Bucket]) -> list[Rules]:
        """Return lists of rules by path; nothing where nothing went badly."""
        worse = [(one.item, one.worst.attempt) for one in buckets if one.worst.score < FULL]
        if not worse:
            return []
        scores = [run.score for bucket in buckets for run in bucket.runs]
        if max(scores) <= min(scores) and not labelled_paths(self._problem):
            return []
        better = [(one.item, one.best.attempt) for one in buckets if one.best.score > min(scores)]
        shown = diverse(worse, SHOWN_RUNS), diverse(better, SHOWN_RUNS)
        asked = [(variant, path) for variant in range(WRITTEN) for path in self._problem.paths]
        jobs = [self._asked(best, path, shown, variant) for variant, path in asked]
        found: list[Rules] = [{} for _ in range(WRITTEN)]
        for (variant, path), answer in zip(asked, await self._view.ask(jobs), strict=True):
            own = self._signatures[path].instructions
            lines = rules_in(answer.fields.get("rules"), own) if answer is not None else []
            if lines:
                found[variant][path] = lines
        return [rules for rules in found if rules]

    def _asked(
        self,
        best: Program,
        path: str,
        shown: tuple[Sequence[tuple[Item, Attempt]], Sequence[tuple[Item, Attempt]]],
        variant: int,
    ) -> AskJob:
        signature, examples = self._signatures[path], ""
        if path in labelled_paths(self._problem):
            draw = self._view.rng("simba shown", self._step, variant)
            rows = spread(self._problem.train, SHOWN_ROWS, draw)
            examples = rows_text([item.example for item in rows], signature)
        worse, better = (
            [record for item, run in runs if (record := record_of(run, item, path, failures=True))]
            for runs in shown
        )
        return AskJob(
            key=f"simba:{self._step}:{variant}:{path}",
            proposer=Predict(RulesFromRuns),
            inputs={
                "task_description": instructions_of(best.state, path, signature.instructions),
                "task_fields": fields_text(signature),
                "worse_runs": records_text(worse, LONGEST_MATERIAL) or "none",
                "better_runs": records_text(better, LONGEST_MATERIAL) or "none",
                "correct_examples": examples or "none",
            },
            settings=self._optimizer.prompt_settings(),
            config={
                "rollout_id": WRITTEN * self._step + variant + 1,
                "temperature": SAMPLING_TEMPERATURE if variant else 0.0,
            },
        )
