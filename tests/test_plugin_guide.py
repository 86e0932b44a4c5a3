"""docs/plugins.md is true: its files load, pass their own tests and the check, and its tables name everything."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from assistant.loader import load_file
from assistant.plugin import Context, ToolOptions
from assistant.workshop import check

TEXT = (Path(__file__).parent.parent / "docs" / "plugins.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```python\n# my-tools/(\S+)\n(.*?)^```", TEXT, re.M | re.S))
TOOLS = [name for name in FILES if not name.startswith("test_")]
TESTS = [name for name in FILES if name.startswith("test_")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("guide") / "my-tools"
    folder.mkdir()
    for name, code in FILES.items():
        (folder / name).write_text(code)
    return folder


def test_every_snippet_is_a_file_of_the_guide() -> None:
    assert len(re.findall(r"^```python", TEXT, re.M)) == len(FILES) >= 5


@pytest.mark.parametrize("name", TOOLS)
def test_each_tool_loads_and_passes_the_check(folder: Path, name: str) -> None:
    assert load_file(folder / name)
    assert [remark for remark in check(folder / name) if remark.kind == "error"] == []


@pytest.mark.parametrize("name", TESTS)
def test_each_test_passes(folder: Path, name: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d passed", done.stdout)


def test_the_tables_name_everything() -> None:
    assert [field.name for field in fields(ToolOptions) if f"`{field.name}`" not in TEXT] == []
    served = [name for name in vars(Context) if not name.startswith("_") and name not in HIDDEN]
    assert [name for name in served if f"ctx.{name}" not in TEXT and f"`{name}" not in TEXT] == []


# What the assistant fills in or calls itself.
HIDDEN = {"report", "show", "artifacts", "secrets", "cancel", "passages"}
