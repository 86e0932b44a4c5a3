"""The code interpreter as the loader loads it, for its tests."""

from __future__ import annotations

import asyncio
import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import pytest

from assistant.events import Artifact
from assistant.loader import builtin_folder, load_file
from assistant.plugin import Context, LibraryView, Unavailable

FOLDER = builtin_folder() / "code_interpreter"

needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None, reason="bubblewrap is missing: apt install bubblewrap"
)


def part(name: str) -> ModuleType:
    """Returns a module of the plugin."""
    try:
        (tool,) = load_file(FOLDER / "__init__.py")
    except Unavailable as error:
        pytest.skip(str(error))
    return importlib.import_module(f"{tool.function.__module__}.{name}")


def limits(**changes: Any) -> Any:
    """Returns the limits with some of them changed."""
    return replace(part("limits").Limits(), **changes)


@dataclass
class Notebook:
    """One conversation with an interpreter.

    Attributes:
        interpreter: May be shared with other conversations.
        folder: The conversation's.
        streamed: What was reported as progress.
        artifacts: What was returned by the last call.
    """

    interpreter: Any
    folder: Path
    streamed: list[str] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)

    async def run(self, code: str, restart: bool = False) -> dict[str, Any]:
        context = self.context()
        self.artifacts = context.artifacts
        async with asyncio.timeout(60):
            return cast("dict[str, Any]", await self.interpreter.run(code, context, restart))

    def context(self) -> Context:
        library = cast("LibraryView", None)
        report = lambda fraction, message: self.streamed.append(message)  # noqa: E731
        return Context(library, lambda hit: 0, self.folder, report=report)

    def file(self, name: str) -> bytes:
        (artifact,) = [a for a in self.artifacts if Path(a.path).name == name]
        return Path(artifact.path).read_bytes()


@contextmanager
def opened(changes: dict[str, Any], folder: Path) -> Iterator[Notebook]:
    """Yields a conversation with an interpreter of its own, and sees that nothing of it is left."""
    interpreter = part("interpreter").Interpreter(limits(**changes))
    try:
        yield Notebook(interpreter, folder)
    finally:
        left = interpreter.processes()
        interpreter.close()
        assert not [pid for pid in left if Path(f"/proc/{pid}").exists()]
