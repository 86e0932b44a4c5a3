"""What comes in: files are looked at, read several at once, and cut into passages in their order."""

from __future__ import annotations

import hashlib
import logging
from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from index.chunk import chunk
from index.embed import Embedder
from index.errors import LibraryError, UnreadableFile
from index.read.pool import Readers, ReadingStopped
from index.reasons import reason
from index.records import NewDocument, at_path, has_stamp
from index.stamp import stamp
from index.store import Store
from index.types import Outcome, ReadDocument
from index.walk import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class File:
    """A file that is to be read.

    Attributes:
        path: Absolute.
        sha256: Hex digest of its bytes; empty for what is no file or cannot be opened, for which a reader says why.
        size: Bytes.
        stamp: See ``index.stamp``.
    """

    path: str
    sha256: str
    size: int
    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged(Outcome):
    """The outcome of a file that is held already.

    Attributes:
        stamp: What to note as its stamp; None where that is noted, or there is none.
    """

    stamp: str | None = None


@dataclass(frozen=True, slots=True)
class Embedded:
    """A document that is ready to be stored.

    Attributes:
        document: What is stored.
        vectors: Shape (passages, dimensions).
        codes: The token codes of each passage; None where they are not kept.
    """

    document: NewDocument
    vectors: NDArray[np.float32]
    codes: tuple[bytes | None, ...]


Item = NewDocument | Embedded | Outcome
Incoming = Generator[Item, None, None]


def from_files(
    entries: Iterable[Path | Outcome], store: Store, embedder: Embedder, readers: Readers, stop: Event
) -> Incoming:
    """Reads files, several at once, and cuts them in their order.

    One that is held already or cannot be read becomes an outcome.

    Args:
        entries: From ``walk``.
        store: What is held.
        embedder: For whom to cut.
        readers: What reads.
        stop: Once set, what is being read is given up.
    """
    waiting: deque[Future[Read | Outcome]] = deque()
    with ThreadPoolExecutor(readers.size, thread_name_prefix="index-reader") as threads:
        try:
            for entry in entries:
                waiting.append(threads.submit(_from_file, entry, store, readers, stop))
                if len(waiting) > 2 * readers.size:
                    yield cut_file(waiting.popleft().result(), embedder)
            while waiting:
                yield cut_file(waiting.popleft().result(), embedder)
        finally:
            if waiting:
                stop.set()
                threads.shutdown(wait=False, cancel_futures=True)


def from_documents(documents: Iterable[tuple[str, ReadDocument]], store: Store, embedder: Embedder) -> Incoming:
    """Cuts documents that were read elsewhere; the digest and the size are those of their text."""
    for path, content in documents:
        read = Read(path, text_digest(content), len(_text_of(content)), content)
        yield _held(path, read.sha256, store) or _cut(read, embedder)


def text_digest(content: ReadDocument) -> str:
    """Returns the hex digest by which a document is known that came from no file."""
    return hashlib.sha256(_text_of(content)).hexdigest()


def _text_of(content: ReadDocument) -> bytes:
    return "\f".join([content.title, content.kind, *(page.text for page in content.pages)]).encode()


@dataclass(frozen=True, slots=True)
class Read:
    """A file as its reader has it."""

    path: str
    sha256: str
    size: int
    content: ReadDocument
    stamp: str | None = None


def find(entry: Path | Outcome, store: Store) -> File | Outcome:
    """Returns the file to read, or its outcome where it is held already or cannot be taken."""
    if isinstance(entry, Outcome):
        return entry
    name = printable(entry)
    if name != str(entry):
        return Outcome(name, "refused", reason("name"))
    # The stamp and the digest come first: a file that changes meanwhile is then seen as changed the next time.
    seen = stamp(entry)
    if seen and (known := _known(name, seen, store)):
        return known
    sha256, size = digest(entry)
    return (sha256 and _held(name, sha256, store, seen)) or File(name, sha256, size, seen)


def as_read(file: File, readers: Readers, stop: Event) -> Read | Outcome:
    """Reads a file, or says why that cannot be.

    Raises:
        ReadingStopped: Once ``stop`` is set.
    """
    try:
        content = readers.read(Path(file.path), stop.is_set)
        return Read(file.path, file.sha256, file.size, content, file.stamp)
    except UnreadableFile as error:
        return Outcome(file.path, "refused", error.reason)
    except (LibraryError, ReadingStopped):
        raise
    except Exception as error:  # one file is an edge: whatever it does to a parser, the others go on
        _log.exception("%s could not be read", file.path)
        return Outcome(file.path, "refused", reason("failed", how=type(error).__name__))


def _from_file(entry: Path | Outcome, store: Store, readers: Readers, stop: Event) -> Read | Outcome:
    found = find(entry, store)
    return found if isinstance(found, Outcome) else as_read(found, readers, stop)


def digest(path: Path) -> tuple[str, int]:
    """Hex SHA-256 and bytes; an empty digest of what is no file or cannot be opened, for which a reader says why."""
    try:
        if not path.is_file():
            return "", 0
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    except OSError:
        return "", 0


def cut_file(file: Read | Outcome, embedder: Embedder) -> NewDocument | Outcome:
    """Cuts what was read into passages."""
    return file if isinstance(file, Outcome) else _cut(file, embedder)


def _known(path: str, seen: str, store: Store) -> Unchanged | None:
    """The outcome of a file that has its stamp still, so that it need not be read to know that it is the same."""
    with store.reading() as connection:
        document = at_path(connection, path) if has_stamp(connection, path, seen) else None
    return Unchanged(path, "unchanged", document=document) if document else None


def _held(path: str, sha256: str, store: Store, seen: str | None = None) -> Unchanged | None:
    with store.reading() as connection:
        document = at_path(connection, path)
    held = document and document.sha256 == sha256
    return Unchanged(path, "unchanged", document=document, stamp=seen) if held else None


def _cut(read: Read, embedder: Embedder) -> NewDocument:
    chunks = chunk(read.content, embedder.count_tokens, embedder.max_tokens)
    return NewDocument(read.path, read.sha256, read.size, read.content, tuple(chunks), read.stamp)
