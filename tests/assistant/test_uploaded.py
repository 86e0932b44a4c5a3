"""Files that programs send: kept, listed and deleted by whom they belong to, in either database."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import pytest

from assistant.database.base import Database
from assistant.errors import StorageError, UnknownFile
from assistant.files import Files
from assistant.uploaded import Uploaded
from assistant.within import plain_name


async def test_a_file_belongs_to_who_sent_it_until_it_is_deleted(database: Database, tmp_path: Path) -> None:
    uploaded = Uploaded(database, Files(tmp_path))
    sent = await uploaded.add("me", "../../notes.md", "user_data", io.BytesIO(b"# Notes"))
    assert (sent.name, sent.size, await uploaded.get(sent.id, "me")) == ("notes.md", 7, sent)
    assert (await uploaded.path(sent)).read_bytes() == b"# Notes"
    for refused in (uploaded.get(sent.id, "you"), uploaded.delete(sent.id, "you"), uploaded.list("you", 1, sent.id)):
        with pytest.raises(UnknownFile):
            await refused
    await uploaded.delete(sent.id, "me")
    assert not (tmp_path / "files" / sent.id).exists()
    with pytest.raises(UnknownFile, match="see /v1/files"):
        await uploaded.get(sent.id, "me")


async def test_files_are_listed_page_by_page_in_either_order(database: Database, tmp_path: Path) -> None:
    uploaded = Uploaded(database, Files(tmp_path))
    ids = [(await uploaded.add("me", f"{n}.md", "user_data", io.BytesIO(b"x"))).id for n in range(3)]
    await uploaded.add("you", "other.md", "user_data", io.BytesIO(b"x"))
    picture = await uploaded.add("me", "p.png", "vision", io.BytesIO(b"x"))
    newest, more = await uploaded.list("me", 2)
    assert ([each.id for each in newest], more) == ([picture.id, ids[2]], True)
    rest, more = await uploaded.list("me", 2, ids[2])
    assert ([each.id for each in rest], more) == ([ids[1], ids[0]], False)
    oldest, more = await uploaded.list("me", 9, ids[0], "user_data", newest=False)
    assert ([each.id for each in oldest], more) == (ids[1:], False)


async def test_a_file_expires(database: Database, tmp_path: Path) -> None:
    now = [1000.0]
    uploaded = Uploaded(database, Files(tmp_path), lambda: now[0])
    brief = await uploaded.add("me", "brief.md", "user_data", io.BytesIO(b"x"), seconds=60)
    assert brief.expires == 1060
    now[0] = 1060
    with pytest.raises(UnknownFile):
        await uploaded.get(brief.id, "me")
    assert await uploaded.list("me", 9) == ([], False)
    assert (tmp_path / "files" / brief.id).exists()
    await uploaded.add("you", "next.md", "user_data", io.BytesIO(b"x"))
    assert not (tmp_path / "files" / brief.id).exists()


async def test_nothing_is_kept_of_a_file_for_which_there_is_no_room(database: Database, tmp_path: Path) -> None:
    class Long(io.BytesIO):
        def read(self, *size: Any) -> bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    uploaded = Uploaded(database, Files(tmp_path))
    with pytest.raises(StorageError, match="No space left on device"):
        await uploaded.add("me", "long.md", "user_data", Long())
    assert list((tmp_path / "files").iterdir()) == []
    assert await uploaded.list("me", 9) == ([], False)


async def test_a_file_whose_content_is_lost_is_told(database: Database, tmp_path: Path) -> None:
    uploaded = Uploaded(database, Files(tmp_path))
    sent = await uploaded.add("me", "notes.md", "user_data", io.BytesIO(b"x"))
    (await uploaded.path(sent)).unlink()
    with pytest.raises(UnknownFile, match="is lost; upload it again"):
        await uploaded.path(sent)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../tea.md", "tea.md"),
        (r"C:\papers\tea.md", "tea.md"),
        ("a\x00b\nc.md", "abc.md"),
        ("x/..", "document"),
        ("", "document"),
        (None, "document"),
        (".hidden", ".hidden"),
        ("ä" * 300 + ".pdf", "ä" * 98 + ".pdf"),
        ("." + "y" * 300, "." + "y" * 199),
    ],
)
def test_a_name_becomes_one_that_any_folder_takes(given: str | None, name: str) -> None:
    assert plain_name(given) == name
