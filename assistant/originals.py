"""Files that were uploaded into libraries: each is kept under its own name, as long as a library holds its document."""

from __future__ import annotations

import hashlib
import logging
import uuid
from pathlib import Path
from typing import IO

from assistant.errors import AssistantError
from assistant.libraries import Libraries
from index.errors import LibraryError

log = logging.getLogger(__name__)

FOLDER = "uploads"
HASH_DIGITS = 12


class Originals:
    """The uploaded files of a home folder.

    Attributes:
        folder: Where they are.

    Args:
        libraries: Which hold what was made of them.
        home: The home folder.
    """

    def __init__(self, libraries: Libraries, home: Path) -> None:
        self._libraries, self.folder = libraries, home / "files" / FOLDER

    def place(self, digest: str, name: str) -> Path:
        """Returns where a file is kept, or would be.

        Args:
            digest: The SHA-256 of what it holds, in hex.
            name: What it is called, with the folders below the one that was uploaded, divided by slashes.
        """
        below, _, last = name.rpartition("/")
        return self.folder / below / digest[:HASH_DIGITS] / last

    def keep(self, received: IO[bytes], name: str) -> Path:
        """Keeps a copy of a file; the same file a second time has the same place.

        Args:
            received: What it holds, from its beginning.
            name: As for ``place``.

        Returns:
            Where it is kept.

        Raises:
            OSError: It cannot be.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        # Under another name first: whoever uploads the same file at this moment never reads half of it.
        part = self.folder / f".{uuid.uuid4().hex}.part"
        try:
            digest = hashlib.sha256()
            with part.open("wb") as file:
                while piece := received.read(1 << 20):
                    digest.update(piece)
                    file.write(piece)
            target = self.place(digest.hexdigest(), name)
            target.parent.mkdir(parents=True, exist_ok=True)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return target

    def forget(self, path: Path) -> None:
        """Deletes a file that was uploaded, unless a library still holds its document; others are left alone."""
        if self.folder in path.parents and not self._is_held(path):
            path.unlink(missing_ok=True)
            self._tidy(path)

    def drop(self, library: str) -> None:
        """Deletes a library with all that it holds, and the files that were uploaded into it.

        Raises:
            UnknownLibrary: There is none of this name.
            SettingsError: It cannot be deleted.
        """
        try:
            paths = [Path(each.path) for each in self._libraries.get(library, begin=False).documents()]
        except LibraryError:  # it cannot be read, and can be deleted
            log.warning("what was uploaded into %s stays", library, exc_info=True)
            paths = []
        self._libraries.remove(library)
        for path in paths:
            self.forget(path)

    def _tidy(self, path: Path) -> None:
        for folder in path.parents:
            if folder == self.folder:
                return
            try:
                folder.rmdir()
            except OSError:  # something else is in it
                return

    def _is_held(self, path: Path) -> bool:
        """Whether a document of any library came from a file: the same one may have been added to several."""
        try:
            libraries = map(self._libraries.get, self._libraries.names())
            return any(library.at_path(str(path)) for library in libraries)
        except (AssistantError, LibraryError):  # one cannot be read, and may hold it
            log.warning("%s is kept", path, exc_info=True)
            return True
