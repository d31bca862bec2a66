"""Who carries out a run: names a process so that others can tell whether it still lives.

Knows nothing about runs.
"""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

__all__ = ["holder_lives", "process_lives", "this_process"]


def this_process(role: str) -> str:
    """Return a name for this process: role, machine, number and start (numbers are used again)."""
    return f"{role}@{socket.gethostname()}:{os.getpid()}:{_start_of(os.getpid())}"


def holder_lives(holder: str | None, heartbeat: float | None, dead_after: float) -> bool:
    """True where the process called `holder` is there and has not been silent for long.

    On this machine the process table tells a death at once, and silence is borne longer: a laptop may have slept. Of
    other machines only the last heartbeat is known.
    """
    if holder is None:
        return False
    silence = 0.0 if heartbeat is None else time.time() - heartbeat
    machine, _, rest = holder.partition("@")[2].partition(":")
    number, _, start = rest.partition(":")
    if machine == socket.gethostname() and number.isdigit():
        return _start_of(int(number)) == start != "gone" and silence < 3 * dead_after
    return heartbeat is not None and silence < dead_after


def process_lives(pid: int) -> bool:
    """True where this machine has a process of that number."""
    return _start_of(pid) != "gone"


def _start_of(pid: int) -> str:
    """Return when the process began, in a form that only equality is asked of; "gone" where there is none."""
    try:
        # The name in brackets may hold anything; state is the 1st and the start time the 20th field behind it.
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
        return "gone" if fields[0] in ("Z", "X") else fields[19]
    except (OSError, IndexError):
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "here"
