"""Opens the database of the settings."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from assistant.database.base import Database
from assistant.errors import SettingsError
from assistant.settings import Settings

FILE = "conversations.sqlite"


def open_database(settings: Settings) -> AbstractAsyncContextManager[Database]:
    """Opens the database in which conversations are.

    Raises:
        SettingsError: It cannot be opened, or what it needs is not installed.
    """
    if settings.database is None:
        from assistant.database.sqlite import open_sqlite

        return open_sqlite(settings.home / FILE)
    try:
        from assistant.database.postgres import open_postgres
    except ImportError:
        raise SettingsError("database needs PostgreSQL's client: pip install 'assistant[postgres]'.") from None
    chosen = settings.database
    return open_postgres(chosen.url, chosen.connections, chosen.timeout)
