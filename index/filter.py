"""Searching a part of the library only."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from index import records


@dataclass(frozen=True, slots=True)
class Filter:
    """Which documents a search considers: those that meet every condition given.

    Attributes:
        documents: Ids, paths, file names or titles; one of these.
        folders: Folders that the documents were added from, with what lies below them; one of these.
        kinds: Formats by their short names, such as ``pdf``; one of these.
        since: The first day on which they were added or changed, in UTC.
        until: The last one.
        tags: Words that somebody gave them; one of these.
    """

    documents: Sequence[str] = ()
    folders: Sequence[str | Path] = ()
    kinds: Sequence[str] = ()
    since: date | None = None
    until: date | None = None
    tags: Sequence[str] = ()


def admitted(connection: sqlite3.Connection, only: Filter | None) -> list[int] | None:
    """Returns the passages that a filter lets through, None where there is nothing to filter by.

    Raises:
        UnknownDocument: It names a document that there is not, or that several go by.
    """
    met, values = conditions(connection, only or Filter())
    if not met:
        return None
    query = f"""
        SELECT passages.id FROM documents JOIN pages ON pages.document = documents.id JOIN passages ON page = pages.id
        WHERE {" AND ".join(met)} ORDER BY passages.id
    """  # noqa: S608 — the conditions are those below, with places for the values
    return [row[0] for row in connection.execute(query, values)]


def conditions(connection: sqlite3.Connection, only: Filter) -> tuple[list[str], list[str | int]]:
    """Returns what documents must meet to be let through, as conditions of SQL on ``documents`` with their values.

    Raises:
        UnknownDocument: It names a document that there is not, or that several go by.
    """
    met: list[str] = []
    values: list[str | int] = []

    def any_of(condition: str, given: Sequence[str | int]) -> None:
        if given:
            met.append(f"({' OR '.join([condition] * len(given))})")
            values.extend(given)

    any_of("documents.id = ?", [records.find(connection, each).id for each in only.documents])
    # Not LIKE: a folder's name may hold its wildcards.
    below = [f"{str(Path(each).expanduser().resolve()).rstrip('/')}/" for each in only.folders]
    if below:
        met.append(f"({' OR '.join(['substr(documents.path, 1, ?) = ?'] * len(below))})")
        values.extend(value for each in below for value in (len(each), each))
    any_of("documents.kind = ?", [each.casefold() for each in only.kinds])
    tagged = "EXISTS (SELECT 1 FROM tags WHERE document = documents.id AND tag = ?)"
    any_of(tagged, [" ".join(each.casefold().split()) for each in only.tags])
    any_of("documents.added >= ?", [only.since.isoformat()] if only.since else [])
    any_of("documents.added < ?", [(only.until + timedelta(days=1)).isoformat()] if only.until else [])
    return met, values
