"""Written code runs, keeps its state, calls tools, and reaches nothing else."""

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.callbacks import BaseCallback
from core.data.types import Tool
from core.foundation.errors import (
    BudgetExceeded,
    CodeExecutionError,
    CodeInterpreterError,
    ConfigurationError,
)
from core.modules.sandbox import CodeInterpreter, FinalOutput, Limits, PythonInterpreter, closing, run_code
from core.modules.sandbox import pool as sandbox_pool
from core.settings import context
from core.trace import MemorySink, sink_to

SHORT = Limits(seconds=0.3, memory=32_000_000, recursion=100, calls=50, output=200)


@pytest.fixture
def python():
    interpreter = PythonInterpreter(limits=SHORT)
    yield interpreter
    interpreter.shutdown()


def fails(interpreter, code):
    with pytest.raises(CodeExecutionError) as caught:
        interpreter.execute(code)
    return caught.value


class TestRunning:
    def test_the_value_of_the_last_expression_or_what_was_printed(self, python):
        assert python.execute("1 + 1") == 2
        assert python.execute("print('a'); print('b')") == "a\nb"
        assert python.execute("print('a')\n[1]") == "a\n[1]"
        assert python.execute("x = 1") is None

    def test_state_lasts_until_shutdown(self, python):
        python.execute("x = 1\ndef double(n): return 2 * n")
        assert python.execute("double(x)") == 2
        python.shutdown()
        assert fails(python, "x").kind == "NameError"

    def test_variables_are_bound_and_values_come_back_as_plain_data(self, python):
        given = {"rows": [{"a": 1}], "day": date(2024, 2, 29), "odd": object()}
        assert python.execute("(rows[0]['a'], day, type(odd).__name__)", given) == (
            1,
            date(2024, 2, 29),
            "str",
        )
        assert python.execute("class P:\n  def __init__(self): self.x = 1\nP()") == {"x": 1}
        assert isinstance(python.execute("lambda: 1"), str)

    def test_numbers_and_texts_that_cannot_be_written_out_are_described(self, python):
        assert python.execute("print('n')\n2 ** 100000") == "n\n'(a whole number of 100,001 bits)'"
        assert python.execute("x", {"x": "a\ud800"}) == "a?"
        assert python.execute("x = []\nx.append(x)\nx") == ["[...]"]

    @given(st.text(max_size=60))
    @settings(max_examples=60, deadline=None)
    def test_any_text_gives_a_value_or_an_error_of_the_code(self, text):
        with PythonInterpreter(limits=SHORT) as python, contextlib.suppress(CodeExecutionError):
            python.execute(text)

    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_the_child_of_a_fork_is_told_instead_of_waiting_for_ever(self, python):
        python.execute("x = 1")
        read, write = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm(20)
            try:
                python.execute("1 + 1")
            except CodeInterpreterError as error:
                os.write(write, error.message.encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        assert b"when this process was forked" in os.read(read, 200)
        assert python.execute("x") == 1

    def test_sleeping_takes_no_time(self, python):
        assert python.execute("import time\ntime.sleep(1000)\n1") == 1

    def test_a_name_that_cannot_be_a_variable_is_refused(self, python):
        with pytest.raises(CodeInterpreterError, match="cannot be a variable"):
            python.execute("1", {"a b": 1})

    def test_submit_ends_the_code_even_where_it_catches_everything(self, python):
        code = "done = 0\ntry:\n    SUBMIT(answer=1)\nexcept:\n    pass\nwhile True:\n    SUBMIT(answer=2)"
        assert python.execute(code) == FinalOutput({"answer": 1})
        assert python.execute("SUBMIT('a')") == FinalOutput("a")
        assert python.execute("done") == 0

    def test_submit_with_fields_takes_them_by_position_name_or_dict_and_says_what_is_wrong(self):
        with PythonInterpreter(output_fields=[{"name": "a"}, {"name": "b"}], limits=SHORT) as python:
            assert python.execute("SUBMIT(1, b=2)") == FinalOutput({"a": 1, "b": 2})
            assert python.execute("SUBMIT({'a': 1, 'b': 2})") == FinalOutput({"a": 1, "b": 2})
            assert "misses b" in str(fails(python, "SUBMIT(1)"))
            assert "does not know c" in str(fails(python, "SUBMIT(1, 2, c=3)"))
            assert "takes 2 values" in str(fails(python, "SUBMIT(1, 2, 3)"))

    def test_it_is_what_the_protocol_asks_for(self, python):
        assert isinstance(python, CodeInterpreter)

    def test_from_async_code_the_loop_goes_on_meanwhile(self, python):
        async def main():
            ticks = 0
            running = asyncio.ensure_future(python.aexecute("while True: pass"))
            while not running.done():
                ticks += 1
                await asyncio.sleep(0)
            with pytest.raises(CodeExecutionError):
                await running
            return ticks

        assert asyncio.run(main()) > 10

    def test_two_calls_at_a_time_are_refused(self, python):
        async def main():
            first = asyncio.ensure_future(python.aexecute("sum(range(100000))"))
            await asyncio.sleep(0)
            with pytest.raises(CodeInterpreterError, match="runs something"):
                await python.aexecute("2")
            return await first

        assert asyncio.run(main()) == 4999950000

    def test_an_interpreter_of_another_make_is_run_off_the_loop_and_traced(self):
        class Other:
            def __init__(self):
                self.tools = {}

            def start(self): ...
            def shutdown(self):
                self.ended = True

            def execute(self, code, variables=None):
                return FinalOutput({"code": code, **variables})

        made = []

        def factory():
            made.append(Other())
            return made[0]

        async def main():
            async with closing(factory) as interpreter:
                return await run_code(interpreter, "c", {"v": 1})

        with sink_to(MemorySink()) as sink:
            assert asyncio.run(main()) == FinalOutput({"code": "c", "v": 1})
        assert made[0].ended
        assert [(span.kind, span.attributes["outputs"]) for span in sink.spans] == [
            ("sandbox", {"code": "c", "v": 1})
        ]


class TestEscapes:
    @pytest.mark.parametrize(
        "code",
        [
            "open('/etc/passwd').read()",
            "open('/tmp/x', 'w').write('1')",
            "import pathlib\npathlib.Path('/etc/passwd').read_text()",
            "import os\nos.listdir('/')",
            "import os\nos.environ['HOME']",
            "import os\nos.system('id')",
            "import subprocess",
            "import socket",
            "import ctypes",
            "import importlib",
            "__import__('subprocess')",
            "().__class__.__bases__[0].__subclasses__()",
            "(lambda: 0).__globals__",
            "(lambda: 0).__code__",
            "'{0.__class__.__mro__}'.format(1)",
            "tool.__globals__",
            "tool.__self__",
            "SUBMIT.__code__",
            "__builtins__",
            "import sys\nsys.modules['os'].system('id')",
            "exec(\"open('/etc/passwd')\")",
            "eval(\"__import__('socket')\")",
            "breakpoint()",
            "input()",
        ],
    )
    def test_nothing_of_the_host_is_reached(self, code):
        with PythonInterpreter({"tool": lambda: 1}, limits=SHORT) as python:
            assert fails(python, code).kind not in ("", "Crash")

    def test_no_secret_of_the_environment_is_readable(self, python, monkeypatch):
        monkeypatch.setenv("SECRET_OF_HOST", "s3cret")
        assert "s3cret" not in str(fails(python, "import os\nos.getenv('SECRET_OF_HOST') + 1"))

    def test_asking_for_access_to_the_host_is_an_error_that_says_what_to_do(self):
        with pytest.raises(ConfigurationError, match="no enable_read_paths"):
            PythonInterpreter(enable_read_paths=["/etc"])
        PythonInterpreter(enable_read_paths=None, sync_files=True)


class TestLimits:
    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            ("while True: pass", "TimeoutError"),
            ("rows = []\nwhile True: rows.append('x' * 1000)", "MemoryError"),
            ("'a' * 10**10", "MemoryError"),
            ("2 ** (10**9)", "MemoryError"),
            ("10 ** 10 ** 10", "MemoryError"),
            ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
            ("(" * 5000 + ")" * 5000, "SyntaxError"),
            ("for i in range(1000): tool()", "RuntimeError"),
        ],
    )
    def test_a_limit_ends_the_code_and_the_next_call_works(self, code, kind):
        with PythonInterpreter({"tool": lambda: 1}, limits=SHORT) as python:
            python.execute("kept = 1")
            error = fails(python, code)
            assert error.kind == kind
            assert python.execute("1 + 1") == 2
            lost = "restarted" in str(error)
            assert lost == (kind not in ("RecursionError", "SyntaxError"))
            if not lost:
                assert python.execute("kept") == 1

    def test_printed_text_is_cut_and_counted(self, python):
        printed = python.execute("for i in range(1000): print('hello')")
        assert printed.startswith("hello\nhello")
        assert printed.endswith("… (5,800 more characters were printed)")
        assert len(printed) < 300

    def test_limits_are_positive(self):
        with pytest.raises(ConfigurationError, match="seconds"):
            Limits(seconds=0)

    def test_a_killed_worker_is_one_error_and_the_next_call_has_another(self, python):
        python.execute("x = 1")
        me = str(os.getpid())
        found = subprocess.run(
            ["ps", "--ppid", me, "-o", "pid=,comm="], capture_output=True, text=True
        ).stdout
        for line in found.splitlines():
            pid, name = line.split(None, 1)
            if name.strip() == "monty":
                os.kill(int(pid), signal.SIGKILL)
        error = fails(python, "x")
        assert error.kind == "Crash"
        assert "restarted" in str(error)
        assert python.execute("2") == 2

    def test_interpreters_that_nobody_shut_down_give_their_workers_back(self, monkeypatch):
        monkeypatch.setattr(sandbox_pool, "MOST_WORKERS", 2)
        monkeypatch.setattr(sandbox_pool, "WAIT_SECONDS", 5.0)
        monkeypatch.setattr(sandbox_pool, "_pool", sandbox_pool._Pool())
        for _ in range(5):
            assert PythonInterpreter(limits=SHORT).execute("1") == 1
            gc.collect()
        sandbox_pool._pool.close()

    def test_waiting_for_a_worker_ends_with_words(self, monkeypatch):
        monkeypatch.setattr(sandbox_pool, "MOST_WORKERS", 1)
        monkeypatch.setattr(sandbox_pool, "WAIT_SECONDS", 0.05)
        monkeypatch.setattr(sandbox_pool, "_pool", sandbox_pool._Pool())
        with PythonInterpreter(limits=SHORT), pytest.raises(CodeInterpreterError, match="No sandbox worker"):
            PythonInterpreter(limits=SHORT).start()
        sandbox_pool._pool.close()

    def test_a_cancelled_call_gives_the_worker_back_and_the_next_starts_anew(self, python):
        async def main():
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(python.aexecute("while True: pass"), 0.05)
            return await python.aexecute("3")

        assert asyncio.run(main()) == 3


