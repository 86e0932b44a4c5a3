"""SQLite files that only the person who runs the server may read: accounts and keys."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from assistant.errors import SettingsError


def open_private(path: Path, schema: str) -> sqlite3.Connection:
    """Opens a file, which is made where there is none; any thread may use the connection, one at a time.

    Args:
        path: The file; its folder is made too.
        schema: Statements that make what is missing in it.

    Raises:
        SettingsError: It cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        database = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(schema)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"{path} cannot be opened ({error}); move it away or choose another --home.") from error
    return database
