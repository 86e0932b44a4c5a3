"""The files of conversations in a bucket: there before the answer is told, brought where they lack, deleted with it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.app import build
from assistant.bucket import S3Bucket
from assistant.errors import StorageError
from assistant.events import Answer, Failed
from assistant.files import Files
from assistant.settings import ArtifactSettings, Settings
from tests.ports import free_port
from tests.replies import Calls, Text
from tests.s3_server import CREDENTIALS, s3_server
from tests.scripted_server import ScriptedServer

TOOL = '''
from assistant.plugin import Context, tool

@tool
def note(text: str, ctx: Context) -> str:
    """Write a note.

    Args:
        text: What.
    """
    ctx.save("note.txt", text)
    return str(sorted(path.name for path in ctx.folder.iterdir()))
'''


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server("notes") as url:
        yield url


@pytest.fixture
def chosen(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ArtifactSettings:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return ArtifactSettings(bucket="notes", prefix=request.node.name, endpoint=endpoint)


@pytest.fixture
def kept(served: Settings, tool_folder: Path, chosen: ArtifactSettings) -> Settings:
    (tool_folder / "note.py").write_text(TOOL)
    return served.model_copy(update={"artifacts": chosen})


async def test_what_is_new_or_changed_goes_there_and_comes_back(tmp_path: Path, chosen: ArtifactSettings) -> None:
    one, two = Files(tmp_path / "one", S3Bucket(chosen)), Files(tmp_path / "two", S3Bucket(chosen))
    folder = one.folder("c")
    (folder / "deep").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"\x00" * 3_000_000)
    (folder / "deep" / "ü b.txt").write_text("first")
    await one.keep("c")
    await two.bring("c")
    assert (two.folder("c") / "a.bin").read_bytes() == b"\x00" * 3_000_000
    assert (two.folder("c") / "deep" / "ü b.txt").read_text() == "first"
    (two.folder("c") / "deep" / "ü b.txt").write_text("changed there")
    await two.keep("c")
    await one.bring("c")
    assert (folder / "deep" / "ü b.txt").read_text() == "changed there"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["a.bin", "ü b.txt"]
    await two.forget("c")
    assert await S3Bucket(chosen).listed("c") == {}
    assert not two.folder("c").exists()


async def test_an_answers_file_outlives_the_machine_and_is_there_at_another_server(
    kept: Settings, model_server: ScriptedServer
) -> None:
    async with build(kept) as assistant:
        model_server.say(Calls([("note", {"text": "buy bees"})]), Text("It is noted."))
        first = await assistant.ask("Note that")
        assert isinstance(first, Answer)
        folder = Path(first.artifacts[0].path).parent
        assert "note.txt" in await S3Bucket(_of(kept)).listed(first.conversation)
        shutil.rmtree(folder)
        model_server.say(Calls([("note", {"text": "buy wasps"})]), Text("That too."))
        second = await assistant.ask("And that", first.conversation)
        assert isinstance(second, Answer)
        assert second.tool_calls[0].result == "['note-2.txt', 'note.txt']"
        assert (folder / "note.txt").read_text() == "buy bees"
        shutil.rmtree(folder)
        exported = await assistant.exported(first.conversation)
        assert {path.name for path in exported.folder.iterdir()} == {"note.txt", "note-2.txt"}
        await assistant.delete(first.conversation)
        assert await S3Bucket(_of(kept)).listed(first.conversation) == {}


async def test_a_bucket_that_is_away_is_told_and_no_answer_claims_its_file(
    kept: Settings, model_server: ScriptedServer
) -> None:
    away = ArtifactSettings(bucket="notes", endpoint=f"http://127.0.0.1:{free_port()}")
    async with build(kept.model_copy(update={"artifacts": away})) as assistant:
        end = await assistant.ask("Note that")
    assert isinstance(end, Failed)
    assert (end.kind, end.message[:16]) == ("StorageError", "The bucket notes")
    assert model_server.requests == []


async def test_a_bucket_that_there_is_not_is_told(tmp_path: Path, chosen: ArtifactSettings) -> None:
    files = Files(tmp_path, S3Bucket(chosen.model_copy(update={"bucket": "elsewhere"})))
    files.folder("c").mkdir(parents=True)
    (files.folder("c") / "a.txt").write_text("a")
    with pytest.raises(StorageError, match="The bucket elsewhere"):
        await files.keep("c")


def _of(settings: Settings) -> ArtifactSettings:
    assert settings.artifacts
    return settings.artifacts
