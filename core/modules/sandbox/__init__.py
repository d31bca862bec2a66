"""The one way to run code that a model or a user wrote: interpreters that reach nothing but what they are given.

Knows nothing about agents.
"""

from core.foundation.errors import CodeExecutionError, CodeInterpreterError
from core.modules.sandbox.interpreter import CodeInterpreter, FinalOutput, closing, run_code
from core.modules.sandbox.limits import Limits
from core.modules.sandbox.python_interpreter import PythonInterpreter
from core.modules.sandbox.values import SandboxSerializable
from core.modules.sandbox.written import SUBSET, code_in

__all__ = [
    "SUBSET",
    "CodeExecutionError",
    "CodeInterpreter",
    "CodeInterpreterError",
    "FinalOutput",
    "Limits",
    "PythonInterpreter",
    "SandboxSerializable",
    "closing",
    "code_in",
    "run_code",
]
