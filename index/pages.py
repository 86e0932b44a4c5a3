"""Pages beside their text: as a viewer shows them, the pictures on them, and where a quote stands."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from index import pictures, records
from index.errors import UnreadableFile
from index.read.pool import Readers
from index.store import Store
from index.types import Box, Document, Passage, Picture


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page that has been drawn.

    Attributes:
        data: The encoded picture.
        media_type: Its kind.
    """

    data: bytes
    media_type: str


class Pages:
    """What a library has of its pages beside their text: pictures of them, pictures on them, and where lines stand.

    Args:
        store: What is held.
        readers: What draws.
    """

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    def boxes(self, document: int, page: int | None, start: int, end: int) -> tuple[Box, ...]:
        """Returns where a stretch of a page's text stands on it, a box for each line; none where nobody knows.

        Args:
            document: The document's id.
            page: The page's number; None where the format has no pages.
            start: First character.
            end: One past the last.
        """
        with self._store.reading() as connection:
            return pictures.boxes(connection, document, page, start, end)

    def around(
        self, document: int, page: int | None, start: int, end: int, before: int = 1, after: int = 1
    ) -> list[Passage]:
        """Returns the passages that hold a stretch of a page's text, with those around them in the document.

        Args:
            document: The document's id.
            page: The page's number; None where the format has no pages.
            start: First character.
            end: One past the last.
            before: How many before them at most.
            after: How many after them at most.

        Returns:
            In reading order; none where the stretch is in no passage.
        """
        with self._store.reading() as connection:
            return records.around(connection, document, page, start, end, before, after)

    def page_picture(self, document: int, page: int | None, longest: int = 1600) -> PagePicture | None:
        """Draws a page as a viewer shows it; boxes count on this picture.

        Args:
            document: The document's id.
            page: The page's number; None where the format has no pages.
            longest: Pixels of the longest side.

        Returns:
            The picture; None where the format has none, or the file is not there any more as it was added.

        Raises:
            UnknownDocument: There is no such document.
        """
        return _page_picture(self._store, self._readers, document, page, longest)

    def pictures(self, document: int, page: int | None, start: int = 0, end: int | None = None) -> list[Picture]:
        """Returns the pictures of a page, or of a stretch of its text, in reading order.

        Args:
            document: The document's id.
            page: The page's number; None where the format has no pages.
            start: First character.
            end: One past the last; None for all.
        """
        with self._store.reading() as connection:
            return pictures.within(connection, document, page, start, end)

    def picture(self, id: int) -> Picture:
        """Returns a picture.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with self._store.reading() as connection:
            return pictures.picture(connection, id)

    def loaded_picture(self, id: int) -> tuple[Picture, bytes]:
        """Returns a picture with its bytes.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with self._store.reading() as connection:
            return pictures.picture(connection, id), pictures.data(connection, id)

    def picture_data(self, id: int) -> bytes:
        """Returns the bytes of a picture, in its ``media_type``.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with self._store.reading() as connection:
            return pictures.data(connection, id)


def _page_picture(store: Store, readers: Readers, number: int, page: int | None, longest: int) -> PagePicture | None:
    with store.reading() as connection:
        document = records.document(connection, number)
        if document.kind == "picture":
            held = pictures.within(connection, number, page)
            return PagePicture(pictures.data(connection, held[0].id), held[0].media_type) if held else None
    if document.kind != "pdf" or page is None or not _is_as_added(document):
        return None
    try:
        return PagePicture(readers.draw(Path(document.path), page, longest), "image/png")
    except UnreadableFile:
        return None


def _is_as_added(document: Document) -> bool:
    """Whether the file is still the one whose text the library holds; boxes of another would be wrong."""
    try:
        with Path(document.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == document.sha256
    except OSError:
        return False
