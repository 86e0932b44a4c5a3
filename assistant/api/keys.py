"""API keys, of which only hashes are kept."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self, get_args

from assistant.errors import AccountError
from assistant.records import Place, Taken, open_store

FILE = "keys.sqlite"
PREFIX = "sk-assistant-"
LONGEST_NAME = 100
Scope = Literal["ask", "read", "write", "watch"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL,
    created TEXT NOT NULL
) WITHOUT ROWID;
"""
SHARED_SCHEMA = SCHEMA.replace(" WITHOUT ROWID", "")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key.

    Attributes:
        id: Never used again; what is asked with the key belongs to it.
        name: For people.
        scopes: What it lets a program do: ``ask`` questions, ``read`` and ``write`` libraries, ``watch`` the figures.
        created: UTC time in ISO 8601.
    """

    id: str
    name: str
    scopes: frozenset[Scope]
    created: str

    @property
    def owner(self) -> str:
        """Under which conversations are kept."""
        return f"key-{self.id}"


# Who calls where there are no keys: anybody on this machine.
LOCAL = Key("local", "this machine", frozenset(SCOPES), "")


class Keys:
    """The keys of a home folder, or of the servers that share a database.

    Args:
        place: The folder, in which the file is made where there is none, or the database.

    Raises:
        SettingsError: It cannot be opened.
    """

    def __init__(self, place: Place) -> None:
        self._db = open_store(place, FILE, SCHEMA, SHARED_SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes them."""
        self._db.close()

    def add(self, name: str, scopes: frozenset[Scope]) -> str:
        """Makes a key.

        A key has 256 random bits, so that its plain hash gives nothing away, unlike a password's.

        Returns:
            The key itself, which cannot be shown again.

        Raises:
            AccountError: The name is taken, or is none.
        """
        if not (name.strip() and name.isprintable() and len(name) <= LONGEST_NAME):
            raise AccountError(f"A key needs a name of 1 to {LONGEST_NAME} characters on one line.")
        secret = PREFIX + secrets.token_urlsafe(32)
        row = (uuid.uuid4().hex, name, _hash(secret), " ".join(sorted(scopes)), _now())
        try:
            self._db.run("INSERT INTO keys VALUES (?, ?, ?, ?, ?)", *row)
        except Taken:
            raise AccountError(f"There is a key {name!r} already; remove it first.") from None
        return secret

    def all(self) -> list[Key]:
        """Returns what is known of every key, by name."""
        return [_key(row) for row in self._db.rows("SELECT id, name, scopes, created FROM keys ORDER BY name")]

    def of(self, secret: str) -> Key | None:
        """Returns what a key may do; None where there is none such."""
        rows = self._db.rows("SELECT id, name, scopes, created FROM keys WHERE hash = ?", _hash(secret))
        return _key(rows[0]) if rows else None

    def remove(self, name: str) -> None:
        """Removes a key, which is refused from the next request on; what was asked with it stays on disk.

        Raises:
            AccountError: There is none.
        """
        if not self._db.run("DELETE FROM keys WHERE name = ?", name):
            raise AccountError(f"There is no key {name!r}; `assistant keys list` shows them.")


def present(place: Place) -> bool:
    """Whether a home folder or database has keys."""
    if isinstance(place, Path) and not (place / FILE).is_file():
        return False
    with Keys(place) as keys:
        return bool(keys.all())


def _key(row: tuple[Any, ...]) -> Key:
    scopes = frozenset(scope for scope in SCOPES if scope in row[2].split())
    return Key(row[0], row[1], scopes, row[3])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
