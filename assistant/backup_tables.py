"""The database of the settings as a part of a backup."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from assistant.errors import SettingsError
from assistant.settings import Settings

if TYPE_CHECKING:
    from assistant.database.postgres_copy import Filling

NEEDED = "database needs PostgreSQL's client: pip install 'assistant[postgres]'."


def tables(settings: Settings) -> Iterator[tuple[str, list[str], IO[bytes]]]:
    """Yields the tables of the settings' database, none where there is none; see ``postgres_copy.exported``."""
    if settings.database is not None:
        try:
            from assistant.database.postgres_copy import exported
        except ImportError:
            raise SettingsError(NEEDED) from None
        yield from exported(settings.database.url)


@contextmanager
def filled(settings: Settings) -> Iterator[Filling]:
    """Makes the tables in the settings' database and begins to fill them; see ``postgres_copy.filling``.

    Raises:
        SettingsError: The settings name none, or it cannot be used.
        BackupError: It is not empty.
    """
    from assistant.accounts.store import SHARED_SCHEMA as ACCOUNTS
    from assistant.api.keys import SHARED_SCHEMA as KEYS
    from assistant.event_loop import run

    if settings.database is None:
        raise SettingsError(
            "The backup holds a database too: set database.url to an empty one, or leave it out with --no-database."
        )
    run(_opened(settings))
    try:
        import psycopg

        from assistant.batch.state import SCHEMA as BATCHES
        from assistant.database.postgres_copy import filling
    except ImportError:
        raise SettingsError(NEEDED) from None
    with psycopg.connect(settings.database.url) as connection:
        for schema in (ACCOUNTS, KEYS, BATCHES):
            connection.execute(schema)
    with filling(settings.database.url) as found:
        yield found


async def _opened(settings: Settings) -> None:
    from assistant.database.open import open_database

    async with open_database(settings):
        return
