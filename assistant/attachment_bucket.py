"""The documents of conversations in a bucket, so that a conversation has them at whichever server it goes on.

What is kept there is a copy of a conversation's small library and the files that it was made of. Whoever changes it has
brought the newest first and lets nobody else change it meanwhile; so the copies follow one another in one line.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path, PurePosixPath

from assistant.attachments import LIBRARY, TAG, Attachments
from assistant.errors import StorageError
from assistant.files import Bucket, Kept

log = logging.getLogger(__name__)

COPY, FILES = "library.sqlite", "files/"
# Beside the library: whether a change has not gone to the bucket yet, and what is locked by who changes it.
UNSENT, LOCK = "unsent", ".lock"
# Seconds between looks at a lock that another process holds, and after which a page asks again a bucket that was away.
BETWEEN_LOOKS, REST = 0.1, 30.0

Alone = Callable[[str], AbstractAsyncContextManager[None]]


class AttachmentBucket:
    """Keeps the attachments of conversations in a bucket; does nothing where there is none.

    Args:
        attachments: Those of this machine.
        bucket: Where they are kept for good.
        alone: Keeps other servers from what is done under a name meanwhile.
    """

    def __init__(self, attachments: Attachments, bucket: Bucket | None, alone: Alone) -> None:
        self._attachments, self._bucket, self._alone = attachments, bucket, alone
        self._glanced: set[str] = set()
        self._rest_until = 0.0

    async def bring(self, conversation: str) -> None:
        """Brings what is newer in the bucket; sends what could not be sent when it was changed.

        Raises:
            StorageError: The bucket cannot be reached.
            LibraryError: What came cannot be opened.
        """
        if self._bucket is None or not await self._differs(self._bucket, conversation):
            return
        async with self._here(conversation, wait=False) as free:
            if not free:  # it is being changed on this machine, by whom the newest was brought
                return
            if not (unsent := self._unsent(conversation).exists()):
                await self._take(self._bucket, conversation)
        if unsent:
            async with self.changing(conversation):
                return

    async def glance(self, conversation: str) -> None:
        """Brings them for a page, once, and without an error where the bucket is away."""
        if self._bucket is None or conversation in self._glanced or time.monotonic() < self._rest_until:
            return
        try:
            await self.bring(conversation)
            self._glanced.add(conversation)
        except StorageError:  # it is in the log, and the next question tells it
            self._rest_until = time.monotonic() + REST

    @asynccontextmanager
    async def changing(self, conversation: str) -> AsyncIterator[None]:
        """Has the newest here while a conversation's documents are changed, and sends them then.

        Raises:
            StorageError: The bucket or the database cannot be reached; what was changed is sent before the next turn.
        """
        if self._bucket is None or not conversation:
            yield
            return
        async with self._alone(f"attached/{conversation}"), self._here(conversation):
            was_unsent = self._unsent(conversation).exists()
            taken = await self._take(self._bucket, conversation, clear=not was_unsent)
            self._unsent(conversation).touch()
            if taken and was_unsent:  # both went on: what this machine alone has is added to the others' state
                await asyncio.to_thread(self._attachments.add_missing, conversation)
            yield
            await self._send(self._bucket, conversation)

    async def forget(self, conversation: str) -> None:
        """Deletes the documents of a conversation, here and in the bucket.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        if self._bucket is not None:  # first, so that all is still there where it is away
            await self._bucket.delete(_key(conversation))
        await asyncio.to_thread(self._attachments.forget, conversation)

    async def _differs(self, bucket: Bucket, conversation: str) -> bool:
        there, folder = await bucket.listed(_key(conversation)), self._attachments.folder(conversation)
        if COPY not in there:
            if _store(folder).exists():  # from before there was a bucket, or it is another one
                self._unsent(conversation).touch()
            return self._unsent(conversation).exists()
        return _tag(there[COPY]) != _read(folder / TAG) or self._unsent(conversation).exists()

    async def _take(self, bucket: Bucket, conversation: str, *, clear: bool = True) -> bool:
        """Brings the newest; with ``clear``, files go that the others no longer have. Returns whether it was newer."""
        there, folder = await bucket.listed(_key(conversation)), self._attachments.folder(conversation)
        if COPY not in there or _tag(there[COPY]) == _read(folder / TAG):
            return False
        wanted = {name: each for name, each in there.items() if name.startswith(FILES)}
        for name, each in wanted.items():
            path = folder / PurePosixPath(name)
            if ".." not in path.parts and not (path.is_file() and path.stat().st_size == each.size):
                await _fetched(bucket, conversation, name, path)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            copy = Path(made) / COPY
            await bucket.get(_key(conversation), COPY, copy)
            await asyncio.to_thread(_put_back, copy, _store(folder))
        if clear:
            for name in _files(folder) - wanted.keys():
                (folder / name).unlink(missing_ok=True)
        (folder / TAG).write_text(_tag(there[COPY]), encoding="utf-8")
        return True

    async def _send(self, bucket: Bucket, conversation: str) -> None:
        there, folder = await bucket.listed(_key(conversation)), self._attachments.folder(conversation)
        if not _store(folder).exists():  # the first file was refused
            self._unsent(conversation).unlink(missing_ok=True)
            return
        held = _files(folder)
        for name in sorted(held):
            if not _is_there(folder / name, there.get(name)):
                await bucket.put(_key(conversation), name, folder / name)
        with tempfile.TemporaryDirectory(dir=folder) as made:
            copy = Path(made) / COPY
            await asyncio.to_thread(_copied, _store(folder), copy)
            tag = await bucket.put(_key(conversation), COPY, copy)
        # Last, so that whoever comes meanwhile finds all files that the copy names.
        await bucket.remove(_key(conversation), [name for name in there if name.startswith(FILES) and name not in held])
        (folder / TAG).write_text(tag or "", encoding="utf-8")
        self._attachments.know(conversation)
        self._unsent(conversation).unlink(missing_ok=True)

    def _unsent(self, conversation: str) -> Path:
        return self._attachments.folder(conversation) / UNSENT

    @asynccontextmanager
    async def _here(self, conversation: str, *, wait: bool = True) -> AsyncIterator[bool]:
        """Keeps other tasks and processes of this machine from a conversation's documents; yields whether it could."""
        folder = self._attachments.folder(conversation)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOCK).open("wb") as file:
            while not (free := _locked(file.fileno())) and wait:  # noqa: ASYNC110 — another process cannot tell us
                await asyncio.sleep(BETWEEN_LOOKS)
            yield free


