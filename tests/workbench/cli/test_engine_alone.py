"""Where only the engine is installed, the command says what to install instead of showing a traceback."""

from __future__ import annotations

import subprocess
import sys

BLOCKED = "import sys; sys.modules['sqlalchemy'] = None; from workbench.cli import main; main(['samples'])"


def test_the_command_names_the_extra(root):
    done = subprocess.run([sys.executable, "-c", BLOCKED], cwd=root, capture_output=True, text=True)
    assert done.returncode == 1
    assert "lm-workbench[workbench]" in done.stderr
    assert "Traceback" not in done.stderr
