"""Attached documents in a bucket: a conversation has them at every server, and no kill loses one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from assistant.app import build, make_embedder
from assistant.attachment_bucket import UNSENT, AttachmentBucket
from assistant.attachments import Attachments
from assistant.bucket import S3Bucket
from assistant.errors import StorageError
from assistant.events import Answer
from assistant.libraries import Libraries
from assistant.settings import ArtifactSettings, DatabaseSettings, Settings
from tests.ports import free_port
from tests.s3_server import CREDENTIALS, s3_server
from ui.uploads import Upload, Uploads

CLUB = "# Zeppelin club\n\nThe zeppelin club meets on the second Tuesday of the month.\n"
MUSEUM = "# Zeppelin museum\n\nThe zeppelin museum is closed on the second Monday of the month.\n"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server("papers") as url:
        yield url


@pytest.fixture
def chosen(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> ArtifactSettings:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return ArtifactSettings(bucket="papers", prefix=request.node.name, endpoint=endpoint)


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Libraries]:
    settings = Settings(home=tmp_path_factory.mktemp("attached") / "home")
    found = Libraries(settings, make_embedder(settings))
    yield found
    found.close()


class Server:
    """What one server has of attachments."""

    def __init__(self, libraries: Libraries, home: Path, chosen: ArtifactSettings) -> None:
        self.attachments = Attachments(libraries, home)
        self.bucket = AttachmentBucket(self.attachments, S3Bucket(chosen), lambda _: nullcontext())

    async def attach(self, text: str, name: str, conversation: str = "c") -> None:
        file = self.attachments.folder(conversation).parent / f"received-{name}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        async with self.bucket.changing(conversation):
            self.attachments.add(conversation, file, name)

    def titles(self) -> list[str]:
        return [each.title for each in self.attachments.documents("c")]

    def names(self) -> list[str]:
        return sorted(path.name for path in self.attachments.folder("c").joinpath("files").rglob("*.md"))


@pytest.fixture
def two(libraries: Libraries, tmp_path: Path, chosen: ArtifactSettings) -> Iterator[tuple[Server, Server]]:
    servers = Server(libraries, tmp_path / "one", chosen), Server(libraries, tmp_path / "two", chosen)
    yield servers
    for each in servers:
        each.attachments.close()


async def test_documents_are_added_and_removed_at_either_server(
    two: tuple[Server, Server], chosen: ArtifactSettings
) -> None:
    one, other = two
    await one.attach(CLUB, "club.md")
    await other.bucket.bring("c")
    held = other.attachments.of("c")
    assert held
    assert held.search("When does the club meet?")[0].passage.text.endswith("Tuesday of the month.")
    await other.attach(MUSEUM, "museum.md")
    await one.bucket.bring("c")
    assert one.titles() == other.titles() == ["Zeppelin club", "Zeppelin museum"]
    found = one.attachments.of("c")
    assert found
    assert {hit.document.title for hit in found.search("zeppelin")} == {"Zeppelin club", "Zeppelin museum"}
    async with one.bucket.changing("c"):
        one.attachments.remove("c", one.attachments.documents("c")[0].id)
    await other.bucket.bring("c")
    assert (one.titles(), one.names()) == (other.titles(), other.names()) == (["Zeppelin museum"], ["museum.md"])
    assert len(held.documents()) == 1  # who still had the earlier one open can go on
    await one.bucket.forget("c")
    assert await S3Bucket(chosen).listed("attached/c") == {}


async def test_what_could_not_be_sent_is_sent_later_and_nothing_is_lost(two: tuple[Server, Server]) -> None:
    one, other = two
    await one.attach(CLUB, "club.md")
    await other.bucket.bring("c")
    # As after a kill between the change and the sending of it, while the other server goes on.
    file = other.attachments.folder("c").parent / "late.md"
    file.write_text("# Late\n\nThe last zeppelin lands at eight.\n")
    other.attachments.add("c", file, "late.md")
    other.attachments.folder("c").joinpath(UNSENT).touch()
    await one.attach(MUSEUM, "museum.md")
    await other.bucket.bring("c")
    await one.bucket.bring("c")
    assert one.titles() == other.titles() == ["Zeppelin club", "Zeppelin museum", "Late"]
    assert one.names() == other.names() == ["club.md", "late.md", "museum.md"]
    assert not other.attachments.folder("c").joinpath(UNSENT).exists()


async def test_those_from_before_there_was_a_bucket_go_there(two: tuple[Server, Server], tmp_path: Path) -> None:
    one, other = two
    (tmp_path / "club.md").write_text(CLUB)
    one.attachments.add("c", tmp_path / "club.md", "club.md")
    await one.bucket.bring("c")
    await other.bucket.bring("c")
    assert other.titles() == ["Zeppelin club"]
    await other.bucket.bring("other")
    assert not other.attachments.folder("other").exists()  # a conversation without documents leaves nothing behind


async def test_nobody_takes_a_copy_while_documents_are_changed_here(two: tuple[Server, Server]) -> None:
    one, other = two
    await one.attach(CLUB, "club.md")
    await other.bucket.bring("c")
    async with other.bucket.changing("c"):
        before = other.titles()
        await one.attach(MUSEUM, "museum.md")  # these servers have no lock in common, as a database would give them
        await other.bucket.bring("c")
        assert other.titles() == before
        waiting = asyncio.create_task(other.attach("# Third\n\nA third document.\n", "third.md"))
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting
    assert "Third" in other.titles()


async def test_a_bucket_that_is_away_is_told_before_anything_is_done(
    libraries: Libraries, tmp_path: Path, chosen: ArtifactSettings
) -> None:
    away = Server(
        libraries, tmp_path, chosen.model_copy(update={"endpoint": f"http://127.0.0.1:{free_port()}", "prefix": "x"})
    )
    with pytest.raises(StorageError, match="The bucket papers"):
        await away.attach(CLUB, "club.md")
    assert away.titles() == []
    await away.bucket.glance("c")  # a page is shown all the same


async def test_a_conversation_goes_on_at_another_server_with_its_documents(
    tmp_path: Path, chosen: ArtifactSettings, postgres_url: str
) -> None:
    home = tmp_path / "home"
    settings = Settings(home=home, engine="builtin", artifacts=chosen, database=DatabaseSettings(url=postgres_url))
    (tmp_path / "club.md").write_text(CLUB)
    async with build(settings) as assistant:
        key = await assistant.conversations.open("me", "club.md")
        upload = Upload("club.md", tmp_path / "club.md", conversation=key)
        await Uploads(assistant).add(upload)
        assert upload.status == "added"
        first = await assistant.ask("When does the zeppelin club meet?", key, "me")
        assert isinstance(first, Answer)
    home.rename(tmp_path / "the first machine's")
    async with build(settings) as assistant:
        second = await assistant.ask("On which day does the zeppelin club meet?", key, "me")
        assert isinstance(second, Answer)
        assert [each.quote for each in second.citations] == [each.quote for each in first.citations]
        cited = assistant.attachments.holding(first.citations[0].document, None)
        assert cited.at_path(first.citations[0].document)
        assert len(list(home.rglob("club.md"))) == 1
        await assistant.delete(key, "me")
        assert await S3Bucket(chosen).listed(f"attached/{key}") == {}
