"""From passages to documents: which of them are about something, and why."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set

from index import records
from index.errors import UnknownDocument
from index.filter import Filter
from index.lexical import holding_all_words
from index.store import Store
from index.types import DocumentHit, Hit

# Passages looked at to find the documents.
DEPTH = 1000
# A passage whose cosine is this high is about what was asked, whatever its words: of the paragraphs of SQuAD 2.0, 78 %
# are this near to the title of their own article, and 0.1 % to that of another.
NEAR = 0.35
SHOWN = 3


class AcrossDocuments(ABC):
    """What a library answers about several documents at once."""

    _store: Store

    @abstractmethod
    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Finds the passages that answer a query."""

    def documents_about(self, query: str, only: Filter | None = None) -> list[DocumentHit]:
        """Finds the documents that are about something; else as ``search``.

        Returns:
            All that are, best first, each with its best passages and how many of its passages are about it.
        """
        hits = self.search(query, DEPTH, only)
        with self._store.reading() as connection:
            holding = holding_all_words(connection, query)
        return by_document(hits, holding)

    def search_each(
        self, things: Sequence[str], query: str = "", k: int = 3, only: Filter | None = None
    ) -> list[list[Hit]]:
        """Finds what is said of each of some things, so that all of them are heard; else as ``search``.

        Args:
            things: What is to be compared: documents by path, file name or title, or anything in words.
            query: What to find of each; empty takes the thing itself.
            k: How many passages for each at most.
            only: Which documents to search for things that are not documents.

        Returns:
            The hits for each thing, in its order, best first.
        """
        return [self._search_one(thing, query, k, only) for thing in things]

    def knows(self, reference: str) -> bool:
        """Whether exactly one document goes by an id, path, file name or title."""
        try:
            with self._store.reading() as connection:
                records.find(connection, reference)
        except UnknownDocument:
            return False
        return True

    def _search_one(self, thing: str, query: str, k: int, only: Filter | None) -> list[Hit]:
        try:
            with self._store.reading() as connection:
                held = records.find(connection, thing)
        except UnknownDocument:
            return self.search(f"{thing} {query}".strip(), k, only)
        return self.search(query if query.strip() else held.title, k, Filter(documents=[str(held.id)]))


def by_document(hits: Sequence[Hit], holding: Set[int]) -> list[DocumentHit]:
    """Gathers the passages that are about what was asked, by document.

    A document is as good as its best passage, after Dai and Callan, Deeper text understanding for IR, 2019,
    https://doi.org/10.1145/3331184.3331303.

    Args:
        hits: Best first.
        holding: The passages that hold every word of the question.

    Returns:
        The documents in the order of their best passages.
    """
    found: dict[int, list[Hit]] = {}
    for hit in hits:
        if hit.passage.id in holding or hit.dense >= NEAR:
            found.setdefault(hit.document.id, []).append(hit)
    return [
        DocumentHit(those[0].document, those[0].score, len(those), tuple(those[:SHOWN])) for those in found.values()
    ]
