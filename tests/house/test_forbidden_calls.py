"""Untrusted text stays text: nothing in the project turns data into code, commands or raw HTML."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

MODULES = {"pickle", "cloudpickle", "marshal", "shelve", "joblib", "dill", "jsonpickle"}
BUILTINS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {"yaml.load", "yaml.unsafe_load", "os.system", "os.popen", "builtins.eval", "builtins.exec"}
KEYWORDS = {"shell": True, "unsafe_allow_html": True, "allow_pickle": True}


def offences(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every use of a forbidden module or call, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, a.name) for a in node.names if a.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield node.lineno, str(node.module)
        elif isinstance(node, ast.Call):
            yield from _in_call(node)


def _in_call(node: ast.Call) -> Iterator[tuple[int, str]]:
    if isinstance(node.func, ast.Name) and node.func.id in BUILTINS:
        yield node.lineno, node.func.id
    if isinstance(node.func, ast.Attribute):
        name = ast.unparse(node.func)
        if name in ATTRIBUTES or name.endswith((".read_pickle", ".to_pickle")):
            yield node.lineno, name
    for keyword in node.keywords:
        value = keyword.value
        if keyword.arg in KEYWORDS and not (isinstance(value, ast.Constant) and value.value is False):
            yield node.lineno, f"{keyword.arg}="


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from cloudpickle import dumps",
        "eval(text)",
        "exec(text)",
        "compile(text, '', 'exec')",
        "yaml.load(text)",
        "subprocess.run(text, shell=True)",
        "subprocess.run(text, shell=flag)",
        "st.markdown(text, unsafe_allow_html=True)",
        "pd.read_pickle(path)",
    ],
)
def test_the_gate_sees(code):
    assert list(offences(ast.parse(code)))


def test_the_gate_lets_plain_code_through():
    plain = "optimizer.compile(student)\nre.compile('a')\nsubprocess.run(['ls'], shell=False)\nself.eval(x)"
    assert not list(offences(ast.parse(plain)))


def test_no_forbidden_call(sources):
    found = [f"{s.path}:{line} {what}" for s in sources for line, what in offences(s.tree)]
    assert not found
