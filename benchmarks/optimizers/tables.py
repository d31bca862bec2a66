"""The tables of the comparison and the list of what falls short of the targets.

Knows nothing about how runs are made: it reads what they left.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import fmean

from benchmarks.harness import figure, table
from benchmarks.optimizers.choices import SHARES, choice
from benchmarks.optimizers.comparison import (
    Budget,
    Run,
    Runs,
    best_of_theirs,
    calls,
    differences,
    effect,
    held,
    share,
    tokens,
)

ALLOWED_LOSS = 0.01
AUTO_CALLS, AUTO_LOSS = 600, 0.02

MISLABELLED = "planted_noise"
"""A fifth of the rows to choose by have a wrong label there, no held-out row has: the better a program, the farther its
score on them lies below the held-out one, whoever chose it."""


def summary_row(runs: Runs, optimizer: str) -> list[str]:
    """Return the line of one optimizer: means over the cells."""
    pairs = runs.pairs(optimizer)
    if not pairs:
        alone = runs.ours(optimizer)
        scores = f"{fmean(map(held, alone)):.3f}" if alone else "–"
        sent = figure(fmean(map(calls, alone))) if alone else "–"
        return [optimizer, str(len(alone)), scores, "–", "–", sent, "–", "–", "–", "–"]
    ours, theirs = [pair.ours for pair in pairs], [pair.dspy for pair in pairs]
    target = SHARES.get(optimizer)
    return [
        optimizer,
        str(len(pairs)),
        f"{fmean(map(held, ours)):.3f}",
        f"{fmean(map(held, theirs)):.3f}",
        str(effect(differences(pairs))),
        figure(fmean(map(calls, ours))),
        figure(fmean(map(calls, theirs))),
        f"{share(pairs):.0%}",
        f"{target:.0%}" if target else "–",
        f"{sum(map(tokens, ours)) / max(1, sum(map(tokens, theirs))):.0%}",
    ]


COLUMNS = (
    "optimizer",
    "cells",
    "ours, held out",
    "DSPy's",
    "difference (95 % interval)",
    "our calls",
    "DSPy's",
    "share",
    "target",
    "share of tokens",
)


def by_task(runs: Runs) -> str:
    """Return held-out scores and calls by task: ours / DSPy's."""
    names = ["none", *runs.optimizers]
    lines: list[list[str]] = []
    for task in dict.fromkeys(cell[0] for cell in runs.cells):
        line = [task]
        for name in names:
            shown: list[str] = []
            for side in ("ours", "dspy"):
                found = [runs.get(side, name, None, cell) for cell in runs.cells if cell[0] == task]
                have = [run for run in found if run is not None]
                if have:
                    sent = f" ({figure(fmean(map(calls, have)))})" if name != "none" else ""
                    shown.append(f"{fmean(map(held, have)):.3f}{sent}")
                else:
                    shown.append("–")
            line.append(" / ".join(shown))
        lines.append(line)
    return table(["task", "as given", *names[1:]], lines)


VERSUS = ("cells", "ours", "DSPy's", "difference (95 % interval)", "share")


def versus(pairs: Sequence[tuple[Run, Run]]) -> list[str]:
    """Return the columns that compare runs of ours with runs of DSPy's."""
    scores = [f"{fmean(held(pair[side]) for pair in pairs):.3f}" for side in (0, 1)]
    return [str(len(pairs)), *scores, str(effect(differences(pairs))), f"{share(pairs):.0%}"]


def stopped(runs: Runs) -> str:
    """Return the scores of runs that were stopped at a number of calls: ours, DSPy's, and the difference."""
    lines = [
        [name, str(budget), *versus(pairs)]
        for name in runs.optimizers
        for budget in runs.budgets
        if (pairs := runs.pairs(name, budget))
    ]
    return table(["optimizer", "calls", *VERSUS], [*lines, *auto_rows(runs, runs.budgets)])


def auto_rows(runs: Runs, budgets: Sequence[Budget]) -> list[list[str]]:
    """Return `auto` beside each of theirs under the same caps."""
    lines: list[list[str]] = []
    for budget in budgets:
        for name in runs.optimizers:
            both = [
                (runs.get("ours", "auto", budget, c), runs.get("dspy", name, budget, c)) for c in runs.cells
            ]
            known = [(one, other) for one, other in both if one is not None and other is not None]
            if known:
                lines.append([f"auto – DSPy's {name}", str(budget or "–"), *versus(known)])
    return lines


