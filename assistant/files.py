"""The files of conversations: a folder for each, and where the settings name one, a bucket that holds them for good.

The folder is what tools and the page work in. With a bucket it is a copy: what an answer made is put there before the
answer is told, and what another server put there is brought before a turn or a page needs it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from assistant.errors import SettingsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in a bucket.

    Attributes:
        size: In bytes.
        changed: When it was put there.
        tag: Another one for other contents.
    """

    size: int
    changed: datetime
    tag: str | None


class Bucket(Protocol):
    """Where files are kept outside of this machine."""

    async def listed(self, conversation: str) -> Mapping[str, Kept]:
        """Returns the files of a conversation by their paths in the folder."""
        ...

    async def put(self, conversation: str, name: str, path: Path) -> str | None:
        """Puts a file there and returns its tag."""
        ...

    async def get(self, conversation: str, name: str, path: Path) -> None:
        """Writes a file from there to a path."""
        ...

    async def remove(self, conversation: str, names: Sequence[str]) -> None:
        """Deletes files of a conversation."""
        ...

    async def delete(self, conversation: str) -> None:
        """Deletes all files of a conversation."""
        ...


class Files:
    """The files of every conversation.

    Args:
        home: The home folder.
        bucket: Where they are kept for good; None where that is the folder.
    """

    def __init__(self, home: Path, bucket: Bucket | None = None) -> None:
        self._home, self._bucket = home / "files", bucket
        # Of each file that was put or brought, what it was then: its time and size here, its tag there.
        self._known: dict[Path, tuple[int, int, str | None]] = {}

    @property
    def bucket(self) -> Bucket | None:
        """Where they are kept for good; None where that is the folder."""
        return self._bucket

    def folder(self, conversation: str) -> Path:
        """Returns the folder of a conversation, which need not be there."""
        return self._home / conversation

    async def bring(self, conversation: str) -> None:
        """Brings what is newer in the bucket, or lacks here.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        if self._bucket is None:
            return
        folder = self.folder(conversation)
        for name, there in (await self._bucket.listed(conversation)).items():
            path = folder / PurePosixPath(name)
            if ".." in path.parts or not self._is_newer(there, path):
                continue
            await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
            made = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                await self._bucket.get(conversation, name, made)
                made.replace(path)
                self._know(path, there.tag)
            finally:
                made.unlink(missing_ok=True)

    async def keep(self, conversation: str) -> None:
        """Puts into the bucket what is new in the folder, or has changed.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        folder = self.folder(conversation)
        if self._bucket is None or not folder.is_dir():
            return
        there = await self._bucket.listed(conversation)
        for path in sorted(each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
            name = path.relative_to(folder).as_posix()
            if self._has_changed(path, there.get(name)):
                self._know(path, None)  # as it was before, in case that it changes meanwhile
                self._known[path] = (*self._known[path][:2], await self._bucket.put(conversation, name, path))

    async def forget(self, conversation: str) -> None:
        """Deletes the files of a conversation.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        folder = self.folder(conversation)
        if self._bucket is not None:  # first, so that all is still there where it is away
            await self._bucket.delete(conversation)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        self._known = {path: each for path, each in self._known.items() if folder not in path.parents}

    def _know(self, path: Path, tag: str | None) -> None:
        about = path.stat()
        self._known[path] = (about.st_mtime_ns, about.st_size, tag)

    def _is_newer(self, there: Kept, path: Path) -> bool:
        """Whether a file in the bucket is to come here: never over one that has changed here since."""
        try:
            about = path.stat()
        except OSError:
            return True
        if known := self._known.get(path):
            return known[:2] == (about.st_mtime_ns, about.st_size) and known[2] != there.tag
        return about.st_size != there.size and there.changed.timestamp() > about.st_mtime

    def _has_changed(self, path: Path, there: Kept | None) -> bool:
        """Whether a file here is to go to the bucket."""
        about = path.stat()
        if there is None:
            return True
        if known := self._known.get(path):
            return known[:2] != (about.st_mtime_ns, about.st_size)
        return about.st_size != there.size or about.st_mtime > there.changed.timestamp() + 1


def open_files(settings: Settings) -> Files:
    """Returns the files of the settings' home folder.

    Raises:
        SettingsError: What the bucket needs is not installed.
    """
    if settings.artifacts is None:
        return Files(settings.home)
    try:
        from assistant.bucket import S3Bucket
    except ImportError:
        raise SettingsError("artifacts needs obstore: pip install 'assistant[s3]'.") from None
    return Files(settings.home, S3Bucket(settings.artifacts))
