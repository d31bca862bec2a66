"""The course of an automatic search: demos first, then rounds of rules and demos, then rules that nobody misses go.

Knows nothing about data division or parameters' bounds. Everything is derived from the view; what was run before is
answered from the log when it is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.optimizers.auto_demos import DemoLimits, demo_arms, hardened, run_on
from core.optimizers.auto_rules import Rules, blamed, is_failure, merged, question, rules_in, with_rules
from core.optimizers.auto_stages import TIE, Stages
from core.optimizers.material import instructions_of
from core.search.candidate import Candidate, State, state_key
from core.search.estimate import calls_per_run
from core.search.jobs import AskJob, Attempt
from core.search.pool import Entry
from core.search.problem import Item
from core.search.proposal import Proposal
from core.search.result import AttemptRecord
from core.search.view import SearchView

__all__ = ["Course"]

Arm = tuple[str, State, dict[str, Any]]
Run = tuple[Item, Attempt]

FIRST_ROUND = 2
"""Stage of the first round; stage 0 is the program as given, stage 1 are demo sets."""

PLENTY = 1_000
"""Runs to plan by where nothing is capped."""

DRY_LOOKS = 3
"""Batches of training rows that are looked through for failures before a search ends."""

DEMO_SHARE = 0.6
PRUNE_SHARE = 0.4
"""Shares of the calls left that demo sets, and tests of single rules, may take."""

MOST_ARMS, MOST_GROUPS, STEPS_A_ROUND = 5, 4, 2
GOOD_RUN = 0.5
"""Least score of a run that becomes a demo where no threshold is given."""


class _Auto(Protocol):
    params: Any
    teacher_settings: dict[str, Any]

    def prompt_settings(self) -> dict[str, Any]: ...


class Course:
    """What an automatic search does next."""

    def __init__(self, optimizer: _Auto, view: SearchView) -> None:
        self._params = optimizer.params
        self._optimizer = optimizer
        self._view = view
        self._stages = Stages(view)
        self._each = calls_per_run(view.problem.student)
        self._own = {
            path: part.signature.instructions for path, part in view.problem.student.named_predictors()
        }
        self._limits = DemoLimits(
            self._params.max_bootstrapped_demos,
            self._params.max_labeled_demos,
            self._params.max_demo_tokens,
            self._params.metric_threshold,
        )

    @property
    def _runs_left(self) -> int:
        left = self._view.calls_left
        return PLENTY if left is None else left // self._each

    async def next(self, best: Candidate) -> Sequence[Proposal]:
        """Return what to try next; nothing where the next round is not worth its price."""
        stages = self._stages
        if stages.of(stages.last)[0].candidate.notes.get("kind") == "ablation":
            pruned = self._pruned(best)
            if pruned is not None:
                return [pruned]
        elif (promoted := stages.promotion(2)) is not None:
            return [promoted]
        if stages.last == 0 and (arms := await self._demo_arms()):
            return stages.proposals(1, "demos", best, arms)
        if groups := self._groups(best):
            return stages.proposals(stages.last + 1, "ablation", best, groups)
        return await self._round(best)

    async def _demo_arms(self) -> list[Arm]:
        """Return demo sets to race."""
        stages, problem = self._stages, self._view.problem
        if not (self._limits.bootstrapped or self._limits.labelled) or not problem.train:
            return []
        runs = DEMO_SHARE * self._runs_left
        taught = min(self._taught(), int(runs / 4)) if self._limits.bootstrapped else 0
        settings = self._optimizer.teacher_settings
        teaching = problem.teacher is not None
        key = "teacher" if teaching or settings else state_key({})
        tried = await run_on(self._view, {}, key, self._rows(0, taught), settings, teaching)
        passed = self._passed(tried)
        self._tell(tried, {item.key for item, _ in passed})
        # One arm more is scored on all rows.
        most = int((runs - taught - (stages.rows - stages.batch)) / max(1, stages.batch))
        arms = demo_arms(self._view, self._limits, passed, max(1, min(MOST_ARMS, most)))
        return [(label, state, {"rules": {}}) for label, state in arms]

    def _passed(self, tried: Sequence[Run]) -> list[Run]:
        least = self._params.metric_threshold
        good = [
            (item, run)
            for item, run in tried
            if run.outcome == "scored"
            and run.score
            and run.score >= (least if least is not None else GOOD_RUN)
        ]
        return sorted(good, key=lambda one: -(one[1].score or 0.0))

    def _tell(self, tried: Sequence[Run], kept: set[str]) -> None:
        if any(attempt.purpose == "auto" for attempt in self._view.attempts):
            return
        for item, run in tried:
            why = "" if item.key in kept else run.error or f"the metric gave {run.score or 0.0:g}"
            self._view.attempts.append(AttemptRecord(item.key, 0, item.key in kept, why, run.score, "auto"))

    def _taught(self) -> int:
        """Return how many training rows one look takes."""
        return max(4, min(24, self._stages.rows // 2, len(self._view.problem.train)))

    def _rows(self, turn: int, count: int) -> list[Item]:
        """Return the next few training rows; every pass over them has an order of its own."""
        train = self._view.problem.train
        if not train or count <= 0:
            return []
        count = min(count, len(train))
        order = self._view.rng("auto rows").sample(list(train), len(train))
        start = turn * count % len(train)
        return [*order, *order][start : start + count]

    async def _round(self, best: Candidate) -> Sequence[Proposal]:
        """Return the arms of the next round."""
        stages, view = self._stages, self._view
        stage = max(stages.last + 1, FIRST_ROUND)
        taught = self._taught()
        for turn in range(stage - FIRST_ROUND, stage - FIRST_ROUND + DRY_LOOKS):
            room = self._runs_left - taught - (stages.rows - stages.batch) - 1
            count = min(MOST_ARMS, room // max(1, stages.batch))
            if count < 1 or view.ended or not self._is_worth(taught + count * stages.batch, best):
                return ()
            tried = await run_on(view, best.state, best.key, self._rows(turn, taught), {})
            failures = [(item, run) for item, run in tried if is_failure(run)]
            arms = await self._arms(best, stage, turn, failures, count)
            if arms:
                return stages.proposals(stage, "rules", best, arms)
        view.note("No failure was left to learn from, or nothing new came of them.")
        return ()

    def _is_worth(self, runs: int, best: Candidate) -> bool:
        """Return whether a round may gain more than its calls are said to be worth; say so where it may not."""
        expected = self._stages.expected(FIRST_ROUND)
        price = self._params.worth * runs * self._each / 100
        if self._view.pool.mean(best) >= 1.0 - TIE:
            return False
        if expected < price:
            self._view.note(
                f"Stopped: another round may gain {expected:.1%} and would take about {runs * self._each} calls, "
                f"which have to bring {price:.1%}."
            )
            return False
        return True

    async def _arms(
        self, best: Candidate, stage: int, turn: int, failures: Sequence[Run], count: int
    ) -> list[Arm]:
        """Return what a round tries: what is left over from the last one, rules for the steps that failed, demos."""
        ruled = await self._ruled(best, turn, failures, count) if failures else []
        hard = self._hardened(best, turn, [item for item, _ in failures])
        arms = [*self._crossed(best), *ruled[:1], *hard, *ruled[1:], *self._halves(best)]
        known = {entry.candidate.key for entry in self._view.pool}
        return _each_once(arms, known)[:count]

    def _hardened(self, best: Candidate, turn: int, failed: Sequence[Item]) -> list[Arm]:
        state = hardened(self._view, best.state, failed, self._limits, turn)
        if state is None:
            return []
        notes = {"kind": "demos", "rules": best.notes.get("rules", {})}
        return [("demos with rows that failed", state, notes)]

    async def _ruled(self, best: Candidate, turn: int, failures: Sequence[Run], count: int) -> list[Arm]:
        """Ask for rules, for each step that may have failed, and return the base with them."""
        votes: dict[str, list[Run]] = {}
        for item, run in failures:
            for path in blamed(self._view, item, run):
                votes.setdefault(path, []).append((item, run))
        paths = sorted(votes, key=lambda path: -len(votes[path]))[:STEPS_A_ROUND]
        variants = 2 if len(paths) == 1 and count > 2 else 1
        jobs: list[tuple[str, AskJob]] = []
        for variant in range(variants):
            for path in paths:
                job = question(
                    self._view,
                    path,
                    instructions_of(best.state, path, self._own[path]),
                    votes[path],
                    number=(turn, variant),
                    settings=self._optimizer.prompt_settings(),
                    temperature=self._params.temperature,
                )
                if job is not None:
                    jobs.append((path, job))
        answers = await self._view.ask([job for _, job in jobs])
        found = {
            job.key: rules_in(answer.fields.get("rules"), self._own[path])
            for (path, job), answer in zip(jobs, answers, strict=True)
            if answer is not None
        }
        return [
            self._with(best, path, found[job.key], f"rules for {path}")
            for path, job in jobs
            if found.get(job.key)
        ]

    def _with(self, best: Candidate, path: str, new: Sequence[str], label: str) -> Arm:
        old: Rules = best.notes.get("rules", {})
        rules = {**old, path: merged(old.get(path, []), new)}
        fresh = [[path, rule] for rule in new if rule not in old.get(path, [])]
        return label, with_rules(best.state, self._own, rules), {"rules": rules, "fresh": fresh}

    def _crossed(self, best: Candidate) -> list[Arm]:
        """Return the rules of one winner of the last stage with the demos of another."""
        tried = [entry for entry in self._stages.of(self._stages.last) if self._stages.won(entry) > TIE]
        by_kind: dict[str, Entry] = {}
        for entry in sorted(tried, key=self._stages.won):
            by_kind[entry.candidate.notes["kind"]] = entry
        if not {"rules", "demos"} <= set(by_kind):
            return []
        rules: Rules = by_kind["rules"].candidate.notes["rules"]
        demos = by_kind["demos"].candidate.state
        notes = {"rules": rules, "fresh": by_kind["rules"].candidate.notes.get("fresh", [])}
        return [("rules and demos of two winners", with_rules(demos, self._own, rules), notes)]

    def _halves(self, best: Candidate) -> list[Arm]:
        """Return the last list of rules in halves, where the whole of it did not help: one may spoil the others."""
        tried = [
            entry
            for entry in self._stages.of(self._stages.last)
            if entry.candidate.notes["kind"] == "rules" and len(entry.candidate.notes.get("fresh", [])) > 1
        ]
        if not tried or any(self._stages.won(entry) > TIE for entry in tried):
            return []
        fresh = max(tried, key=self._stages.won).candidate.notes["fresh"]
        middle = len(fresh) // 2
        arms: list[Arm] = []
        for half in (fresh[:middle], fresh[middle:]):
            path = half[0][0]
            arms.append(
                self._with(best, path, [rule for owner, rule in half if owner == path], "half of the rules")
            )
        return arms

    def _groups(self, best: Candidate) -> list[Arm]:
        """Return the best candidate without a few of its new rules at a time, where that is yet to be tested."""
        stages = self._stages
        fresh: list[list[str]] = best.notes.get("fresh", [])
        tested = any(
            entry.candidate.notes["kind"] == "ablation" and best.id in entry.candidate.parents
            for entry in stages.entries
            if "kind" in entry.candidate.notes
        )
        room = int((PRUNE_SHARE * self._runs_left - stages.rows) / max(1, stages.batch))
        count = min(len(fresh), MOST_GROUPS, room)
        if len(fresh) < 2 or tested or count < 2 or stages.batch >= stages.rows:
            return []
        size = -(-len(fresh) // count)
        parts = [fresh[start : start + size] for start in range(0, len(fresh), size)]
        return [self._without(best, part, f"without {len(part)} of the rules") for part in parts]

    def _without(self, best: Candidate, gone: Sequence[Sequence[str]], label: str) -> Arm:
        dropped = {tuple(pair) for pair in gone}
        rules = {
            path: [rule for rule in lines if (path, rule) not in dropped]
            for path, lines in best.notes["rules"].items()
        }
        notes = {"rules": rules, "dropped": [list(pair) for pair in gone]}
        return label, with_rules(best.state, self._own, rules), notes

    def _pruned(self, best: Candidate) -> Proposal | None:
        """Return the tested candidate without all rules that nobody missed, to be scored on every row, unraced: it
        replaces its parent where it is as good.
        """
        stages = self._stages
        tried = stages.of(stages.last)
        if any(
            entry.candidate.notes.get("kind") == "pruned" or entry.status != "minibatch" for entry in tried
        ):
            return None
        harmless = [
            pair for entry in tried if stages.won(entry) >= -TIE for pair in entry.candidate.notes["dropped"]
        ]
        if not harmless or self._runs_left < stages.rows:
            return None
        tested = self._view.pool[tried[0].candidate.parents[0]].candidate
        label, state, notes = self._without(tested, harmless, "without rules that nobody missed")
        return Proposal(
            state,
            label=label,
            parents=(tested.id,),
            seed=len(self._view.pool),
            rows=tuple(range(stages.rows)),
            notes={**tried[0].candidate.notes, **notes, "kind": "pruned"},
        )


def _each_once(arms: Sequence[Arm], known: set[str]) -> list[Arm]:
    found: list[Arm] = []
    for arm in arms:
        key = state_key(arm[1])
        if key not in known:
            known.add(key)
            found.append(arm)
    return found
