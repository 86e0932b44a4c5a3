"""Documents that belong to one conversation: searched before the library, seen nowhere else, deleted with it."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from assistant.joint import JointLibrary
from assistant.libraries import Libraries
from index.ingest import Cancelled, Progress
from index.library import Library
from index.types import Document, Outcome

# Gives the library that the document of a path is in.
Held = Callable[[str], Library]
FOLDER, LIBRARY = "attached", "library"
# Is written when another server's copy of a library has been put in the place of what was there.
TAG = "bucket-tag"
HASH_DIGITS = 12
# Beyond so many, libraries of conversations are closed that were not asked for in so many seconds.
MOST_OPEN, REST = 16, 3600.0


class Attachments:
    """The documents of every conversation, each in a small library of its own.

    Args:
        libraries: Share their models with them.
        home: The home folder.
    """

    def __init__(self, libraries: Libraries, home: Path) -> None:
        self._libraries, self._folder = libraries, home / FOLDER
        self._open: OrderedDict[str, tuple[Library, float]] = OrderedDict()
        # The copy that each stands for, and those whose place another one took while they may be in use.
        self._stands_for: dict[str, int] = {}
        self._retired: list[tuple[Library, float]] = []
        self._lock = Lock()

    def folder(self, conversation: str) -> Path:
        """Returns the folder of a conversation, which need not be there."""
        return self._folder / conversation

    def of(self, conversation: str, *, begin: bool = False) -> Library | None:
        """Returns a conversation's own library; None where it has none.

        Args:
            conversation: Its id.
            begin: Whether to make one.

        Raises:
            LibraryError: It cannot be opened.
        """
        folder = self._folder / conversation / LIBRARY
        if not (begin or folder.is_dir()):
            return None
        with self._lock:
            found, used = self._open.pop(conversation, (None, 0.0))
            if found and self._stands_for[conversation] != self._copy(conversation):
                self._retired.append((found, used))
                found = None
            if found is None:
                folder.mkdir(parents=True, exist_ok=True)
                self._stands_for[conversation] = self._copy(conversation)
                found = self._libraries.opened_at(folder)
            self._open[conversation] = found, time.monotonic()
            self._close_some()
            return found

    def documents(self, conversation: str) -> list[Document]:
        """Returns a conversation's own documents, in the order in which they were attached."""
        held = self.of(conversation)
        return held.documents() if held else []

    def beside(self, conversation: str, shared: Library) -> Library | JointLibrary:
        """Returns what a conversation searches: its own documents and the library that it is about."""
        own = self.of(conversation)
        return JointLibrary(own, shared) if own and own.documents() else shared

    def holding(self, path: str, library: str | None) -> Library:
        """Returns the library that a cited document is in.

        Args:
            path: The document's.
            library: Which library the conversation is about.

        Raises:
            UnknownLibrary: There is none of this name.
        """
        if Path(path).is_relative_to(self._folder):
            own = self.of(Path(path).relative_to(self._folder).parts[0])
            if own is not None:
                return own
        return self._libraries.get(library)

    def holder(self, library: str | None) -> Held:
        """Returns ``holding`` for one library."""
        return lambda path: self.holding(path, library)

    def add(
        self,
        conversation: str,
        received: Path,
        name: str,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Cancelled | None = None,
    ) -> Outcome | None:
        """Attaches a file, of which a copy is kept with the conversation.

        Args:
            conversation: Its id.
            received: Where the file is now.
            name: What it is called.
            on_progress: Is told how far it is.
            cancelled: Whether it is to be given up.

        Returns:
            What became of it; None where it was given up.

        Raises:
            LibraryError: It cannot be stored.
            OSError: It cannot be copied.
        """
        with received.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        kept = self._folder / conversation / "files" / digest[:HASH_DIGITS] / name
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(received, kept)
        own = self.of(conversation, begin=True)
        assert own
        outcomes = own.add([kept], on_progress=on_progress, cancelled=cancelled)
        outcome = outcomes[0] if outcomes else None
        if outcome is None or outcome.status == "refused":
            shutil.rmtree(kept.parent, ignore_errors=True)
        return outcome

    def add_missing(self, conversation: str) -> None:
        """Adds those files that lie with a conversation and are no documents of its library.

        Raises:
            LibraryError: They cannot be stored.
        """
        if own := self.of(conversation):
            held = {Path(each.path).parts[-2:] for each in own.documents()}
            files = (self._folder / conversation / "files").glob("*/*")
            own.add([path for path in sorted(files) if path.parts[-2:] not in held])

    def know(self, conversation: str) -> None:
        """Takes the library that is open for the newest, whatever has been written beside it."""
        with self._lock:
            self._stands_for[conversation] = self._copy(conversation)

    def remove(self, conversation: str, document: int) -> None:
        """Takes a document away from its conversation.

        Raises:
            UnknownDocument: There is none of this id.
        """
        if own := self.of(conversation):
            gone = own.document(document)
            own.remove(str(gone.id))
            # Another server may have its home folder elsewhere.
            digest = Path(gone.path).parent.name
            shutil.rmtree(self._folder / conversation / "files" / digest, ignore_errors=True)

    def forget(self, conversation: str) -> None:
        """Deletes all documents of a conversation."""
        with self._lock:
            if opened := self._open.pop(conversation, None):
                opened[0].close()
            self._stands_for.pop(conversation, None)
            shutil.rmtree(self._folder / conversation, ignore_errors=True)

    def close(self) -> None:
        """Closes those that are open."""
        with self._lock:
            while self._open:
                self._open.popitem()[1][0].close()
            while self._retired:
                self._retired.pop()[0].close()

    def _copy(self, conversation: str) -> int:
        try:
            return (self._folder / conversation / TAG).stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def _close_some(self) -> None:
        while self._retired and self._retired[0][1] < time.monotonic() - REST:
            self._retired.pop(0)[0].close()
        while len(self._open) > MOST_OPEN:
            oldest = next(iter(self._open))
            if self._open[oldest][1] > time.monotonic() - REST:
                return
            self._open.pop(oldest)[0].close()
