"""The course of an automatic search: demos first, then rounds of rules and demos, then rules that nobody misses go.

Knows nothing about data division or parameters' bounds. Everything is derived from the view; what was run before is
answered from the log when it is asked for again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from core.foundation.words import are, counted
from core.optimizers.auto_demos import DemoLimits, demo_arms, fully_labelled, hardened, run_on
from core.optimizers.auto_pruning import Pruning
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

PLENTY = 1_000
"""Runs to plan by where nothing is capped."""

DRY_LOOKS = 3
"""Batches of training rows that are looked through for failures before a search ends."""

DEMO_SHARE = 0.6
"""Share of the calls left that demo sets may take."""

FAILURES = 8
"""Failures that a round wants to learn from."""

LEAST_LOOK, MOST_LOOK = 6, 24
"""Training rows that are run at once, for demos or for failures."""

MOST_ARMS, LIKELY_ARMS, STEPS_A_ROUND = 4, 2, 2
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
        self._stages = Stages(view, self._params.length_worth)
        self._each = calls_per_run(view.problem.student)
        self._own = {
            path: part.signature.instructions for path, part in view.problem.student.named_predictors()
        }
        self._pruning = Pruning(view, self._stages, self._own)
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
            pruned = self._pruning.outcome(self._runs_left)
            if pruned is not None:
                return [pruned]
        elif (promoted := stages.promotion(2)) is not None:
            return [promoted]
        if stages.last < 2 and not stages.rounds and (arms := await self._demo_arms(best)):
            # The likeliest set runs on every row: a few on which it changes nothing say little of it.
            return stages.proposals(stages.last + 1, "demos", best, arms, whole=not stages.last)
        if groups := self._pruning.groups(best, self._runs_left):
            return stages.proposals(stages.last + 1, "ablation", best, groups, self._pruning.telling(best))
        return await self._round(best)

    async def _demo_arms(self, best: Candidate) -> list[Arm]:
        """Return the likeliest demo set; and where it did not help clearly, others to race."""
        stages, problem = self._stages, self._view.problem
        if not (self._limits.bootstrapped or self._limits.labelled) or not problem.train:
            return []
        if stages.last and not self._is_open(best):
            return []
        passed = await self._bootstrapped()
        room = int((DEMO_SHARE * self._runs_left - (stages.rows - stages.batch)) / max(1, stages.batch))
        arms = demo_arms(problem, self._limits, passed, self._view.rng("auto demos"))
        chosen = arms[1 : min(MOST_ARMS, room) + 1] if stages.last else arms[:1]
        return [(label, state, {"rules": {}}) for label, state in chosen]

    def _is_open(self, best: Candidate) -> bool:
        """Return whether other demo sets may do what the likeliest did not: it changed something, and helped little."""
        return self._demos_matter() and not self._stages.is_clear(best, self._stages.entries[0].candidate)

    def _demos_matter(self) -> bool:
        """Return whether the likeliest demo set changed the score of any row; also where none was tried."""
        given, tried = self._stages.entries[0].candidate, self._stages.of(1)
        if not tried or tried[0].candidate.notes["kind"] != "demos":
            return True
        return self._stages.differs(tried[0].candidate, given)

    async def _bootstrapped(self) -> list[Run]:
        """Return runs that may become demos; none where the labelled rows show all that a run would."""
        view, settings = self._view, self._optimizer.teacher_settings
        if not self._limits.bootstrapped or (self._limits.labelled and fully_labelled(view.problem)):
            return []
        given = self._stages.entries[0].candidate
        runs = self._runs_left
        wanted = self._looked(self._limits.bootstrapped, self._stages.level(given))
        teaching = view.problem.teacher is not None
        key = "teacher" if teaching or settings else state_key({})
        tried = await run_on(
            view, {}, key, self._rows(0, min(wanted, int(DEMO_SHARE * runs / 4))), settings, teaching
        )
        passed = self._passed(tried)
        self._tell(tried, {item.key for item, _ in passed})
        return passed

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

    def _looked(self, wanted: int, share: float) -> int:
        """Return how many training rows to run for as many of a kind that has this share among them."""
        count = min(MOST_LOOK, max(LEAST_LOOK, round(wanted / max(share, TIE))))
        return min(count, len(self._view.problem.train))

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
        taught = self._looked(FAILURES, 1.0 - stages.level(best))
        for turn in range(stages.rounds, stages.rounds + DRY_LOOKS):
            whole = stages.rows - stages.batch
            count = min(MOST_ARMS, (self._runs_left - taught - whole - 1) // max(1, stages.batch))
            likely = (
                taught + min(count, LIKELY_ARMS) * stages.batch + whole // 2
            )  # every other round promotes one
            if view.ended or not self._fits(count, taught + stages.rows) or not self._is_worth(likely, best):
                return ()
            tried = await run_on(view, best.state, best.key, self._rows(turn, taught), {})
            failures = [(item, run) for item, run in tried if is_failure(run)]
            arms = await self._arms(best, turn, failures, count)
            if arms:
                marked = [(label, state, {**notes, "round": turn}) for label, state, notes in arms]
                return stages.proposals(stages.last + 1, "rules", best, marked)
        view.end("No failure was left to learn from, or nothing new came of them.")
        return ()

    def _fits(self, count: int, runs: int) -> bool:
        """Return whether there are calls left for a round with so many arms; say so where there are none."""
        if count < 1:
            self._view.end(
                f"Another round takes about {counted(runs * self._each, 'call')} or more, and "
                f"{counted(self._runs_left * self._each, 'call')} {are(self._runs_left * self._each)} left: "
                "a higher cap lets the search go on."
            )
        return count >= 1

    def _is_worth(self, runs: int, best: Candidate) -> bool:
        """Return whether a round may gain more than its calls are said to be worth; say so where it may not."""
        expected = self._stages.expected()
        price = self._params.worth * runs * self._each / 100
        if self._stages.level(best) >= 1.0 - TIE:
            self._view.end(
                "The best so far leaves nothing to learn from: it has full marks on the rows that were run."
            )
            return False
        if expected < price:
            self._view.end(
                f"Another round may gain {100 * expected:.1f} points and would take about "
                f"{counted(runs * self._each, 'call', grouped=True)}, which have to bring {100 * price:.1f} points."
            )
            return False
        return True

    async def _arms(self, best: Candidate, turn: int, failures: Sequence[Run], count: int) -> list[Arm]:
        """Return what a round tries: what is left over from the last one, rules for the steps that failed, demos."""
        ruled = await self._ruled(best, turn, failures, count) if failures else []
        hard = self._hardened(best, turn, [item for item, _ in failures])
        arms = [*self._crossed(best), *ruled[:1], *hard, *ruled[1:], *self._halves(best)]
        known = {entry.candidate.key for entry in self._view.pool}
        return _each_once(arms, known)[:count]

    def _hardened(self, best: Candidate, turn: int, failed: Sequence[Item]) -> list[Arm]:
        state = hardened(self._view, best.state, failed, self._limits, turn) if self._demos_matter() else None
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


def _each_once(arms: Sequence[Arm], known: set[str]) -> list[Arm]:
    found: list[Arm] = []
    for arm in arms:
        key = state_key(arm[1])
        if key not in known:
            known.add(key)
            found.append(arm)
    return found
