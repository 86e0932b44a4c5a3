"""Makes a library of any size from a few thousand texts, without hours of embedding.

The texts are repeated with a fifth of their words replaced by others of the same collection, drawn as often as they
occur there, so that words stay as common as they are. A repeated text's vector is that of its original, moved towards
those of other texts as far as really embedding such changed texts was seen to move it, and made one long again.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.retrieval import load
from index.chunk import Chunk, chunk
from index.embed import Embedder
from index.ingest import embedded_texts
from index.library import Library
from index.records import NewDocument, put
from index.store import Store, claim
from index.types import Page, ReadDocument

Matrix = NDArray[np.float32]
CHANGED = 0.2
TOGETHER = 10  # passages of a document
COMMITTED = 20  # documents in a transaction
PROBED = 64
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Original:
    """A passage that is repeated."""

    title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Collection:
    """Passages with their vectors.

    Attributes:
        passages: Really read and cut.
        vectors: Really embedded, shape (passages, dimensions).
        away: The median cosine of a passage to itself when its words are changed and it is embedded again.
    """

    passages: Sequence[Original]
    vectors: Matrix
    away: float


def collect(data: Path, name: str, kept: Path, embedder: Embedder) -> Collection:
    """Cuts and embeds a set of `bench.retrieval`; what was embedded is kept in a folder for the next time."""
    passages = [
        Original(content.title, one.heading, one.text)
        for _, content in load(data, name)[0]
        for one in chunk(content, embedder.count_tokens, embedder.max_tokens)
    ]
    changed = [change(one.text, vocabulary(passages), random.Random(0)) for one in passages[:PROBED]]
    texts = embedded([one.text for one in passages], passages) + embedded(changed, passages)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]
    path = kept / f"{name}-{digest}.npy"
    if not path.exists():
        kept.mkdir(parents=True, exist_ok=True)
        np.save(path, np.concatenate([embedder.embed(texts[at : at + 512]) for at in range(0, len(texts), 512)]))
    vectors: Matrix = np.load(path)
    away = float(np.median((vectors[: len(changed)] * vectors[len(passages) :]).sum(axis=1)))
    return Collection(passages, vectors[: len(passages)], away)


def embedded(texts: Sequence[str], passages: Sequence[Original]) -> list[str]:
    """Returns what the library would embed for texts in the places of the first passages."""
    return [
        embedded_texts(_document("", one.title, [Original(one.title, one.heading, text)]))[0]
        for text, one in zip(texts, passages, strict=False)
    ]


def vocabulary(passages: Sequence[Original]) -> list[str]:
    """Every word of a collection, as often as it occurs."""
    return [word for one in passages for word in _WORD.findall(one.text)]


def change(text: str, words: Sequence[str], choice: random.Random) -> str:
    """Replaces one word in five by another of the collection."""
    return _WORD.sub(lambda found: choice.choice(words) if choice.random() < CHANGED else found[0], text)


def moved(vectors: Matrix, away: float, random_state: np.random.Generator) -> Matrix:
    """Moves vectors towards and away from others of the same kind until the cosine to where they were is ``away``."""
    others = vectors[random_state.permutation(len(vectors))] - vectors[random_state.permutation(len(vectors))]
    others -= (others * vectors).sum(axis=1, keepdims=True) * vectors
    others /= np.maximum(np.linalg.norm(others, axis=1, keepdims=True), 1e-9)
    found = away * vectors + np.sqrt(1 - away**2) * others
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def enlarged_vectors(collection: Collection, count: int, seed: int = 0) -> Matrix:
    """Returns so many vectors: the originals, then moved ones."""
    state, parts, held = np.random.default_rng(seed), [collection.vectors], len(collection.vectors)
    while held < count:
        parts.append(moved(collection.vectors, collection.away, state))
        held += len(parts[-1])
    return np.concatenate(parts)[:count]


def make(folder: Path, collection: Collection, count: int, embedder: Embedder) -> None:
    """Makes a library of so many passages in a folder, unless it is there; nothing is embedded."""
    with closing(Library.open(folder, embedder)) as library:
        if library.status().passages == count:
            return
    vectors, began = enlarged_vectors(collection, count), time.perf_counter()
    store = Store(folder)
    documents, at = _documents(collection, count), 0
    while some := [one for _, one in zip(range(COMMITTED), documents, strict=False)]:
        with store.writing() as connection:
            claim(connection, store.path, embedder.name, embedder.dimensions)
            for one in some:
                put(connection, one, vectors[at : at + len(one.chunks)], [None] * len(one.chunks))
                at += len(one.chunks)
    store.close()
    print(f"made a library of {count} passages in {time.perf_counter() - began:.0f} s", flush=True)


def make_bare(folder: Path, vectors: Matrix | Callable[[], Matrix], embedder: Embedder) -> None:
    """Makes a store of vectors whose passages have no words, unless it is there."""
    store = Store(folder)
    with store.reading() as connection:
        held = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
    if not held:
        given = vectors() if callable(vectors) else vectors
        with store.writing() as connection:
            claim(connection, store.path, embedder.name, embedder.dimensions)
            connection.execute("DROP TRIGGER passage_added")
            columns = "id, path, title, kind, sha256, size, added"
            connection.execute(f"INSERT INTO documents ({columns}) VALUES (1, '/', '', 'text', '', 0, '')")
            connection.execute("INSERT INTO pages (id, document, position, text) VALUES (1, 1, 0, 'x')")
            passages = ((number,) for number in range(1, len(given) + 1))
            connection.executemany("INSERT INTO passages VALUES (?, 1, 0, 1, '', 'x')", passages)
            rows = ((number, vector.tobytes()) for number, vector in enumerate(given, 1))
            connection.executemany("INSERT INTO vectors VALUES (?, ?)", rows)
    store.close()


def really_changed(collection: Collection, count: int, kept: Path, embedder: Embedder) -> Matrix:
    """Changes so many of the texts and embeds them; kept in a folder for the next time."""
    path = kept / f"changed-{len(collection.passages)}-{count}.npy"
    if not path.exists():
        words, some = (
            vocabulary(collection.passages),
            [collection.passages[at % len(collection.passages)] for at in range(count)],
        )
        texts = [_repeated(one, 1, words, at) for at, one in enumerate(some)]
        given = [embedded_texts(_document("", one.title, [one]))[0] for one in texts]
        np.save(path, np.concatenate([embedder.embed(given[at : at + 512]) for at in range(0, count, 512)]))
    vectors: Matrix = np.load(path)
    return vectors


def _documents(collection: Collection, count: int) -> Iterator[NewDocument]:
    originals, words = collection.passages, vocabulary(collection.passages)
    for at in range(0, count, TOGETHER):
        places = range(at, min(at + TOGETHER, count))
        some = [_repeated(originals[place % len(originals)], place // len(originals), words, place) for place in places]
        yield _document(f"/{at:08}.txt", some[0].title, some)


def _repeated(original: Original, repeat: int, words: Sequence[str], seed: int) -> Original:
    text = change(original.text, words, random.Random(seed)) if repeat else original.text
    return Original(original.title, original.heading, text)


def _document(path: str, title: str, passages: Sequence[Original]) -> NewDocument:
    """A document with a page for each passage."""
    chunks = tuple(Chunk(page, 0, len(one.text), one.heading, one.text) for page, one in enumerate(passages))
    pages = tuple(Page(page + 1, one.text) for page, one in enumerate(passages))
    sha256 = hashlib.sha256("\f".join(page.text for page in pages).encode()).hexdigest()
    return NewDocument(path, sha256, sum(len(page.text) for page in pages), ReadDocument(title, "text", pages), chunks)
