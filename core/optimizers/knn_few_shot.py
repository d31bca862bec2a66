"""KNNFewShot: every call bootstraps its demos from the training rows that are most like its inputs.

Knows nothing about how demos are made (`demos`) or neighbours found (`core.modules.knn`). Neighbours as demos: Liu et
al., "What Makes Good In-Context Examples for GPT-3?", arXiv:2101.06804; DSPy bootstraps them per call. Compiling
sends nothing, so this is no search and stands outside the registry: its price is paid with every new neighbourhood.
"""

from __future__ import annotations

import difflib
import inspect
import threading
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self, cast

from core.data.example import Example
from core.foundation.errors import ConfigurationError, OptimizerError, WorkbenchError
from core.foundation.fingerprint import fingerprint
from core.foundation.threads import run_in_thread
from core.modules.calling import called
from core.modules.knn import KNN
from core.modules.module import Module, path_of
from core.modules.overlay import attempt_apart, overlay
from core.modules.overrides import Override, override_for, overriding, running
from core.optimizers.bootstrap_few_shot import BootstrapFewShot
from core.optimizers.demos import Bootstrap, bootstrap_all, check_structure
from core.optimizers.neighbour_call import Failures, NeighbourCall
from core.search import fingerprints
from core.search.candidate import build
from core.search.problem import Problem, items_of
from core.search.view import SearchView
from core.settings import context

__all__ = ["KNNFewShot", "NeighbourProgram"]

KEPT = 512
"""Neighbourhoods whose demos are kept; of more the one unused for longest is forgotten."""

_Demos = dict[str, list[Any]]

_VECTORS = "It takes a list of texts and returns one vector, a list of numbers, for each."


class KNNFewShot:
    """Compiles a program so that each call is shown demos made from the nearest training rows.

    Args:
        k: Neighbours of a call, 1 or more.
        trainset: Rows with their inputs set; their vectors are made here, once.
        vectorizer: `vectorizer(texts)` gives one vector per text: a `core.Embedder`, or any function.
        **few_shot_bootstrap_args: As for `BootstrapFewShot`: `metric`, `max_bootstrapped_demos`, `max_rounds` …

    The form of 2024, `KNNFewShot(KNN, k, trainset, vectorizer)`, is taken too.

    Raises:
        ConfigurationError: `k` is below 1 or no whole number, there are no rows or no vectorizer, or what it gives
            are no vectors.
        OptimizerError: An argument of the bootstrapping is unknown or out of bounds.
    """

    def __init__(
        self, k: Any, trainset: Any, vectorizer: Any = None, *later: Any, **few_shot_bootstrap_args: Any
    ) -> None:
        kind: type[KNN] = KNN
        if isinstance(k, type):
            kind, k, trainset, vectorizer = k, trainset, vectorizer, later[0] if later else None
            later = later[1:]
        if later:
            raise ConfigurationError("KNNFewShot takes k, trainset, vectorizer and nothing more by position.")
        if vectorizer is None:
            raise ConfigurationError(
                "KNNFewShot needs a vectorizer to tell what is near.",
                hint="KNNFewShot(k, trainset, core.Embedder(...)), or any function from texts to vectors.",
            )
        if not callable(vectorizer):
            raise ConfigurationError(
                f"The vectorizer is a {type(vectorizer).__name__}, {vectorizer!r}, which cannot be called.",
                hint="Give core.Embedder('provider/model'), or any function from texts to vectors.",
            )
        if not isinstance(k, int) or isinstance(k, bool):
            raise ConfigurationError(
                f"k={k!r} is no number of neighbours.", hint="Give a whole number of 1 or more."
            )
        self.bootstrapper = _bootstrapper(few_shot_bootstrap_args)
        rows = [item.example for item in items_of(trainset, "trainset")]
        try:
            self.knn = kind(k, rows, vectorizer)
        except (TypeError, ValueError) as error:
            if isinstance(error, WorkbenchError):
                raise
            raise ConfigurationError(
                f"What the vectorizer gave for {len(rows)} texts are no vectors ({type(error).__name__}: {error}).",
                hint=_VECTORS,
            ) from error
        if len(self.knn.trainset_vectors) != len(rows) or self.knn.trainset_vectors.ndim != 2:
            raise ConfigurationError(
                f"The vectorizer gave an array of {self.knn.trainset_vectors.shape} for {len(rows)} texts.",
                hint=_VECTORS,
            )

    def get_params(self) -> dict[str, Any]:
        """Return the parameters by name."""
        return {"k": self.knn.k, **self.bootstrapper.get_params()}

    def compile(
        self,
        student: Module,
        *,
        teacher: Module | None = None,
        max_metric_runs: int | None = None,
        seed: int = 0,
    ) -> NeighbourProgram:
        """Return a program that answers as a copy of the student with demos of its own for every call; sends nothing.

        Args:
            student: The program; not compiled yet.
            teacher: Makes the traces; None: a copy of the student.
            max_metric_runs: Runs of the teacher, each judged once, in the life of the program; after them, neighbours
                are shown as labelled demos. None: no cap beside that of one call, `k` times `max_rounds`.
            seed: Of the draws that fill up with labelled rows.

        Raises:
            OptimizerError: Student and teacher do not fit, or `max_metric_runs` is no number of runs.
        """
        most = max_metric_runs
        if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 0):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise OptimizerError(
                f"max_metric_runs={most!r} is no number of runs.",
                hint="Give 0 or more, or None for no cap.",
            )
        rows = self.knn.trainset
        check_structure(Problem.of(student, rows, None, self.bootstrapper.metric, teacher=teacher))
        recipe = _Recipe(self.knn, self.bootstrapper, teacher, max_metric_runs, seed)
        return NeighbourProgram(student.deepcopy(), recipe)


