"""From what comes in to stored documents: a thread reads ahead while this one embeds and commits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from threading import Event
from typing import TYPE_CHECKING

from index import refusals
from index.chunk import embedded_text
from index.embed import Embedder, TokenEmbedder
from index.incoming import Embedded, Incoming, Item, Unchanged
from index.read_ahead import ReadAhead
from index.records import NewDocument, exists, put, put_stamp
from index.store import Store, claim
from index.tags import add as tag
from index.tags import tidy
from index.tokens import encode, put_codes, without_codes
from index.types import Document, Outcome

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OnOutcome = Callable[[Outcome], None]
OnPassages = Callable[["Progress"], None]
Cancelled = Callable[[], bool]
# Enough passages that batches of equal length can be formed, few enough that little is lost by a kill.
GROUP = 256
# Embedded between two looks at whether to go on.
SLICE = 64
# Photographs are many bytes and few passages; a group of them must not fill the memory.
GROUP_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the documents are that are being embedded.

    Attributes:
        path: The one in work.
        done: Passages of it that have vectors.
        passages: How many it has.
    """

    path: str
    done: int
    passages: int


class Cancel(Exception):
    """The person who asked for the ingest no longer wants it."""


def ingest(
    incoming: Incoming,
    store: Store,
    embedder: Embedder,
    on_outcome: OnOutcome | None = None,
    cancelled: Cancelled | None = None,
    stop: Event | None = None,
    coder: TokenEmbedder | None = None,
    on_progress: OnPassages | None = None,
    tags: Sequence[str] = (),
) -> list[Outcome]:
    """Embeds and stores documents in groups; each group is one transaction.

    Args:
        incoming: Runs in a thread of its own, a few documents ahead.
        store: Where to.
        embedder: What makes the vectors.
        on_outcome: Called as soon as a file's outcome is certain.
        cancelled: Asked often; what is stored by then stays, nothing is stored by halves.
        stop: Set when nothing more is wanted from ``incoming``.
        coder: The same embedder, where the passages' token codes are to be kept.
        on_progress: Called often while documents are being embedded.
        tags: What each document gets, one that is held already too.

    Returns:
        The outcomes in the order of the files; those never reached are missing.

    Raises:
        LibraryError: The store or the embedder failed; what is stored by then stays.
    """
    tell = on_outcome or (lambda outcome: None), on_progress or (lambda progress: None)
    run = _Run(store, embedder, *tell, cancelled or (lambda: False), coder, tidy(tags))
    try:
        with ReadAhead(incoming, stop or Event()) as items:
            for number, item in enumerate(run.until_cancelled(items)):
                run.take(number, item)
            run.store_group()
    except Cancel:
        pass
    run.note()
    run.note_refusals()
    return [outcome for _, outcome in sorted(run.outcomes.items())]


