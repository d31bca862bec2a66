"""Where the workbench keeps its things, read once at the rim from the environment.

Knows nothing about what is kept. Everything below takes a `Config` as an argument and reads no variables.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Config", "read_config"]


@dataclass(frozen=True)
class Config:
    """The places and limits of one workbench."""

    home: Path
    """Private folder of the store, the jobs' own database and the logs (WORKBENCH_HOME)."""
    store_url: str
    """SQLAlchemy URL of the store (WORKBENCH_STORE_URL; default: SQLite in `home`)."""
    cache_dir: Path
    """Folder of the language models' replies (WORKBENCH_CACHE_DIR)."""
    upload_bytes: int = 200 * 2**20
    """Largest upload that is read."""
    heartbeat_seconds: float = 2.0
    """How often a job says that it lives."""
    dead_after_seconds: float = 20.0
    """A job that was silent for so long is taken for dead."""

    @property
    def jobs_folder(self) -> Path:
        """Private folder of the jobs' own database, locks and log files."""
        return self.home / "jobs"

    @property
    def jobs_url(self) -> str:
        """URL of the jobs' own database: beside the store on SQLite, the store's server on PostgreSQL."""
        if self.store_url.startswith("sqlite"):
            return f"sqlite:///{self.jobs_folder / 'jobs.sqlite'}"
        return self.store_url

    def environment(self) -> dict[str, str]:
        """Return the variables with which another process reads the same configuration."""
        return {
            "WORKBENCH_HOME": str(self.home),
            "WORKBENCH_STORE_URL": self.store_url,
            "WORKBENCH_CACHE_DIR": str(self.cache_dir),
        }


def read_config(home: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read the configuration from the environment.

    Args:
        home: Goes before WORKBENCH_HOME.
        environ: The variables; those of the process where not given.
    """
    variables = os.environ if environ is None else environ
    folder = Path(home or variables.get("WORKBENCH_HOME") or _default_home(variables)).expanduser().absolute()
    cache = variables.get("WORKBENCH_CACHE_DIR")
    return Config(
        home=folder,
        store_url=variables.get("WORKBENCH_STORE_URL") or f"sqlite:///{folder / 'workbench.sqlite'}",
        cache_dir=Path(cache).expanduser().absolute() if cache else Path.home() / ".cache" / "workbench",
    )


def _default_home(variables: Mapping[str, str]) -> Path:
    data = variables.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data) / "workbench"
