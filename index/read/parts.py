"""Files in a file: the parts of an archive, the attachments of a message."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from index.errors import UnreadableFile
from index.read.budget import Harmful
from index.read.clean import heading
from index.types import Line, Page, ReadDocument, ReadPicture

_HEADING = re.compile(r"^(?P<marks>#{1,6})(?=[ \t]|$)", re.MULTILINE)
_LOWEST = 6
_HAS_NO_HEADINGS = ("text", "code", "csv")


@dataclass(slots=True)
class Parts:
    """Collects documents as the pages of one.

    Attributes:
        pages: Numbered from 1, since the parts' own numbers occur again and again.
        pictures: Of all parts.
        listing: A line for each part: its name, and why it was not read where it was not.
    """

    pages: list[Page] = field(default_factory=list)
    pictures: list[ReadPicture] = field(default_factory=list)
    listing: list[str] = field(default_factory=list)

    def read(self, name: str, reader: Callable[[], ReadDocument]) -> None:
        """Adds a part, or says in the listing why it could not be read.

        Args:
            name: As the file that holds it calls it.
            reader: Reads it.

        Raises:
            UnreadableFile: It is made to do harm, for which the whole file is refused.
        """
        try:
            document = reader()
        except Harmful:
            raise
        except UnreadableFile as error:
            self.listing.append(f"{name}: not read; it {error}")
        else:
            self.listing.append(name)
            self.add(document, heading(1, name))

    def add(self, document: ReadDocument, title: str = "") -> None:
        """Adds a document's pages below a heading; its own headings go one level down."""
        first = len(self.pages)
        shifts = []
        for number, page in enumerate(document.pages):
            above = f"{title}\n\n" if title and number == 0 else ""
            moved, shift = _moved(page, above, document.kind) if title else (page, _unmoved)
            self.pages.append(replace(moved, number=first + number + 1))
            shifts.append(shift)
        for picture in document.pictures:
            shift = shifts[picture.page]
            moved_to = first + picture.page
            self.pictures.append(replace(picture, page=moved_to, start=shift(picture.start), end=shift(picture.end)))


def _unmoved(position: int) -> int:
    return position


def _moved(page: Page, above: str, kind: str) -> tuple[Page, Callable[[int], int]]:
    """A page with its headings one level lower, and where each character went."""
    inserted: list[int] = []

    def lower(match: re.Match[str]) -> str:
        if kind in _HAS_NO_HEADINGS:
            inserted.append(match.start())
            return f" {match[0]}"
        if len(match["marks"]) == _LOWEST:
            return match[0]
        inserted.append(match.start())
        return f"#{match[0]}"

    text = above + _HEADING.sub(lower, page.text)

    def shift(position: int) -> int:
        return len(above) + position + bisect_right(inserted, position)

    lines = tuple(Line(shift(line.start), shift(line.end), line.box) for line in page.lines)
    return Page(page.number, text, lines), shift