def _bootstrapper(args: dict[str, Any]) -> BootstrapFewShot:
    known = set(inspect.signature(BootstrapFewShot).parameters)
    unknown = sorted(args.keys() - known)
    if unknown:
        listed = ", ".join(sorted(known))
        near = difflib.get_close_matches(unknown[0], known, 1)
        raise OptimizerError(
            f"KNNFewShot takes no {unknown[0]}.",
            hint=f"Did you mean {near[0]}?" if near else f"It takes what BootstrapFewShot takes: {listed}.",
        )
    return BootstrapFewShot(**args)


class NeighbourProgram(Module):
    """Answers with demos made for the call; made by `KNNFewShot`. Async-first, and safe in threads: a call changes
    neither the student nor what other calls are shown.

    Saved are the student's instructions, demos and models, under `student`. Rows, vectorizer, teacher and the demos
    made so far are not: compile again with the same `KNNFewShot` and load the state into what it gives.

    Attributes:
        student: The program that answers.
    """

    def __init__(self, student: Module, recipe: _Recipe) -> None:
        super().__init__()
        self.student = student
        self._recipe = recipe

    @property
    def metric_runs(self) -> int:
        """Runs of the teacher so far, each of which the metric judged."""
        return self._recipe.spent

    @property
    def bootstraps(self) -> int:
        """Neighbourhoods whose demos were made so far; others were known already."""
        return self._recipe.made

    @property
    def warnings(self) -> list[str]:
        """What whoever uses the program should know: that runs of the teacher, or the metric on them, failed."""
        return self._recipe.failures.warnings()

    async def aforward(self, **inputs: Any) -> Any:
        """Return the student's answer, shown what the nearest rows taught.

        Raises:
            EvaluationAborted: As many attempts failed by infrastructure or metric as `max_errors`.
        """
        demos = await self._recipe.demos(self.student, inputs)
        with _shown(self.student, demos):
            return await called(self.student, kwargs=inputs)

    def calls_with(self, inside: int) -> int:
        """An answer, and a run of the teacher for every attempt."""
        params = self._recipe.bootstrapper.params
        attempts = self._recipe.knn.k * params.max_rounds if params.max_bootstrapped_demos else 0
        return inside * (1 + attempts)


