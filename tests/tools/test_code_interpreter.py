"""The code interpreter does what a notebook does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.loader import builtin_folder, load_tools
from assistant.runner import run_tool
from tests.tools.interpreters import Notebook, needs_sandbox, opened

pytestmark = [needs_sandbox, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    yield from opened({"seconds": 20.0}, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def notebook(shared: Notebook) -> Notebook:
    """The kernel is shared with the tests before, as calls of one conversation are."""
    shared.streamed.clear()
    return shared


async def test_through_the_loader_and_the_runner(tmp_path: Path) -> None:
    tool = load_tools([builtin_folder()]).tools["code_interpreter"]
    context = Notebook(None, tmp_path).context()
    call = await run_tool(tool, "1", {"code": "6 * 7"}, context)
    assert (call.ok, call.result) == (True, {"value": "42"})
    assert list(tool.parameters["properties"]) == ["code", "restart"]


async def test_variables_stay_and_the_last_expression_is_shown(notebook: Notebook) -> None:
    assert await notebook.run("x = 20") == {}
    assert await notebook.run("print('twice')\nx * 2") == {"output": "twice", "value": "40"}
