"""Takes what a home folder keeps in SQLite over into the database that the settings name; safe to be done again."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from assistant.accounts import store as accounts
from assistant.api import keys
from assistant.database.move import Note, move
from assistant.database.open import FILE, open_database
from assistant.database.sqlite import open_sqlite
from assistant.errors import SettingsError
from assistant.records import FileStore, Store, open_store
from assistant.settings import Settings

ACCOUNTS = "id, name, role, password, subject, created"
SESSIONS = "key, account, begun, seen"
KEYS = "id, name, hash, scopes, created"


@dataclass(frozen=True, slots=True)
class Moved:
    """What was taken over.

    Attributes:
        conversations: How many.
        there: How many the database had already.
        accounts: How many.
        keys: How many.
        left: Names of accounts and keys that the database has for somebody else.
    """

    conversations: int
    there: int
    accounts: int
    keys: int
    left: tuple[str, ...]


async def move_home(settings: Settings, note: Note = lambda _: None) -> Moved:
    """Copies conversations, their checkpoints, uploads, accounts, sessions and keys; the files stay as they are.

    Args:
        settings: Whose home, and which database.
        note: Is told of each conversation.

    Raises:
        SettingsError: The settings name no database, or it cannot be opened.
        StorageError: It cannot be reached any more; what was taken over by then stays.
    """
    if settings.database is None:
        raise SettingsError("The settings name no database to move to; set database.url.")
    done, left = (0, 0), list[str]()
    if (file := settings.home / FILE).exists():
        async with open_sqlite(file) as source, open_database(settings) as target:
            done = await move(source, target, note)
    people = _people(settings, left)
    return Moved(*done, people, _programs(settings, left), tuple(left))


def count(home: Path) -> int:
    """Returns how many conversations a home folder has in SQLite."""
    if not (home / FILE).exists():
        return 0
    with closing(FileStore(home / FILE, "")) as source:
        return int(source.rows("SELECT count(*) FROM conversations")[0][0])


def _people(settings: Settings, left: list[str]) -> int:
    if not (file := settings.home / accounts.FILE).exists():
        return 0
    assert settings.database
    schemas = accounts.SCHEMA, accounts.SHARED_SCHEMA
    with (
        closing(FileStore(file, accounts.SCHEMA)) as source,
        closing(open_store(settings.database, accounts.FILE, *schemas)) as target,
    ):
        copied = _copied(source, target, "accounts", ACCOUNTS, left)
        held = {row[0] for row in target.rows("SELECT id FROM accounts")}
        for row in source.rows(f"SELECT {SESSIONS} FROM sessions"):  # noqa: S608 — all ours
            if row[1] in held:
                target.run(f"INSERT INTO sessions ({SESSIONS}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", *row)  # noqa: S608
    return copied


def _programs(settings: Settings, left: list[str]) -> int:
    if not (file := settings.home / keys.FILE).exists():
        return 0
    assert settings.database
    with (
        closing(FileStore(file, keys.SCHEMA)) as source,
        closing(open_store(settings.database, keys.FILE, keys.SCHEMA, keys.SHARED_SCHEMA)) as target,
    ):
        return _copied(source, target, "keys", KEYS, left)


def _copied(source: Store, target: Store, table: str, columns: str, left: list[str]) -> int:
    """Copies rows by their ids; notes the names of those that something else of the target stands in the way of."""
    marks = ", ".join("?" for _ in columns.split(","))
    insert = f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 — all ours
    copied = 0
    for row in source.rows(f"SELECT {columns} FROM {table}"):  # noqa: S608
        new = target.run(insert, *row)
        copied += new
        if not new and not target.rows(f"SELECT 1 FROM {table} WHERE id = ?", row[0]):  # noqa: S608
            left.append(row[1])
    return copied
