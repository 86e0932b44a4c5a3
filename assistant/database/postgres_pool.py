"""Connections to PostgreSQL that give up a server that does not answer, and pools that soon find one that came back."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.abc import RV, PQGen
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from assistant.database.base import Row
from assistant.database.postgres_client import LIVELY, RECONNECT

# Seconds after which a connection that may have been lost is taken for lost.
TO_CHECK = 2.0
_LOOK_UP = 0.1


class Unanswered(psycopg.OperationalError):
    """The server is there and says nothing."""


def _given_up(connection: psycopg.AsyncConnection[Any] | psycopg.Connection[Any], seconds: float | None) -> Unanswered:
    connection.pgconn.finish()  # what it says later is for nobody
    return Unanswered(f"no answer within {seconds:g} s")


class PatientConnection(AsyncConnection[Row]):
    """A connection that waits for each answer only so long.

    Attributes:
        patience: How long, in seconds; None waits for ever, as for a table that is made.
    """

    patience: float | None = None

    async def wait(  # its base's arguments
        self,
        gen: PQGen[RV],
        interval: float = _LOOK_UP,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> RV:
        """Waits for an answer.

        Raises:
            Unanswered: There was none; the connection is closed.
        """
        if timeout is not None:
            return await super().wait(gen, interval, timeout)
        try:
            return await super().wait(gen, interval, self.patience)
        except psycopg.errors._WaitTimeout as error:
            raise _given_up(self, self.patience) from error


class PatientBlockingConnection(Connection[Row]):
    """The same for threads."""

    patience: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = _LOOK_UP, timeout: float | None = None) -> RV:
        """Waits for an answer.

        Raises:
            Unanswered: There was none; the connection is closed.
        """
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except psycopg.errors._WaitTimeout as error:
            raise _given_up(self, self.patience) from error


Pool = AsyncConnectionPool[PatientConnection]
BlockingPool = ConnectionPool[PatientBlockingConnection]


def make_pool(url: str, connections: int, patience: float) -> Pool:
    """Returns a pool that is still to be opened.

    Args:
        url: The database.
        connections: How many it holds at most.
        patience: How long a connection is waited for, and each answer, in seconds.
    """

    async def begin(connection: PatientConnection) -> None:
        connection.patience = patience

    async def check(connection: PatientConnection) -> None:
        connection.patience = min(TO_CHECK, patience / 2)
        try:
            await connection.execute("")
        except psycopg.Error:
            await pool.drain()  # those beside it were lost with it; to try each in turn would take too long
            raise
        connection.patience = patience

    async def go_on(pool: AsyncConnectionPool[Any]) -> None:
        await pool.check()  # begins to connect where there is no connection

    pool: Pool = AsyncConnectionPool(
        url,
        connection_class=PatientConnection,
        configure=begin,
        check=check,
        reconnect_failed=go_on,
        **_options(connections, patience),
    )
    return pool


def make_blocking_pool(url: str, connections: int, patience: float) -> BlockingPool:
    """Returns the same for threads, opened."""

    def begin(connection: PatientBlockingConnection) -> None:
        connection.patience = patience

    def check(connection: PatientBlockingConnection) -> None:
        connection.patience = min(TO_CHECK, patience / 2)
        try:
            connection.execute("")
        except psycopg.Error:
            pool.drain()
            raise
        connection.patience = patience

    def go_on(pool: ConnectionPool[Any]) -> None:
        pool.check()

    pool: BlockingPool = ConnectionPool(
        url,
        connection_class=PatientBlockingConnection,
        configure=begin,
        check=check,
        reconnect_failed=go_on,
        **_options(connections, patience),
    )
    pool.open()
    return pool


def _options(connections: int, patience: float) -> dict[str, Any]:
    return {
        "kwargs": {"autocommit": True, **LIVELY},
        "min_size": 1,
        "max_size": connections,
        "timeout": patience,
        "reconnect_timeout": RECONNECT,
        "open": False,
    }
