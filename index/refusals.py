"""Files that could not be read: kept until they can be, so that a person can see what is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from index.reasons import Reason, reason_from
from index.types import Outcome

MOST = 1000
"""How many are kept, the newest."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that could not be read.

    Attributes:
        path: Where it was.
        reason: Why not; a ``Reason`` where its code is known.
        refused: UTC time in ISO 8601.
    """

    path: str
    reason: str
    refused: str


def note(connection: sqlite3.Connection, outcomes: Sequence[Outcome]) -> None:
    """Writes down the refused ones, and forgets those that were taken."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    refused = [(each.path, each.reason, now, _kept(each.reason)) for each in outcomes if each.status == "refused"]
    taken = [(each.path,) for each in outcomes if each.status != "refused"]
    connection.executemany("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?, ?)", refused)
    connection.executemany("DELETE FROM refusals WHERE path = ?", taken)
    newest = "SELECT path FROM refusals ORDER BY refused DESC, path LIMIT ?"
    connection.execute(f"DELETE FROM refusals WHERE path NOT IN ({newest})", (MOST,))  # noqa: S608 — fixed


def are_there(connection: sqlite3.Connection) -> bool:
    """Whether any file is noted."""
    return connection.execute("SELECT 1 FROM refusals LIMIT 1").fetchone() is not None


def read(connection: sqlite3.Connection) -> list[Refusal]:
    """Returns them, the newest first."""
    rows = connection.execute("SELECT path, reason, refused, why FROM refusals ORDER BY refused DESC, path")
    return [Refusal(path, reason_from(why) if why else reason, refused) for path, reason, refused, why in rows]


def _kept(reason: str) -> str | None:
    return reason.to_json() if isinstance(reason, Reason) else None