@dataclass(slots=True)
class _Run:
    store: Store
    embedder: Embedder
    on_outcome: OnOutcome
    on_progress: OnPassages
    cancelled: Cancelled
    coder: TokenEmbedder | None
    tags: tuple[str, ...]
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    group: list[tuple[int, NewDocument | Embedded]] = field(default_factory=list)

    noted: list[Unchanged] = field(default_factory=list)

    def until_cancelled(self, items: Iterator[Item | None]) -> Iterator[Item]:
        for item in items:
            if self.cancelled():
                raise Cancel
            if item is not None:
                yield item

    def take(self, number: int, item: Item) -> None:
        if isinstance(item, Unchanged):
            self._take_unchanged(number, item)
        elif isinstance(item, Outcome):
            self._settle(number, item)
        else:
            self._take_new(number, item)

    def _take_unchanged(self, number: int, item: Unchanged) -> None:
        if self.coder and item.document:
            self._fill_codes(item.document)
        if item.stamp or self.tags:
            self.noted.append(item)
        if len(self.noted) >= GROUP:
            self.note()
        self._settle(number, Outcome(item.path, item.status, document=item.document))

    def note(self) -> None:
        """Writes down the stamps of unchanged files, and gives their documents the tags."""
        noted, self.noted = self.noted, []
        if not noted:
            return
        with self.store.writing() as connection:
            for each in noted:
                held = each.document
                if held is None or not exists(connection, held.id):  # another process has removed it since
                    continue
                if each.stamp:
                    put_stamp(connection, held.path, held.sha256, each.stamp)
                tag(connection, held.id, self.tags)

    def note_refusals(self) -> None:
        """Writes down which files were refused, and forgets those that were taken by now."""
        outcomes = list(self.outcomes.values())
        with self.store.reading() as connection:
            known = refusals.are_there(connection)
        if known or any(outcome.status == "refused" for outcome in outcomes):
            with self.store.writing() as connection:
                refusals.note(connection, outcomes)

    def _take_new(self, number: int, item: NewDocument | Embedded) -> None:
        self.group.append((number, item))
        documents = [_document(one) for _, one in self.group]
        passages = sum(len(one.chunks) for one in documents)
        pictures = sum(len(picture.data) for one in documents for picture in one.content.pictures)
        if passages >= GROUP or pictures >= GROUP_BYTES:
            self.store_group()

    def store_group(self) -> None:
        group, self.group = self.group, []
        if not group:
            return
        bare = [one for _, one in group if isinstance(one, NewDocument)]
        vectors, codes = self._embed_group(bare)
        made = _shared_out(bare, vectors, codes)
        with self.store.writing() as connection:
            claim(connection, self.store.path, self.embedder.name, self.embedder.dimensions)
            settled = []
            for number, one in group:
                ready = one if isinstance(one, Embedded) else next(made)
                status, document = put(connection, ready.document, ready.vectors, ready.codes)
                tag(connection, document.id, self.tags)
                settled.append((number, status, document))
        for number, status, document in settled:
            self._settle(number, Outcome(document.path, status, document=document))

    def _embed_group(self, group: Sequence[NewDocument]) -> tuple[NDArray[np.float32], list[bytes | None]]:
        ends = list(accumulate(len(one.chunks) for one in group))

        def tell(done: int) -> None:
            at = min(bisect_right(ends, done), len(group) - 1)
            passages = len(group[at].chunks)
            self.on_progress(Progress(group[at].path, done - ends[at] + passages, passages))

        return self._embed([passage for one in group for passage in embedded_texts(one)], tell)

    def _embed(
        self, texts: list[str], tell: Callable[[int], None] = lambda done: None
    ) -> tuple[NDArray[np.float32], list[bytes | None]]:
        def before(done: int) -> None:
            if self.cancelled():
                raise Cancel
            tell(done)

        return _embed(texts, self.embedder, self.coder, before)

    def _fill_codes(self, document: Document) -> None:
        """Makes the codes that a document lacks, as one does that was added when none were kept."""
        with self.store.reading() as connection:
            lacking = without_codes(connection, document.id)
        if not lacking:
            return
        _, codes = self._embed([text for _, text in lacking])
        with self.store.writing() as connection:
            put_codes(
                connection,
                [(number, code) for (number, _), code in zip(lacking, codes, strict=True) if code is not None],
            )

    def _settle(self, number: int, outcome: Outcome) -> None:
        self.outcomes[number] = outcome
        self.on_outcome(outcome)


def embedded(documents: Sequence[NewDocument], embedder: Embedder, coded: bool) -> list[Embedded]:
    """Makes the vectors of documents all together.

    Args:
        documents: What is to be embedded.
        embedder: What makes the vectors.
        coded: Whether to make the passages' token codes too, where the embedder can.
    """
    texts = [passage for one in documents for passage in embedded_texts(one)]
    coder = embedder if coded and isinstance(embedder, TokenEmbedder) else None
    return list(_shared_out(documents, *_embed(texts, embedder, coder)))


def _shared_out(
    documents: Iterable[NewDocument], vectors: NDArray[np.float32], codes: Sequence[bytes | None]
) -> Iterator[Embedded]:
    first = 0
    for one in documents:
        last = first + len(one.chunks)
        yield Embedded(one, vectors[first:last], tuple(codes[first:last]))
        first = last


def _embed(
    texts: Sequence[str],
    embedder: Embedder,
    coder: TokenEmbedder | None,
    before: Callable[[int], None] = lambda done: None,
) -> tuple[NDArray[np.float32], list[bytes | None]]:
    """Embeds some texts at a time, those of like length together, so that little is filled up.

    Args:
        texts: What to embed.
        embedder: What makes the vectors.
        coder: What makes the token codes; None makes none.
        before: Told how many are done, before each some.

    Returns:
        The vectors, shape (texts, dimensions), and the token codes.
    """
    import numpy as np

    vectors = np.zeros((len(texts), embedder.dimensions), np.float32)
    codes: list[bytes | None] = [None] * len(texts)
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    for first in range(0, len(texts), SLICE):
        before(first)
        rows = order[first : first + SLICE]
        some = [texts[row] for row in rows]
        if coder is None:
            vectors[rows] = embedder.embed(some)
            continue
        vectors[rows], coded = coder.embed_with_tokens(some, encode)
        for row, code in zip(rows, coded, strict=True):
            codes[row] = code
    return vectors, codes


def _document(one: NewDocument | Embedded) -> NewDocument:
    return one.document if isinstance(one, Embedded) else one


def embedded_texts(new: NewDocument) -> list[str]:
    """What is embedded for each passage: its words after the title and the headings that they stand under."""
    return [embedded_text(new.content.title, one.heading, one.text) for one in new.chunks]