class TestErrors:
    def test_they_name_type_line_and_code(self, python):
        error = fails(python, "def f(n):\n    return 1 / n\n\nf(0)")
        assert (error.kind, error.line) == ("ZeroDivisionError", 4)
        assert str(error) == (
            "ZeroDivisionError: division by zero\n  line 4: f(0)\n  line 2 in f: return 1 / n"
        )

    def test_syntax_is_located_too(self, python):
        error = fails(python, "x = 1\ny = = 2")
        assert (error.kind, error.line) == ("SyntaxError", 2)

    def test_what_this_python_lacks_is_said_in_words(self, python):
        assert str(fails(python, "yield 1")).startswith("This Python has no yield expressions.")
        assert "no class inheritance" in str(fails(python, "class A(Exception): pass"))
        assert "can be imported: asyncio" in str(fails(python, "import statistics"))

    def test_every_module_that_we_name_can_be_imported(self, python):
        from core.modules.sandbox.written import MODULES

        for name in MODULES.split():
            python.execute(f"import {name}")


class TestTools:
    def test_sync_and_async_ones_from_both_colours(self):
        async def later(n):
            await asyncio.sleep(0)
            return n + 1

        tools = {
            "now": lambda n: n + 1,
            "later": later,
            "checked": Tool(lambda n: n + 1, name="checked", arg_types={"n": int}),
        }
        code = "[now(1), later(2), checked('3'), checked(n=4)]"
        with PythonInterpreter(tools, limits=SHORT) as python:
            assert python.execute(code) == [2, 3, 4, 5]

            async def main():
                return await python.aexecute(code)

            assert asyncio.run(main()) == [2, 3, 4, 5]

    def test_their_errors_can_be_caught_by_the_code_or_end_it(self):
        def bad():
            raise ValueError("nope")

        with PythonInterpreter([bad], limits=SHORT) as python:
            assert python.execute("try:\n    bad()\nexcept ValueError as e:\n    print(e)") == "nope"
            assert (fails(python, "bad()").kind, fails(python, "\nbad()").line) == ("ValueError", 2)

    def test_an_error_that_no_code_can_mend_passes_through_whatever_the_code_catches(self):
        def spend():
            raise BudgetExceeded("Enough.")

        with PythonInterpreter([spend], limits=SHORT) as python:
            with pytest.raises(BudgetExceeded):
                python.execute("while True:\n    try:\n        spend()\n    except:\n        pass")
            assert python.execute("1") == 1

    def test_what_they_return_becomes_plain_data(self):
        with PythonInterpreter(
            {"tool": lambda: {"o": object(), "d": date(2024, 1, 1)}}, limits=SHORT
        ) as python:
            assert python.execute("r = tool()\n(type(r['o']).__name__, r['d'].year)") == ("str", 2024)

    def test_a_name_that_is_no_python_name_is_refused(self):
        with pytest.raises(ConfigurationError, match="get-page"):
            PythonInterpreter({"get-page": print})

    def test_executions_and_tool_calls_are_spans_and_callbacks(self):
        told = []

        class Listener(BaseCallback):
            def on_interpreter_execute_start(self, call_id, instance, inputs):
                told.append(("execute", inputs["code"]))

            def on_interpreter_tool_call_end(self, call_id, outputs, exception=None):
                told.append(("tool", outputs))

            def on_interpreter_startup_end(self, call_id, outputs, exception=None):
                told.append(("startup", exception))

            def on_interpreter_shutdown_start(self, call_id, instance, inputs):
                told.append(("shutdown", inputs))

        python = PythonInterpreter({"add": lambda a, b: a + b}, limits=SHORT)
        with sink_to(MemorySink()) as sink, context(callbacks=[Listener()]), python:
            python.execute("add(n, b=2)", {"n": 1})
            with pytest.raises(CodeExecutionError):
                python.execute("1/0")
        assert told == [
            ("startup", None),
            ("execute", "add(n, b=2)"),
            ("tool", 3),
            ("execute", "1/0"),
            ("shutdown", {}),
        ]
        tool, first, second = sink.spans
        assert (tool.kind, tool.name, tool.attributes["inputs"]) == ("tool", "add", {"args": [1], "b": 2})
        assert tool.parent_id == first.id
        assert (first.kind, first.attributes["outputs"]) == ("sandbox", 3)
        assert (second.status, "ZeroDivisionError" in second.error) == ("error", True)
