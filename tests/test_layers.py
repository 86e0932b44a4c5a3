"""The direction of dependencies, and imports that stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = {"assistant", "index", "ui", "tools", "tests", "bench", "training"}
ALLOWED = {
    "index": {"index"},
    "assistant": {"assistant", "index"},
    "ui": {"ui", "assistant", "index"},
    "tools": {"assistant.plugin"},
    "tests": {"tests", "assistant", "index", "ui", "bench", "training"},
    "bench": {
        "bench",
        "assistant",
        "index",
        "ui",
        "tests.chromium",
        "tests.ports",
        "tests.scripted_server",
        "tests.replies",
        "tests.serving",
        "training.pictures",
    },
    # The parts of the starter picture model are trained where they are used from.
    "training": {"training", "assistant", "index", "tools.generate_image"},
}
# `assistant ui` has to start the page, and must not load it for anything else.
STARTS_THE_PAGE = {"assistant/cli.py", "assistant/server.py"}
HEAVY = {
    "torch",
    "openvino",
    "gradio",
    "langchain",
    "langchain_core",
    "langgraph",
    "faiss",
    "sentence_transformers",
    "transformers",
    "diffusers",
}


@dataclass(frozen=True)
class Import:
    module: str
    lazy: bool


def files(*packages: str) -> list[Path]:
    return sorted(path for package in packages for path in (ROOT / package).rglob("*.py"))


def imports(source: str, package: str) -> Iterator[Import]:
    """Every import of a module in ``package``; ``from a import b`` counts as ``a.b``."""
    tree = ast.parse(source)
    lazy = {id(node) for function in functions(tree) for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(name.name, id(node) in lazy) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *filter(None, [node.module])])
            yield from (Import(f"{base}.{name.name}", id(node) in lazy) for name in node.names)


def functions(tree: ast.AST) -> list[ast.AST]:
    return [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]


def own_plugin(path: str) -> set[str]:
    """The modules of a plugin that is a folder import each other."""
    parts = path.split("/")
    return {".".join(parts[:2])} if parts[0] == "tools" and len(parts) > 2 else set()


def within(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


def violations(path: str, source: str) -> list[str]:
    """The imports of ours that the file at ``path`` may not have."""
    top, *_ = path.split("/")
    wrong = []
    for found in imports(source, ".".join(path.split("/")[:-1])):
        page = path in STARTS_THE_PAGE and found.lazy and within(found.module, {"ui"})
        allowed = ALLOWED[top] | own_plugin(path)
        if found.module.split(".")[0] in OURS and not page and not within(found.module, allowed):
            wrong.append(found.module)
    return wrong


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_imports_go_one_way(package):
    paths = {path.relative_to(ROOT).as_posix(): path.read_text() for path in files(package)}
    assert {path: wrong for path, source in paths.items() if (wrong := violations(path, source))} == {}


@pytest.mark.parametrize(
    ("path", "source", "wrong"),
    [
        ("index/a.py", "def f():\n    from assistant import app", ["assistant.app"]),
        ("index/read/a.py", "from ..types import Page", []),
        ("index/read/a.py", "from ...assistant import app", ["assistant.app"]),
        ("assistant/session.py", "def f():\n    import ui.app", ["ui.app"]),
        ("assistant/cli.py", "import ui.app", ["ui.app"]),
        ("assistant/cli.py", "def f():\n    from ui import app", []),
        (
            "tools/a.py",
            "from assistant.plugin import tool\nfrom assistant.session import ask",
            ["assistant.session.ask"],
        ),
        ("tools/a.py", "from assistant import plugin", []),
        ("ui/a.py", "if 1:\n    import tools.calculator", ["tools.calculator"]),
        ("tests/a.py", "import tools", ["tools"]),
    ],
)
def test_the_rule_itself(path, source, wrong):
    assert violations(path, source) == wrong


def reads_at_import(source: str) -> list[int]:
    """Line numbers at which a module reads the environment while it is being imported."""
    tree = ast.parse(source)
    # A function's body runs later; its decorators and default values do not.
    later = {id(node) for f in functions(tree) for part in body(f) for node in ast.walk(part)}
    return [n.lineno for n in ast.walk(tree) if id(n) not in later and is_environment(n)]


def body(function: ast.AST) -> list[ast.AST]:
    return [function.body] if isinstance(function, ast.Lambda) else list(function.body)


def is_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in {"environ", "environb", "getenv"}
    if isinstance(node, ast.ImportFrom):
        return node.module == "os" and any(name.name in {"environ", "environb", "getenv"} for name in node.names)
    return False


def test_no_module_reads_the_environment_when_imported():
    found = {
        p.relative_to(ROOT).as_posix(): reads_at_import(p.read_text())
        for p in files(*OURS - {"tests", "bench", "training"})
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import os\nHOME = os.environ['HOME']", [2]),
        ("import os\ndef f(home=os.getenv('HOME')): ...", [2]),
        ("import os\nclass A:\n    home = os.environ.get('HOME')", [3]),
        ("import os\ndef f():\n    return os.environ['HOME']", []),
        ("from os import environ", [1]),
    ],
)
def test_the_environment_rule_itself(source, lines):
    assert reads_at_import(source) == lines


@pytest.mark.parametrize("module", ["assistant.cli", "assistant.plugin", "assistant.settings", "assistant.events"])
def test_the_command_line_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert HEAVY & set(run.stdout.split()) == set()


def test_help_is_printed_without_anything_heavy():
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from assistant.cli import main; main()", "--help"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "Usage" in run.stdout or "usage" in run.stdout
    loaded = {line.rsplit("|", 1)[1].strip().split(".")[0] for line in run.stderr.splitlines() if line.count("|") == 2}
    assert "click" in loaded, "importtime printed nothing: this test would see nothing"
    assert HEAVY & loaded == set()
