"""What the library is made of: documents, their pages, the passages cut from them, and search hits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeStatus = Literal["added", "changed", "unchanged", "refused", "removed"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, as fractions of the page's width and height from its top left corner, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Line:
    """Where a part of a page's text stands on the page.

    Attributes:
        start: First character in the page's text.
        end: One past the last.
        box: Around it.
    """

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class Page:
    """One page as a reader hands it over.

    Attributes:
        number: The page's number as printed by a viewer, from 1; None where the format has no pages.
        text: The page's text. Every character span in the library counts in this string.
        lines: Where its lines stand, in the order of the text; empty where the format does not tell.
    """

    number: int | None
    text: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A picture of a document, or the document itself where that is a picture.

    In the page's text a line stands for it, with its caption and the words recognised in it: these are found and cited
    like any others.

    Attributes:
        page: The position of its page among the document's, from 0.
        start: First character of that line in the page's text.
        end: One past its last character.
        data: The encoded picture.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        width: Pixels.
        height: Pixels.
        caption: Caption, alternative text or file name; may be empty.
        box: Where it stands on the page, None where the format does not tell.
    """

    page: int
    start: int
    end: int
    data: bytes
    media_type: str
    width: int
    height: int
    caption: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """What a reader makes of one file."""

    title: str
    kind: str
    pages: tuple[Page, ...]
    pictures: tuple[ReadPicture, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the library holds.

    Attributes:
        id: Its row in the store; never used again after a removal.
        path: The absolute path it was added from; unique in a library.
        title: The title found in the file, else the file name.
        kind: The format's short name: ``pdf``, ``markdown``, ``html``, ``docx``, ``text``.
        sha256: Hex digest of the file's bytes when it was added.
        size: Bytes.
        pages: How many pages it has; 1 where the format has none.
        passages: How many passages were cut from it.
        added: UTC time in ISO 8601.
        tags: Words that somebody gave it, in the order of the alphabet.
    """

    id: int
    path: str
    title: str
    kind: str
    sha256: str
    size: int
    pages: int
    passages: int
    added: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of one page, a few sentences long: the unit that is embedded, found and cited.

    Attributes:
        id: Its row in the store; never used again after a removal.
        document: The document's id.
        page: The page's number, None where the format has no pages.
        start: First character in the page's text, from 0.
        end: One past the last character; ``page_text[start:end] == text``.
        heading: The headings above it, outermost first, joined by `` > ``; may be empty.
        text: The exact words.
    """

    id: int
    document: int
    page: int | None
    start: int
    end: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that the library holds; `Library.picture_data` has its bytes.

    Attributes:
        id: Its row in the store; never used again after a removal.
        document: The document's id.
        page: The page's number, None where the format has no pages.
        start: First character, in the page's text, of the line that stands for it: its caption and the words in it.
        end: One past that line's last character.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        width: Pixels.
        height: Pixels.
        caption: Caption, alternative text or file name; may be empty.
        box: Where it stands on the page, None where the format does not tell.
    """

    id: int
    document: int
    page: int | None
    start: int
    end: int
    media_type: str
    width: int
    height: int
    caption: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that answers a query, with the reasons why it came.

    Attributes:
        passage: What was found.
        document: Where it stands.
        score: The fused score that ordered the hits; higher is better.
        dense: Cosine between query and passage, -1 to 1.
        lexical: BM25 divided by the best BM25 of this query, 0 to 1; 0 where no word matched.
        reranked: The reranker's score on its own scale, None where it did not look at the passage.
        alike: Mean score of the other candidates that are most like it, towards which its own was drawn; None where it
            was not.
        boxes: Where the passage stands on its page, a box for each line; empty where the format does not tell.
        pictures: The pictures that stand in the passage, the one most like the query first.
        visual: Cosine between the query and the first of these pictures, -1 to 1; None where none was compared.
        beside: Whether it only stands beside a passage that was found, whose scores these then are.
    """

    passage: Passage
    document: Document
    score: float
    dense: float
    lexical: float
    reranked: float | None = None
    alike: float | None = None
    boxes: tuple[Box, ...] = ()
    pictures: tuple[Picture, ...] = ()
    visual: float | None = None
    beside: bool = False


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A document that is about what was asked, with the reasons.

    Attributes:
        document: What was found.
        score: Of its best passage; higher is better.
        passages: How many of its passages are about it, among those that were looked at.
        best: The best of these, best first.
    """

    document: Document
    score: float
    passages: int
    best: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file in an ingest.

    Attributes:
        path: The file.
        status: What happened.
        reason: One line for the person when it was refused, else empty; a ``Reason`` where its code is known.
        document: The library's entry, None when refused.
    """

    path: str
    status: OutcomeStatus
    reason: str = ""
    document: Document | None = None
