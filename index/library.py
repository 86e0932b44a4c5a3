"""The library: documents go in, passages come out, and what a commit said stays true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING

from index import records
from index.cluster import Cluster
from index.documents import AcrossDocuments
from index.embed import Embedder
from index.errors import LibraryDamaged, LibraryError, UnreadableFile
from index.faiss_index import FaissIndex
from index.filter import Filter, admitted
from index.incoming import from_documents, from_files
from index.ingest import Cancelled, OnOutcome, OnPassages, ingest
from index.inventory import Inventory, take
from index.lexical import WordSearch
from index.listing import Listed
from index.map import Mapped
from index.pages import Pages
from index.picture_search import BESIDE, beside, looked_at, ranked, with_pictures
from index.read.pool import Readers
from index.rerank import LateInteraction, Question, Reranker, rerank
from index.search import candidates_for, search
from index.status import Status, status
from index.store import Store, check_embedder
from index.tags import Tagged
from index.tokens import Asked, asked
from index.types import Document, Hit, Outcome, Passage, ReadDocument
from index.vectors import PASSAGES, OpenIndex, VectorIndex
from index.verify import problems
from index.visual import PICTURES_ARE_MISSING, VISUAL_SEARCH_IS_OFF, PictureEmbedder
from index.visual_index import OnProgress, VisualIndex
from index.walk import printable, walk

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUERY_PIXELS = 512
"""Longest side of a picture that others are to look like; models see less."""


class Library(Pages, AcrossDocuments, Tagged, Listed, Mapped):
    """A library in a folder; every method may be called from several threads at once, and by several processes.

    Use ``Library.open``.
    """

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        reranker: Reranker | None = None,
        open_index: OpenIndex = FaissIndex,
        picture_embedder: PictureEmbedder | None = None,
    ) -> None:
        super().__init__(store, Readers())
        Mapped.__init__(self, store)
        self._embedder = embedder
        self._reranker = reranker
        self._open_index = open_index
        self._coder = reranker.embedder if isinstance(reranker, LateInteraction) else None
        self._lock = Lock()
        self._words = WordSearch()
        self._vectors: VectorIndex | None = None
        self._visual = VisualIndex(store, picture_embedder, open_index) if picture_embedder else None

    @classmethod
    def open(
        cls,
        folder: Path,
        embedder: Embedder,
        reranker: Reranker | None = None,
        open_index: OpenIndex = FaissIndex,
        picture_embedder: PictureEmbedder | None = None,
    ) -> Library:
        """Opens a library, making it where there is none; loads neither the models nor FAISS.

        Args:
            folder: Where it lies.
            embedder: Makes the vectors.
            reranker: Looks again at the best hits of a search; None leaves them as they are.
            open_index: Opens what finds the nearest vectors; FAISS unless the settings say otherwise.
            picture_embedder: Compares pictures by their looks; None finds them by words alone.

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
        return cls(store, embedder, reranker, open_index, picture_embedder)

    def add(
        self,
        paths: Iterable[Path],
        *,
        on_outcome: OnOutcome | None = None,
        on_progress: OnPassages | None = None,
        cancelled: Cancelled | None = None,
        cluster: Cluster | None = None,
        tags: Sequence[str] = (),
    ) -> list[Outcome]:
        """Adds files and the files in folders.

        A file that is held already with the same content is left as it is, a changed one replaces its passages. One
        that cannot be read is refused and the others go on. Pictures that have no vector yet get one at the end.

        Args:
            paths: Files and folders; hidden entries of folders are passed over.
            on_outcome: Called from this thread as soon as a file's outcome is certain.
            on_progress: Called from this thread while documents are being embedded, every few seconds.
            cancelled: Asked often; once it says so, nothing further is stored.
            cluster: Where to read and embed; None does both on this machine.
            tags: Given to each document, also to one that is held already.

        Returns:
            The outcomes in the order of the files; after a cancellation, those that were reached.

        Raises:
            LibraryError: A tag cannot be one, the store cannot be written or the model not be loaded; what was stored
                by then stays.
        """
        stop = Event()
        source = walk(paths, self._store.folder), self._store, self._embedder, self._readers, stop
        incoming = cluster.from_files(*source, coded=bool(self._coder)) if cluster else from_files(*source)
        outcomes = ingest(
            incoming, self._store, self._embedder, on_outcome, cancelled, stop, self._coder, on_progress, tags
        )
        self.embed_pictures(cancelled=cancelled)
        return outcomes

    def add_documents(
        self,
        documents: Iterable[tuple[str, ReadDocument]],
        *,
        on_outcome: OnOutcome | None = None,
        cancelled: Cancelled | None = None,
    ) -> list[Outcome]:
        """Adds documents that were read already, each with the path that it shall go by; else as ``add``."""
        incoming = from_documents(documents, self._store, self._embedder)
        outcomes = ingest(incoming, self._store, self._embedder, on_outcome, cancelled, coder=self._coder)
        self.embed_pictures(cancelled=cancelled)
        return outcomes

    def embed_pictures(self, on_progress: OnProgress | None = None, cancelled: Cancelled | None = None) -> int:
        """Makes the vectors of pictures that have none of the picture model yet, as after it was turned on.

        Args:
            on_progress: Called with how many are made and how many there are to make.
            cancelled: Asked often; what is stored by then stays.

        Returns:
            How many were made; 0 without a picture model.

        Raises:
            LibraryError: The store cannot be written or the model not be loaded.
        """
        return self._visual.embed(on_progress, cancelled) if self._visual else 0

    def look(self) -> int:
        """Loads the picture model.

        Returns:
            How many numbers its vectors have; 0 without one.

        Raises:
            LibraryError: It cannot be loaded.
        """
        return self._visual.embedder.dimensions if self._visual else 0

    def picture_note(self) -> str:
        """Returns what keeps pictures from being found by their looks and what to do about it; empty where nothing."""
        if self._visual is None:
            return VISUAL_SEARCH_IS_OFF
        return PICTURES_ARE_MISSING if self._visual.missing() else ""

    def count(self, paths: Iterable[Path]) -> int:
        """Returns how many outcomes ``add`` will have."""
        return sum(1 for _ in walk(paths, self._store.folder))

    def sizes(self, paths: Iterable[Path]) -> dict[str, int]:
        """Returns the bytes of each file that ``add`` will have an outcome for, 0 where there is nothing to read."""
        return dict(map(_size, walk(paths, self._store.folder)))

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

    def search(
        self,
        query: str,
        k: int = 6,
        only: Filter | None = None,
        *,
        like: bytes | None = None,
        pictures: bool = False,
    ) -> list[Hit]:
        """Finds the passages that answer a query, in documents that this or another process has added.

        Each brings its pictures. Where a picture model compares pictures, the passages of a few more that look like the
        query come after them.

        Args:
            query: Any text; only its beginning counts where it is very long.
            k: How many passages at most.
            only: Which documents to search; None searches all.
            like: An encoded picture that pictures are to look like; without a query, that alone counts.
            pictures: Only passages with pictures, by their looks and by their words.

        Returns:
            The hits, best first; none for a blank query or an empty library.

        Raises:
            UnknownDocument: The filter names a document that there is not.
            LibraryError: The store cannot be read or the model not be loaded, or a picture is given and there is no
                picture model.
        """
        if not (query.strip() or like) or k < 1 or self._is_empty():
            return []
        if like is not None and self._visual is None:
            raise LibraryError(f"Pictures cannot be searched by a picture: {VISUAL_SEARCH_IS_OFF}")
        wanted = pictures or like is not None
        vector, tokens = None, None
        hits: list[Hit] = []
        cosines: dict[int, float] = {}
        with self._store.reading() as connection:
            among = admitted(connection, only)
            among = with_pictures(connection, among) if wanted else among
            depth = max(k, self._reranker.depth if self._reranker else 0)
            if query.strip():
                with self._words.begun(connection, query, candidates_for(depth), among) as words:
                    vector, tokens = self._embedded(query)
                    hits = search(connection, self._index(), words, vector, depth, among)
            if self._visual:
                cosines = self._visual.nearest(connection, query, like, 2 * depth if wanted else BESIDE, among)
            if self._reranker and not (wanted and cosines):
                hits = rerank(self._reranker, Question(query, tokens), hits, connection)
            hits = beside(connection, hits if wanted else hits[:k], cosines, vector)
            hits = looked_at(connection, hits, cosines)
        for index in self._indexes():
            index.save()
        if self._visual and wanted and cosines:
            hits = ranked(hits, cosines, self._visual.embedder.sharpness)
        return hits[:k] if wanted else hits

    def search_pictures(
        self, query: str = "", k: int = 6, only: Filter | None = None, like: Path | None = None
    ) -> list[Hit]:
        """Finds pictures by words, by a picture, or by both; by their words alone without a picture model.

        Args:
            query: What is to be seen, or words that belong to it; may be empty where there is a picture.
            k: How many passages with pictures at most.
            only: Which documents to search; None searches all.
            like: A file with a picture, or a PDF, whose first page it then is.

        Raises:
            LibraryError: The file is no picture, or as for ``search``.
        """
        if like is None:
            return self.search(query, k, only, pictures=True)
        path = like.expanduser().absolute()
        try:
            if self._visual is not None:
                return self.search(query, k, only, like=self._readers.draw(path, 1, QUERY_PIXELS))
            words = " ".join(page.text for page in self._readers.read(path).pages)
        except UnreadableFile as error:
            raise LibraryError(f"{path}: {error}.") from error
        return self.search(f"{query} {words}".strip(), k, only, pictures=True)

    def warm(self) -> None:
        """Loads the model and the vectors now, so that the first search does not wait for them.

        Raises:
            LibraryError: The store cannot be read or the model not be loaded.
        """
        [vector] = self._embedder.embed(["warm up"])
        with self._store.reading() as connection:
            self._index().nearest(connection, vector, 1)
        self.look()

    def status(self) -> Status:
        """Returns how much the library holds."""
        return status(self._store, self._embedder.name)

    def inventory(self) -> Inventory:
        """Returns what the library holds and what it lacks."""
        return take(self._store, self.picture_note())

    def verify(self) -> list[str]:
        """Returns every problem found, a line each; none where the library is sound."""
        try:
            return problems(self._store, self._open_index)
        except LibraryDamaged as error:
            return [str(error)]

    def close(self) -> None:
        """Ends the use of the library; calls that are still running end in peace."""
        for index in self._indexes():
            index.close()
        self._readers.close()
        self._words.close()
        self._store.close()

    def _embedded(self, query: str) -> tuple[NDArray[np.float32], Asked | None]:
        """A query's vector and, where they are to be compared, its tokens."""
        if self._coder:
            [vector], [tokens] = self._coder.embed_with_tokens([query], asked)
            return vector, tokens
        return self._embedder.embed([query])[0], None

    def _indexes(self) -> list[VectorIndex | VisualIndex]:
        return [index for index in (self._vectors, self._visual) if index is not None]

    def _is_empty(self) -> bool:
        with self._store.reading() as connection:
            return connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone() is None

    def _index(self) -> VectorIndex:
        with self._lock:
            if self._vectors is None:
                self._vectors = self._open_index(self._store.folder, PASSAGES, self._embedder.dimensions)
            return self._vectors


def _size(entry: Path | Outcome) -> tuple[str, int]:
    if isinstance(entry, Outcome):
        return entry.path, 0
    try:
        return printable(entry), entry.stat().st_size
    except OSError:
        return printable(entry), 0
