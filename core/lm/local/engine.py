"""A checkpoint in memory and the thread that writes with it: requests that wait together are written together.

Knows nothing about messages. torch and transformers are imported in the worker's thread, when the first text is asked
for.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.foundation.errors import LMConfigurationError, LMUnexpectedError, MissingExtraError
from core.lm.local.decoding import Chooser, Watcher
from core.lm.local.job import Job

__all__ = ["Engine", "engine_of"]

LARGEST_BATCH = 16
IDLE_SECONDS = 30.0


class Engine:
    """One checkpoint on one device.

    Args:
        folder: As `save_pretrained` writes it, weights as safetensors: others are pickles, which may run code.
        device: "cpu", "cuda", "cuda:1", "mps"; "auto" takes the first accelerator.
        dtype: "auto" as the checkpoint says, else e.g. "float32", "bfloat16".
    """

    def __init__(self, folder: Path, device: str = "auto", dtype: str = "auto") -> None:
        self._folder, self._device, self._dtype = folder, device, dtype
        self._loading = threading.Lock()
        self._loaded = False
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self.batches: list[int] = []
        """Sizes of the last batches."""

    def load(self) -> None:
        """Load tokenizer and weights, once.

        Raises:
            MissingExtraError: `transformers` or `torch` is not installed.
            LMConfigurationError: The folder holds nothing that can be loaded.
        """
        with self._loading:
            if self._loaded:
                return
            try:
                import torch
                import transformers
            except ImportError as error:
                raise MissingExtraError("transformers", "local", purpose="models in this process") from error
            try:
                self._load(torch, transformers)
            except Exception as error:
                raise LMConfigurationError(
                    f"The checkpoint in {self._folder} cannot be loaded ({type(error).__name__}: {error}).",
                    model=f"local/{self._folder.name}",
                    hint="It needs config.json, a tokenizer and weights as safetensors.",
                ) from error
            self._loaded = True

    def _load(self, torch: Any, transformers: Any) -> None:
        device = self._device
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        config = transformers.AutoConfig.from_pretrained(self._folder, local_files_only=True)
        kind = (
            transformers.AutoModelForSeq2SeqLM
            if config.is_encoder_decoder
            else transformers.AutoModelForCausalLM
        )
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(self._folder, local_files_only=True)
        model = kind.from_pretrained(
            self._folder, dtype=self._dtype, local_files_only=True, use_safetensors=True
        )
        self._model: Any = model.to(device).eval()
        self._torch, self._transformers = torch, transformers
        self._whole = bool(config.is_encoder_decoder)
        limits = (getattr(config, name, None) for name in ("max_position_embeddings", "n_positions"))
        self.context = next(
            (limit for limit in limits if isinstance(limit, int) and not self._whole), 1 << 30
        )
        ends = self._model.generation_config.eos_token_id
        ends = self.tokenizer.eos_token_id if ends is None else ends
        self._ends = set(ends if isinstance(ends, list) else [] if ends is None else [ends])
        pad = self.tokenizer.pad_token_id
        self._pad = pad if pad is not None else next(iter(self._ends), 0)

    def tokens_of(self, text: str, templated: bool) -> list[int]:
        """Return a prompt's tokens; a chat template has written its own special ones."""
        return self.tokenizer(text, add_special_tokens=not templated)["input_ids"]

    def submit(self, jobs: Sequence[Job]) -> None:
        """Have texts written; each job's `result` gives one."""
        for job in jobs:
            self._waiting.put(job)
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="local-model", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                batch = [self._waiting.get(timeout=IDLE_SECONDS)]
            except queue.Empty:
                with self._starting:
                    if self._waiting.empty():
                        self._thread = None
                        return
                continue
            while len(batch) < LARGEST_BATCH and not self._waiting.empty():
                batch.append(self._waiting.get())
            batch = [job for job in batch if not job.cancelled]
            if batch:
                self._write(batch)

    def _write(self, batch: list[Job]) -> None:
        self.batches = [*self.batches[-99:], len(batch)]
        try:
            self._generate(batch)
        except Exception as error:
            said = LMUnexpectedError(
                f"The model failed ({type(error).__name__}: {error}).", model=f"local/{self._folder.name}"
            )
            said.__cause__ = error
            for job in batch:
                job.fail(said)
        for job in batch:
            if not job.done:
                job.fail(LMUnexpectedError("The text was given up.", model=f"local/{self._folder.name}"))

    def _generate(self, batch: list[Job]) -> None:
        torch, width = self._torch, max(len(job.prompt) for job in batch)
        gaps = [width - len(job.prompt) for job in batch]
        left = not self._whole
        ids = [
            [self._pad] * gap + job.prompt if left else job.prompt + [self._pad] * gap
            for job, gap in zip(batch, gaps, strict=True)
        ]
        mask = [[0] * gap + [1] * (width - gap) if left else [1] * (width - gap) + [0] * gap for gap in gaps]
        device = self._model.device
        chooser = Chooser(batch, torch, device)
        settings = self._transformers.GenerationConfig(
            do_sample=False,
            max_new_tokens=max(job.max_tokens for job in batch),
            eos_token_id=sorted(self._ends) or None,
            pad_token_id=self._pad,
            decoder_start_token_id=getattr(self._model.generation_config, "decoder_start_token_id", None),
        )
        with torch.inference_mode():
            self._model.generate(
                input_ids=torch.tensor(ids, device=device),
                attention_mask=torch.tensor(mask, device=device),
                generation_config=settings,
                logits_processor=[chooser],
                stopping_criteria=[Watcher(batch, chooser, self._ends, self._decode, torch)],
            )

    def _decode(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True)


@lru_cache(maxsize=4)
def engine_of(folder: Path, fingerprint: str, device: str, dtype: str) -> Engine:
    """Return the one engine of a checkpoint; another training of the same folder is another engine."""
    del fingerprint
    return Engine(folder, device, dtype)