def _key(conversation: str) -> str:
    return f"attached/{conversation}"


def _store(folder: Path) -> Path:
    return folder / LIBRARY / COPY


def _tag(kept: Kept) -> str:
    return kept.tag or f"{kept.size} {kept.changed.isoformat()}"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _files(folder: Path) -> set[str]:
    found = (folder / FILES).rglob("*")
    return {path.relative_to(folder).as_posix() for path in found if path.is_file() and not path.name.startswith(".")}


def _is_there(path: Path, there: Kept | None) -> bool:
    """Files lie below the hash of their contents, so that one that is as long is the same."""
    return there is not None and there.size == path.stat().st_size


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


async def _fetched(bucket: Bucket, conversation: str, name: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        await bucket.get(_key(conversation), name, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _copied(store: Path, target: Path) -> None:
    """Copies a store as it is at one moment."""
    with closing(sqlite3.connect(store, timeout=30)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)


def _put_back(copy: Path, store: Path) -> None:
    """Gives a store the contents of a copy, in one transaction of SQLite's; whoever reads it goes on reading."""
    store.parent.mkdir(parents=True, exist_ok=True)
    try:
        _copied(copy, store)
    except sqlite3.Error as error:
        log.exception("%s cannot be replaced", store)
        raise StorageError(f"{store} cannot be brought up to date ({error}).") from error
