"""How tokens are chosen and when a text ends, row by row of one batch.

Knows nothing about prompts. `generate` is run greedily; each row's own temperature, nucleus and seed enter as noise on
its scores: the largest of score/temperature + Gumbel noise is a draw from the softmax at that temperature (Gumbel 1954;
Maddison, Tarlow, Minka, "A* Sampling", 2014). So rows of different requests share a batch, and a row's draws depend on
its own seed alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.lm.local.job import Job

__all__ = ["Chooser", "Watcher"]


class Chooser:
    """Adds each row's noise to its scores; remembers probabilities where they are wanted."""

    def __init__(self, jobs: Sequence[Job], torch: Any, device: Any) -> None:
        self._jobs = jobs
        self._torch = torch
        self._generators: list[Any] = [None] * len(jobs)
        for row, job in enumerate(jobs):
            if job.temperature > 0:
                self._generators[row] = torch.Generator(device=device).manual_seed(job.seed)
        self.probabilities: dict[int, Any] = {}

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        del input_ids
        self.probabilities = {
            row: self._torch.log_softmax(scores[row].float(), dim=-1)
            for row, job in enumerate(self._jobs)
            if job.logprobs is not None and not job.done
        }
        drawn = [row for row, job in enumerate(self._jobs) if job.temperature > 0 and not job.done]
        if not drawn:
            return scores
        scores = scores.clone()
        for row in drawn:
            scores[row] = self._drawn(scores[row].float(), self._jobs[row], self._generators[row])
        return scores

    def _drawn(self, scores: Any, job: Job, generator: Any) -> Any:
        torch = self._torch
        scores = scores / job.temperature
        if 0 < job.top_k < scores.shape[-1]:
            least = torch.topk(scores, job.top_k).values[-1]
            scores = scores.masked_fill(scores < least, -torch.inf)
        if job.top_p < 1:
            ordered, places = torch.sort(scores, descending=True)
            before = torch.cumsum(torch.softmax(ordered, dim=-1), dim=-1) - torch.softmax(ordered, dim=-1)
            scores = scores.index_fill(0, places[before >= job.top_p], -torch.inf)
        uniform = torch.rand(scores.shape, generator=generator, device=scores.device)
        waits = (-torch.log(uniform.clamp_min(1e-20))).clamp_min(1e-20)
        return scores - torch.log(waits)


class Watcher:
    """Hands each new token to its row's job; a row ends when its job is done or nobody wants it."""

    def __init__(
        self,
        jobs: Sequence[Job],
        chooser: Chooser,
        ends: set[int],
        decode: Callable[[list[int]], str],
        torch: Any,
    ) -> None:
        self._jobs, self._chooser, self._ends, self._decode, self._torch = jobs, chooser, ends, decode, torch

    def __call__(self, input_ids: Any, scores: Any, **kwargs: Any) -> Any:
        del scores, kwargs
        for row, token in enumerate(input_ids[:, -1].tolist()):
            job = self._jobs[row]
            if not (job.done or job.cancelled):
                job.take(token, token in self._ends, self._decode, self._probability(row, token, job))
        over = [job.done or job.cancelled for job in self._jobs]
        return self._torch.tensor(over, dtype=self._torch.bool, device=input_ids.device)

    def _probability(self, row: int, token: int, job: Job) -> dict[str, Any] | None:
        found = self._chooser.probabilities.get(row)
        if found is None:
            return None
        top = self._torch.topk(found, job.logprobs or 0)
        alternatives = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        return {
            **self._said(token, float(found[token])),
            "top_logprobs": [self._said(other, value) for other, value in alternatives],
        }

    def _said(self, token: int, value: float) -> dict[str, Any]:
        text = self._decode([token])
        return {"token": text, "logprob": value, "bytes": list(text.encode())}