def capped(runs: Runs) -> str:
    """Return ours at the asked share of DSPy's calls, against DSPy's without a cap."""
    lines = [[name, *versus(pairs)] for name in runs.optimizers if (pairs := runs.pairs(name, "share"))]
    return table(["optimizer", *VERSUS], lines)


def reported(runs: Runs) -> str:
    """Return how far the reported score lies above the held-out one, and how much of that the search brought."""
    lines: list[list[str]] = []
    for name in runs.optimizers:
        line = [name]
        for side in ("ours", "dspy"):
            found = [runs.get(side, name, None, cell) for cell in runs.cells]
            have = [run for run in found if run is not None and run["reported"] is not None]
            gaps = [run["reported"] - held(run) for run in have]
            brought = [excess for run in have if (excess := optimism(runs, run)) is not None]
            line += [f"{fmean(values):+.3f}" if values else "–" for values in (gaps, brought)]
        chosen = [
            run["chosen_with"] - held(run) for run in runs.ours(name) if run.get("chosen_with") is not None
        ]
        true = [run["reported"] - held(run) for run in truly_labelled(runs.ours(name))]
        lines.append([*line, *(f"{fmean(values):+.3f}" if values else "–" for values in (chosen, true))])
    heads = [
        "ours",
        "of that searched",
        "DSPy's",
        "of that searched",
        "ours, uncorrected",
        "ours, true labels",
    ]
    return table(["optimizer", *heads], lines)


def truly_labelled(found: Iterable[Run]) -> list[Run]:
    """Return the runs that report a score on rows whose labels are right."""
    return [run for run in found if run["reported"] is not None and run["task"] != MISLABELLED]


def optimism(runs: Runs, run: Run) -> float | None:
    """Return the reported score less the held-out one, less the same of the program as given on the same rows.

    Rows to choose by and held-out rows differ in difficulty; that part of the gap is no fault of a search.
    """
    given = runs.get(run["side"], "none", None, (run["task"], run["seed"]))
    known = (given or {}).get("known")
    if given is None or known is None:
        return None
    rows = (
        known["validation"] if choice(run["optimizer"]).validates else [*known["train"], *known["validation"]]
    )
    return (run["reported"] - held(run)) - (fmean(rows) - held(given))


def shortcomings(runs: Runs) -> list[str]:
    """Return every target that is missed, in a sentence; runs that failed, too."""
    said: list[str] = []
    for name in runs.optimizers:
        pairs, ours = runs.pairs(name), runs.ours(name)
        if pairs:
            gain, sent, target = effect(differences(pairs)), share(pairs), SHARES.get(name)
            held_to = runs.pairs(name, "share")
            if held_to and (loss := -effect(differences(held_to)).mean) > ALLOWED_LOSS:
                said.append(f"{name}: capped at {target:.0%} of DSPy's calls, {loss:.3f} below it.")
            if gain.mean < -ALLOWED_LOSS:
                said.append(
                    f"{name}: held-out score {-gain.mean:.3f} below DSPy's (at most {ALLOWED_LOSS} is asked)."
                )
            if target and sent > target:
                said.append(f"{name}: {sent:.0%} of DSPy's calls (at most {target:.0%} is asked).")
        given = [(run, runs.get("ours", "none", None, (run["task"], run["seed"]))) for run in ours]
        gained = [(run, before) for run, before in given if before is not None]
        if gained and (loss := -effect(differences(gained)).mean) > ALLOWED_LOSS:
            said.append(f"{name}: {loss:.3f} worse than the program it was given.")
        gaps = [run["reported"] - held(run) for run in ours if run["reported"] is not None]
        searched = [
            gap for run in ours if run["reported"] is not None and (gap := optimism(runs, run)) is not None
        ]
        if gaps and abs(fmean(gaps)) > ALLOWED_LOSS:
            part = f", {fmean(searched):+.3f} without the rows' own" if searched else ""
            if true := [run["reported"] - held(run) for run in truly_labelled(ours)]:
                part += f", {fmean(true):+.3f} where labels are right,"
            said.append(
                f"{name}: reports {fmean(gaps):+.3f}{part} against the held-out score (0.01 is asked)."
            )
    said += auto_shortcomings(runs)
    said += [
        f"{run['side']} {run['optimizer']} on {run['task']}, seed {run['seed']}, failed: "
        f"{run['error'].strip().splitlines()[-1][:200]}"
        for run in runs.failed
    ]
    return said


