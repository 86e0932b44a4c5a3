"""PostgreSQL's client as we use it: how connections are watched, and what is told of its errors."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import PoolClosed, PoolTimeout

from assistant.errors import SettingsError, StorageError

log = logging.getLogger(__name__)

# How long a lost connection takes to be noticed, in seconds or milliseconds.
LIVELY = {"connect_timeout": 5, "keepalives_idle": 10, "keepalives_interval": 5, "tcp_user_timeout": 15_000}
# For so many seconds a pool waits longer and longer between its attempts to connect, and then begins anew: by itself it
# would go on to wait for minutes, in which a database that is back is not noticed.
RECONNECT = 2.0
# What a connection begins with that holds locks: the database notices within half a minute that its machine has gone.
NOTICE = "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, PoolClosed)


def place_of(url: str) -> str:
    """Returns what people are told of where a database is, without a password."""
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise SettingsError(f"database.url is no address of PostgreSQL ({' '.join(str(error).split())}).") from None
    return f"The database {parts.get('dbname') or ''} at {parts.get('host') or 'this machine'}"


@contextmanager
def told(place: str) -> Iterator[None]:
    """Makes one line of what the database's client raises."""
    try:
        yield
    except AWAY as error:
        log.warning("%s is away", place, exc_info=True)
        raise StorageError(
            f"{place} cannot be reached; nothing of this step was written. Ask again in a moment."
        ) from error
    except psycopg.Error as error:
        log.exception("%s refused a statement", place)
        reason = " ".join(str(error).split())
        raise StorageError(f"{place} refused a statement ({reason}); the log has the details.") from error


@lru_cache(maxsize=256)
def theirs(statement: str) -> str:
    """Returns a statement with PostgreSQL's marks for values."""
    return statement.replace("%", "%%").replace("?", "%s")


def storable(values: Sequence[Any]) -> list[Any]:
    """Returns values as PostgreSQL takes them, whose texts hold no NUL."""
    return [value.replace("\x00", "\ufffd") if isinstance(value, str) else value for value in values]
