"""What a library holds and what it lacks: the data sheet of a library.

After Gebru et al., Datasheets for Datasets, 2021, https://doi.org/10.1145/3458723: composition, sources, dates, gaps.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index import refusals
from index.refusals import Refusal
from index.store import Store

SAMPLED = 500
"""Documents whose language is looked at; of more, as many are taken evenly."""
LOOKED_AT = 1500
"""Characters of each that are looked at."""
ENOUGH = 40
"""Letters that it takes to tell a language."""
UNKNOWN = "unknown"
LARGEST = "SELECT title, size FROM documents ORDER BY size DESC, id LIMIT 5"
BLANK = "WHERE trim(text, ' ' || char(9, 10, 13)) = ''"
NAMED = 20
"""How many documents of each gap are named."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Documents that lack something.

    Attributes:
        count: How many there are.
        titles: Of the first of them.
    """

    count: int
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a library holds and what it lacks.

    Attributes:
        documents: How many.
        pages: How many.
        passages: How many.
        pictures: How many.
        characters: Of text.
        file_bytes: Size of the files that the documents came from.
        kinds: Documents of each format, the most frequent first.
        languages: Documents in each language by its two-letter code, the most frequent first; ``unknown`` has too
            little text to tell. Of many documents, those of a sample.
        sampled: How many documents were looked at for that.
        months: Documents added or changed in each month, as ``2026-11``, the first first.
        first: Day of the first addition; empty where there is none.
        last: Day of the last one.
        largest: Titles and bytes of the largest files.
        tags: Documents with each tag.
        untagged: Documents without any.
        pages_without_text: Pages on which no text was found, such as scans that could not be read.
        with_empty_pages: The documents with such pages.
        without_text: Documents of which nothing can be found.
        gone: Documents whose files are not where they were any more.
        same: Documents that are byte by byte the same as another.
        refused: Files that could not be read, the newest first.
        pictures_note: What keeps pictures from being found by their looks; empty where nothing.
    """

    documents: int
    pages: int
    passages: int
    pictures: int
    characters: int
    file_bytes: int
    kinds: dict[str, int]
    languages: dict[str, int]
    sampled: int
    months: dict[str, int]
    first: str
    last: str
    largest: tuple[tuple[str, int], ...]
    tags: dict[str, int]
    untagged: int
    pages_without_text: int
    with_empty_pages: Gap
    without_text: Gap
    gone: Gap
    same: Gap
    refused: tuple[Refusal, ...]
    pictures_note: str


def take(store: Store, pictures_note: str) -> Inventory:
    """Counts.

    Args:
        store: Of the library.
        pictures_note: What the library says of its pictures.
    """
    with store.reading() as connection:
        return _take(connection, pictures_note)


def _take(connection: sqlite3.Connection, pictures_note: str) -> Inventory:
    def one(query: str) -> int:
        return int(connection.execute(query).fetchone()[0] or 0)

    def counted(query: str) -> dict[str, int]:
        return {str(name): count for name, count in connection.execute(query)}

    documents = one("SELECT count(*) FROM documents")
    languages, sampled = _languages(connection, documents)
    first, last = connection.execute("SELECT min(added), max(added) FROM documents").fetchone()
    return Inventory(
        documents=documents,
        pages=one("SELECT count(*) FROM pages"),
        passages=one("SELECT count(*) FROM passages"),
        pictures=one("SELECT count(*) FROM pictures"),
        characters=one("SELECT sum(length(text)) FROM pages"),
        file_bytes=one("SELECT sum(size) FROM documents"),
        kinds=counted("SELECT kind, count(*) AS n FROM documents GROUP BY kind ORDER BY n DESC, kind"),
        languages=languages,
        sampled=sampled,
        months=counted("SELECT substr(added, 1, 7) AS month, count(*) FROM documents GROUP BY month ORDER BY month"),
        first=(first or "")[:10],
        last=(last or "")[:10],
        largest=tuple(
            connection.execute("SELECT title, size FROM documents ORDER BY size DESC, id LIMIT 5").fetchall()
        ),
        tags=counted("SELECT tag, count(*) AS n FROM tags GROUP BY tag ORDER BY n DESC, tag"),
        untagged=one("SELECT count(*) FROM documents WHERE id NOT IN (SELECT document FROM tags)"),
        pages_without_text=one(f"SELECT count(*) FROM pages {BLANK}"),  # noqa: S608 — fixed
        with_empty_pages=_gap(connection, f"id IN (SELECT document FROM pages {BLANK})"),  # noqa: S608 — fixed
        without_text=_gap(
            connection, "id NOT IN (SELECT document FROM pages JOIN passages ON passages.page = pages.id)"
        ),
        gone=_gone(connection),
        same=_gap(connection, "sha256 IN (SELECT sha256 FROM documents GROUP BY sha256 HAVING count(*) > 1)"),
        refused=tuple(refusals.read(connection)),
        pictures_note=pictures_note,
    )


def _gap(connection: sqlite3.Connection, condition: str) -> Gap:
    rows = connection.execute(f"SELECT title FROM documents WHERE {condition} ORDER BY title").fetchall()  # noqa: S608
    return Gap(len(rows), tuple(row[0] for row in rows[:NAMED]))


def _gone(connection: sqlite3.Connection) -> Gap:
    rows = connection.execute("SELECT title, path FROM documents ORDER BY title")
    titles = [title for title, path in rows if path.startswith("/") and not Path(path).exists()]
    return Gap(len(titles), tuple(titles[:NAMED]))


def _languages(connection: sqlite3.Connection, documents: int) -> tuple[dict[str, int], int]:
    texts = list(_beginnings(connection, documents))
    return dict(Counter(map(language, texts)).most_common()), len(texts)


def language(text: str) -> str:
    """Returns the two-letter code of a text's language, or that it is unknown."""
    # Imported here, since it reads its model as it is.
    from py3langid import classify

    if sum(map(str.isalpha, text)) < ENOUGH:
        return UNKNOWN
    return str(classify(text)[0])


def _beginnings(connection: sqlite3.Connection, documents: int) -> Iterator[str]:
    """Yields the text with which documents begin, those of an even sample where there are many."""
    step = max(1, -(-documents // SAMPLED))
    numbers = [row[0] for row in connection.execute("SELECT id FROM documents ORDER BY id")][::step]
    query = "SELECT substr(text, 1, ?) FROM pages WHERE document = ? ORDER BY position LIMIT 3"
    for number in numbers:
        yield " ".join(row[0] for row in connection.execute(query, (LOOKED_AT, number)))[:LOOKED_AT]