def auto_shortcomings(runs: Runs) -> list[str]:
    """Return what `auto` misses: above the best of theirs on the mean, near their best on every task, few calls."""
    ours = runs.ours("auto")
    said = [f"auto: {calls(run)} calls on {run['task']}." for run in ours if calls(run) > AUTO_CALLS]
    cells = [(run["task"], run["seed"]) for run in ours]
    for name, group, allowed in [
        ("the mean of all tasks", cells, 0.0),
        *((task, [cell for cell in cells if cell[0] == task], AUTO_LOSS) for task in dict(cells)),
    ]:
        best = best_of_theirs(runs, group) if group else None
        pairs = [
            (runs.get("ours", "auto", None, cell), runs.get("dspy", best or "", None, cell)) for cell in group
        ]
        known = [(one, other) for one, other in pairs if one is not None and other is not None]
        if known and (loss := -effect(differences(known)).mean) > allowed:
            said.append(f"auto: {loss:.3f} below DSPy's {best} on {name} (at most {allowed} is asked).")
    return said


FOREWORD = """# Optimizers, measured

Every optimizer beside its namesake in DSPy 3.4.1: the same program, rows, metric, parameters and language model, the
embedded one behind a local OpenAI-compatible server that counts what arrives. Each run has a server, a process and
empty caches of its own; both sides run one row at a time, at temperature 0 unless the optimizer samples.

    python -m benchmarks.optimizers --dspy-python PYTHON --size full --seeds 5 --jobs 2 \\
        --budgets 50 100 200 400 --optimizers random_search copro miprov2 gepa simba auto \\
        --markdown docs/optimizers-measured.md

A seed of the full run takes some ten minutes on two cores; killed, it goes on where it was. `--size small --seeds 1
--tasks banking77` takes less than one.
*Calls* are requests answered while compiling; held-out rows are scored afterwards and not counted.
*Share* is the mean over cells (a task with a seed) of our calls by DSPy's. Intervals resample cells, then rows in them.
COPRO and SIMBA, which take no validation rows in DSPy, get training and validation rows together on both sides. DSPy
has no cap on calls: at a cap, its further requests are refused and the best program that it had evaluated in full
counts, or else what it returns; its GEPA is given the cap as `max_metric_calls`.
"""

CAPPED = """
## Capped at the share that is asked for

Ours with a cap of the target's share of the calls that DSPy's sent on the same rows, against DSPy's without a cap.
"""

REPORTED = """
## Reported less held-out score

The score that the optimizer gives its program, less the one on held-out rows. The rows to choose by can be easier than
the held-out ones: the second column leaves out the gap that the program as given has on the same rows. Ours is what the
report says to expect on other rows (`report.expected`), and uncorrected the plain score of the rows that chose. The
last column is the first without `planted_noise`: a fifth of its rows to choose by are labelled wrongly and no held-out
row is, so that a program which found the rule scores 0.8 on the former and 1 on the latter.
"""


def document(found: Iterable[Run], note: str = "") -> str:
    """Return the page."""
    runs = Runs(list(found))
    missed, auto = shortcomings(runs), auto_rows(runs, [None])
    pieces = [
        FOREWORD,
        f"{note}\n" if note else "",
        "## By optimizer\n",
        table(COLUMNS, [summary_row(runs, name) for name in runs.optimizers]),
        f"{CAPPED}\n{capped(runs)}" if any(runs.pairs(name, "share") for name in runs.optimizers) else "",
        f"\n## Auto beside each of theirs\n\n{table(['optimizers', 'calls', *VERSUS], auto)}" if auto else "",
        "\n## By task\n\nHeld-out score, ours / DSPy's, calls in brackets.\n",
        by_task(runs),
        REPORTED,
        reported(runs),
        f"\n## Stopped at a number of calls\n\n{stopped(runs)}\n" if runs.budgets else "",
        "\n## What falls short\n",
        "\n".join(f"- {line}" for line in missed) if missed else "Nothing that was measured.",
        "\nWhat was tried and did not help: [lab log](lab-log.md).\n",
    ]
    return "\n".join(piece for piece in pieces if piece)
