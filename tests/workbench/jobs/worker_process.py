"""The worker process with the fakes' bodies: `python worker_process.py FOLDER [NAME]`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[3]), str(Path(__file__).resolve().parent)]

if __name__ == "__main__":
    from fakes import KINDS, make_config

    from workbench.jobs.worker import run_worker

    folder, name = Path(sys.argv[1]), (sys.argv[2:] or ["worker"])[0]
    sys.exit(0 if run_worker(make_config(folder), name=name, kinds=KINDS) else 3)
