"""A folder that holds a corpus and its vectors: JSON and numpy's plain arrays, nothing that could become code.

Knows nothing about searching. The vectors' file is named by its content and the JSON file that names it is replaced
last, so an interrupted save leaves the version before it in force.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.foundation.errors import StateError
from core.foundation.files import atomic_write
from core.foundation.fingerprint import fingerprint

if TYPE_CHECKING:
    from core.retrieval.nearest import Matrix

__all__ = ["SavedVectors", "load_vectors", "save_vectors"]

FORMAT = 1
_CONFIG = "config.json"
_PREFIX, _SUFFIX = "vectors-", ".npy"
_OF_DSPY = "corpus_embeddings.npy"


@dataclass(frozen=True)
class SavedVectors:
    """What a folder holds.

    Attributes:
        normalized: Whether inner products of the vectors are cosines.
        embedder: The name of the embedder that made them; "" where it was a function.
    """

    corpus: tuple[str, ...]
    vectors: Matrix
    k: int
    normalized: bool
    embedder: str = ""


def save_vectors(path: str | os.PathLike[str], saved: SavedVectors) -> None:
    """Write the folder, made where it is missing; other files in it stay.

    Raises:
        StateError: It cannot be written.
    """
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, saved.vectors, allow_pickle=False)
    data = buffer.getvalue()
    digest = hashlib.sha256(data).hexdigest()
    name = f"{_PREFIX}{digest[:16]}{_SUFFIX}"
    config = {
        "format": FORMAT,
        "k": saved.k,
        "normalize": saved.normalized,
        "embedder": saved.embedder,
        "vectors": {"file": name, "sha256": digest},
        "corpus_fingerprint": fingerprint(list(saved.corpus)),
        "corpus": list(saved.corpus),
    }
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / name, data)
        atomic_write(folder / _CONFIG, json.dumps(config, ensure_ascii=False, indent=1))
        for old in folder.glob(f"{_PREFIX}*{_SUFFIX}"):
            if old.name != name:
                old.unlink()
    except OSError as error:
        raise StateError(
            f"Cannot write {folder}: {error.strerror}.", hint="Give a folder that can be written."
        ) from error


def load_vectors(path: str | os.PathLike[str]) -> SavedVectors:
    """Read the folder; those that DSPy's `Embeddings.save` wrote too.

    Raises:
        StateError: It is missing, damaged, or of a newer version.
    """
    folder = Path(path)
    config = _config(folder)
    corpus = config.get("corpus")
    if not isinstance(corpus, list) or not all(isinstance(text, str) for text in corpus):
        raise _damaged(folder, "the corpus is no list of texts")
    if "format" not in config:
        vectors = _array(folder, _OF_DSPY, None)
    else:
        if config.get("corpus_fingerprint") != fingerprint(corpus):
            raise _damaged(folder, "the corpus is not the one that was saved")
        of = config.get("vectors")
        name = of.get("file") if isinstance(of, dict) else None
        if not isinstance(of, dict) or not isinstance(name, str) or Path(name).name != name:
            raise _damaged(folder, "it names no vectors")
        vectors = _array(folder, name, str(of.get("sha256")))
    if vectors.ndim != 2 or len(vectors) != len(corpus):
        raise _damaged(folder, f"{len(vectors)} vectors for {len(corpus)} texts")
    k = config.get("k")
    return SavedVectors(
        tuple(corpus),
        vectors,
        k if isinstance(k, int) and k > 0 else 5,
        bool(config.get("normalize", True)),
        str(config.get("embedder") or ""),
    )


def _config(folder: Path) -> dict[str, Any]:
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    except OSError as error:
        raise StateError(
            f"There are no saved embeddings in {folder}.", hint="Give the folder that `save` was called with."
        ) from error
    except ValueError as error:
        raise _damaged(folder, f"{_CONFIG} is no JSON") from error
    if not isinstance(config, dict):
        raise _damaged(folder, f"{_CONFIG} is no object")
    version = config.get("format", FORMAT)
    if not isinstance(version, int) or version > FORMAT:
        raise StateError(
            f"{folder} was written by a newer version (format {version}).", hint="Update this installation."
        )
    return config


def _array(folder: Path, name: str, digest: str | None) -> Matrix:
    import numpy as np

    try:
        data = (folder / name).read_bytes()
        if digest is not None and hashlib.sha256(data).hexdigest() != digest:
            raise _damaged(folder, f"{name} is not the file that was saved")
        vectors = np.load(io.BytesIO(data), allow_pickle=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)
    except StateError:
        raise
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, f"{name} cannot be read") from error


def _damaged(folder: Path, why: str) -> StateError:
    return StateError(f"The saved embeddings in {folder} are damaged: {why}.", hint="Embed and save again.")


def same_corpus(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two corpora hold the same texts in the same order."""
    return fingerprint(list(one)) == fingerprint(list(other))
