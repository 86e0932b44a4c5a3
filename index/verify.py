"""Checks a library against itself, whatever it was that happened to its files."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Iterator

from index.pictures import lines_of
from index.store import Store
from index.tokens import code_bytes
from index.vectors import FLOAT_BYTES, PASSAGES, PICTURES, OpenIndex, Source, dimensions_of

_ENOUGH = 20
_TOLERANCE = 1e-3
# What must be nothing, and what is wrong where it is something.
_FAULTS = {
    "pages without a document": "SELECT id FROM pages WHERE document NOT IN (SELECT id FROM documents)",
    "documents without a page": "SELECT id FROM documents WHERE id NOT IN (SELECT document FROM pages)",
    "passages without a page": "SELECT id FROM passages WHERE page NOT IN (SELECT id FROM pages)",
    "passages without a vector": "SELECT id FROM passages WHERE id NOT IN (SELECT passage FROM vectors)",
    "vectors without a passage": "SELECT passage FROM vectors WHERE passage NOT IN (SELECT id FROM passages)",
    "token codes without a passage": "SELECT passage FROM token_codes WHERE passage NOT IN (SELECT id FROM passages)",
    "passages without an entry of words": "SELECT id FROM passages WHERE id NOT IN (SELECT id FROM words_docsize)",
    "entries of words without a passage": "SELECT id FROM words_docsize WHERE id NOT IN (SELECT id FROM passages)",
    "passages that were removed": "SELECT id FROM passages WHERE id IN (SELECT passage FROM removals)",
    "pictures without a page": "SELECT id FROM pictures WHERE page NOT IN (SELECT id FROM pages)",
    "pictures without a line on their page": (
        "SELECT pictures.id FROM pictures JOIN pages ON pages.id = page "
        "WHERE start < 0 OR start >= end OR end > length(pages.text)"
    ),
    "pictures that stand in no passage": (
        "SELECT id FROM pictures WHERE NOT EXISTS (SELECT 1 FROM passages WHERE passages.page = pictures.page "
        "AND passages.start < pictures.end AND passages.end > pictures.start)"
    ),
    "pictures without bytes": "SELECT id FROM pictures WHERE length(data) = 0",
    "vectors without a picture": "SELECT id FROM picture_vectors WHERE picture NOT IN (SELECT id FROM pictures)",
    "pictures that were removed": "SELECT id FROM pictures WHERE id IN (SELECT picture FROM picture_removals)",
}


def problems(store: Store, open_index: OpenIndex) -> list[str]:
    """Finds what is wrong.

    Args:
        store: What to check.
        open_index: Opens the index that is to agree with it.

    Returns:
        A line for each problem.

    Raises:
        LibraryDamaged: So much is wrong that the store cannot be read at all.
    """
    with store.reading() as connection:
        found = [*_of_sqlite(connection), *_of_rows(connection), *_of_spans(connection)]
        found += [*_of_lines(connection), *_of_codes(connection)]
        for source in (PASSAGES, PICTURES):
            found += _of_vectors(connection, source)
        for source in () if found else (PASSAGES, PICTURES):  # the index is compared with what is sound
            found += _of_index(store, connection, open_index, source)
    with store.writing() as connection:
        found += _of_words(connection)
    return found


def _of_sqlite(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite: {line}"
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"SQLite: row {row} of {table} points at nothing in {parent}"


def _of_rows(connection: sqlite3.Connection) -> Iterator[str]:
    for what, query in _FAULTS.items():
        if rows := [str(row[0]) for row in connection.execute(query)]:
            more = f" and {len(rows) - _ENOUGH} more" if len(rows) > _ENOUGH else ""
            yield f"{what}: {', '.join(rows[:_ENOUGH])}{more}"


def _of_spans(connection: sqlite3.Connection) -> Iterator[str]:
    query = (
        "SELECT passages.id, start, end, passages.text, pages.text FROM passages JOIN pages ON pages.id = page "
        "ORDER BY page"
    )
    for passage, start, end, text, page in connection.execute(query):
        if not 0 <= start < end <= len(page) or page[start:end] != text:
            yield f"passage {passage} is not what its page has at {start} to {end}"


def _of_lines(connection: sqlite3.Connection) -> Iterator[str]:
    query = "SELECT page, boxes, text FROM lines JOIN pages ON pages.id = page"
    for page, boxes, text in connection.execute(query):
        try:
            lines = lines_of(boxes)
        except struct.error:
            yield f"the lines of page {page} are not whole"
            continue
        if any(not 0 <= line.start <= line.end <= len(text) for line in lines):
            yield f"a line of page {page} leaves its text"


def _of_words(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        yield f"the index of words does not fit the passages ({error})"


def _of_vectors(connection: sqlite3.Connection, source: Source) -> Iterator[str]:
    import numpy as np

    dimensions = dimensions_of(connection, source)
    for item, blob in connection.execute(f"SELECT {source.item}, vector FROM {source.table}"):  # noqa: S608
        vector = np.frombuffer(blob, "<f4") if len(blob) == FLOAT_BYTES * dimensions else np.zeros(0, np.float32)
        if not abs(float(np.linalg.norm(vector)) - 1) < _TOLERANCE:
            yield f"the vector of {source.item} {item} is not {dimensions} numbers of length 1"


def _of_codes(connection: sqlite3.Connection) -> Iterator[str]:
    size = code_bytes(dimensions_of(connection, PASSAGES))
    query = "SELECT passage FROM token_codes WHERE length(codes) % ? <> 0"
    for (passage,) in connection.execute(query, (size,)) if size else ():
        yield f"the token codes of passage {passage} are not {size} bytes for each token"


def _of_index(store: Store, connection: sqlite3.Connection, open_index: OpenIndex, source: Source) -> Iterator[str]:
    """What a process that starts now would search."""
    import numpy as np

    dimensions = dimensions_of(connection, source)
    if not dimensions:
        return
    index = open_index(store.folder, source, dimensions)
    if problem := index.problem():
        yield problem
    cached = index.contents(connection)
    for item, blob in connection.execute(f"SELECT {source.item}, vector FROM {source.table}"):  # noqa: S608
        vector = cached.pop(item, None)
        if vector is None or not np.array_equal(vector, np.frombuffer(blob, "<f4")):
            yield f"the vector of {source.item} {item} in the index is not the one in the store"
    if cached:
        yield f"the index of {source.name} holds {len(cached)} vectors that the store does not"
