"""Models that run in this process, through `transformers`: `LM("local/<folder or hub name>")`.

Knows nothing about endpoints. Needs the extra `local`; nothing here imports torch before a model is asked.
"""

from __future__ import annotations

from core.lm.local.lm import LocalLM

__all__ = ["LocalLM"]
