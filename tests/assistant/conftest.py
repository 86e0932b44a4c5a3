"""A small library of facts and an assistant over it, answered by the scripted server or the built-in engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.app import build
from assistant.session import Assistant
from assistant.settings import ServerEngine, Settings, ToolSettings
from index.embed import SentenceTransformerEmbedder
from tests.scripted_server import ScriptedServer

HANDBOOK = """# Staff handbook

## Leave

Every employee has 28 days of paid leave a year. Unused days expire on 31 March.

## Notice

The notice period is three months after the trial period. During the trial period it is two weeks.
"""
LIGHTHOUSE = """# The lighthouse of Arken

The lighthouse was built in 1874 by Clara Holm. Its lamp can be seen from 19 nautical miles away.
"""
DICE = '''
from assistant.plugin import Context, ToolError, tool

@tool(examples=["roll two dice"], timeout=5)
def roll_dice(count: int, ctx: Context, sides: int = 6) -> list[int]:
    """Roll dice and return each value.

    Args:
        count: How many dice, 1 to 100.
        sides: Faces on each die.
    """
    if count > 100:
        raise ToolError("count must be from 1 to 100")
    if count < 0:
        raise RuntimeError("a bug")
    ctx.progress("rolling", 0.5)
    return [sides for _ in range(count)]
'''


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    """The real one, loaded once for all tests."""
    return SentenceTransformerEmbedder()


@pytest.fixture(autouse=True)
def _one_embedder(monkeypatch: pytest.MonkeyPatch, embedder: SentenceTransformerEmbedder) -> None:
    monkeypatch.setattr("assistant.app.make_embedder", lambda settings: embedder)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "handbook.md").write_text(HANDBOOK)
    (folder / "lighthouse.md").write_text(LIGHTHOUSE)
    return folder


@pytest.fixture
def tool_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my-tools"
    folder.mkdir()
    (folder / "dice.py").write_text(DICE)
    return folder


@pytest.fixture
def settings(home: Path, tool_folder: Path) -> Settings:
    return Settings(home=home, engine="builtin", tools=ToolSettings(folders=(tool_folder,)))


@pytest.fixture
def served(settings: Settings, model_server: ScriptedServer) -> Settings:
    """The same with the scripted server as its engine."""
    return settings.model_copy(update={"engine": ServerEngine(url=model_server.url, model="scripted", timeout=2)})


@pytest.fixture
async def builtin(settings: Settings, documents: Path) -> AsyncIterator[Assistant]:
    async with build(settings) as assistant:
        assistant.library.add([documents])
        yield assistant


@pytest.fixture
async def assistant(served: Settings, documents: Path) -> AsyncIterator[Assistant]:
    async with build(served) as assistant:
        assistant.library.add([documents])
        yield assistant
