"""Files that programs send for questions: each belongs to who sent it, until it is deleted or expires.

What a file holds lies with the files of conversations, under an id of its own; the database says whose it is, and the
moment at which its row is there is that from which it is.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from assistant.database.base import Database, Row
from assistant.errors import StorageError, UnknownFile
from assistant.files import Files
from assistant.within import plain_name

log = logging.getLogger(__name__)

PREFIX = "file-"
COLUMNS = "id, name, purpose, size, created, expires"
INSERT = "INSERT INTO uploads (id, owner, name, purpose, size, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent.

    Attributes:
        id: By which it is named.
        name: What it is called, without a folder.
        purpose: What it was sent for.
        size: In bytes.
        created: When it was sent, in seconds since the epoch.
        expires: When it goes by itself, likewise; None never.
    """

    id: str
    name: str
    purpose: str
    size: int
    created: int
    expires: int | None = None


class Uploaded:
    """What every owner has sent.

    Args:
        database: Says whose they are.
        files: Where they are.
        clock: Tells the time, in seconds since the epoch.
    """

    def __init__(self, database: Database, files: Files, clock: Callable[[], float] = time.time) -> None:
        self._db, self._files, self._clock = database, files, clock

    async def add(
        self, owner: str, name: str | None, purpose: str, content: IO[bytes], seconds: int | None = None
    ) -> Upload:
        """Takes a file.

        Args:
            owner: Whose it is.
            name: What it is called; only the last part of a path is taken.
            purpose: What it is for.
            content: What it holds.
            seconds: After how long it goes by itself; None never.

        Raises:
            StorageError: It cannot be kept; nothing of it is.
        """
        await self._drop_expired()
        id, name, now = f"{PREFIX}{uuid.uuid4().hex}", plain_name(name), int(self._clock())
        kept = False
        try:
            size = await asyncio.to_thread(_write, content, self._files.folder(id) / name)
            await self._files.keep(id)
            upload = Upload(id, name, purpose, size, now, now + seconds if seconds else None)
            async with self._db.change() as change:
                await change.run(INSERT, id, owner, name, purpose, size, upload.created, upload.expires)
            kept = True
        except OSError as error:
            log.warning("an upload cannot be kept", exc_info=True)
            raise StorageError(f"The file cannot be kept here ({error.strerror or error}); try again later.") from error
        finally:
            if not kept:
                await self._forget(id)
        return upload

    async def get(self, id: str, owner: str) -> Upload:
        """Returns a file's entry.

        Raises:
            UnknownFile: There is none of this owner, or it has expired.
        """
        return (await self._row(id, owner))[1]

    async def path(self, upload: Upload) -> Path:
        """Returns where a file can be read.

        Raises:
            UnknownFile: It is lost.
            StorageError: It is in the bucket, which cannot be reached.
        """
        path = self._files.folder(upload.id) / upload.name
        if not path.is_file():
            await self._files.bring(upload.id)  # it came to another server
        if not path.is_file():
            raise UnknownFile(f"What the file {upload.id} held is lost; upload it again.")
        return path

    async def list(
        self, owner: str, limit: int, after: str | None = None, purpose: str | None = None, *, newest: bool = True
    ) -> tuple[Sequence[Upload], bool]:
        """Returns an owner's files in the order in which they came.

        Args:
            owner: Whose.
            limit: How many at most.
            after: The id of the last one that is known already; None begins with the first.
            purpose: Only those for this.
            newest: Whether the newest is the first.

        Returns:
            The files, and whether there are more.

        Raises:
            UnknownFile: There is none of the id ``after``.
        """
        where, values = "owner = ? AND (expires IS NULL OR expires > ?)", [owner, int(self._clock())]
        if purpose is not None:
            where, values = f"{where} AND purpose = ?", [*values, purpose]
        if after is not None:
            number, _ = await self._row(after, owner)
            where, values = f"{where} AND number {'<' if newest else '>'} ?", [*values, number]
        order = f"number {'DESC' if newest else 'ASC'}"
        select = f"SELECT {COLUMNS} FROM uploads WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608 — all ours
        rows = await self._db.rows(select, *values, limit + 1)
        return [Upload(*row) for row in rows[:limit]], len(rows) > limit

    async def delete(self, id: str, owner: str) -> None:
        """Deletes a file; what conversations took of it stays with them.

        Raises:
            UnknownFile: There is none of this owner.
        """
        async with self._db.change() as change:
            if not await change.run("DELETE FROM uploads WHERE id = ? AND owner = ?", id, owner):
                raise _unknown(id)
        await self._forget(id)

    async def _row(self, id: str, owner: str) -> tuple[int, Upload]:
        select = (
            f"SELECT number, {COLUMNS} FROM uploads "  # noqa: S608 — ours
            "WHERE id = ? AND owner = ? AND (expires IS NULL OR expires > ?)"
        )
        rows: Sequence[Row] = await self._db.rows(select, id, owner, int(self._clock()))
        if not rows:
            raise _unknown(id)
        return rows[0][0], Upload(*rows[0][1:])

    async def _drop_expired(self) -> None:
        now = int(self._clock())
        for (id,) in await self._db.rows("SELECT id FROM uploads WHERE expires <= ?", now):
            async with self._db.change() as change:
                await change.run("DELETE FROM uploads WHERE id = ?", id)
            await self._forget(id)

    async def _forget(self, id: str) -> None:
        # Without its row nobody finds it; what a bucket that is away keeps of it does no harm.
        with suppress(StorageError):
            await self._files.forget(id)


def _write(content: IO[bytes], path: Path) -> int:
    path.parent.mkdir(parents=True)
    with path.open("wb") as target:
        shutil.copyfileobj(content, target, 1 << 20)
        return target.tell()


def _unknown(id: str) -> UnknownFile:
    return UnknownFile(f"There is no file '{id}'; see /v1/files.")
