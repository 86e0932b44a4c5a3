"""The files that one tab has uploaded: added one after the other, paused, given up and tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from gradio.utils import get_upload_folder

from ui.uploads import Upload, Uploads

SECONDS_BETWEEN_LOOKS = 0.3
LONGEST_NAME, DEEPEST = 200, 12
# Files that one tab may have waiting.
MOST = 100_000


class UploadQueue:
    """Adds files in the order in which they came; it goes on when the page is closed.

    Args:
        uploads: What adds one.

    Attributes:
        entries: Every file with what has become of it.
        paused: Whether no further file is begun.
        awaited: Whether a question waits for the files.
    """

    def __init__(self, uploads: Uploads) -> None:
        self.entries: list[Upload] = []
        self.paused = self.awaited = False
        self._uploads = uploads
        self._work: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether there is a file left to be added."""
        return self._work is not None and not self._work.done()

    def put(self, files: Sequence[Upload]) -> None:
        """Takes files that have arrived; those of an earlier time that are settled are forgotten."""
        if not self.running:
            self.entries, self.awaited = [], False
        self.entries += files[: MOST - len(self.entries)]
        self._begin()

    def stop(self, place: int | None = None) -> None:
        """Gives up one file, or all that are not settled."""
        for upload in self._chosen(place):
            upload.stop = upload.stop or not upload.settled
        self.paused = self.paused and place is not None

    def retry(self, place: int | None = None) -> None:
        """Tries one file again that was refused or given up, or all of them."""
        for upload in self._chosen(place):
            if upload.failed:
                upload.stop, upload.outcome, upload.far = False, None, None
        self._begin()

    async def watch(self) -> AsyncGenerator[UploadQueue, None]:
        """Yields this, often, until every file is settled."""
        yield self
        while self._work is not None and not self._work.done():
            await asyncio.wait([self._work], timeout=SECONDS_BETWEEN_LOOKS)
            yield self

    async def settled(self) -> None:
        """Waits until every file is settled."""
        if self._work is not None:
            await asyncio.wait([self._work])

    def _chosen(self, place: int | None) -> Sequence[Upload]:
        return self.entries if place is None else self.entries[place : place + 1]

    def _begin(self) -> None:
        if not self.running and any(not each.settled for each in self.entries):
            self._work = asyncio.create_task(self._add_all())

    async def _add_all(self) -> None:
        while waiting := next((each for each in self.entries if not each.settled), None):
            if self.paused:
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            else:
                await self._uploads.add(waiting)
                # What was stopped while it was read has no outcome.
                waiting.stop = waiting.stop or waiting.outcome is None


def read_files(sent: object, library: str | None) -> list[Upload]:
    """Reads which files the page has sent; one that was not uploaded to this server is passed over.

    Args:
        sent: A list of ``{"path", "name"}``.
        library: Where they are to go.
    """
    rows = [row for row in sent if isinstance(row, dict)] if isinstance(sent, list) else []
    pairs = [(_received(row.get("path")), _name(row.get("name"))) for row in rows]
    return [Upload(name or path.name, path, library) for path, name in pairs if path]


def _received(path: object) -> Path | None:
    if not isinstance(path, str) or "\0" in path:
        return None
    found = Path(path).resolve()
    return found if found.is_relative_to(Path(get_upload_folder()).resolve()) and found.is_file() else None


def _name(name: object) -> str:
    """A path below the folder of uploads, whatever was sent."""
    parts = str(name).replace("\\", "/").split("/") if isinstance(name, str) else []
    parts = ["".join(filter(str.isprintable, part)).strip() for part in parts]
    kept = [part for part in parts if part.strip(".")]
    return "/".join(_short(part) for part in kept[-DEEPEST:])


def _short(part: str) -> str:
    """A file system takes 255 bytes; the ending is kept, since it tells the kind."""
    stem, dot, ending = part.rpartition(".")
    if len(part.encode()) <= LONGEST_NAME or not dot:
        return part.encode()[:LONGEST_NAME].decode(errors="ignore")
    return stem.encode()[: LONGEST_NAME - len(ending.encode()) - 1].decode(errors="ignore") + dot + ending