@contextmanager
def _shown(student: Module, demos: Mapping[str, list[Any]]) -> Generator[None]:
    """Let the student's predictors show these demos inside the block; what else is laid over them stays."""
    root = running.get()
    parts = student.named_predictors()
    paths = {path: path_of(part) for path, part in parts}
    if not all(
        paths.values()
    ):  # it is no part of the program that runs around it: paths begin at the student
        root, paths = None, {path: path for path in paths}
    laid = {
        place: replace(override_for(place) or Override(), demos=demos[path])
        for path, place in paths.items()
        if path in demos
    }
    with overriding(laid):
        token = running.set(root)
        try:
            yield
        finally:
            running.reset(token)


class _Recipe:
    """How demos are made for a call, and those made so far; shared by all copies of a program.

    Known demos are found by the neighbours, the state of the student and the models in force.
    """

    def __init__(
        self,
        knn: KNN,
        bootstrapper: BootstrapFewShot,
        teacher: Module | None,
        most_runs: int | None,
        seed: int,
    ) -> None:
        self.knn = knn
        self.bootstrapper = bootstrapper
        self.made = 0
        self.spent = 0
        self.failures = Failures()
        self._teacher = teacher.deepcopy() if teacher is not None else None
        self._most_runs = most_runs
        self._seed = seed
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Future[_Demos]] = OrderedDict()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    async def demos(self, student: Module, inputs: Mapping[str, Any]) -> _Demos:
        """Return {path: demos} for the inputs; calls that share their neighbours share one bootstrapping."""
        near = await self.knn.acall(**inputs)
        key = self._key(student, near)
        while True:
            with self._lock:
                future, first = self._known.get(key), key not in self._known
                if future is None:
                    future = self._known[key] = Future()
                self._known.move_to_end(key)
                while len(self._known) > KEPT:
                    self._known.popitem(last=False)
            if first:
                return await self._make(key, future, student, near)
            try:
                return future.result() if future.done() else await run_in_thread(future.result)
            except _Failed:
                continue  # who made them failed; this call tries for itself

    async def _make(
        self, key: str, future: Future[_Demos], student: Module, near: Sequence[Example]
    ) -> _Demos:
        try:
            found = await self._bootstrapped(student, near)
        except BaseException:
            with self._lock:
                self._known.pop(key, None)
            future.set_exception(_Failed())
            raise
        with self._lock:
            self.made += 1
        future.set_result(found)
        return found

    async def _bootstrapped(self, student: Module, near: Sequence[Example]) -> _Demos:
        boot = self.bootstrapper
        problem = Problem.of(student, near, None, boot.metric, seed=self._seed, teacher=self._teacher)
        call = NeighbourCall(problem, boot, self._granted, self.failures)
        token = overlay.set(None)  # demos serve other calls too: how this one is sampled is its own affair
        try:
            # What the teacher runs is no part of the trace of the call that it is run for.
            with attempt_apart():
                view = cast("SearchView", call)
                bootstrap = Bootstrap(
                    view, boot.params.rules(boot.teacher_settings), problem.train, "neighbours"
                )
                await bootstrap_all(view, [bootstrap])
        finally:
            overlay.reset(token)
            call.close()
        program = build(student, bootstrap.state(), problem.train_rows)
        return {path: part.demos for path, part in program.named_predictors()}

    def _granted(self, wanted: int) -> int:
        """Return how many runs of the teacher may be made of those wanted, and count them."""
        with self._lock:
            left = wanted if self._most_runs is None else max(0, self._most_runs - self.spent)
            granted = min(wanted, left)
            self.spent += granted
            return granted

    def _key(self, student: Module, near: Sequence[Example]) -> str:
        with context(**self.bootstrapper.teacher_settings):
            models = fingerprints.of_models(self._teacher or student)
        return fingerprint([[row.id for row in near], student.dump_state(), models])


class _Failed(Exception):
    """Whoever was making the demos failed: a sign to those who wait, never seen outside."""
