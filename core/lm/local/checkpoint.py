"""Where a checkpoint lies and what it is: the folder of a name, and a hash of its files.

Knows nothing about models. Only this file may reach the network: for a hub name that is not on this machine yet.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from core.foundation.errors import LMConfigurationError, MissingExtraError

__all__ = ["checkpoint_hash", "folder_of"]

_WHOLE = 64 * 1024 * 1024
_SAMPLES = 256
_SAMPLE_SIZE = 64 * 1024
_COUNTED = (".json", ".safetensors", ".jinja", ".txt", ".model")


def folder_of(name: str) -> Path:
    """Return the folder of a checkpoint: a folder of that name, else the hub's, fetched where it is not here.

    Raises:
        MissingExtraError: `transformers` is not installed.
        LMConfigurationError: There is no such folder and no such name, or the hub cannot be reached.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise LMConfigurationError(
                f"The folder {name} holds no config.json.",
                model=f"local/{name}",
                hint="A checkpoint is a folder that `save_pretrained` wrote.",
            )
        return folder.resolve()
    if folder.is_absolute() or name.startswith((".", "~")):
        raise LMConfigurationError(
            f"There is no folder {name}.", model=f"local/{name}", hint="Check the path of the checkpoint."
        )
    return _from_hub(name)


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingExtraError("transformers", "local", purpose="models in this process") from error
    try:
        return Path(snapshot_download(name, allow_patterns=[f"*{ending}" for ending in _COUNTED]))
    except Exception as error:  # the library has a dozen kinds: no network, no such name, gated …
        raise LMConfigurationError(
            f"'{name}' is neither a folder here nor could it be fetched from the hub ({type(error).__name__}).",
            model=f"local/{name}",
            hint="Give the path of a checkpoint, or a hub name while the network is there.",
        ) from error


def checkpoint_hash(folder: Path) -> str:
    """Return what names the checkpoint's content: two trainings never share it, two copies do.

    Files of up to 64 MiB count whole; of larger ones their size and 257 samples of 64 KiB, which any training changes.
    """
    files = [path for path in sorted(folder.iterdir()) if path.suffix in _COUNTED and path.is_file()]
    stamps = tuple((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    return _hash(folder, stamps)


@lru_cache(maxsize=64)
def _hash(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> str:
    found = hashlib.blake2b(digest_size=16)
    for name, size, _ in stamps:
        found.update(f"{name} {size} ".encode())
        with (folder / name).open("rb") as file:
            if size <= _WHOLE:
                for piece in iter(lambda: file.read(1 << 20), b""):
                    found.update(piece)
            else:
                for number in range(_SAMPLES + 1):
                    file.seek((size - _SAMPLE_SIZE) * number // _SAMPLES)
                    found.update(file.read(_SAMPLE_SIZE))
    return found.hexdigest()
