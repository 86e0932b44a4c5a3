"""The library: documents go in, passages come out, and what a commit said stays true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from index import pages, pictures, records
from index.embed import Embedder
from index.errors import LibraryDamaged
from index.faiss_file import cache_path
from index.faiss_index import FaissIndex
from index.filter import Filter, admitted
from index.ingest import Cancelled, OnOutcome, from_documents, from_files, ingest
from index.pages import PagePicture
from index.read.pool import Readers
from index.rerank import LateInteraction, Question, Reranker, rerank
from index.search import search
from index.store import Store, check_embedder, meta
from index.tokens import telling
from index.types import Box, Document, Hit, Outcome, Passage, Picture, ReadDocument
from index.vectors import PASSAGES, OpenIndex, VectorIndex
from index.verify import problems
from index.walk import walk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Status:
    """How much a library holds.

    Attributes:
        folder: Where it lies.
        documents: How many.
        passages: How many.
        bytes: Size on disk.
        embedder: Whose vectors it holds.
        dimensions: Numbers in each; 0 before the first.
        vectors_cached: Whether there is a file that spares the next start reading all vectors.
    """

    folder: str
    documents: int
    passages: int
    bytes: int
    embedder: str
    dimensions: int
    vectors_cached: bool


class Library:
    """A library in a folder; every method may be called from several threads at once, and by several processes.

    Use ``Library.open``.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        reranker: Reranker | None = None,
        open_index: OpenIndex = FaissIndex,
    ) -> None:
        self._store = store
        self._embedder = embedder
        self._reranker = reranker
        self._open_index = open_index
        self._coder = reranker.embedder if isinstance(reranker, LateInteraction) else None
        self._lock = Lock()
        self._readers = Readers()
        self._vectors: VectorIndex | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        reranker: Reranker | None = None,
        open_index: OpenIndex = FaissIndex,
    ) -> Library:
        """Opens a library, making it where there is none; loads neither the models nor FAISS.

        Args:
            folder: Where it lies.
            embedder: Makes the vectors.
            reranker: Looks again at the best hits of a search; None leaves them as they are.
            open_index: Opens what finds the nearest vectors; FAISS unless the settings say otherwise.

        Raises:
            LibraryError: The folder cannot be used.
            LibraryDamaged: The store is not sound.
            EmbedderMismatch: It holds another model's vectors.
        """
        store = Store(folder)
        try:
            with store.reading() as connection:
                check_embedder(connection, store.path, embedder.name)
        except BaseException:
            store.close()
            raise
        return cls(store, embedder, reranker, open_index)

    def add(
        self, paths: Iterable[Path], *, on_outcome: OnOutcome | None = None, cancelled: Cancelled | None = None
    ) -> list[Outcome]:
        """Adds files and the files in folders.

        A file that is held already with the same content is left as it is, a changed one replaces its passages. One
        that cannot be read is refused and the others go on.

        Args:
            paths: Files and folders; hidden entries of folders are passed over.
            on_outcome: Called from this thread as soon as a file's outcome is certain.
            cancelled: Asked often; once it says so, nothing further is stored.

        Returns:
            The outcomes in the order of the files; after a cancellation, those that were reached.

        Raises:
            LibraryError: The store cannot be written or the model not be loaded; what was stored by then stays.
        """
        stop = Event()
        incoming = from_files(walk(paths, self._store.folder), self._store, self._embedder, self._readers, stop)
        return ingest(incoming, self._store, self._embedder, on_outcome, cancelled, stop, self._coder)

    def add_documents(
        self,
        documents: Iterable[tuple[str, ReadDocument]],
        *,
        on_outcome: OnOutcome | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[Outcome]:
        """Adds documents that were read already, each with the path that it shall go by; else as ``add``."""
        incoming = from_documents(documents, self._store, self._embedder)
        return ingest(incoming, self._store, self._embedder, on_outcome, cancelled, coder=self._coder)

    def count(self, paths: Iterable[Path]) -> int:
        """Returns how many outcomes ``add`` will have."""
        return sum(1 for _ in walk(paths, self._store.folder))

    def remove(self, reference: str) -> Document:
        """Removes a document; the file that it came from stays.

        Args:
            reference: Its id, path, file name or title.

        Returns:
            What was removed.

        Raises:
            UnknownDocument: None goes by it, or several do.
        """
        with self._store.writing() as connection:
            document = records.find(connection, reference)
            records.remove(connection, document.id)
        return document

    def documents(self) -> list[Document]:
        """Returns every document in the order in which they were added."""
        with self._store.reading() as connection:
            return records.documents(connection)

    def document(self, id: int) -> Document:
        """Returns a document.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with self._store.reading() as connection:
            return records.document(connection, id)

    def page_text(self, document: int, page: int | None) -> str:
        """Returns the text in which the spans of a page's passages count.

        Args:
            document: The document's id.
            page: The page's number; None where the format has no pages.

        Raises:
            UnknownDocument: There is no such document or page.
        """
        with self._store.reading() as connection:
            return records.page_text(connection, document, page)

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
        return pages.page_picture(self._store, self._readers, document, page, longest)

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

    def picture_data(self, id: int) -> bytes:
        """Returns the bytes of a picture, in its ``media_type``.

        Raises:
            UnknownDocument: There is none of this id.
        """
        with self._store.reading() as connection:
            return pictures.data(connection, id)

    def passages(self, document: int) -> list[Passage]:
        """Returns the passages of a document in reading order."""
        with self._store.reading() as connection:
            return records.passages(connection, document)

    def neighbours(self, passage: int, before: int = 1, after: int = 1) -> list[Passage]:
        """Returns a passage with those around it in its document, in reading order.

        Args:
            passage: Its id.
            before: How many before it at most.
            after: How many after it at most.

        Raises:
            UnknownDocument: There is no such passage any more.
        """
        with self._store.reading() as connection:
            return records.neighbours(connection, passage, before, after)

    def search(self, query: str, k: int = 6, only: Filter | None = None) -> list[Hit]:
        """Finds the passages that answer a query, in documents that this or another process has added.

        Args:
            query: Any text; only its beginning counts where it is very long.
            k: How many passages at most.
            only: Which documents to search; None searches all.

        Returns:
            The hits, best first; none for a blank query or an empty library.

        Raises:
            UnknownDocument: The filter names a document that there is not.
            LibraryError: The store cannot be read or the model not be loaded.
        """
        if not query.strip() or k < 1 or self._is_empty():
            return []
        vector, tokens = self._embedded(query)
        index = self._index()
        with self._store.reading() as connection:
            among = admitted(connection, only)
            depth = max(k, self._reranker.depth if self._reranker else 0)
            hits = search(connection, index, query, vector, depth, among)
            if self._reranker:
                hits = rerank(self._reranker, Question(query, tokens), hits, connection)[:k]
            hits = pictures.placed(connection, hits)
        index.save()
        return hits

    def warm(self) -> None:
        """Loads the model and the vectors now, so that the first search does not wait for them.

        Raises:
            LibraryError: The store cannot be read or the model not be loaded.
        """
        [vector] = self._embedder.embed(["warm up"])
        with self._store.reading() as connection:
            self._index().nearest(connection, vector, 1)

    def status(self) -> Status:
        """Returns how much the library holds."""
        with self._store.reading() as connection:
            documents, passages = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in ("documents", "passages")
            )
            dimensions, embedder = meta(connection, "dimensions"), meta(connection, "embedder")
        folder = self._store.folder
        size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
        cached = cache_path(folder).exists()
        return Status(
            str(folder), documents, passages, size, embedder or self._embedder.name, int(dimensions or 0), cached
        )

    def verify(self) -> list[str]:
        """Returns every problem found, a line each; none where the library is sound."""
        try:
            return problems(self._store, self._open_index)
        except LibraryDamaged as error:
            return [str(error)]

    def close(self) -> None:
        """Ends the use of the library; calls that are still running end in peace."""
        if self._vectors is not None:
            self._vectors.close()
        self._readers.close()
        self._store.close()

    def _embedded(self, query: str) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """A query's vector and, where they are to be compared, its telling tokens."""
        if self._coder:
            [vector], [tokens] = self._coder.embed_with_tokens([query], telling)
            return vector, tokens
        return self._embedder.embed([query])[0], None

    def _is_empty(self) -> bool:
        with self._store.reading() as connection:
            return connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None

    def _index(self) -> VectorIndex:
        with self._lock:
            if self._vectors is None:
                self._vectors = self._open_index(self._store.folder, PASSAGES, self._embedder.dimensions)
            return self._vectors
