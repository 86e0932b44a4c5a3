"""Uploaded files: kept under their own names in the home folder, then added to the library."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.errors import AssistantError
from assistant.originals import Originals
from assistant.samples import DOCUMENTS
from assistant.session import Assistant
from index.errors import LibraryError, UnknownDocument
from index.ingest import Progress
from index.read import SUFFIXES
from index.types import Document, Outcome, OutcomeStatus
from ui.language import Texts
from ui.reasons import told

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Upload:
    """One uploaded file.

    Attributes:
        name: As the person knows it, with the folders below the one that was chosen, divided by slashes.
        received: Where the browser's bytes were put; a temporary place.
        library: Where it is to go; None is the default.
        conversation: To which conversation alone it is to belong; empty for the library.
        started: Whether it is being read.
        far: How far it is, where that is known.
        stop: Whether the person no longer wants it.
        outcome: What became of it.
    """

    name: str
    received: Path
    library: str | None = None
    started: bool = False
    far: Progress | None = None
    stop: bool = False
    outcome: Outcome | None = None
    conversation: str = ""

    @property
    def status(self) -> OutcomeStatus | None:
        """How it ended, None before."""
        return self.outcome.status if self.outcome else None

    @property
    def stopped(self) -> bool:
        """Whether it was given up before it was stored."""
        return self.stop and self.outcome is None and not self.started

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.outcome is not None or self.stopped

    @property
    def failed(self) -> bool:
        """Whether it can be tried again."""
        return self.stopped or self.status == "refused"


def samples(library: str | None) -> list[Upload]:
    """Returns the documents that ship as if they had been uploaded.

    Args:
        library: Where they are to go.
    """
    return [Upload(path.name, path, library) for path in sorted(DOCUMENTS.iterdir())]


class Uploads:
    """Adds uploaded files to the library and removes documents from it.

    Args:
        assistant: Whose library and home folder.

    Attributes:
        folder: Where uploaded files are kept, each in a folder of its own below the one that it was uploaded from.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._libraries, self._attachments = assistant.libraries, assistant.attachments
        self._bucket = assistant.attachment_bucket
        self._originals = Originals(assistant.libraries, assistant.settings.home)
        self.folder = self._originals.folder
        # One after the other: the store takes one writer, and a second would wait inside it unseen. For each file anew,
        # so that several people's files take turns.
        self._turn = asyncio.Lock()

    async def add(self, upload: Upload) -> None:
        """Adds a file; what became of it stands in it then."""
        async with self._turn:
            if upload.stop:
                return
            upload.started = True
            # Goes on when the page is closed: half an upload would be of no use to anybody.
            try:
                upload.outcome = await asyncio.shield(self._added(upload))
            finally:
                upload.started = False

    def remove(self, document: object, library: str | None, t: Texts) -> str:
        """Removes a document and its uploaded file.

        Args:
            document: Its id, as the page sent it.
            library: From which library; None takes the default.
            t: What the page says.

        Returns:
            Why it could not be done; empty when it was.
        """
        try:
            held = self._libraries.get(library)
            found = held.document(document) if type(document) is int else None
            if found is None:
                return t("library.not_there")
            held.remove(found.path)
        except UnknownDocument:
            return t("library.not_there")
        except (AssistantError, LibraryError) as error:
            return str(error)
        self._originals.forget(Path(found.path))
        return ""

    async def _added(self, upload: Upload) -> Outcome | None:
        if not upload.conversation:
            return await asyncio.to_thread(self._add, upload)
        try:
            async with self._bucket.changing(upload.conversation):
                return await asyncio.to_thread(self._add, upload)
        except (AssistantError, LibraryError) as error:
            log.warning("upload of %s failed", upload.name, exc_info=error)
            return Outcome(upload.name, "refused", str(error))

    def _add(self, upload: Upload) -> Outcome | None:
        """Adds a file; None where it was stopped."""

        def show(progress: Progress) -> None:
            upload.far = progress

        if upload.received.suffix.lower() not in SUFFIXES:
            kind = upload.received.suffix or "?"
            return Outcome(upload.name, "refused", told("upload_kind", kind=kind))
        try:
            if upload.conversation:
                how: dict[str, Any] = {"on_progress": show, "cancelled": lambda: upload.stop}
                return self._attachments.add(upload.conversation, upload.received, upload.name, **how)
            with upload.received.open("rb") as file:
                kept = self._originals.keep(file, upload.name)
            library = self._libraries.get(upload.library)
            outcomes = library.add([kept], on_progress=show, cancelled=lambda: upload.stop)
        except (AssistantError, LibraryError, OSError) as error:
            log.warning("upload of %s failed", upload.name, exc_info=error)
            return Outcome(upload.name, "refused", str(error))
        except Exception as error:  # the edge: the other files go on
            log.exception("upload of %s failed", upload.name)
            return Outcome(upload.name, "refused", told("upload_bug", error=f"{type(error).__name__}: {error}"))
        outcome = outcomes[0] if outcomes else None
        if outcome is None or outcome.status == "refused":
            self._originals.forget(kept)
        return outcome

    def has(self, document: Document, library: str | None) -> bool:
        """Whether a library has a document of a conversation too.

        Args:
            document: As the conversation has it.
            library: Which library.
        """
        try:
            path = self._originals.place(document.sha256, document.path.rpartition("/")[2])
            return self._libraries.get(library).at_path(str(path)) is not None
        except (AssistantError, LibraryError):  # there is no such library any more
            return False
