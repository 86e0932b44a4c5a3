"""A citation looked up in the library as it is now: its quote among the passages around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from assistant.errors import AssistantError
from assistant.events import Citation
from assistant.session import Assistant
from index.errors import LibraryError
from index.library import Library
from index.types import Document, Passage
from ui.language import Texts
from ui.sheet import Sheet, sheets

# Passages that each press of a button adds, and how many there may be on either side.
STEP, MOST = 3, 61

Kind = Literal["beside", "cited", "quote", "page"]


@dataclass(frozen=True, slots=True)
class Around:
    """How many passages are shown on either side of a quote's own."""

    before: int = 1
    after: int = 1

    @classmethod
    def read(cls, before: object, after: object) -> Around:
        """Reads what the page sent; what it cannot have sent counts as nothing."""
        return cls(*(min(each, MOST) if type(each) is int and each > 0 else 1 for each in (before, after)))

    def earlier(self) -> Around:
        """Returns the same with more before."""
        return replace(self, before=self.before + STEP)

    def later(self) -> Around:
        """Returns the same with more after."""
        return replace(self, after=self.after + STEP)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a document.

    Attributes:
        kind: What it is: the ``quote``, what stands with it in the passage that is ``cited``, what stands ``beside``
            that, or the name of another ``page`` that begins.
        text: Its words.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A citation opened in its document.

    Attributes:
        n: Which citation.
        pieces: Its quote with what stands around it, in reading order; none where it can no longer be shown.
        problem: Why not, else empty.
        sheets: What it looks like; none where the format has no look.
        around: How much is shown.
        earlier: Whether more stands before.
        later: Whether more stands after.
    """

    n: int
    pieces: tuple[Piece, ...] = ()
    problem: str = ""
    sheets: tuple[Sheet, ...] = ()
    around: Around = Around()
    earlier: bool = False
    later: bool = False


def find_source(assistant: Assistant, citation: Citation, name: str | None, around: Around, t: Texts) -> Source:
    """Looks a citation up in the library of a name."""
    try:
        library = assistant.attachments.holding(citation.document, name)
        # By path, since a stored answer names no ids and a document that was changed has a new one.
        if (document := library.at_path(citation.document)) is None:
            return Source(citation.n, problem=t("evidence.gone"))
        return _opened(library, document, citation, around, t)
    except (AssistantError, LibraryError) as error:
        return Source(citation.n, problem=str(error))


def _opened(library: Library, document: Document, citation: Citation, around: Around, t: Texts) -> Source:
    try:
        text = library.page_text(document.id, citation.page)
    except (LibraryError, LookupError):
        text = ""
    if text[citation.start : citation.end] != citation.quote:
        return Source(citation.n, problem=t("evidence.changed"))
    where = document.id, citation.page, citation.start, citation.end
    # One more on either side than is shown, which tells whether there is more.
    found = library.around(*where, around.before + 1, around.after + 1)
    held = [at for at, one in enumerate(found) if _holds(one, citation)]
    if not held:
        return Source(citation.n, (Piece("quote", citation.quote),), sheets=sheets(library, document, citation, t))
    first, last = max(0, held[0] - around.before), held[-1] + around.after + 1
    pieces = tuple(_pieces(library, document, citation, found[first:last], t))
    look = sheets(library, document, citation, t)
    return Source(citation.n, pieces, "", look, around, first > 0, last < len(found))


def _holds(passage: Passage, citation: Citation) -> bool:
    return passage.page == citation.page and passage.start < citation.end and passage.end > citation.start


def _pieces(
    library: Library, document: Document, citation: Citation, passages: list[Passage], t: Texts
) -> Iterator[Piece]:
    for page, those in groupby(passages, key=lambda one: one.page):
        rows = list(those)
        text, start, end = library.page_text(document.id, page), rows[0].start, max(one.end for one in rows)
        if page != citation.page:
            yield Piece("page", t("evidence.page", n=page))
            yield Piece("beside", text[start:end])
            continue
        if page != passages[0].page:
            yield Piece("page", t("evidence.page", n=page))
        own = [one for one in rows if _holds(one, citation)]
        edges = start, own[0].start, citation.start, citation.end, max(one.end for one in own), end
        kinds: tuple[Kind, ...] = ("beside", "cited", "quote", "cited", "beside")
        for kind, begin, until in zip(kinds, edges, edges[1:], strict=False):
            if begin < until:
                yield Piece(kind, text[begin:until])
