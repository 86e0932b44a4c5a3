"""A conversation's own documents and the library that it is about, searched as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from index.errors import UnknownDocument
from index.filter import Filter
from index.library import Library
from index.types import Document, DocumentHit, Hit, Passage, Picture

# Numbers of a conversation's own documents, passages and pictures begin here, where no library's ever come.
OWN = 1 << 40
# By so much, on the scale of scores from 0 to 1, an own passage comes before one of the library that is as good.
AHEAD = 0.1

Found = TypeVar("Found")


class JointLibrary:
    """Two libraries behind the methods that a turn and its tools use.

    Args:
        own: The conversation's own documents.
        shared: The library.
    """

    def __init__(self, own: Library, shared: Library) -> None:
        self._own, self._shared = own, shared

    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Returns at most ``k`` passages, best first; of what is in both, the conversation's own."""
        return self._both(lambda library: library.search(query, k, only), k)

    def search_pictures(
        self, query: str = "", k: int = 6, only: Filter | None = None, like: Path | None = None
    ) -> list[Hit]:
        """Returns at most ``k`` passages with pictures that fit words, the picture in a file, or both, best first."""
        return self._both(lambda library: library.search_pictures(query, k, only, like), k)

    def picture_note(self) -> str:
        """Returns what a person has to know about searches for pictures; empty where nothing."""
        return self._own.picture_note() or self._shared.picture_note()

    def documents(self) -> list[Document]:
        """Returns every document, the conversation's own first."""
        return [*map(_own_document, self._own.documents()), *self._shared.documents()]

    def documents_about(self, query: str, only: Filter | None = None) -> list[DocumentHit]:
        """Returns the documents that are about something, the conversation's own first, each with its best passages."""
        own, shared = self._asked(lambda library: library.documents_about(query, only))
        mine = [
            replace(each, document=_own_document(each.document), best=tuple(map(_own_hit, each.best))) for each in own
        ]
        return [*mine, *shared]

    def search_each(
        self, things: Sequence[str], query: str = "", k: int = 3, only: Filter | None = None
    ) -> list[list[Hit]]:
        """Returns at most ``k`` passages on each of some things: documents by name, or anything in words."""
        return [self._each(thing, query, k, only) for thing in things]

    def neighbours(self, passage: int, before: int = 1, after: int = 1) -> list[Passage]:
        """Returns a passage with those around it in its document, in reading order."""
        if passage < OWN:
            return self._shared.neighbours(passage, before, after)
        return list(map(_own_passage, self._own.neighbours(passage - OWN, before, after)))

    def page_text(self, document: int, page: int | None) -> str:
        """Returns the text in which the spans of a page's passages count.

        Raises:
            UnknownDocument: There is no such document or page.
        """
        return self._own.page_text(document - OWN, page) if document >= OWN else self._shared.page_text(document, page)

    def loaded_picture(self, id: int) -> tuple[Picture, bytes]:
        """Returns a picture with its bytes.

        Raises:
            UnknownDocument: There is none of this id.
        """
        if id < OWN:
            return self._shared.loaded_picture(id)
        picture, data = self._own.loaded_picture(id - OWN)
        return _own_picture(picture), data

    def _each(self, thing: str, query: str, k: int, only: Filter | None) -> list[Hit]:
        # A document by its name is asked for where it is; to the other library its name would be mere words.
        mine, theirs = self._own.knows(thing), self._shared.knows(thing)
        own = [] if theirs and not mine else self._own.search_each([thing], query, k)[0]
        shared = [] if mine else self._shared.search_each([thing], query, k, only)[0]
        return _merged(list(map(_own_hit, own)), shared, k)

    def _both(self, ask: Callable[[Library], list[Hit]], k: int) -> list[Hit]:
        own, shared = self._asked(ask)
        return _merged(list(map(_own_hit, own)), shared, k)

    def _asked(self, ask: Callable[[Library], list[Found]]) -> tuple[list[Found], list[Found]]:
        """Asks both; a filter may name documents that one of them does not have.

        Raises:
            UnknownDocument: Neither has it.
        """
        found: list[list[Found]] = []
        missing: list[UnknownDocument] = []
        for library in (self._own, self._shared):
            try:
                found.append(ask(library))
            except UnknownDocument as error:
                found.append([])
                missing.append(error)
        if len(missing) == len(found):
            raise missing[-1]
        return found[0], found[1]


def _merged(own: list[Hit], shared: list[Hit], k: int) -> list[Hit]:
    """Puts hits of both in one row, each in its own order; a passage that is in both is taken once.

    The next is the one with the higher cosine, since the other scores are relative to what else a library holds.
    """
    texts = {hit.passage.text for hit in own}
    mine, theirs = deque(own), deque(hit for hit in shared if hit.passage.text not in texts)
    row: list[Hit] = []
    while (mine or theirs) and len(row) < k:
        first = not theirs or (mine and mine[0].dense + AHEAD >= theirs[0].dense)
        row.append(mine.popleft() if first else theirs.popleft())
    return row


def _own_document(document: Document) -> Document:
    return replace(document, id=document.id + OWN)


def _own_passage(passage: Passage) -> Passage:
    return replace(passage, id=passage.id + OWN, document=passage.document + OWN)


def _own_picture(picture: Picture) -> Picture:
    return replace(picture, id=picture.id + OWN, document=picture.document + OWN)


def _own_hit(hit: Hit) -> Hit:
    return replace(
        hit,
        passage=_own_passage(hit.passage),
        document=_own_document(hit.document),
        pictures=tuple(map(_own_picture, hit.pictures)),
    )
