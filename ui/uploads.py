"""Uploaded files: kept under their own names in the home folder, then added to the library."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import shutil
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from assistant.errors import AssistantError
from assistant.session import Assistant
from index.errors import LibraryError
from index.ingest import Progress
from index.read import LABELS, SUFFIXES
from index.types import Outcome, OutcomeStatus

log = logging.getLogger(__name__)

HASH_DIGITS = 12
SECONDS_BETWEEN_LOOKS = 0.3


@dataclass(slots=True)
class Upload:
    """One uploaded file.

    Attributes:
        name: As the person knows it.
        received: Where the browser's bytes were put; a temporary place.
        started: Whether it is being read.
        words: How far it is, where that is known.
        stopped: Whether the person stopped the upload before it was stored.
        outcome: What became of it.
    """

    name: str
    received: Path
    started: bool = False
    words: str = ""
    stopped: bool = False
    outcome: Outcome | None = None

    @property
    def status(self) -> OutcomeStatus | None:
        """How it ended, None before."""
        return self.outcome.status if self.outcome else None


class Uploads:
    """Adds uploaded files to the library and removes documents from it.

    Args:
        assistant: Whose library and home folder.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._libraries = assistant.libraries
        self._folder = assistant.settings.home / "files" / "uploads"
        # One after the other: the store takes one writer, and a second would wait inside it unseen.
        self._turn = asyncio.Lock()

    async def add(
        self, received: Sequence[Path], library: str | None = None, stop: Event | None = None
    ) -> AsyncGenerator[list[Upload], None]:
        """Adds files one by one; one that cannot be read does not stop the others.

        Args:
            received: Temporary files.
            library: To which library; None takes the default.
            stop: Ends it once it is set; what is stored by then stays.

        Yields:
            Every upload with its state, often.
        """
        uploads, stop = [Upload(path.name, path) for path in received], stop or Event()
        yield uploads
        async with self._turn:
            for upload in uploads:
                upload.started = not stop.is_set()
                upload.stopped = stop.is_set()
                if upload.stopped:
                    continue
                # Goes on when the page is closed: half an upload would be of no use to anybody.
                adding = asyncio.ensure_future(asyncio.to_thread(self._add, upload, library, stop))
                while not adding.done():
                    yield uploads
                    await asyncio.wait([adding], timeout=SECONDS_BETWEEN_LOOKS)
                upload.outcome = await adding
                upload.stopped = upload.outcome is None
            yield uploads

    def remove(self, document: object, library: str | None = None) -> str:
        """Removes a document and its uploaded file.

        Args:
            document: Its id, as the page sent it.
            library: From which library; None takes the default.

        Returns:
            Why it could not be done; empty when it was.
        """
        try:
            held = self._libraries.get(library)
            found = next((each for each in held.documents() if str(each.id) == str(document)), None)
            if found is None:
                return "This document is not in the library any more."
            held.remove(str(found.id))
        except (AssistantError, LibraryError) as error:
            return str(error)
        self._forget(Path(found.path))
        return ""

    def _add(self, upload: Upload, library: str | None, stop: Event) -> Outcome | None:
        """Adds a file; None where it was stopped."""

        def show(progress: Progress) -> None:
            upload.words = f"{progress.done:,} of {progress.passages:,} passages"

        if upload.received.suffix.lower() not in SUFFIXES:
            kind = upload.received.suffix or "without an ending"
            return Outcome(upload.name, "refused", f"files {kind} cannot be read; the library reads {kinds()}.")
        try:
            kept = self._keep(upload)
            outcomes = self._libraries.get(library).add([kept], on_progress=show, cancelled=stop.is_set)
        except (AssistantError, LibraryError, OSError) as error:
            log.warning("upload of %s failed", upload.name, exc_info=error)
            return Outcome(upload.name, "refused", str(error))
        except Exception as error:  # the edge: the other files go on
            log.exception("upload of %s failed", upload.name)
            return Outcome(upload.name, "refused", f"something went wrong ({type(error).__name__}: {error})")
        outcome = outcomes[0] if outcomes else None
        if outcome is None or outcome.status == "refused":
            self._forget(kept)
        return outcome

    def _keep(self, upload: Upload) -> Path:
        with upload.received.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        target = self._folder / digest[:HASH_DIGITS] / upload.name
        target.parent.mkdir(parents=True, exist_ok=True)
        # Copied, since two people who upload the same file are given the same temporary one.
        shutil.copyfile(upload.received, target)
        return target

    def _forget(self, path: Path) -> None:
        if self._folder in path.parents and not self._is_held(path):
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()

    def _is_held(self, path: Path) -> bool:
        """Whether a document of any library came from a file: the same one may have been added to several."""
        libraries = map(self._libraries.get, self._libraries.names())
        return any(library.at_path(str(path)) for library in libraries)


def kinds() -> str:
    """Returns the kinds of files that can be read."""
    return ", ".join(LABELS)
