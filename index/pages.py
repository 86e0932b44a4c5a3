"""The picture of a page as a viewer shows it, on which a quote can be highlighted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from index import pictures, records
from index.errors import UnreadableFile
from index.read.pool import Readers
from index.store import Store
from index.types import Document


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page that has been drawn.

    Attributes:
        data: The encoded picture.
        media_type: Its kind.
    """

    data: bytes
    media_type: str


def page_picture(store: Store, readers: Readers, number: int, page: int | None, longest: int) -> PagePicture | None:
    """Draws a page of a PDF; a picture file's page is the picture itself.

    Args:
        store: What is held.
        readers: What draws.
        number: The document's id.
        page: The page's number; None for a picture file of one.
        longest: Pixels of the longest side.

    Returns:
        The picture; None where the format has none, or the file is not there any more as it was added.

    Raises:
        UnknownDocument: There is no such document.
    """
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
